"""A problem's numbers, exactly as a plan file states them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

LARGEST = 2**53  # integers up to here are exact as float64
INFINITE = float("inf")


class Row(NamedTuple):
    """One learner: its numbers, and its limits where it has any."""

    flops_per_s: float
    gain: float
    return_bandwidth_hz: float
    return_power_w: float
    min_samples: int = 0
    max_samples: int = LARGEST
    max_bandwidth_hz: float = INFINITE
    max_power_w: float = INFINITE
    energy_j: float = INFINITE
    energy_per_flop_j: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem's numbers as the file states them."""

    task: dict[str, Any]
    learners: list[Row]
    bandwidth_hz: float
    power_w: float
    noise: float
    law: str
    cycle_s: float
    idle: str
    block_hz: float | None  # width of a resource block; None: bandwidth is divisible

    @property
    def samples(self) -> int:
        """D."""
        return int(self.task["samples"])

    @property
    def model_bits(self) -> int:
        """S_m P_m = beta, bits of the model whatever the number of samples."""
        return int(self.task["parameter_bits"] * self.task["fixed_parameters"])

    @property
    def model_bits_per_sample(self) -> int:
        """S_d P_m, bits of the model for each sample."""
        return int(self.task["parameter_bits"] * self.task["parameters_per_sample"])

    @property
    def sample_bits(self) -> int:
        """F P_d if samples are sent, else 0."""
        if self.task["setting"] == "federated":
            return 0
        return int(self.task["features"] * self.task["feature_bits"])

    @property
    def sent_bits_per_sample(self) -> int:
        """Alpha."""
        return self.sample_bits + self.model_bits_per_sample

    @property
    def returns_nothing(self) -> bool:
        """Whether learners only compute: how far time and energy go is then a plain rational."""
        return self.model_bits == self.model_bits_per_sample == 0

    def blocks(self, cap_hz: float = INFINITE) -> int:
        """Whole blocks within the budget (N = floor(B / w)) or within a smaller cap."""
        if self.block_hz is None:
            raise ValueError("bandwidth is divisible")
        return Fraction(min(cap_hz, self.bandwidth_hz)) // Fraction(self.block_hz)
