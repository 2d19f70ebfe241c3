"""The two CP-SAT models: one tau at a time, and tau as a variable of the model."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from mel_fast._base.optional import require
from mel_fast.cp_sat._grid import Choices
from mel_fast.cp_sat._responses import LARGEST_SUM, Ints
from mel_fast.cp_sat._start import start
from mel_fast.cp_sat._watch import EVERY_S, TimeIsUpError, Watch, unlimited

# What CP-SAT takes to be told of a choice, and to look at it first: a guess, for a first model.
SECONDS_A_CHOICE = 1e-5
# CP-SAT reads a model before it looks at its clock: in about this part of what building it took.
READING = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """What CP-SAT says of one model; `chosen[k]` indexes learner k's choices, -1 meaning off."""

    status: str
    seconds: float
    tau: int | None = None
    tau_bound: int | None = None
    chosen: Ints | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The fewest samples of those who take part, where that is chosen, and how many there are."""

    least: Ints
    samples: int


def import_cp_model() -> Any:
    """Import OR-Tools, naming the extra that brings it."""
    return require("ortools.sat.python.cp_model", extra="cpsat")


def solve_one_tau(
    records: list[Choices],
    budgets: tuple[int, int],
    required: int,
    limit_s: float,
    watch: Watch | None = None,
    *,
    best: bool = False,
    entry: Entry | None = None,
) -> Answer:
    """Ask whether the learners can carry `required` samples (row 0 of what each carries).

    The first solution will do, unless `best` asks for the one that carries most.
    """
    cp_model = import_cp_model()
    model = cp_model.CpModel()
    watch = watch or unlimited()
    began = _begin(records, watch)
    selection = _select(model, records, budgets, watch)
    carried = _weighted(selection, [record.carried[0] for record in records])
    model.add(carried >= required)
    _enter(model, selection, records, entry)
    # Only an objective makes CP-SAT follow its linear relaxation, which settles most questions.
    model.maximize(carried)
    limit_s = _limit(limit_s, began, watch)
    return _run(cp_model, model, selection, records, limit_s, watch, first=not best)


def solve_all_taus(
    records: list[Choices],
    budgets: tuple[int, int],
    taus: Sequence[int],
    samples: int,
    least: Ints,
    limit_s: float,
    watch: Watch | None = None,
    entry: Entry | None = None,
) -> Answer:
    """Maximise tau over `taus` (consecutive, rising; row i of what each carries is for taus[i]).

    Learner k must carry `least[k]` samples at the tau that is reached. A `tau` (or `tau_bound`)
    of taus[0] - 1 says that not even the first was reached (can be).
    """
    cp_model = import_cp_model()
    model = cp_model.CpModel()
    watch = watch or unlimited()
    began = _begin(records, watch)
    selection = _select(model, records, budgets, watch)
    reached = [model.new_bool_var(f"tau>={value}") for value in taus]
    for row, literal in enumerate(reached):
        watch.check()
        carried = _weighted(selection, [record.carried[row] for record in records])
        # A product in place of an implication: the linear relaxation can use it.
        model.add(carried >= samples * literal)
        for mine, record, must in zip(selection, records, least, strict=True):
            too_little = np.flatnonzero(record.carried[row] < must)
            if len(too_little):
                model.add(sum(mine[i] for i in too_little) + literal <= 1)
        if row > 0:
            model.add_implication(literal, reached[row - 1])
    _enter(model, selection, records, entry)
    tau = taus[0] - 1 + sum(reached)
    model.maximize(tau)
    limit_s = _limit(limit_s, began, watch)
    return _run(cp_model, model, selection, records, limit_s, watch, tau)


def _begin(records: list[Choices], watch: Watch) -> float:
    """Refuse to begin a model that could not be built in the time that is left."""
    size = sum(len(record) + record.may_be_off for record in records)
    if size * SECONDS_A_CHOICE >= watch.left():
        raise TimeIsUpError
    return time.perf_counter()


def _limit(limit_s: float, began: float, watch: Watch) -> float:
    """Return what CP-SAT may take of its share, so that it is back in time."""
    reading = READING * (time.perf_counter() - began)
    left = watch.left() - reading
    if left <= 0.0:
        raise TimeIsUpError
    return min(limit_s, left)


def _select(
    model: Any, records: list[Choices], budgets: tuple[int, int], watch: Watch
) -> list[list[Any]]:
    """Give each learner exactly one choice (the last literal means off) within both budgets."""
    literals = []
    for record in records:
        watch.check()
        mine = [model.new_bool_var("") for _ in range(len(record) + record.may_be_off)]
        model.add_exactly_one(mine)
        literals.append(mine)
    for mine, at in zip(literals, start(records, budgets, watch) or (), strict=False):
        watch.check()
        for i, literal in enumerate(mine):
            model.add_hint(literal, i == at)
    columns = ([r.bandwidth for r in records], [r.power for r in records])
    for costs, budget in zip(columns, budgets, strict=True):
        if any(len(column) and column.any() for column in costs):
            model.add(_weighted(literals, costs) <= budget)
    return literals


def _enter(
    model: Any, literals: list[list[Any]], records: list[Choices], entry: Entry | None
) -> None:
    """See to it that those who take part do not need more samples than there are."""
    if entry is None:
        return
    fewest = [
        np.full(len(record), least, dtype=np.int64)
        for record, least in zip(records, entry.least.tolist(), strict=True)
    ]
    model.add(_weighted(literals, fewest) <= entry.samples)


def _weighted(literals: list[list[Any]], columns: list[Ints]) -> Any:
    largest = sum(int(column.max(initial=0)) for column in columns)
    if largest > LARGEST_SUM:
        raise OverflowError(f"a model sum may reach {largest}: must be at most 2**62")
    flat = [x for mine, column in zip(literals, columns, strict=True) for x in mine[: len(column)]]
    return import_cp_model().LinearExpr.weighted_sum(flat, np.concatenate(columns).tolist())


def _run(
    cp_model: Any,
    model: Any,
    literals: list[list[Any]],
    records: list[Choices],
    limit_s: float,
    watch: Watch,
    tau: Any = None,
    *,
    first: bool = False,
) -> Answer:
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = 1
    parameters.random_seed = 0
    parameters.relative_gap_limit = 0.0
    parameters.absolute_gap_limit = 0.0
    parameters.max_time_in_seconds = max(limit_s, 0.0)
    parameters.stop_after_first_solution = first
    # Faster here, and presolve is where a false "infeasible" of OR-Tools 9.15 came from.
    parameters.cp_model_presolve = False
    parameters.catch_sigint_signal = False
    began = time.perf_counter()
    status = _interruptible(solver, model, watch)
    seconds = time.perf_counter() - began
    name = solver.status_name(status).lower()
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = None
    if found:
        values = np.array(solver.response_proto.solution)
        at = [int(np.argmax(values[[x.index for x in mine]])) for mine in literals]
        chosen = np.array([i if i < len(r) else -1 for i, r in zip(at, records, strict=True)])
    if tau is None:
        return Answer(name, seconds, chosen=chosen)
    # Stopped before it found anything, CP-SAT reports a bound of 0 that means nothing.
    bound = math.floor(solver.best_objective_bound) if found else None
    return Answer(name, seconds, int(solver.value(tau)) if found else None, bound, chosen)


def _interruptible(solver: Any, model: Any, watch: Watch) -> Any:
    """Solve in a thread: CP-SAT would swallow Ctrl-C, and Python cannot see it inside the call."""
    begun, ended = Event(), Event()

    def solve() -> Any:
        begun.set()
        try:
            return solver.solve(model)
        finally:
            ended.set()

    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            try:
                answer = pool.submit(solve)
            except RuntimeError:  # the system gives no thread: Ctrl-C is then seen after the model
                return solver.solve(model)
            while not wait((answer,), timeout=EVERY_S).done:
                if watch.over():
                    solver.stop_search()
            return answer.result()
        except BaseException:
            # At whatever moment it came: what is queued never begins, what has begun is told until
            # it hears, for a search that is just beginning hears nothing.
            pool.shutdown(wait=False, cancel_futures=True)
            while begun.is_set():
                solver.stop_search()
                if ended.wait(EVERY_S):
                    break
            raise
