"""A whole loop as what a file holds, and back."""

from os import PathLike
from typing import Any, TypeVar

from mel_fast.model import grammar
from mel_fast.model.columns import ALWAYS, LINKS
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.orchestrate.files.batteries import charges_of, charges_state
from mel_fast.orchestrate.files.state import (
    fleet_of,
    fleet_state,
    knowledge_of,
    knowledge_state,
    read_state,
)
from mel_fast.orchestrate.versions import Versions
from mel_fast.plans.plan import Plan

Loop = TypeVar("Loop")

_FIELDS = (
    "task", "radio", "cycle_s", "idle", "scheme", "threads", "time_limit_s", "confidence",
    "objective", "late", "payload", "every_round", "balance", "number", "prices", "fleet",
    "knowledge", "versions",
)  # fmt: skip
_LONGEST_S = 1e9


def loop_state(loop: Any) -> dict[str, Any]:
    """Return all that an Orchestrator knows, but a round under way."""
    settings, last = loop._settings, loop._last
    end = last._end if isinstance(last, Plan) else last
    return {
        "task": settings.task.to_dict(),
        "radio": settings.radio.to_dict(),
        "cycle_s": settings.cycle_s.hex(),
        "idle": settings.idle,
        "scheme": settings.scheme,
        "threads": settings.threads,
        "time_limit_s": settings.time_limit_s,
        "confidence": loop.confidence,
        "objective": loop.objective,
        "late": loop.late,
        "payload": None if loop.payload is None else loop.payload.to_dict(),
        "every_round": loop._ledger.every_round,
        "balance": loop._ledger.balance,
        "number": loop.number - (loop.round is not None and not loop.round.extra),
        "prices": None if end is None else [price.hex() for price in end],
        "fleet": fleet_state(loop.fleet),
        "knowledge": knowledge_state(loop._knowledge),
        "versions": loop._versions.state(),
        **({} if loop._charges is None else {"batteries": charges_state(loop._charges)}),
    }


def loop_of(kind: type[Loop], path: str | PathLike[str], words: dict[str, Any]) -> Loop:
    """Return the Orchestrator that was saved.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is no such file.
    """
    found = read_state(path, _FIELDS, ("batteries",))
    try:
        return _built(kind, found, words)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None


def _built(kind: type[Loop], found: dict[str, Any], words: dict[str, Any]) -> Loop:
    parts = {name: found[name] for name in ("task", "radio", "cycle_s", "idle")}
    one = {name: [1.0] for name in (*ALWAYS, *LINKS, "max_power_w")}
    problem = Problem.from_dict({**parts, "learners": one})
    charges = charges_of(found["batteries"]) if "batteries" in found else None
    limit, given, prices = found["time_limit_s"], found["payload"], found["prices"]
    loop: Any = kind(  # type: ignore[call-arg]
        fleet_of(found["fleet"]),
        problem.task,
        problem.radio,
        problem.cycle_s,
        problem.idle,
        found["confidence"],
        objective=found["objective"],
        late=found["late"],
        payload=None if given is None else Payload.from_dict(given),
        scheme=found["scheme"],
        threads=found["threads"],
        time_limit_s=None if limit is None else grammar.real("limit", limit, 0.0, _LONGEST_S),
        every_round=found["every_round"],
        batteries=None if charges is None else charges.given,
        **words,
    )
    loop._charges = charges
    loop._ledger.balance = grammar.real("balance", found["balance"], -1e9, 1e9)
    loop.number = grammar.integer("number", found["number"])
    if prices is not None:
        numbers = grammar.column("prices", prices)
        if len(numbers) != 3 or not all(0.0 < price < 1e300 for price in numbers):
            raise ValueError("prices: must be three positive numbers")
        loop._last = numbers[0], numbers[1], numbers[2]
    loop._knowledge = knowledge_of(found["knowledge"])
    loop._versions = Versions.from_state(found["versions"], words["store"])
    return loop  # type: ignore[no-any-return]
