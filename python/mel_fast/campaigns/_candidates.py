"""What a campaign chooses among: local cycles, the rounds that they need, levels of payload."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn, integer, real
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem

Rounds = Callable[[int], float] | Mapping[int, float]
MOST_ROUNDS = 1e15


@runtime_checkable
class Measured(Protocol):
    """Levels that were measured, such as `mel_fast.payload.Levels`."""

    def problems(self, problem: Problem) -> Mapping[str, Problem]:
        """Return the problem at each level, by the level's name."""
        ...


class Level(NamedTuple):
    """One level: its name (None without levels), its problem, the rounds that it needs."""

    name: str | None
    problem: Problem
    rounds: Rounds


def levels_of(problem: Problem, rounds: Any, levels: Any) -> tuple[Level, ...]:
    """Return the levels that were asked for; the problem itself where none were."""
    if levels is None:
        return (Level(None, problem, _checked_rounds("rounds", rounds)),)
    if isinstance(levels, Measured):
        levels = levels.problems(problem)
    if not isinstance(levels, Mapping):
        raise TypeError(f"levels is a {type(levels).__name__}: must be a mapping from names")
    if not levels:
        raise ValueError("levels is empty: must have at least one level, or be None")
    found = []
    for name, value in levels.items():
        if not isinstance(name, str):
            raise TypeError(f"levels: {name!r} is a {type(name).__name__}: names must be texts")
        own = rounds
        if isinstance(value, tuple):
            if len(value) != 2:
                raise ValueError(f"levels[{name!r}] has {len(value)} parts: must be two")
            value, own = value
        if own is None:
            raise TypeError(f"levels[{name!r}] has no rounds, and rounds is None")
        own = _checked_rounds(f"levels[{name!r}]: rounds", own)
        found.append(Level(name, _problem_of(problem, name, value), own))
    return tuple(found)


def _problem_of(problem: Problem, name: str, value: Any) -> Problem:
    if isinstance(value, Problem):
        return value
    if not isinstance(value, Payload):
        raise TypeError(
            f"levels[{name!r}] is a {type(value).__name__}: must be a Payload or a Problem, alone "
            "or with its rounds"
        )
    return problem.replace(payload=value)


def _checked_rounds(field: str, rounds: Any) -> Rounds:
    if isinstance(rounds, Mapping):
        if not rounds:
            raise ValueError(f"{field} is empty: must have at least one number of local cycles")
        return {
            integer(f"{field}: tau", tau, low=1): needed(f"{field}[{tau!r}]", value)
            for tau, value in rounds.items()
        }
    if not callable(rounds):
        raise TypeError(
            f"{field} is a {type(rounds).__name__}: must be a function of tau or a mapping"
        )
    function: Rounds = rounds
    return function


def needed(field: str, value: Any) -> float:
    """Return a number of rounds: at least one, infinite where the target is never reached."""
    if isinstance(value, float | np.floating) and math.isinf(value) and value > 0:
        return math.inf
    return real(field, value, low=1.0, high=MOST_ROUNDS)


class Candidates(NamedTuple):
    """Numbers of local cycles in ascending order, and the rounds that each needs."""

    tau: IntColumn
    rounds: FloatColumn


def candidates_of(rounds: Rounds, taus: IntColumn) -> Candidates:
    """Return the candidates of a mapping, or those of a function at `taus`."""
    if isinstance(rounds, Mapping):
        ordered = sorted(rounds.items())
        return Candidates(
            np.array([tau for tau, _ in ordered], dtype=np.int64),
            np.array([value for _, value in ordered]),
        )
    values = [needed(f"rounds({tau})", rounds(tau)) for tau in taus.tolist()]
    return Candidates(taus, np.array(values, dtype=np.float64))
