"""A problem's numbers, exactly as a plan file states them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

LARGEST = 2**53  # integers up to here are exact as float64
INFINITE = float("inf")


class Load(NamedTuple):
    """What a learner is sent, works out and returns: integers where they are.

    Where the return is shared, the two ways are swapped: `send` is what goes over the planned link,
    `back` what goes over the one at a constant rate. So are the constant link's columns of `Row`.
    """

    send: float
    send_each: float
    back: float
    back_each: float
    flops_each: float

    @property
    def returns_nothing(self) -> bool:
        """Whether it only computes: how far time and energy go is then a plain rational."""
        return self.back == self.back_each == 0


def load_of(task: dict[str, Any]) -> Load:
    """Return what a task says of every learner: the model both ways, the samples where they go."""
    model = task["parameter_bits"] * task["fixed_parameters"]  # beta
    grown = task["parameter_bits"] * task["parameters_per_sample"]
    sample = 0 if task["setting"] == "federated" else task["features"] * task["feature_bits"]
    return Load(model, sample + grown, model, grown, task["flops_per_sample"])  # sent: alpha


class Row(NamedTuple):
    """One learner: its numbers, and its limits where it has any."""

    flops_per_s: float
    gain: float
    return_bandwidth_hz: float
    return_power_w: float
    load: Load
    min_samples: int = 0
    max_samples: int = LARGEST
    max_bandwidth_hz: float = INFINITE
    max_power_w: float = INFINITE
    energy_j: float = INFINITE
    energy_per_flop_j: float = 0.0
    energy_coefficient: float | None = None  # None: the speed is not chosen
    min_flops_per_s: float = 0.0
    optional: bool = False
    weight: float = 1.0

    def rests(self, idle: str) -> bool:
        """Whether it may have no samples and then takes no part."""
        return self.optional or (idle == "excused" and self.min_samples == 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem's numbers as the file states them."""

    task: dict[str, Any]
    learners: list[Row]
    bandwidth_hz: float
    power_w: float | None  # None: no common budget, everybody has its own limit
    noise: float
    law: str
    cycle_s: float
    idle: str
    block_hz: float | None  # width of a resource block; None: bandwidth is divisible
    shared: str = "send"  # the planned link

    @property
    def energy_sends(self) -> bool:
        """Whether energies are for sending over the planned link, too: in a shared return."""
        return self.shared == "return"

    @property
    def power(self) -> Fraction:
        """P; where there is no common budget, what all limits allow together."""
        if self.power_w is not None:
            return Fraction(self.power_w)
        ratios = [Fraction(row.max_power_w) for row in self.learners]
        bottom = max(ratio.denominator for ratio in ratios)  # powers of two
        tops = (ratio.numerator * (bottom // ratio.denominator) for ratio in ratios)
        return Fraction(sum(tops), bottom)

    @property
    def samples(self) -> int:
        """D."""
        return int(self.task["samples"])

    def blocks(self, cap_hz: float = INFINITE) -> int:
        """Whole blocks within the budget (N = floor(B / w)) or within a smaller cap."""
        if self.block_hz is None:
            raise ValueError("bandwidth is divisible")
        return Fraction(min(cap_hz, self.bandwidth_hz)) // Fraction(self.block_hz)
