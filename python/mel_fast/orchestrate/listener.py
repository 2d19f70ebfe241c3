"""What is told of the round under way."""

import math

from mel_fast._base.validation import real
from mel_fast.orchestrate.batteries.charges import Charges
from mel_fast.orchestrate.estimates.knowledge import Knowledge
from mel_fast.orchestrate.estimates.reports import Heard, Report, Reports, checked
from mel_fast.orchestrate.fleet import Fleet
from mel_fast.orchestrate.rounds import Round

_ROUNDING = 1e-9  # relative; measured seconds that are added up


class Listener:
    """A fleet, the round under way, and what was heard of it: what an Orchestrator stands on."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.number = 0
        self.round: Round | None = None
        self._knowledge = Knowledge.beginning(None, None)
        self._reports: Reports = {}
        self._charges: Charges | None = None

    @property
    def charge_j(self) -> dict[str, float]:
        """What each learner's battery holds, by name; infinite for whoever has none."""
        if self._charges is None:
            return dict.fromkeys(self.fleet.listed, math.inf)
        return self._charges.by_name(self.fleet)

    def recharge(self, name: str, charge_j: float) -> None:
        """Say what a learner's battery holds now, between rounds: changed, charged, measured.

        Parameters
        ----------
        name
            Which learner.
        charge_j
            In joules, in [0, 1e60]; more than the battery holds is a full one.

        Raises
        ------
        ValueError, TypeError
            Without batteries, for a name that no learner has, and for what is no charge.
        """
        if self._charges is None:
            raise ValueError("the loop has no batteries: give some to Orchestrator(batteries=)")
        place = self.fleet.place(name)
        self._charges.recharge(self.fleet, place, real("charge_j", charge_j, low=0.0))

    def observe(
        self,
        name: str,
        *,
        send_s: float | None = None,
        compute_s: float | None = None,
        return_s: float | None = None,
        arrived: bool | None = None,
        sent_bits: float | None = None,
        returned_bits: float | None = None,
        sent_bytes: float | None = None,
        returned_bytes: float | None = None,
        charge_j: float | None = None,
    ) -> str | None:
        """Tell how the round under way went for a learner.

        Parameters
        ----------
        name
            Which learner. Who was told of twice counts as told the last time.
        send_s, compute_s, return_s
            Measured seconds; None for what was not measured.
        arrived
            Whether its model came in time. None: whether the seconds add up to at most the
            deadline; where they are not all known, it did.
        sent_bits, returned_bits, sent_bytes, returned_bytes
            What was really sent to it and returned by it.
        charge_j
            What is left in its battery, as it measured it; otherwise that is worked out.

        Returns
        -------
        str or None
            Why the report is not believed, or of no use: numbers that are negative, infinite or
            none at all put the learner in quarantine; a learner that has left, or had nothing to do
            in this round, has nothing to report. None: it is believed.

        Raises
        ------
        ValueError
            When no round is under way, or for a name that neither the round nor the fleet has.
        """
        round_ = self._under_way(name)
        if name not in round_.assignments:
            return f"had nothing to do in round {self.number}"
        report, wrong = checked(
            {
                "send_s": send_s,
                "compute_s": compute_s,
                "return_s": return_s,
                "sent_bits": sent_bits,
                "returned_bits": returned_bits,
                "sent_bytes": sent_bytes,
                "returned_bytes": returned_bytes,
                "charge_j": charge_j,
            }
        )
        if wrong is not None:
            self._quarantine(name, wrong)
            return wrong
        total = report.total_s()
        if arrived is None and total is not None:
            arrived = total <= round_.cycle_s * (1.0 + _ROUNDING)
        self._reports[name] = Heard(report, True if arrived is None else bool(arrived))
        return None

    def refuse(self, name: str, reason: str) -> None:
        """Say that what a learner returned in the round under way is of no use.

        It counts as missing, and sits out for a while, as after a report that makes no sense.

        Parameters
        ----------
        name
            Which learner.
        reason
            In words, for `missing` and `sitting_out`.

        Raises
        ------
        ValueError
            When no round is under way, or for a name that neither the round nor the fleet has.
        """
        if name in self._under_way(name).assignments:
            self._quarantine(name, reason)

    def _under_way(self, name: str) -> Round:
        """Return the round under way; refuse a name that neither it nor the fleet has."""
        if self.round is None:
            raise ValueError("no round is under way: plan_round() begins one")
        if name not in self.round.assignments:
            self.fleet.place(name)
        return self.round

    def _quarantine(self, name: str, reason: str) -> None:
        place = self.fleet.find(name)
        if place is not None:
            learner = int(self.fleet.ids[place])
            self._knowledge.standing.quarantine(learner, self.number, reason)
        self._reports[name] = Heard(Report(), False, reason)
