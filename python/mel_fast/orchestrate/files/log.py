"""The log of rounds: a line of JSON each, added when the round is closed.

A killed process leaves at most the beginning of a line, which readers pass over; a round that is
done again after that is in the log twice, and the last one counts.
"""

import json
import os
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import Table
from mel_fast._base.atomic import check_writable
from mel_fast._base.units import with_unit
from mel_fast._base.untrusted import shown
from mel_fast.model import grammar
from mel_fast.orchestrate.estimates.reports import Reports
from mel_fast.orchestrate.rounds import Closed, Round
from mel_fast.plans.status import Status

MOST_BYTES = 1 << 28
MOST_LINE = 1 << 22
DETAILED = 1000
"""Learners of a round that the log says one by one; of more it says the sums."""

_COUNTS = ("round", "tau", "learners", "samples", "lost", "left_out", "sitting_out", "missing")
_NUMBERS = ("cycle_s", "kept", "work", "planning_s")
_TIMES = ("send_s", "compute_s", "return_s")
_JOB = ("samples", "planned_s", "measured_s", "arrived")
_JOULES = ("spent_j", "left_j")
_BATTERY = (*_JOULES, "least_j", "empty")
_MOST_TEXT = 300


class RoundLog:
    """Adds lines to a file, each brought to the disk.

    Parameters
    ----------
    path
        Where; made when the first line is added.

    Raises
    ------
    OSError
        When it could not be written as things stand.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        check_writable(self.path)

    def add(self, entry: dict[str, Any]) -> None:
        """Add a line.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        line = json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":  # a killed writer's half line
                line = b"\n" + line
            while line:
                line = line[os.write(handle, line) :]
            os.fsync(handle)
        finally:
            os.close(handle)


def line_of(
    ended: Round, reports: Reports, closed: Closed, energies: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what the log says of a round; `energies` as `Charges.close` returns them."""
    dealt = ended.assignments
    entry: dict[str, Any] = {
        "round": ended.number,
        "extra": ended.extra,
        "tau": ended.tau,
        "status": str(ended.status),
        "cycle_s": ended.cycle_s,
        "learners": len(dealt),
        "samples": closed.samples,
        "lost": closed.lost,
        "left_out": ended.left_out,
        "sitting_out": len(ended.sitting_out),
        "missing": len(closed.missing),
        "kept": ended.kept,
        "work": ended.work,
        "planning_s": ended.planning_s,
        "reasons": [reason[:_MOST_TEXT] for reason in ended.reasons],
    }
    if energies is not None:
        entry["battery"] = {name: energies[name] for name in _BATTERY}
    if len(dealt) <= DETAILED:
        entry["each"] = {}
        for name, job in dealt.items():
            heard = reports.get(name)
            times = None if heard is None else [getattr(heard.report, t) for t in _TIMES]
            entry["each"][name] = {
                "samples": job.samples,
                "planned_s": [job.send_s, job.compute_s, job.return_s],
                "measured_s": times,
                "arrived": bool(heard is not None and heard.arrived),
            }
        if energies is not None:
            for job, *joules in zip(entry["each"].values(), *energies["each"], strict=True):
                finite = [float(one) if np.isfinite(one) else None for one in joules]
                job["spent_j"], job["left_j"] = finite
    return entry


@dataclass(frozen=True, slots=True)
class Log(Table):
    """What a log holds; as a table, a row a round.

    Attributes
    ----------
    rounds : tuple of dict
        The rounds in order, each as its line says it.
    broken : int
        Lines that were passed over, such as a killed writer's.

    Examples
    --------
    >>> import mel_fast as mel
    >>> log = mel.orchestrate.Log(rounds=(), broken=0)
    >>> log.broken, len(log.columns()["tau"])
    (0, 0)
    """

    rounds: tuple[dict[str, Any], ...]
    broken: int

    def columns(self) -> dict[str, list[Any]]:
        """Return one row a round: the numbers of its line, without reasons and single learners."""
        names = (*_COUNTS[:1], "extra", "status", *_COUNTS[1:], *_NUMBERS)
        return {name: [entry[name] for entry in self.rounds] for name in names}

    def summary(self) -> str:
        """Return a line for each round."""
        return "\n".join(
            f"round {e['round']}{' (extra)' if e['extra'] else ''}: tau = {e['tau']}, "
            f"{e['learners']:,} learners, {e['missing']:,} missing, {e['sitting_out']:,} sit out, "
            f"{e['lost']:,} of {e['samples'] + e['lost']:,} samples lost"
            + _battery_words(e.get("battery"))
            for e in self.rounds
        )

    def plot(self, path: str | PathLike[str]) -> None:
        """Write a picture of the rounds, planned beside measured (extra ``[plot]``).

        Raises
        ------
        OSError
            When it cannot be written.
        ImportError
            When matplotlib is missing; the message names the extra.
        """
        from mel_fast.orchestrate.files.drawing import draw

        draw(self.rounds, path)


def _battery_words(battery: dict[str, Any] | None) -> str:
    if battery is None:
        return ""
    least = battery["least_j"]
    left = "" if least is None else f", {with_unit(least, 'J')} left at least"
    return f"; {with_unit(battery['spent_j'], 'J')} spent{left}, {battery['empty']:,} empty"


def read_log(path: str | PathLike[str]) -> Log:
    """Read a log of rounds.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is larger than 256 MiB, or holds no round.

    Parameters
    ----------
    path
        Of a log that an :class:`Orchestrator` wrote (``log=``).

    Returns
    -------
    Log

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=3, idle="excused")
    >>> fleet = mel.orchestrate.Fleet(problem.learners)
    >>> loop = mel.orchestrate.Orchestrator(
    ...     fleet, problem.task, problem.radio, 30.0, log="log.jsonl"
    ... )
    >>> for _ in range(2):
    ...     round = loop.plan_round()
    ...     closed = loop.close_round()
    >>> len(mel.orchestrate.read_log("log.jsonl").rounds)
    2
    """
    found, broken = dict[tuple[int, bool], dict[str, Any]](), 0
    with Path(path).open("rb") as file:
        read = 0
        while line := file.readline(MOST_LINE + 1):
            read += len(line)
            if read > MOST_BYTES or len(line) > MOST_LINE:
                raise ValueError(f"{path}: is larger than a log of rounds may be")
            try:
                entry = checked_entry(grammar.loads(line))
            except ValueError:
                broken += bool(line.strip())
                continue
            found[entry["round"], entry["extra"]] = entry
    if not found:
        raise ValueError(f"{path}: holds no round")
    return Log(tuple(found[number] for number in sorted(found)), broken)


def checked_entry(data: object) -> dict[str, Any]:
    """Return a line's content.

    Raises
    ------
    ValueError
        For what `line_of` does not write.
    """
    fields = (*_COUNTS, *_NUMBERS, "extra", "status", "reasons", "each", "battery")
    entry = grammar.members("round", data, fields, ("each", "battery"))
    grammar.word("status", entry["status"], tuple(map(str, Status)))
    if not isinstance(entry["extra"], bool):
        raise ValueError("extra: must be true or false")
    for name in _COUNTS:
        grammar.integer(name, entry[name])
    for name in _NUMBERS:
        if entry[name] is None and name in ("kept", "work"):
            continue
        grammar.real(name, entry[name], 0.0, 1e300)
    _check_battery(entry.get("battery"))
    for reason in grammar.texts("reasons", entry["reasons"]):
        if len(reason) > _MOST_TEXT:
            raise ValueError(f"reasons: {shown(reason)} is too long")
    each = entry.get("each", {})
    if not isinstance(each, dict) or len(each) > DETAILED:
        raise ValueError(f"each: must be an object of at most {DETAILED} learners")
    for name, job in each.items():
        grammar.members(f"each[{shown(name)}]", job, (*_JOB, *_JOULES), _JOULES)
        _check_joules(job)
        grammar.integer("samples", job["samples"])
        for times in (job["planned_s"], job["measured_s"] or [None] * 3):
            if not isinstance(times, list) or len(times) != len(_TIMES):
                raise ValueError("times: must be three")
            for seconds in times:
                if seconds is not None:
                    grammar.real("seconds", seconds, 0.0, 1e300)
        if not isinstance(job["arrived"], bool):
            raise ValueError("arrived: must be true or false")
    return entry


def _check_battery(data: object) -> None:
    if data is not None:
        battery = grammar.members("battery", data, _BATTERY)
        _check_joules(battery)
        grammar.integer("empty", battery["empty"])


def _check_joules(data: dict[str, Any]) -> None:
    for name in (*_JOULES, "least_j"):
        if data.get(name) is not None:
            grammar.real(name, data[name], 0.0, 1e300)


guard(__name__)
