"""Reads JSON from a file: bounded in size, no key twice, no NaN."""

import json
from os import PathLike
from pathlib import Path
from typing import Any

from mel_fast.verify.claim._entries import RefusedError, listed

_MOST_BYTES = 2**29
_MOST_CHARACTERS = 400  # of one number


def read_file(path: str | PathLike[str]) -> object:
    """Return the JSON of a file; raise ValueError unless it is that, and not too large."""
    with Path(path).open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES:,} bytes, too large for a plan file")
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            twice.extend({key for key, _ in pairs if key in seen or seen.add(key)})  # type: ignore[func-returns-value]
        return found

    def whole(literal: str) -> int:
        return int(_short(literal))

    def real(literal: str) -> float:
        return float(_short(literal))

    def constant(literal: str) -> None:
        raise RefusedError(f"{literal} is no number of JSON")

    hooks: dict[str, Any] = {"parse_int": whole, "parse_float": real, "parse_constant": constant}
    try:
        data: object = json.loads(content.decode(), object_pairs_hook=unique, **hooks)
    except RecursionError:
        raise ValueError("nested too deeply for a plan file") from None
    if twice:
        raise RefusedError(f"keys given twice: {listed(sorted(twice), quoted=False)}")
    return data


def _short(literal: str) -> str:
    if len(literal) > _MOST_CHARACTERS:
        raise ValueError(f"a number of {len(literal):,} characters: {_MOST_CHARACTERS} at most")
    return literal
