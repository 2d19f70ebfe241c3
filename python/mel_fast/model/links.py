"""The two links of a problem as planning sees them: one is planned, the other's rate is constant.

What decides whether a plan is possible does not know which way bits travel: a planned link carries
``a d + b`` bits in whatever time another link at a constant rate and computing leave.
`Radio.shared` says which of both is planned; everything that asks for one of them asks here.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import LARGEST, SMALLEST, FloatColumn, IntColumn
from mel_fast.model.payload import Amount, WholePayload
from mel_fast.model.radio import Shared, whole_blocks

if TYPE_CHECKING:
    from mel_fast.model.learners import Learners
    from mel_fast.model.radio import Radio

_AT_ONCE = 2**20  # learners whose limits are added up
_ROOM = 1.0 + 2.0**-30  # for rounding: a budget that is none must never be one
_NEAR = 1e-9  # a quotient further than this from an integer was not rounded past it
_CONSTANT: dict[Shared, str] = {"send": "return", "return": "send"}


class Links(NamedTuple):
    """What travels over which link of a problem."""

    planned: Shared
    """The link whose bandwidth and power are planned."""
    bits: Amount
    """Bits over it, whatever a learner's samples are,"""
    bits_per_sample: Amount
    """and for each sample."""
    constant: Shared
    """The link whose rate is constant."""
    constant_bits: Amount
    constant_bits_per_sample: Amount
    bandwidth_hz: FloatColumn
    """Of the constant link."""
    power_w: FloatColumn
    """Of the constant link."""

    @property
    def uses_planned(self) -> bool:
        """Whether anything travels over the planned link."""
        return bool(np.any(self.bits) or np.any(self.bits_per_sample))


def links_of(radio: "Radio", learners: "Learners", payload: WholePayload) -> Links:
    """Return the links of a problem.

    Raises
    ------
    ValueError
        For learners without the columns that the constant link's rate follows from.
    """
    planned, constant = radio.shared, _CONSTANT[radio.shared]
    columns = {name: getattr(learners, name) for name in needed_columns(radio.shared)}
    check_columns(radio.shared, columns)
    return Links(
        planned,
        getattr(payload, f"{planned}_bits"),
        getattr(payload, f"{planned}_bits_per_sample"),
        constant,  # type: ignore[arg-type]
        getattr(payload, f"{constant}_bits"),
        getattr(payload, f"{constant}_bits_per_sample"),
        *columns.values(),
    )


def needed_columns(shared: Shared) -> tuple[str, str]:
    """Return the columns of learners that the constant link's rate follows from."""
    constant = _CONSTANT[shared]
    return f"{constant}_bandwidth_hz", f"{constant}_power_w"


def check_columns(shared: Shared, given: dict[str, Any]) -> None:
    """Refuse learners without the columns that the constant link's rate follows from.

    Raises
    ------
    ValueError
        Naming those that are missing.
    """
    missing = [name for name in needed_columns(shared) if given.get(name) is None]
    if missing:
        raise ValueError(
            f"missing {', '.join(missing)}: with radio.shared = {shared!r} the rate of the other "
            "link follows from them"
        )


def check_returns(payload: WholePayload, energy_j: FloatColumn | None) -> None:
    """Refuse a speed that is chosen within an energy by a learner that returns nothing.

    Raises
    ------
    ValueError
        Naming the learner.
    """
    bits = np.maximum(payload.return_bits, payload.return_bits_per_sample)
    silent = np.flatnonzero((np.asarray(bits) == 0.0) & np.isfinite(np.asarray(energy_j)))
    if silent.size:
        raise ValueError(
            f"energy_j with energy_coefficient and shared = 'return': learner {int(silent[0])} has "
            "return_bits = return_bits_per_sample = 0, but must return something"
        )


def check_energy(
    shared: Shared, given: Any, power_w: Any, block_hz: Any, coefficient: Any = None
) -> bool:
    """Say whether energy is for sending over the planned link, too.

    Raises
    ------
    ValueError
        Where it would be, but power is shared or bandwidth comes in blocks; and where speeds are
        to be chosen within an energy, in blocks.
    """
    chosen = given is not None and coefficient is not None
    if shared == "send" and chosen and block_hz is not None:
        raise ValueError(
            "energy_j with energy_coefficient: radio.block_hz must be None: how fast learners "
            "compute within an energy is not chosen for bandwidth in whole blocks"
        )
    if shared == "send" or given is None:
        return False
    for name, value in (("power_w", power_w), ("block_hz", block_hz)):
        if value is not None:
            raise ValueError(
                f"energy_j with radio.shared = 'return': radio.{name} must be None: the energy of "
                f"sending is planned only with each learner's own max_power_w and without blocks"
            )
    return True


class Spending(Protocol):
    """A problem, as far as it says what energies are for."""

    @property
    def energy_sends(self) -> bool:
        """Whether they are for sending over the planned link."""
        ...

    @property
    def paces(self) -> bool:
        """Whether speeds are chosen within them where they are not."""
        ...


def refuse_energy(problem: Spending, what: str) -> None:
    """Refuse what is not worked out with an energy of sending, nor with a speed chosen within one.

    Raises
    ------
    ValueError
        Naming it.
    """
    if problem.energy_sends:
        raise ValueError(
            f"{what}: not together with energy_j and radio.shared = 'return': who takes part is "
            "not chosen with an energy of sending"
        )
    if problem.paces:
        raise ValueError(
            f"{what}: not together with energy_j and energy_coefficient: who takes part is not "
            "chosen together with a speed"
        )


def all_power(most: FloatColumn | None) -> FloatColumn:
    """Return a power budget that no plan exceeds in which everybody keeps its own limit.

    Parameters
    ----------
    most
        `max_power_w`, shape (..., K); the sum is over the last axis.

    Raises
    ------
    ValueError
        Where somebody has no limit of its own, or all together have more than a number may be.
    """
    without = "where radio.power_w is None: there is no common power budget"
    if most is None:
        raise ValueError(f"max_power_w = None: must be given {without}")
    endless = np.argwhere(np.isinf(most))
    if endless.size:
        raise ValueError(f"max_power_w[{endless[0][-1]}] = inf: must be finite {without}")
    if (largest_shares(most) > LARGEST).any():
        raise ValueError(
            f"max_power_w = {most.max():g} of {most.shape[-1]} learners: must be at most "
            f"{LARGEST:g} in all {without}"
        )
    return all_shares(most)


def all_shares(most: FloatColumn) -> FloatColumn:
    """Return a power budget that is no less than the sum of everybody's own limits.

    The same for any order of the learners: the sums of `shares_in_units` are exact.
    """
    top, learners = most.max(axis=-1), most.shape[-1]
    return budget_of_units(shares_in_units(most, top, learners), top, learners)


def shares_in_units(most: FloatColumn, top: Any, learners: int) -> FloatColumn:
    """Return everybody's own limits, added up in whole coarse and fine units.

    Parameters
    ----------
    most
        `max_power_w` of all learners or of some, shape (..., K).
    top, learners
        The largest of all, and how many they are.

    Returns
    -------
    FloatColumn
        Shape (..., 2). Integers below 2^53: those of parts add up to that of all, without rounding.
    """
    coarse, fine = _units(top, learners)
    sums = np.zeros((*most.shape[:-1], 2))
    for begin in range(0, most.shape[-1], _AT_ONCE):
        some = most[..., begin : begin + _AT_ONCE]
        whole = np.floor(some / coarse)
        sums[..., 0] += whole.sum(axis=-1)
        sums[..., 1] += np.ceil((some - whole * coarse) / fine).sum(axis=-1)
    return sums


def budget_of_units(sums: FloatColumn, top: Any, learners: int) -> FloatColumn:
    """Return the power budget that stands for everybody's own, from all learners' units."""
    coarse, fine = (unit[..., 0] for unit in _units(top, learners))
    total = coarse * sums[..., 0] + fine * sums[..., 1]
    return np.asarray(np.maximum(total * _ROOM, SMALLEST))


def _units(top: Any, learners: int) -> tuple[FloatColumn, FloatColumn]:
    """Return powers of two so large that so many numbers up to `top` are counted exactly."""
    bits = (learners - 1).bit_length()
    coarse = np.ldexp(1.0, np.asarray(np.frexp(top)[1] + (bits - 52)))
    return coarse[..., None], np.ldexp(coarse, bits - 52)[..., None]


def largest_shares(most: FloatColumn) -> FloatColumn:
    """Return a power budget of which an equal share is no less than anybody's own limit."""
    return np.asarray(np.maximum(most.max(axis=-1) * (most.shape[-1] * _ROOM), SMALLEST))


def blocks_within(bandwidth_hz: FloatColumn, block_hz: float, most: int) -> IntColumn:
    """Return how many whole blocks each bandwidth holds, at most `most`; infinity holds that."""
    quotient = np.minimum(bandwidth_hz / block_hz, float(most))
    blocks = np.floor(quotient).astype(np.int64)
    doubtful = (np.abs(quotient - np.rint(quotient)) <= _NEAR * quotient) & (bandwidth_hz < np.inf)
    for k in np.flatnonzero(doubtful).tolist():
        blocks[k] = min(whole_blocks(float(bandwidth_hz[k]), block_hz), most)
    return blocks


def bandwidth_holding(blocks: int, block_hz: float) -> float:
    """Return the least float64 that holds so many blocks; their product may be rounded to less."""
    width, below = block_hz.as_integer_ratio()
    nearest = blocks * width / below
    holds = whole_blocks(nearest, block_hz) >= blocks
    return nearest if holds else math.nextafter(nearest, math.inf)


guard(__name__)
