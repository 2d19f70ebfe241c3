"""Scenario files: TOML in which the unit is part of every key's name.

Everything wrong with a file is found in one reading and named with the key's path, the value and
the allowed range.
"""

import re
import tomllib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import plain, shown
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.scenarios.plausible import remark_upon
from mel_fast.scenarios.sections import (
    SECTIONS,
    Around,
    FieldError,
    LearnersBase,
    Scenario,
    Section,
    unknown_key,
)
from mel_fast.scenarios.units import converted, in_si

MOST_BYTES = 2**22
MOST_PARTS = 8  # of a dotted key
_FEW = 10  # errors that are told
_WORDS = re.compile(
    r"""#[^\n]*|"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|'[^'\n]*'?|[\w-]+"""
)  # comments, strings, bare words


class ScenarioError(ValueError):
    """A scenario file that is refused; the message names everything that is wrong with it."""


def load_scenario(
    path: str | PathLike[str], overrides: Mapping[tuple[str, ...], Any] | None = None
) -> Problem:
    """Read a scenario file.

    Parameters
    ----------
    path
        The TOML file; a table of learners is looked for beside it.
    overrides
        Values that replace those of the file, by path: ``{("cycle", "cycle_s"): 20.0}``.

    Raises
    ------
    ScenarioError
        With everything that is wrong, on one line.

    Returns
    -------
    Problem
        What the file states.

    Examples
    --------
    >>> import mel_fast as mel
    >>> text = '''
    ... [task]
    ... samples = 600
    ... features = 784
    ... feature_bits = 8
    ... fixed_parameters = 7_850
    ... parameters_per_sample = 0
    ... parameter_bits = 32
    ... flops_per_sample = 31_400
    ... [radio]
    ... bandwidth_hz = 1e6
    ... power_w = 0.2
    ... noise_density_w_per_hz = 4e-21
    ... [cycle]
    ... cycle_s = 10.0
    ... [learners]
    ... flops_per_s = [1e7, 2e7]
    ... gain = 1e-11
    ... return_bandwidth_hz = 1e6
    ... return_power_w = 0.1
    ... '''
    >>> with open("mine.toml", "w") as file:
    ...     _ = file.write(text)
    >>> mel.solve(mel.load_scenario("mine.toml")).status
    <Status.OPTIMAL: 'optimal'>
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    return scenario_of(content, str(path), path.parent, overrides)


def scenario_of(
    content: bytes,
    path: str,
    folder: Path,
    overrides: Mapping[tuple[str, ...], Any] | None = None,
) -> Problem:
    """Return the problem of a scenario's text, which messages call `path`.

    Tables are looked for in `folder`; `overrides` are those of :func:`load_scenario`.

    Raises
    ------
    ScenarioError
        With everything that is wrong, on one line.
    """
    data = _parse_toml(content, path)
    try:
        _into_si(data)
        for key, value in (overrides or {}).items():
            _override(data, *_key_in_si(key, value))
        problem = parse_scenario(data, folder)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None
    remark_upon(problem, path, stacklevel=4)
    return problem


def _into_si(data: dict[str, Any]) -> None:
    """Convert, in place, what the sections have in other units."""
    for path, section in SECTIONS.items():
        inner: Any = data
        for part in path:
            inner = inner.get(part) if isinstance(inner, dict) else None
        if path and isinstance(inner, dict):
            try:
                made = converted(inner, section.model_fields, f"{'.'.join(path)}.")
            except (ValueError, TypeError) as error:
                raise ScenarioError(plain(str(error))) from None
            inner.clear()
            inner.update(made)


def _key_in_si(key: tuple[str, ...], value: Any) -> tuple[tuple[str, ...], Any]:
    section = SECTIONS.get(key[:-1], Section)
    meant = in_si(key[-1], section.model_fields)
    return (key, value) if meant is None else ((*key[:-1], meant[0]), meant[1].to_si(value))


def _parse_toml(content: bytes, path: str) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise ScenarioError(
            f"{path} holds more than {MOST_BYTES:,} bytes: too large for a scenario; "
            "many learners belong into a 'table'"
        )
    try:
        text = content.decode().replace("\r\n", "\n")
        _check_depth(text)
        return tomllib.loads(text)
    except RecursionError:
        raise ScenarioError(f"{path} is not a scenario: nested too deeply") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path} is not a scenario: {error}") from None
    except ValueError as error:  # also an integer of more digits than Python reads
        raise ScenarioError(f"{path} is not TOML: {plain(str(error))}") from None


def _check_depth(text: str) -> None:
    """Refuse keys of many dotted parts, whose reading takes the square of their number."""
    words = _WORDS.sub("w", text).replace(" ", "").replace("\t", "")
    if "w." * MOST_PARTS in words:
        raise ScenarioError(f"a key has more than {MOST_PARTS} parts with dots between them")


def parse_scenario(data: Mapping[str, Any], folder: Path) -> Problem:
    """Return the problem that a scenario's content describes; tables are read from `folder`.

    Raises
    ------
    ScenarioError
        With everything that is wrong, on one line.
    """
    stated = data.get("radio")
    uplink = isinstance(stated, dict) and stated.get("shared") == "return"
    around = Around(folder, "return" if uplink else "send")
    try:
        scenario = Scenario.model_validate(data, context=around)
        return Problem(
            task=scenario.task.build(),
            learners=cast(LearnersBase, scenario.learners).build(around),
            radio=scenario.radio.build(),
            cycle_s=scenario.cycle.cycle_s,
            idle=scenario.cycle.idle,
            payload=None if scenario.payload is None else Payload(**dict(scenario.payload)),
        )
    except ValidationError as error:
        raise ScenarioError(_all_wrong(error)) from None
    except ValueError as error:
        raise ScenarioError(str(error)) from None


def _all_wrong(error: ValidationError) -> str:
    """Say the first few things that are wrong, and how many more there are."""
    found = error.errors(include_url=False)
    told = "; ".join(plain(_explain(one)) for one in found[:_FEW])
    rest = len(found) - _FEW
    return f"{told}; and {rest:,} more" if rest > 0 else told


def _override(data: dict[str, Any], key: tuple[str, ...], value: Any) -> None:
    *parents, last = key
    section: Any = data
    for parent in parents:
        section = section.get(parent) if isinstance(section, dict) else None
    if not isinstance(section, dict):
        raise ScenarioError(
            f"no [{'.'.join(parents)}] in the scenario to set {last} = {value!r} in"
        )
    section[last] = value


def _explain(error: Any) -> str:
    path = tuple(str(part) for part in error["loc"])
    name = ".".join(path)  # of known words: an unknown one can only be the last
    section = SECTIONS.get(path[:-1], Section)
    if error["type"] == "extra_forbidden":
        parent = ".".join(path[:-1])
        return unknown_key(parent, path[-1], error["input"], list(section.model_fields))
    if error["type"] == "missing":
        kind = "table" if path in SECTIONS else "key"
        return f"{name}: missing {kind}"
    if error["type"] == "model_type":
        return f"{name} = {shown(error['input'])}: must be a table with {_keys(SECTIONS[path])}"
    cause = error.get("ctx", {}).get("error", error["msg"])
    if isinstance(cause, FieldError):
        return ".".join((*path[:-1], str(cause)))
    return f"{name}: {cause}"


def _keys(section: type[Section]) -> str:
    return ", ".join(section.model_fields)


guard(__name__)
