"""The two CP-SAT models: one tau at a time, and tau as a variable of the model."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._optional import require
from mel_fast.cp_sat._grid import Choices
from mel_fast.cp_sat._responses import LARGEST_SUM, Ints
from mel_fast.cp_sat._start import start


@dataclass(frozen=True, slots=True)
class Answer:
    """What CP-SAT says of one model; `chosen[k]` indexes learner k's choices, -1 meaning off."""

    status: str
    seconds: float
    tau: int | None = None
    tau_bound: int | None = None
    chosen: Ints | None = None


def import_cp_model() -> Any:
    """Import OR-Tools, naming the extra that brings it."""
    return require("ortools.sat.python.cp_model", extra="cpsat")


def solve_one_tau(
    records: list[Choices],
    budgets: tuple[int, int],
    required: int,
    limit_s: float,
    *,
    best: bool = False,
) -> Answer:
    """Ask whether the learners can carry `required` samples (row 0 of what each carries).

    The first solution will do, unless `best` asks for the one that carries most.
    """
    cp_model = import_cp_model()
    model = cp_model.CpModel()
    selection = _select(model, records, budgets)
    carried = _weighted(selection, [record.carried[0] for record in records])
    model.add(carried >= required)
    # Only an objective makes CP-SAT follow its linear relaxation, which settles most questions.
    model.maximize(carried)
    return _run(cp_model, model, selection, records, limit_s, first=not best)


def solve_all_taus(
    records: list[Choices],
    budgets: tuple[int, int],
    taus: Sequence[int],
    samples: int,
    least: Ints,
    limit_s: float,
) -> Answer:
    """Maximise tau over `taus` (consecutive, rising; row i of what each carries is for taus[i]).

    Learner k must carry `least[k]` samples at the tau that is reached. A `tau` (or `tau_bound`)
    of taus[0] - 1 says that not even the first was reached (can be).
    """
    cp_model = import_cp_model()
    model = cp_model.CpModel()
    selection = _select(model, records, budgets)
    reached = [model.new_bool_var(f"tau>={value}") for value in taus]
    for row, literal in enumerate(reached):
        carried = _weighted(selection, [record.carried[row] for record in records])
        # A product in place of an implication: the linear relaxation can use it.
        model.add(carried >= samples * literal)
        for mine, record, must in zip(selection, records, least, strict=True):
            too_little = np.flatnonzero(record.carried[row] < must)
            if len(too_little):
                model.add(sum(mine[i] for i in too_little) + literal <= 1)
        if row > 0:
            model.add_implication(literal, reached[row - 1])
    tau = taus[0] - 1 + sum(reached)
    model.maximize(tau)
    return _run(cp_model, model, selection, records, limit_s, tau)


def _select(model: Any, records: list[Choices], budgets: tuple[int, int]) -> list[list[Any]]:
    """Give each learner exactly one choice (the last literal means off) within both budgets."""
    literals = [[model.new_bool_var("") for _ in range(len(r) + r.may_be_off)] for r in records]
    for mine in literals:
        model.add_exactly_one(mine)
    for mine, at in zip(literals, start(records, budgets) or (), strict=False):
        for i, literal in enumerate(mine):
            model.add_hint(literal, i == at)
    columns = ([r.bandwidth for r in records], [r.power for r in records])
    for costs, budget in zip(columns, budgets, strict=True):
        if any(len(column) and column.any() for column in costs):
            model.add(_weighted(literals, costs) <= budget)
    return literals


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
    status = _interruptible(solver, model)
    seconds = time.perf_counter() - began
    name = solver.status_name(status).lower()
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = None
    if found:
        at = [next(i for i, x in enumerate(mine) if solver.boolean_value(x)) for mine in literals]
        chosen = np.array([i if i < len(r) else -1 for i, r in zip(at, records, strict=True)])
    if tau is None:
        return Answer(name, seconds, chosen=chosen)
    # Stopped before it found anything, CP-SAT reports a bound of 0 that means nothing.
    bound = math.floor(solver.best_objective_bound) if found else None
    return Answer(name, seconds, int(solver.value(tau)) if found else None, bound, chosen)


def _interruptible(solver: Any, model: Any) -> Any:
    """Solve in a thread: CP-SAT would swallow Ctrl-C, and Python cannot see it inside the call."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:  # a signal may come before the thread is waited for
            return pool.submit(solver.solve, model).result()
        except BaseException:
            solver.stop_search()
            raise
