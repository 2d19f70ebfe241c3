"""What `solve` and `solve_many` say of the same problems, compared field by field."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import mel_fast as mel
from limited import LIMITS, with_limits
from mel_fast import reference
from mel_fast.model.columns import NUMBERS
from strategies import SCHEMES, VARIANTS, draw

FIELDS = ("status", "scheme", "tau", "bound", "certificate", "reasons", "nodes", "passes", "_end")
COLUMNS = ("samples", "bandwidth_hz", "power_w", "blocks")
HAIR = 1e-14  # of the budgets: within what double precision cannot tell


def differences(one: mel.Plan, other: mel.Plan) -> list[str]:
    """Name what differs between two plans, the seconds that they took left out."""
    found = [name for name in FIELDS if getattr(one, name) != getattr(other, name)]
    for name in COLUMNS:
        mine, theirs = getattr(one, name), getattr(other, name)
        if (mine is None) != (theirs is None) or not np.array_equal(mine, theirs):
            found.append(name)
    return found + ["problem"] * (one.problem != other.problem)


def as_batch(problems: Sequence[mel.Problem]) -> mel.Batch:
    """Return problems of one task, law and kind of limits as arrays."""
    first = problems[0]
    columns: dict[str, Any] = {}
    for name in NUMBERS:
        rows = [getattr(problem.learners, name) for problem in problems]
        columns[name] = None if rows[0] is None else np.array(rows)
    for name in mel.Radio._fields:
        values = [getattr(problem.radio, name) for problem in problems]
        columns[name] = None if values[0] is None else np.array(values)
    columns.update(shared=first.radio.shared, idle=first.idle, payload=first._given)
    columns.update(optional=first.learners.optional)
    return mel.Batch(first.task, cycle_s=[problem.cycle_s for problem in problems], **columns)


class Group(NamedTuple):
    """Problems that make one batch, and how they are to be solved."""

    problems: list[mel.Problem]
    options: dict[str, Any]


def groups(count: int, seed: int) -> Iterator[Group]:
    """Draw groups of five problems: three budgets, and a hair above and below what is needed."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        learners, samples = int(rng.integers(2, 5)), int(rng.integers(4, 12))
        base = draw(1000 * seed + number, learners, samples, *VARIANTS[number % len(VARIANTS)])
        if number % 3:
            names = tuple(name for name in LIMITS if rng.random() < 0.4)
            blocks = int(rng.integers(learners, 12)) if rng.random() < 0.4 else None
            base = with_limits(base, rng, names, blocks)
        scheme = str(rng.choice(SCHEMES))
        scales = [0.8, 1.0, 1.5]
        tau = max(1, mel.solve(base, scheme=scheme).tau)
        best = reference.best_split(base, tau, scheme)
        if best is not None and 1e-3 < best.scale < 1e3:
            scales += [best.scale * (1 + HAIR), best.scale * (1 - HAIR)]
        then = str(rng.choice(["time", "time", "none", "power", "bandwidth"]))
        problems = [reference.with_budgets(base, scale) for scale in scales]
        yield Group(problems, {"scheme": scheme, "then": then})
