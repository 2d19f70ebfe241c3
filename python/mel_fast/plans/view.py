"""What the views of a plan (words, file, columns) may read of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.problem import Problem
from mel_fast.model.times import Times
from mel_fast.plans.status import Status

if TYPE_CHECKING:
    from mel_fast.plans.claims.least_energy import SpendsLeast
    from mel_fast.plans.claims.no_more import NoMore


class PlanView(Protocol):
    """A plan as those see it who only show it; its attributes are described in `Plan`."""

    @property
    def problem(self) -> Problem:
        """What was solved."""

    @property
    def scheme(self) -> str:
        """What was planned jointly."""

    @property
    def status(self) -> Status:
        """What is proved."""

    @property
    def tau(self) -> int:
        """Local cycles."""

    @property
    def bound(self) -> int:
        """The most local cycles that are not ruled out."""

    @property
    def samples(self) -> IntColumn | None:
        """d_k."""

    @property
    def bandwidth_hz(self) -> FloatColumn | None:
        """B_k."""

    @property
    def power_w(self) -> FloatColumn | None:
        """P_k."""

    @property
    def blocks(self) -> IntColumn | None:
        """n_k."""

    @property
    def times(self) -> Times | None:
        """Seconds of each learner."""

    @property
    def flops_per_s(self) -> FloatColumn | None:
        """Speeds of computing."""

    @property
    def energy_j(self) -> FloatColumn | None:
        """Joules of each learner."""

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """The proof."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no plan or no proof."""

    @property
    def at_least(self) -> int | None:
        """Learners that must have samples."""

    @property
    def no_more(self) -> "NoMore | None":
        """What the certificate rules out at its tau in place of tau itself."""

    @property
    def least_energy(self) -> "SpendsLeast | None":
        """What a plan of least energy says of it."""

    @property
    def passes(self) -> int:
        """Passes over the learners."""

    @property
    def nodes(self) -> int:
        """Boxes of the tree."""

    @property
    def elapsed_s(self) -> float:
        """Seconds in the solver."""
