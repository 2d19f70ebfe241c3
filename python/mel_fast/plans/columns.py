"""What each learner of a plan is given, how long it takes and what it spends.

The columns of a solver's result are fetched when first asked for: a solve takes microseconds.
"""

from functools import cached_property
from typing import TypeVar

from mel_fast import _core
from mel_fast._base.validation import FloatColumn, IntColumn, freeze
from mel_fast.model.problem import Problem
from mel_fast.model.times import Times, evaluate_columns
from mel_fast.plans.allocation import Allocation, TimeColumns, chosen_speeds, energy_spent
from mel_fast.plans.status import Status

Column = TypeVar("Column", IntColumn, FloatColumn)


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
    def allocation(self) -> Allocation:
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
