"""What may stand in a plan file: numbers, integers, columns, objects (docs/certificate.md).

This is the solver's side. The checker reads the same language with code of its own, `verify._read`;
tests give both the same mutants. Everything refused is a ValueError that names the place.
"""

from os import PathLike, fspath
from typing import Any

from mel_fast._base.untrusted import few, repeated, shown

LARGEST = 2**53
LONGEST = 2**63 - 1
MOST_BYTES = 2**29
MOST_CHARACTERS = 400  # of one number: more than any that is accepted takes


def load(path: str | PathLike[str]) -> Any:
    """Read a JSON file in which no object names a key twice.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is too large, or not such a file.
    """
    with open(fspath(path), "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path} holds more than {MOST_BYTES:,} bytes: too large for a plan file")
    try:
        return loads(content)
    except ValueError as error:
        raise ValueError(f"{path}{error}") from None


def loads(content: bytes) -> Any:
    """Read JSON in which no object names a key twice.

    Raises
    ------
    ValueError
        For what is none; the message goes on after a file's name.
    """
    import json  # here: the package is imported without it

    try:
        return json.loads(
            content.decode(),
            object_pairs_hook=_unique,
            parse_int=_literal(int),
            parse_float=_literal(float),
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise ValueError(" is not JSON for a plan file: nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f" is not JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f": {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice: JSON readers differ on which one counts."""
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = repeated(key for key, _ in pairs)
        raise ValueError(f"keys given twice: {few(twice, quoted=False)}")
    return content


def _literal(kind: type[int] | type[float]) -> Any:
    def read(text: str) -> int | float:
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"a number of {len(text):,} characters: {MOST_CHARACTERS} at most")
        return kind(text)

    return read


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def members(
    where: str, data: object, fields: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return an object that has all of `fields` but the optional ones, and no other keys."""
    if not isinstance(data, dict):
        raise ValueError(f"{where} is a {type(data).__name__}: must be an object")
    allowed = {*fields, *optional}
    unknown = [key for key in data if key not in allowed]
    missing = [key for key in fields if key not in data and key not in optional]
    if unknown or missing:
        raise ValueError(
            f"{where}: unknown keys [{few(unknown)}], missing keys [{', '.join(missing)}]"
        )
    return data


def word(where: str, value: object, options: tuple[str, ...]) -> str:
    """Return one of some words."""
    if not isinstance(value, str) or value not in options:
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{where} = {shown(value)}: must be one of {listed}")
    return value


def integer(where: str, value: object, low: int = 0, high: int = LARGEST) -> int:
    """Return an integer of JSON; neither 9.0 nor true is one."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{where} = {shown(value)}: must be an integer in [{low}, {high}]")
    return value


def number(where: str, value: object) -> float:
    """Return the float64 that a number is exactly: as `float.hex` writes it, or as JSON does.

    "inf", "-inf" and "nan" are spelt right, so the range has to be looked at by the caller.
    """
    try:
        if isinstance(value, str):
            found = float.fromhex(value)
            if found.hex() == value:
                return found
        elif type(value) in (int, float):
            found = float(value)  # type: ignore[arg-type]
            if found == value and abs(found) < float("inf"):
                return found
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        f"{where} = {shown(value)}: must be a number that float64 holds exactly, plain or as "
        "float.hex() writes it"
    )


def real(where: str, value: object, low: float, high: float) -> float:
    """Return a number in [low, high]."""
    found = number(where, value)
    if not low <= found <= high:
        raise ValueError(f"{where} = {shown(value)}: must be a number in [{low:g}, {high:g}]")
    return found


def column(where: str, value: object) -> list[float]:
    """Return a list of numbers whose range has to be looked at by the caller."""
    entries = _list(where, value, "numbers")
    try:
        found = list(map(float.fromhex, entries))
        if list(map(float.hex, found)) == entries:
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    return [number(f"{where}[{index}]", entry) for index, entry in enumerate(entries)]


def counts(where: str, value: object) -> list[int]:
    """Return a list of integers in [0, 2**53]."""
    entries = _list(where, value, "integers")
    return [integer(f"{where}[{index}]", entry) for index, entry in enumerate(entries)]


def flags(where: str, value: object) -> list[bool]:
    """Return a list of truth values."""
    entries = _list(where, value, "truth values")
    for index, entry in enumerate(entries):
        if not isinstance(entry, bool):
            raise ValueError(f"{where}[{index}] = {shown(entry)}: must be true or false")
    return entries


def texts(where: str, value: object) -> list[str]:
    """Return a list of strings."""
    entries = _list(where, value, "strings")
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise ValueError(f"{where}[{index}] = {shown(entry)}: must be a string")
    return entries


def _list(where: str, value: object, kind: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{where} is a {type(value).__name__}: must be a list of {kind}")
    return value
