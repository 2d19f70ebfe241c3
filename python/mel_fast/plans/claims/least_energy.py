"""What a plan says of energy: so much it spends in all, and no plan at its tau spends less."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import LARGEST
from mel_fast.model import grammar

FIELDS = ("joules", "bound_j", "joules_per_hz", "joules_per_sample")
_OF_POWER = "joules_per_w"  # in files where it is not 0


class SpendsLeast(NamedTuple):
    """The claim that a plan spends at most `joules`, and no plan with its tau below `bound_j`."""

    joules: float
    """What all learners spend together, rounded up."""
    bound_j: float
    """Proved by the prices."""
    joules_per_hz: float
    """The price of a hertz, lambda."""
    joules_per_sample: float
    """What a sample is worth, nu."""
    joules_per_w: float = 0.0
    """The price of a watt, mu, where power is what the learners have in common; else 0."""

    @property
    def gap(self) -> float:
        """The relative difference of both ends, 0 where nothing is spent."""
        return (self.joules - self.bound_j) / self.joules if self.joules > 0.0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's form."""
        names = (*FIELDS, _OF_POWER) if self.joules_per_w else FIELDS
        return {name: float(getattr(self, name)).hex() for name in names}


def checked_least_energy(value: object) -> SpendsLeast | None:
    """Return a claim that was given or read.

    Raises
    ------
    ValueError
        For what is none.
    """
    if value is None or isinstance(value, SpendsLeast):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("least_energy: must be a mapping")
    read = {_OF_POWER: 0.0} | grammar.members(
        "least_energy", value, (*FIELDS, _OF_POWER), (_OF_POWER,)
    )
    return SpendsLeast(
        *(
            grammar.real(f"least_energy.{name}", read[name], 0.0, LARGEST)
            for name in SpendsLeast._fields
        )
    )


guard(__name__)
