"""What may be asked of a plan; the answers are worked out in rooms above, the face says where.

What they return is described here by its shape, since nothing here may know the rooms above.
"""

from collections.abc import Mapping
from functools import cached_property
from os import PathLike
from typing import Any, Protocol, Self, TypedDict, TypeVar, Unpack

from mel_fast._base.optional import above
from mel_fast._base.progress import Callback
from mel_fast.model.problem import Problem
from mel_fast.plans.prices import Prices
from mel_fast.plans.status import Scheme, Status, Then

P_co = TypeVar("P_co", covariant=True)


class SolveOptions(TypedDict, total=False):
    """The options of :func:`mel_fast.solve` that `Plan.replan` takes."""

    scheme: Scheme
    time_limit_s: float | None
    threads: int
    callback: Callback | None
    progress: bool
    then: Then
    keep: Any


class ExplainOptions(TypedDict, total=False):
    """The options of :func:`mel_fast.explain`."""

    time_limit_s: float | None
    threads: int
    callback: Callback | None
    progress: bool


class LeastView(Protocol[P_co]):
    """The least of one resource, a :class:`mel_fast.Least`."""

    @property
    def lower(self) -> float:
        """Proved too little."""

    @property
    def amount(self) -> float:
        """Suffices."""

    @property
    def factor(self) -> float:
        """`amount` as a multiple of what the problem has."""

    @property
    def status(self) -> Status:
        """What is proved."""

    @property
    def plan(self) -> P_co | None:
        """The plan that attains `amount`."""

    @property
    def proof(self) -> P_co | None:
        """The claim that `lower` does not suffice."""


class ExplanationView(Protocol[P_co]):
    """What blocks one more local cycle, a :class:`mel_fast.Explanation`."""

    @property
    def plan(self) -> P_co:
        """The plan that is explained."""

    @property
    def tau(self) -> int:
        """The local cycles that are out of reach."""

    @property
    def needs(self) -> Mapping[Any, LeastView[P_co]]:
        """The least of each resource, by name."""

    @property
    def nearest(self) -> LeastView[P_co] | None:
        """The resource that must grow by the smallest factor."""

    @property
    def prices(self) -> Prices | None:
        """What more of each resource would add at `tau`."""

    def lines(self) -> list[str]:
        """Return the sentences."""

    def summary(self) -> str:
        """Return the sentences, one a line."""

    def columns(self) -> Mapping[str, Any]:
        """Return one row a resource."""


class Verbs:
    """The part of a plan that asks further."""

    scheme: Scheme

    @cached_property
    def prices(self) -> Prices | None:
        """What a second, a hertz and a watt buy at the margin; None for ``task_only``."""
        found: Prices | None = above("prices_of")(self)
        return found

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """Draw bandwidth, power, samples and times of each learner (extra ``[plot]``).

        Parameters
        ----------
        path
            Where to save it: .png, .svg or .pdf, whole or not at all; None for nowhere.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            When matplotlib is missing; the message names the extra.
        OSError
            When it cannot be written.
        """
        return above("plot")(self, path)

    def explain(self, **options: Unpack[ExplainOptions]) -> ExplanationView[Self]:
        """Return what blocks one more local cycle, see :func:`mel_fast.explain`."""
        found: ExplanationView[Self] = above("explain")(self, **options)
        return found

    def replan(self, problem: Problem, **options: Unpack[SolveOptions]) -> Self:
        """Return the plan for a changed problem, beginning at this plan's prices.

        The same as ``solve(problem, start=self)`` with this plan's scheme; `options` as for
        `solve`: ``keep=[0, 3]`` holds the samples fixed that learners 0 and 3 have here.
        """
        plan: Self = above("solve")(problem, start=self, **{"scheme": self.scheme, **options})
        return plan
