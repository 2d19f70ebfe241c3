"""The compiled core. Use the public names of :mod:`mel_fast` instead."""

from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypeAlias, TypedDict, Unpack, type_check_only

import numpy as np
from numpy.typing import NDArray

__version__: str

_Floats: TypeAlias = NDArray[np.float64]
_Integers: TypeAlias = NDArray[np.int64]
_Callback: TypeAlias = Callable[[int, int, int, float], bool] | None
_Start: TypeAlias = tuple[float, float, float] | None
_Interrupt: TypeAlias = BaseException | None

class _Learners(TypedDict):
    flops_per_s: _Floats
    gain: _Floats
    return_bandwidth_hz: _Floats
    return_power_w: _Floats
    min_samples: NotRequired[_Floats | None]
    max_samples: NotRequired[_Floats | None]
    max_bandwidth_hz: NotRequired[_Floats | None]
    max_power_w: NotRequired[_Floats | None]
    energy_j: NotRequired[_Floats | None]
    energy_per_flop_j: NotRequired[_Floats | None]

class Problem:
    """A validated, immutable problem in the core's own columns."""

    def __init__(
        self,
        *,
        samples: int,
        send_bits: float | _Floats,
        send_bits_per_sample: float | _Floats,
        return_bits: float | _Floats,
        return_bits_per_sample: float | _Floats,
        flops_per_sample: float | _Floats,
        bandwidth_hz: float,
        power_w: float,
        noise: float,
        fixed_law: bool,
        cycle_s: float,
        excused: bool,
        block_hz: float = 0.0,
        energy_sends: bool = False,
        energy_counts: bool = False,
        **learners: Unpack[_Learners],
    ) -> None: ...
    def with_budgets(self, cycle_s: float, bandwidth_hz: float, power_w: float) -> Problem: ...
    def taken(self, learners: Any) -> Problem: ...
    def every_by_need(self, stride: int) -> _Integers: ...
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

@type_check_only
class _Found:
    """A plan, and the tree that bounds it; arrays are views that the result keeps alive."""

    @property
    def samples(self) -> _Integers | None: ...
    @property
    def bandwidth_hz(self) -> _Floats | None: ...
    @property
    def power_w(self) -> _Floats | None: ...
    @property
    def blocks(self) -> _Integers | None: ...
    @property
    def tree_learner(self) -> _Integers: ...
    @property
    def tree_at(self) -> _Integers: ...
    @property
    def tree_lambda_per_hz(self) -> _Floats: ...
    @property
    def tree_mu_per_w(self) -> _Floats: ...
    @property
    def nodes(self) -> int: ...
    @property
    def passes(self) -> int: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def interrupted(self) -> _Interrupt: ...

class Result(_Found):
    """The most local cycles that the core found."""

    @property
    def status(self) -> int: ...
    @property
    def tau(self) -> int: ...
    @property
    def bound(self) -> int: ...
    @property
    def per_part(self) -> float: ...
    @property
    def part(self) -> float: ...
    @property
    def above(self) -> float: ...
    @property
    def end(self) -> tuple[float, float, float]: ...
    @property
    def blame(self) -> int: ...
    @property
    def blame_learner(self) -> int: ...

def solve(
    problem: Problem,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    spare_time: bool = True,
    start: _Start = None,
    tentative: bool = False,
    work_limit: float = float("inf"),
    parts: bool = False,
) -> Result: ...
def decide(
    problem: Problem,
    tau: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    start: _Start = None,
    tentative: bool = False,
    work_limit: float = float("inf"),
    parts: bool = False,
    leaf: tuple[float, float, float, int, int | None] | None = None,
    only_refutes: bool = False,
) -> Result: ...
def without_radio(
    problem: Problem,
    tau: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
) -> Result: ...
def estimate_least(
    problem: Problem,
    tau: int,
    resource: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    start: _Start = None,
) -> tuple[float, float, float, bool, _Interrupt]: ...
def bracket(
    problem: Problem,
    tau: int,
    resource: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    start: _Start = None,
    too_short: float = 0.0,
    parts: bool = False,
) -> tuple[float, Result | None, float, Result | None, _Interrupt, int]: ...
def least_by_parts(
    problem: Problem,
    tau: int,
    resource: int,
    part: float,
    lower: float,
    upper: float,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    start: _Start = None,
    above: float = -1.0,
) -> tuple[float, float, float, float, float, Result | None, int, _Interrupt]: ...
def reachable_cycle(
    problem: Problem,
    tau: int,
    scheme: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
) -> tuple[float, float, int, _Interrupt]: ...
def least_of_split(
    problem: Problem,
    tau: int,
    samples: _Integers,
    resource: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    start: _Start = None,
) -> tuple[float, _Floats | None, _Floats | None, _Integers | None, _Interrupt]: ...
def least_energy(
    problem: Problem,
    tau: int,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    known: _Integers | None = None,
) -> tuple[
    float,
    float,
    float,
    float,
    float,
    _Integers | None,
    _Floats | None,
    _Floats | None,
    _Floats | None,
    list[tuple[int, int, float, float, float, float]],
    int,
    bool,
    _Interrupt,
]: ...

class Selection(_Found):
    @property
    def value(self) -> float: ...
    @property
    def bound(self) -> float: ...
    @property
    def guessed(self) -> float: ...
    @property
    def refuted(self) -> bool: ...
    @property
    def above_refuted(self) -> bool: ...
    @property
    def tree_per_sample(self) -> _Floats: ...
    @property
    def tree_per_learner(self) -> _Floats: ...
    @property
    def end(self) -> tuple[float, float]: ...

def select(
    problem: Problem,
    tau: int,
    of: int,
    weight: _Floats | None,
    whole: bool,
    at_least: int,
    grain: float,
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    spare_time: bool = True,
    start: _Start = None,
    depth: int = 3,
) -> Selection: ...
def worth_at(
    problem: Problem,
    tau: float,
    scheme: int,
    time_limit_s: float,
    threads: int,
    start: _Start = None,
    at_least: int = 0,
) -> tuple[int, float, float, float, float]: ...
def evaluate(
    problem: Problem,
    tau: int,
    samples: _Integers,
    bandwidth_hz: _Floats,
    power_w: _Floats,
) -> tuple[_Floats, _Floats, _Floats]: ...
def worth_of_each(
    problem: Problem, tau: int, lambda_per_hz: float, mu_per_w: float
) -> tuple[_Floats, _Floats, _Floats, _Floats, _Floats]: ...
def equal_room(
    problem: Problem, tau: int, cycle_s: float, generous: bool
) -> tuple[_Floats, _Floats, _Floats, _Floats]: ...

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
        starts: _Floats | None,
        callback: _Callback,
    ) -> None: ...

def solve_columns(
    *,
    rows: int,
    learners: int,
    samples: _Floats,
    send_bits: _Floats,
    send_bits_per_sample: _Floats,
    return_bits: _Floats,
    return_bits_per_sample: _Floats,
    flops_per_sample: _Floats,
    bandwidth_hz: _Floats,
    power_w: _Floats,
    noise: _Floats,
    cycle_s: _Floats,
    block_hz: _Floats | None = None,
    fixed_law: bool,
    excused: bool,
    settings: BatchSettings,
    **columns: Unpack[_Learners],
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

def sampled_learners(size: int) -> _Integers: ...
def solve_sharded(
    first: Sequence[int],
    size: int,
    ask: Callable[[list[bytes]], list[bytes] | None],
    some: Callable[[_Integers], Problem],
    time_limit_s: float,
    threads: int,
    callback: _Callback,
    spare_time: bool = True,
) -> tuple[Result, list[bytes]]: ...
