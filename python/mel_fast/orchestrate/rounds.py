"""A round as it is planned, and as it ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.units import Shown, count, with_unit
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.payload import WholePayload
from mel_fast.orchestrate.estimates.links import Cycle, Link
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status


class Assignment(NamedTuple):
    """What one learner is to do in a round.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=3, idle="excused")
    >>> fleet = mel.orchestrate.Fleet(problem.learners)
    >>> loop = mel.orchestrate.Orchestrator(fleet, problem.task, problem.radio, cycle_s=30.0)
    >>> round = loop.plan_round()
    >>> job = next(iter(round.assignments.values()))
    >>> job.tau == round.tau, job.deadline_s
    (True, 30.0)
    """

    samples: int
    """d_k, on how many samples it computes."""
    tau: int
    """Local cycles."""
    bandwidth_hz: float
    """B_k."""
    power_w: float
    """P_k."""
    deadline_s: float
    """Seconds after the round's beginning by which its model must be back."""
    send_s: float
    """Seconds that sending to it is expected to take."""
    compute_s: float
    """Seconds that computing is expected to take."""
    return_s: float
    """Seconds that its return is expected to take."""
    in_time: float | None
    """Probability of meeting the deadline, by what is known; None where it was not asked for."""
    have: int | None = None
    """The version of the model that it holds; None where it holds none, or there is no store."""
    want: int | None = None
    """The version that it is to get; None without a store."""
    flops_per_s: float | None = None
    """How fast it is to compute, where speeds are chosen; None: as fast as it can."""
    energy_j: float | None = None
    """Joules that its part is expected to take; None where nothing is known of energies."""


@dataclass(frozen=True, slots=True)
class Dealt(Mapping[str, Assignment]):
    """Assignments by name; made one by one when they are asked for."""

    names: tuple[str, ...]
    ids: IntColumn
    places: dict[str, int]
    tau: int
    deadline_s: float
    samples: IntColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn
    expected: tuple[FloatColumn, FloatColumn, FloatColumn]
    in_time: FloatColumn | None
    cycle: Cycle
    """What the times follow from."""
    payload: WholePayload
    held: Mapping[int, int]
    """The versions that learners held when the round was planned, by their ids."""
    want: int | None
    flops_per_s: FloatColumn | None = None
    compute_j: FloatColumn | None = None
    """Joules of computing; None where nothing is known of energies."""

    def __getitem__(self, name: str) -> Assignment:
        k, computing = self.places[name], self.compute_j
        sending = self.cycle.back.power_w[k] * self.expected[2][k]
        return Assignment(
            samples=int(self.samples[k]),
            tau=self.tau,
            bandwidth_hz=float(self.bandwidth_hz[k]),
            power_w=float(self.power_w[k]),
            deadline_s=self.deadline_s,
            send_s=float(self.expected[0][k]),
            compute_s=float(self.expected[1][k]),
            return_s=float(self.expected[2][k]),
            in_time=None if self.in_time is None else float(self.in_time[k]),
            have=self.held.get(int(self.ids[k])),
            want=self.want,
            flops_per_s=None if self.flops_per_s is None else float(self.flops_per_s[k]),
            energy_j=None if computing is None else float(computing[k] + sending),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class Planned(Sequence[str]):
    """The names of a plan's learners, looked up one by one."""

    def __init__(self, names: Sequence[str], places: IntColumn) -> None:
        self._names, self._at = names, places

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self._names[place] for place in self._at[at].tolist()]
        return self._names[int(self._at[at])]

    def __len__(self) -> int:
        return self._at.size


class SittingOut(Mapping[str, str]):
    """Why learners sit out, by name: a few each for its own reason, the others for one."""

    def __init__(
        self, few: Mapping[str, str], others: Sequence[str] | None = None, reason: str = ""
    ) -> None:
        self._few, self._others, self._reason = few, others or (), reason
        self._all: dict[str, str] | None = None

    def _whole(self) -> dict[str, str]:
        if self._all is None:  # made when first asked for: a large fleet is planned in a moment
            self._all = {**self._few, **dict.fromkeys(self._others, self._reason)}
        return self._all

    def __getitem__(self, name: str) -> str:
        return self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._few) + len(self._others)

    def __repr__(self) -> str:
        return repr(self._whole())


_NONE, _NOTHING = np.empty(0), np.empty(0, dtype=np.int64)
_IDLE = Link(_NONE, _NONE, _NONE, _NONE)
NOBODY = Dealt(
    (), _NOTHING, {}, 0, 0.0, _NOTHING, _NONE, _NONE, (_NONE, _NONE, _NONE), None,
    Cycle(_IDLE, _IDLE, _NONE, 0.0), WholePayload(), {}, None,
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Round(Shown):
    """One global cycle as it is planned.

    Attributes
    ----------
    number : int
        Counted from 1.
    tau : int
        Local cycles of everybody; 0 when nobody can take part.
    plan : Plan or None
        What was proved: a plan for the problem with the estimated gains and speeds, lowered by the
        margins where a `confidence` is asked for; None when nobody can take part. Its learners are
        those of `planned`, in that order.
    planned : sequence of str
        The names of the plan's learners.
    assignments : mapping of str to Assignment
        By name, for everybody who has something to do: samples, or, where idle learners are served,
        the model alone.
    sitting_out : mapping of str to str
        By name, why a learner of the fleet has nothing to do.
    status : Status
        Of the plan; ``infeasible`` where nobody can take part.
    left_out : int
        Samples of the task that the fleet cannot hold in this round.
    kept : float or None
        Probability that everybody is in time, by what is known of speeds and channels; None where
        neither a `confidence` nor ``objective="work"`` asks for it.
    work : float or None
        Expected samples in time times tau, likewise.
    reasons : tuple of str
        What could not be had as asked, in words; empty when all could.
    cycle_s : float
        The deadline.
    planning_s : float
        Seconds that planning took.
    extra : bool
        Whether it deals out again what was lost in the round of the same number.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=3, idle="excused")
    >>> fleet = mel.orchestrate.Fleet(problem.learners)
    >>> loop = mel.orchestrate.Orchestrator(fleet, problem.task, problem.radio, cycle_s=30.0)
    >>> round = loop.plan_round()
    >>> round.number, round.tau == round.plan.tau, round.left_out
    (1, True, 0)
    """

    number: int
    tau: int
    plan: Plan | None
    planned: Sequence[str]
    assignments: Dealt
    sitting_out: Mapping[str, str]
    status: Status
    left_out: int
    kept: float | None
    work: float | None
    reasons: tuple[str, ...]
    cycle_s: float
    planning_s: float
    extra: bool = False

    def summary(self) -> str:
        """Return a line, and one for each reason."""
        line = (
            f"round {self.number}: tau = {self.tau} for {count(len(self.assignments), 'learner')} "
            f"within {with_unit(self.cycle_s, 's')}, {len(self.sitting_out):,} sit out"
        )
        return "\n".join((line, *(f"  {reason}" for reason in self.reasons)))

    def _words(self) -> str:
        return f"number={self.number}, tau={self.tau}, learners={len(self.assignments)}"


@dataclass(frozen=True, slots=True, repr=False)
class Closed(Shown):
    """How a round ended.

    Attributes
    ----------
    number, tau : int, int
        Of the round.
    arrived : dict of str to int
        Whose models came in time, and behind how many samples they stand: the weights of
        equation (5).
    missing : dict of str to str
        Who had samples and was late, failed or silent, and why.
    samples, lost : int, int
        Samples behind what arrived, and those of the task that are missing from it.
    extra : Round or None
        With ``late="reassign"``: the lost samples dealt to those who delivered, for as long as it
        takes at least; observed and closed as any round.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=3, idle="excused")
    >>> fleet = mel.orchestrate.Fleet(problem.learners)
    >>> loop = mel.orchestrate.Orchestrator(fleet, problem.task, problem.radio, cycle_s=30.0)
    >>> round = loop.plan_round()
    >>> closed = loop.close_round()  # nobody reported
    >>> closed.lost, len(closed.missing) == len(round.assignments)
    (60000, True)
    """

    number: int
    tau: int
    arrived: dict[str, int]
    missing: dict[str, str]
    samples: int
    lost: int
    extra: Round | None = field(default=None)

    def summary(self) -> str:
        """Return one line of text."""
        share = self.lost / max(self.samples + self.lost, 1)
        return (
            f"round {self.number}: {count(len(self.arrived), 'model')} with tau = {self.tau} came "
            f"in time, {len(self.missing):,} did not, {100.0 * share:.2f} % of the samples lost"
        )

    def _words(self) -> str:
        return f"number={self.number}, arrived={len(self.arrived)}, lost={self.lost}"


guard(__name__)
