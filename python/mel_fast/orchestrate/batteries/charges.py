"""What each learner's battery holds, from round to round."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mel_fast._base.units import with_unit
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.links import check_energy
from mel_fast.model.payload import Payload, payload_of
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Radio
from mel_fast.orchestrate.batteries.spending import Amount, Batteries, Fair
from mel_fast.orchestrate.estimates.links import LN2
from mel_fast.orchestrate.estimates.reports import Reports
from mel_fast.orchestrate.fleet import Fleet
from mel_fast.orchestrate.margins.reliability import Beliefs
from mel_fast.orchestrate.planner import Settings
from mel_fast.orchestrate.rounds import Dealt

_NONE: FloatColumn = np.empty(0)


def _of(amount: Amount, name: str, otherwise: float) -> float:
    return amount.get(name, otherwise) if isinstance(amount, Mapping) else amount


@dataclass(slots=True)
class Charges:
    """Columns in the order of the fleet as it was last followed; joules and watts.

    `left_j` is infinite for whoever has no battery.
    """

    given: Batteries
    ids: IntColumn = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    left_j: FloatColumn = field(default_factory=_NONE.copy)
    capacity_j: FloatColumn = field(default_factory=_NONE.copy)
    harvest_w: FloatColumn = field(default_factory=_NONE.copy)
    empty: IntColumn = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Places of those who sit out the round under way for it."""
    needed_j: FloatColumn = field(default_factory=_NONE.copy)
    """What any part in it takes at the least."""
    allowed_j: dict[int, float] = field(default_factory=dict)
    """What the round under way may spend, by the learners' ids."""

    def follow(self, fleet: Fleet) -> None:
        """Take the fleet as it is now; who is new begins as the batteries say."""
        if np.array_equal(self.ids, fleet.ids):
            return
        known = {learner: k for k, learner in enumerate(self.ids.tolist())}
        rows = []
        for learner, name in zip(fleet.ids.tolist(), fleet.listed, strict=True):
            k = known.get(learner)
            if k is None:
                rows.append(self._new(name))
            else:
                rows.append((self.left_j[k], self.capacity_j[k], self.harvest_w[k]))
        columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
        self.left_j, self.capacity_j, self.harvest_w = (column.copy() for column in columns)
        self.ids = fleet.ids.copy()

    def _new(self, name: str) -> tuple[float, float, float]:
        given = self.given
        charge = _of(given.charge_j, name, np.inf)
        if np.isinf(charge):  # it has none
            return charge, charge, 0.0
        capacity = charge if given.capacity_j is None else _of(given.capacity_j, name, np.inf)
        return min(charge, capacity), capacity, _of(given.harvest_w, name, 0.0)

    def by_name(self, fleet: Fleet) -> dict[str, float]:
        """Return what each has left, infinite without a battery."""
        self.follow(fleet)
        return dict(zip(fleet.listed, self.left_j.tolist(), strict=True))

    def limited(self, columns: Mapping[str, Any], places: IntColumn, number: int) -> dict[str, Any]:
        """Return the columns of learners at some places with what round `number` may spend."""
        allowed = self.left_j[places] * self.given.spending.share(number)
        found = dict(columns)
        found["energy_j"] = np.minimum(found.get("energy_j", np.inf), allowed)
        self.allowed_j = dict(zip(self.ids[places].tolist(), found["energy_j"], strict=True))
        if "energy_coefficient" not in found and "energy_per_flop_j" not in found:
            found["energy_per_flop_j"] = np.zeros(places.size)
        return found

    @property
    def fairly(self) -> bool:
        """Whether less is spent where that makes no difference to the round."""
        return isinstance(self.given.spending, Fair)

    def empty_of(
        self,
        fleet: Fleet,
        settings: Settings,
        payload: Payload | None,
        beliefs: Beliefs,
        number: int,
    ) -> dict[int, str]:
        """Return the places of whom nothing can be asked in round `number`, and why."""
        self.follow(fleet)
        whole = payload_of(settings.task, payload)
        gain = np.exp(beliefs.gain.level)
        needed = needed_j(
            settings.radio, settings.cycle_s, settings.idle, fleet.columns(), whole, gain
        )
        share = self.given.spending.share(number)
        self.needed_j = needed
        self.empty = np.flatnonzero(self.left_j * share < needed)
        found = {}
        for place in self.empty.tolist():
            left, least = (with_unit(float(column[place]), "J") for column in (self.left_j, needed))
            some = "" if share == 1.0 else f", a share of {share:.3g} for this round"
            found[place] = f"its battery is empty: {left} left{some}, any part takes over {least}"
        return found

    def close(self, fleet: Fleet, dealt: Dealt, reports: Reports, seconds: float) -> dict[str, Any]:
        """Take what a round took, add what came in, believe whoever measured.

        Returns
        -------
        dict
            What the log says of it: `spent_j` and `left_j`, in the order of `dealt`, and sums.
        """
        self.follow(fleet)
        spent = spent_j(dealt, reports)
        at = np.searchsorted(self.ids, dealt.ids)
        here = (at < self.ids.size) & (self.ids[np.minimum(at, self.ids.size - 1)] == dealt.ids)
        left = np.maximum(self.left_j[at[here]] - spent[here], 0.0)
        self.left_j[at[here]] = left
        self.left_j = np.minimum(self.left_j + self.harvest_w * seconds, self.capacity_j)
        for k in np.flatnonzero(here).tolist():
            heard = reports.get(dealt.names[k])
            told = None if heard is None else heard.report.charge_j
            if told is not None and np.isfinite(self.left_j[at[k]]):
                self.left_j[at[k]] = min(told, self.capacity_j[at[k]])
        with_one = self.left_j[np.isfinite(self.left_j)]
        return {
            "spent_j": float(spent.sum()),
            "left_j": float(with_one.sum()),
            "least_j": float(with_one.min()) if with_one.size else None,
            "empty": int(self.empty.size),
            "each": (spent, np.where(here, self.left_j[np.where(here, at, 0)], np.nan)),
        }

    def allowed_of(self, dealt: Dealt, names: list[str]) -> FloatColumn:
        """Return what learners may spend in a round and one that follows it, both together."""
        found = []
        for name in names:
            k = dealt.places[name]
            learner = int(dealt.ids[k])
            left = float(self.left_j[np.searchsorted(self.ids, learner)])
            spent = dealt[name].energy_j
            assert spent is not None
            found.append(min(self.allowed_j[learner], left + spent))
        return np.array(found)

    def recharge(self, fleet: Fleet, place: int, charge_j: float) -> None:
        """Set what a learner has left; more than its battery holds is a full one."""
        self.follow(fleet)
        if np.isinf(self.left_j[place]) and np.isinf(self.capacity_j[place]):
            self.capacity_j[place] = charge_j
        self.left_j[place] = min(charge_j, self.capacity_j[place])


def charges_for(
    batteries: Batteries | None, fleet: Fleet, radio: Radio, objective: str
) -> Charges | None:
    """Return what is carried from round to round; None without batteries.

    Raises
    ------
    ValueError
        Where nothing is known of what computing takes, and for what is not planned with energies.
    """
    if batteries is None:
        return None
    known = [fleet.column(name) for name in ("energy_per_flop_j", "energy_coefficient")]
    if len(fleet) and all(column is None for column in known):
        raise ValueError(
            "batteries: the fleet has neither energy_per_flop_j nor energy_coefficient, so that "
            "it is not known what computing takes"
        )
    check_energy(radio.shared, 1.0, radio.power_w, radio.block_hz, known[1])
    if objective == "work" and isinstance(batteries.spending, Fair):
        raise ValueError("spending is a Fair: goes with objective='tau', the objective is 'work'")
    return Charges(batteries)


def spent_j(dealt: Dealt, reports: Reports) -> FloatColumn:
    """Return what each learner of a round spent: computing as planned, sending as long as it took.

    Of whom nothing was heard it is not known; it counts as if all had gone as expected.
    """
    seconds = dealt.expected[2].copy()
    for k, name in enumerate(dealt.names):
        heard = reports.get(name)
        if heard is not None and heard.report.return_s is not None:
            seconds[k] = heard.report.return_s
    if dealt.compute_j is None:  # nobody's round
        return np.zeros(len(dealt))
    return np.asarray(dealt.compute_j + dealt.cycle.back.power_w * seconds)


def needed_j(
    radio: Radio, cycle_s: float, idle: Idle, columns: Mapping[str, Any], payload: Any, gain: Any
) -> FloatColumn:
    """Return the joules below which a learner cannot take the smallest part in a round.

    One sample through one local cycle (none where idle learners are served), and the model
    returned; with all of the shared bandwidth, and all of the time for each. `payload` is a whole
    one, `gain` what is expected.
    """
    samples = 0.0 if idle == "served" else 1.0
    flops = samples * np.asarray(payload.flops_per_sample)
    if "energy_coefficient" in columns:
        slowest = np.maximum(columns.get("min_flops_per_s", 0.0), flops / cycle_s)
        computing = columns["energy_coefficient"] * slowest**2 * flops
    else:
        computing = columns.get("energy_per_flop_j", 0.0) * flops
    bits = payload.return_bits + samples * np.asarray(payload.return_bits_per_sample)
    returns = radio.shared == "return"
    width = radio.bandwidth_hz if returns else columns["return_bandwidth_hz"]
    noise = radio.noise * (width if radio.law == "density" else 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if returns:
            sending = np.expm1(LN2 * bits / (width * cycle_s)) * noise / gain * cycle_s
        else:
            power = columns["return_power_w"]
            sending = power * bits / (width * np.log1p(power * gain / noise) / LN2)
    return np.asarray(np.broadcast_to(computing + np.where(bits > 0.0, sending, 0.0), gain.shape))
