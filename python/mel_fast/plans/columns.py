"""What each learner of a plan is given, how long it takes and what it spends.

The columns of a solver's result are fetched when first asked for: a solve takes microseconds.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mel_fast import _core
from mel_fast._base.validation import (
    SMALLEST,
    FloatColumn,
    IntColumn,
    count_column,
    freeze,
    scalar_or_column,
    share_column,
)
from mel_fast.model.columns import COLUMNS, LABELS
from mel_fast.model.problem import Problem
from mel_fast.model.times import Times, evaluate_columns
from mel_fast.plans.status import Status
from mel_fast.plans.view import PlanView

if TYPE_CHECKING:
    from mel_fast.plans.allocation import Allocation

Column = TypeVar("Column", IntColumn, FloatColumn)

ALLOCATION = ("samples", "blocks", "bandwidth_hz", "power_w")
_ULP = 2.0**-53
_ROOM = 32.0 * _ULP  # of an energy: less than what the solver leaves of it


class TimeColumns:
    """The part of a plan that names the columns of its times."""

    @property
    def send_s(self: PlanView) -> FloatColumn | None:
        """t_S of each learner, equation (6)."""
        return None if self.times is None else self.times.send_s

    @property
    def compute_s(self: PlanView) -> FloatColumn | None:
        """t_C of each learner, equation (7)."""
        return None if self.times is None else self.times.compute_s

    @property
    def return_s(self: PlanView) -> FloatColumn | None:
        """t_R of each learner, equation (8)."""
        return None if self.times is None else self.times.return_s

    @property
    def total_s(self: PlanView) -> FloatColumn | None:
        """Sum of the three times of each learner."""
        return None if self.times is None else self.times.total_s


class PlanColumns(TimeColumns):
    """The allocation of a plan and what follows from it, each worked out once."""

    problem: Problem
    status: Status
    tau: int
    _result: _core.Result | None

    @property
    def _core_result(self) -> _core.Result:
        assert self._result is not None  # plans built in Python carry every attribute
        return self._result

    @cached_property
    def samples(self) -> IntColumn | None:
        """d_k, samples of each learner."""
        return _frozen(self._core_result.samples)

    @cached_property
    def bandwidth_hz(self) -> FloatColumn | None:
        """B_k, bandwidth towards each learner."""
        return _frozen(self._core_result.bandwidth_hz)

    @cached_property
    def power_w(self) -> FloatColumn | None:
        """P_k, power towards each learner."""
        return _frozen(self._core_result.power_w)

    @cached_property
    def blocks(self) -> IntColumn | None:
        """n_k, resource blocks of each learner."""
        return None if self.problem.radio.block_hz is None else _frozen(self._core_result.blocks)

    @cached_property
    def nodes(self) -> int:
        """Boxes of branch and bound over all tau."""
        return self._core_result.nodes

    @cached_property
    def passes(self) -> int:
        """Passes over the learners."""
        return self._core_result.passes

    @cached_property
    def elapsed_s(self) -> float:
        """Seconds spent in the solver."""
        return self._core_result.elapsed_s

    @cached_property
    def allocation(self) -> "Allocation":
        """What each learner is given and how long it takes, none of it None.

        Raises
        ------
        ValueError
            When there is no plan: where ``bool(plan)`` is false.
        """
        samples, bandwidth_hz, power_w = self.samples, self.bandwidth_hz, self.power_w
        if samples is None or bandwidth_hz is None or power_w is None or self.times is None:
            raise ValueError(
                f"there is no plan (status {self.status}), and so no allocation: see plan.reasons"
            )
        from mel_fast.plans.allocation import Allocation  # here: seldom asked for, slow to import

        return Allocation(samples, bandwidth_hz, power_w, self.times, self.blocks)

    @cached_property
    def times(self) -> Times | None:
        """The four time columns together, None when there is no plan."""
        if not self.problem.chooses_speed:
            return self._times(None)
        return self._times(self.flops_per_s)

    @cached_property
    def flops_per_s(self) -> FloatColumn | None:
        """f_k, the speeds of computing: chosen, where `energy_coefficient` is given."""
        if self.samples is None or self.power_w is None:
            return None
        if not self.problem.chooses_speed:
            return self.problem.learners.flops_per_s
        times = self._times(None)
        assert times is not None
        return chosen_speeds(self.problem, self.tau, self.samples, times, self.power_w)

    def _times(self, flops_per_s: FloatColumn | None) -> Times | None:
        if self.samples is None or self.bandwidth_hz is None or self.power_w is None:
            return None
        return evaluate_columns(
            self.problem, self.tau, self.samples, self.bandwidth_hz, self.power_w, flops_per_s
        )

    @cached_property
    def energy_j(self) -> FloatColumn | None:
        """Joules that each learner spends on computing and on its return."""
        if self.samples is None or self.times is None or self.power_w is None:
            return None
        return energy_spent(
            self.problem,
            self.tau,
            self.samples,
            self.times.return_s,
            self.power_w,
            self.flops_per_s,
        )


def _frozen(column: Column | None) -> Column | None:
    return None if column is None else freeze(column)


def checked_allocation(
    problem: Problem, samples: Any, bandwidth_hz: Any, power_w: Any, blocks: Any
) -> dict[str, Any]:
    """Return an allocation's columns, read-only and of the right kinds, or None four times."""
    count, width = len(problem.learners), problem.radio.block_hz
    if blocks is not None:
        if width is None:
            raise ValueError("blocks: must not be given, since the problem's radio has no block_hz")
        blocks = count_column("blocks", blocks, count)
        bandwidth_hz = blocks * width if bandwidth_hz is None else bandwidth_hz
    given = {"samples": samples, "bandwidth_hz": bandwidth_hz, "power_w": power_w}
    missing = [name for name, column in given.items() if column is None]
    if len(missing) == len(given):
        return dict.fromkeys(ALLOCATION)
    if missing:
        raise ValueError("samples, bandwidth_hz, power_w: give all three or none")
    if width is not None and blocks is None:
        raise ValueError(
            f"blocks: must be given, since the problem's radio has block_hz = {width!r}"
        )
    return {
        "samples": freeze(count_column("samples", samples, count)),
        "bandwidth_hz": freeze(share_column("bandwidth_hz", bandwidth_hz, count)),
        "power_w": freeze(share_column("power_w", power_w, count)),
        "blocks": None if blocks is None else freeze(blocks),
    }


def checked_speeds(problem: Problem, flops_per_s: Any, *, planned: bool) -> FloatColumn | None:
    """Return the speeds of a plan, read-only; None where they are not given.

    Raises
    ------
    ValueError, TypeError
        For speeds where none are chosen or there is no plan, and for what are none.
    """
    if flops_per_s is None:
        return None
    if not problem.chooses_speed or not planned:
        raise ValueError(
            "flops_per_s: must not be given where there is no plan, or no energy_coefficient"
        )
    column = scalar_or_column("flops_per_s", flops_per_s)
    size = len(problem.learners)
    if np.ndim(column) == 0:
        return freeze(np.full(size, column))
    listed = np.asarray(column)
    if listed.size != size:
        raise ValueError(f"flops_per_s has length {listed.size}: must be {size}")
    return freeze(listed)


def plan_columns(plan: PlanView) -> dict[str, IntColumn | FloatColumn]:
    """Return all columns that a plan and its learners have."""
    own = {COLUMNS[name].head: column for name, column in plan.problem.learners.columns().items()}
    columns = {COLUMNS[name].head: own.pop(COLUMNS[name].head, None) for name in LABELS}
    columns.update({name: getattr(plan, name) for name in (*ALLOCATION, *Times._fields)})
    if plan.problem.chooses_speed:
        own["max_flops_per_s"] = own.pop("flops_per_s")
        columns["flops_per_s"] = plan.flops_per_s
    columns.update(spent_energy_j=plan.energy_j, **own)
    return {name: column for name, column in columns.items() if column is not None}


def chosen_speeds(
    problem: Problem, tau: int, samples: IntColumn, times: Times, power_w: FloatColumn
) -> FloatColumn:
    """Return the highest speeds that everybody's energy allows, where speeds are chosen.

    Parameters
    ----------
    times
        Of the allocation; those of computing are not looked at.
    """
    learners = problem.learners
    fastest, coefficient = learners.flops_per_s, learners.energy_coefficient
    if coefficient is None or learners.energy_j is None:
        return fastest
    flops = float(tau) * samples * problem.payload.flops_per_sample
    power = power_w if problem.energy_sends else problem.links.power_w
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        returning = _spent_on_air(power, times.return_s)
        left = np.maximum(learners.energy_j * (1.0 - _ROOM) - returning, 0.0)
        speeds = np.sqrt(left / (coefficient * flops)) * (1.0 - 4.0 * _ULP)
    free = ~(coefficient * flops > 0.0) | np.isinf(learners.energy_j)
    speeds = np.where(free, fastest, np.minimum(speeds, fastest))
    slow = SMALLEST if learners.min_flops_per_s is None else learners.min_flops_per_s
    return freeze(np.maximum(np.maximum(speeds, slow), SMALLEST))


def _spent_on_air(power_w: FloatColumn, return_s: FloatColumn) -> FloatColumn:
    """Return power times time: nothing without power, however long that would take."""
    return np.asarray(power_w * np.where((return_s > 0.0) & (power_w > 0.0), return_s, 0.0))


def energy_spent(
    problem: Problem,
    tau: int,
    samples: IntColumn,
    return_s: FloatColumn,
    power_w: FloatColumn,
    flops_per_s: FloatColumn | None = None,
) -> FloatColumn | None:
    """Return the joules that each learner spends: ``tau d C_m e`` and its power times t_R.

    Its power is `power_w`, what was planned for it, where the return is shared; where speeds are
    chosen, `flops_per_s` are they.
    """
    learners, payload = problem.learners, problem.payload
    per_flop = learners.energy_per_flop_j
    if learners.energy_coefficient is not None:
        speeds = learners.flops_per_s if flops_per_s is None else flops_per_s
        per_flop = learners.energy_coefficient * speeds**2
    if per_flop is None:
        return None
    flops = float(tau) * samples * payload.flops_per_sample
    with np.errstate(over="ignore"):
        spent = flops * per_flop
        power = power_w if problem.links.planned == "return" else problem.links.power_w
        spent = spent + _spent_on_air(power, return_s)
    budget = learners.energy_j
    if budget is not None and not payload.returns and learners.energy_per_flop_j is not None:
        from fractions import Fraction  # here: the package does without

        # Rounded once, computing alone exceeds no budget that it keeps.
        for k in np.flatnonzero(spent > budget).tolist():
            work = tau * int(samples[k]) * Fraction(payload.of(k)[-1])
            spent[k] = float(work * Fraction(float(learners.energy_per_flop_j[k])))
    return freeze(spent)
