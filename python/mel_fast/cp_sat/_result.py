"""What `bracket` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mel_fast._base.arrow import ShownTable, Table
from mel_fast._base.frozen import Found
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.cp_sat._responses import Side
from mel_fast.plans.plan import Plan


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question and its answer.

    Attributes
    ----------
    side : str
        ``inner`` or ``outer``.
    taus : tuple of int
        First and last tau that the model allowed.
    status : str
        CP-SAT's own word (``optimal``, ``feasible``, ``infeasible``, ``unknown``,
        ``model_invalid``); ``equal shares`` or ``interval bounds`` where no search was needed.
    seconds : float
        Time inside CP-SAT.
    carried : int or None
        Samples that the solution's grid points could carry; an inner answer counts when this
        reaches the task's samples.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2, cycle_s=30.0)
    >>> found = mel.cp_sat.bracket(problem, bandwidth_steps=8, power_steps=8)
    >>> found.attempts[0].side in ("inner", "outer"), found.attempts[0].seconds >= 0
    (True, True)
    """

    side: Side
    taus: tuple[int, int]
    status: str
    seconds: float = 0.0
    carried: int | None = None


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Relaxation(Found, Table):
    """A solution of the outer model: not a plan, only a sign that the grid cannot exclude `tau`.

    `bandwidth_hz` and `power_w` are the lower corners that the budgets were charged for; `samples`
    is what the upper corners might carry.

    Attributes
    ----------
    tau
        Local cycles that the grid cannot exclude.
    samples, bandwidth_hz, power_w
        Of each learner, in samples, Hz and W; shape (K,).

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2, cycle_s=30.0)
    >>> found = mel.cp_sat.bracket(problem, bandwidth_steps=8, power_steps=8).outer_plan
    >>> found is None or found.bandwidth_hz.shape == (2,)
    True
    """

    tau: int
    samples: IntColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn

    def columns(self) -> dict[str, Any]:
        """Return one row a learner."""
        return {name: getattr(self, name) for name in ("samples", "bandwidth_hz", "power_w")}

    def __repr__(self) -> str:
        return f"Relaxation(tau={self.tau}, {self.samples.size} learners)"


@dataclass(frozen=True, slots=True, repr=False)
class Bracket(ShownTable):
    """What CP-SAT says about tau*: ``lower <= tau* <= upper``.

    Attributes
    ----------
    lower, upper : int
        Bracket of the largest feasible tau; ``lower`` is 0 when no plan was found.
    lower_plan : Plan or None
        A real plan with ``tau == lower``, whose own weak bound and certificate come from computing
        times alone, so that :func:`mel_fast.verify` accepts it.
    outer_plan : Relaxation or None
        The outer model's solution with the largest tau, if one was found.
    attempts : tuple of Attempt
        Every question asked, in order.
    message : str
        One sentence for a reader.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2, cycle_s=30.0)
    >>> found = mel.cp_sat.bracket(problem, bandwidth_steps=8, power_steps=8)
    >>> found.lower <= mel.solve(problem).tau <= found.upper
    True
    """

    lower: int
    upper: int
    lower_plan: Plan | None
    outer_plan: Relaxation | None
    attempts: tuple[Attempt, ...]
    message: str

    @property
    def closed(self) -> bool:
        """Whether the two sides meet."""
        return self.lower == self.upper

    def columns(self) -> dict[str, Any]:
        """Return one row a question: which tau, of which side, and CP-SAT's answer."""
        names = ("side", "status", "seconds", "carried")
        return {
            "first_tau": [attempt.taus[0] for attempt in self.attempts],
            "last_tau": [attempt.taus[1] for attempt in self.attempts],
            **{name: [getattr(attempt, name) for attempt in self.attempts] for name in names},
        }

    def summary(self) -> str:
        """Return the one sentence that matters."""
        return self.message

    def _words(self) -> str:
        return f"lower={self.lower}, upper={self.upper}, {len(self.attempts)} attempts"
