"""The compiled core. Use the public names of :mod:`mel_fast` instead."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

class Problem:
    """A validated, immutable problem in the core's own columns."""

    def __init__(
        self,
        *,
        samples: int,
        send_bits: float | NDArray[np.float64],
        send_bits_per_sample: float | NDArray[np.float64],
        return_bits: float | NDArray[np.float64],
        return_bits_per_sample: float | NDArray[np.float64],
        flops_per_sample: float | NDArray[np.float64],
        flops_per_s: NDArray[np.float64],
        gain: NDArray[np.float64],
        return_bandwidth_hz: NDArray[np.float64],
        return_power_w: NDArray[np.float64],
        bandwidth_hz: float,
        power_w: float,
        noise: float,
        fixed_law: bool,
        cycle_s: float,
        excused: bool,
        min_samples: NDArray[np.float64] | None = None,
        max_samples: NDArray[np.float64] | None = None,
        max_bandwidth_hz: NDArray[np.float64] | None = None,
        max_power_w: NDArray[np.float64] | None = None,
        energy_j: NDArray[np.float64] | None = None,
        energy_per_flop_j: NDArray[np.float64] | None = None,
        block_hz: float = 0.0,
        energy_sends: bool = False,
        energy_counts: bool = False,
    ) -> None: ...
    def with_budgets(self, cycle_s: float, bandwidth_hz: float, power_w: float) -> Problem: ...
    def taken(self, learners: Any) -> Problem: ...
    def with_payload(self, *, flops_per_s: Any, **amounts: Any) -> Problem: ...
    def with_samples(self, samples: int) -> Problem: ...
    def with_bounds(self, min_samples: int, max_samples: int) -> Problem: ...
    def among(self, differ: bool, send: bool, give_back: bool, grow: bool) -> Problem: ...
    @property
    def largest_cycle_s(self) -> float: ...
    @property
    def size(self) -> int: ...
    @property
    def limited(self) -> bool: ...

class Result:
    """What the core found; arrays are views that the result keeps alive."""

    @property
    def status(self) -> int: ...
    @property
    def tau(self) -> int: ...
    @property
    def bound(self) -> int: ...
    @property
    def samples(self) -> NDArray[np.int64] | None: ...
    @property
    def bandwidth_hz(self) -> NDArray[np.float64] | None: ...
    @property
    def power_w(self) -> NDArray[np.float64] | None: ...
    @property
    def blocks(self) -> NDArray[np.int64] | None: ...
    @property
    def tree_learner(self) -> NDArray[np.int64]: ...
    @property
    def tree_at(self) -> NDArray[np.int64]: ...
    @property
    def tree_lambda_per_hz(self) -> NDArray[np.float64]: ...
    @property
    def tree_mu_per_w(self) -> NDArray[np.float64]: ...
    @property
    def end(self) -> tuple[float, float, float]: ...
    @property
    def nodes(self) -> int: ...
    @property
    def passes(self) -> int: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def interrupted(self) -> KeyboardInterrupt | None: ...
    @property
    def blame(self) -> int: ...
    @property
    def blame_learner(self) -> int: ...

def solve(
    problem: Problem,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    spare_time: bool = True,
    start: tuple[float, float, float] | None = None,
    tentative: bool = False,
    work_limit: float = float("inf"),
) -> Result: ...
def decide(
    problem: Problem,
    tau: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    start: tuple[float, float, float] | None = None,
    tentative: bool = False,
    work_limit: float = float("inf"),
) -> Result: ...
def without_radio(
    problem: Problem,
    tau: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
) -> Result: ...
def estimate_least(
    problem: Problem,
    tau: int,
    resource: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    start: tuple[float, float, float] | None = None,
) -> tuple[float, float, float, bool, BaseException | None]: ...
def bracket(
    problem: Problem,
    tau: int,
    resource: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    start: tuple[float, float, float] | None = None,
    too_short: float = 0.0,
) -> tuple[float, Result | None, float, Result | None, BaseException | None]: ...
def reachable_cycle(
    problem: Problem,
    tau: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
) -> tuple[float, float, int, BaseException | None]: ...
def least_of_split(
    problem: Problem,
    tau: int,
    samples: NDArray[np.int64],
    resource: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    start: tuple[float, float, float] | None = None,
) -> tuple[
    float,
    NDArray[np.float64] | None,
    NDArray[np.float64] | None,
    NDArray[np.int64] | None,
    BaseException | None,
]: ...
def least_energy(
    problem: Problem,
    tau: int,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    known: NDArray[np.int64] | None = None,
) -> tuple[
    float,
    float,
    float,
    float,
    float,
    NDArray[np.int64] | None,
    NDArray[np.float64] | None,
    NDArray[np.float64] | None,
    NDArray[np.float64] | None,
    int,
    bool,
    BaseException | None,
]: ...

class Selection:
    @property
    def value(self) -> float: ...
    @property
    def bound(self) -> float: ...
    @property
    def refuted(self) -> bool: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def interrupted(self) -> BaseException | None: ...
    @property
    def samples(self) -> NDArray[np.int64] | None: ...
    @property
    def bandwidth_hz(self) -> NDArray[np.float64] | None: ...
    @property
    def power_w(self) -> NDArray[np.float64] | None: ...
    @property
    def blocks(self) -> NDArray[np.int64] | None: ...
    @property
    def tree_learner(self) -> NDArray[np.int64]: ...
    @property
    def tree_at(self) -> NDArray[np.int64]: ...
    @property
    def tree_lambda_per_hz(self) -> NDArray[np.float64]: ...
    @property
    def tree_mu_per_w(self) -> NDArray[np.float64]: ...
    @property
    def tree_per_sample(self) -> NDArray[np.float64]: ...
    @property
    def tree_per_learner(self) -> NDArray[np.float64]: ...
    @property
    def end(self) -> tuple[float, float]: ...
    @property
    def nodes(self) -> int: ...
    @property
    def passes(self) -> int: ...
    @property
    def elapsed_s(self) -> float: ...

def select(
    problem: Problem,
    tau: int,
    of: int,
    weight: NDArray[np.float64] | None,
    whole: bool,
    at_least: int,
    grain: float,
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    spare_time: bool = True,
    start: tuple[float, float, float] | None = None,
    bound_only: bool = False,
) -> Selection: ...
def worth_at(
    problem: Problem,
    tau: float,
    scheme: int,
    time_limit_s: float,
    threads: int,
    start: tuple[float, float, float] | None = None,
) -> tuple[int, float, float, float, float]: ...
def evaluate(
    problem: Problem,
    tau: int,
    samples: NDArray[np.int64],
    bandwidth_hz: NDArray[np.float64],
    power_w: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def worth_of_each(
    problem: Problem, tau: int, lambda_per_hz: float, mu_per_w: float
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]: ...

class BatchSettings:
    """What solve_columns and solve_problems share."""

    def __init__(
        self,
        *,
        scheme: int,
        time_limit_s: float,
        row_time_limit_s: float,
        threads: int,
        spare_time: bool,
        starts: NDArray[np.float64] | None,
        callback: Callable[[int, int, int, float], bool] | None,
    ) -> None: ...

def solve_columns(
    *,
    rows: int,
    learners: int,
    flops_per_s: NDArray[np.float64],
    gain: NDArray[np.float64],
    return_bandwidth_hz: NDArray[np.float64],
    return_power_w: NDArray[np.float64],
    samples: NDArray[np.float64],
    send_bits: NDArray[np.float64],
    send_bits_per_sample: NDArray[np.float64],
    return_bits: NDArray[np.float64],
    return_bits_per_sample: NDArray[np.float64],
    flops_per_sample: NDArray[np.float64],
    bandwidth_hz: NDArray[np.float64],
    power_w: NDArray[np.float64],
    noise: NDArray[np.float64],
    cycle_s: NDArray[np.float64],
    min_samples: NDArray[np.float64] | None = None,
    max_samples: NDArray[np.float64] | None = None,
    max_bandwidth_hz: NDArray[np.float64] | None = None,
    max_power_w: NDArray[np.float64] | None = None,
    energy_j: NDArray[np.float64] | None = None,
    energy_per_flop_j: NDArray[np.float64] | None = None,
    block_hz: NDArray[np.float64] | None = None,
    fixed_law: bool,
    excused: bool,
    settings: BatchSettings,
) -> dict[str, Any]: ...
def solve_problems(
    *, problems: Sequence[Problem | None], learners: Sequence[int], settings: BatchSettings
) -> dict[str, Any]: ...
def build_info() -> dict[str, str]: ...
def implementations() -> list[tuple[str, bool]]: ...
def active_instruction_set() -> str: ...
def hardware_threads() -> int: ...
def use_instruction_set(name: str) -> None: ...
def set_usual_arithmetic() -> int: ...
def restore_arithmetic(before: int) -> None: ...

shard_grain: int

class Shard:
    """The learners of one place, who answer questions."""

    def __init__(self, problem: Problem, first: int, learners: int, threads: int = 1) -> None: ...
    def answer(self, question: bytes) -> bytes: ...

def sampled_learners(size: int) -> NDArray[np.int64]: ...
def solve_sharded(
    first: Sequence[int],
    size: int,
    ask: Callable[[list[bytes]], list[bytes] | None],
    some: Callable[[NDArray[np.int64]], Problem],
    time_limit_s: float,
    threads: int,
    callback: Callable[[int, int, int, float], bool] | None,
    spare_time: bool = True,
) -> tuple[Result, list[bytes]]: ...
