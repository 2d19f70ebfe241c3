"""The entries of a plan file: objects, columns, numbers, words, each refused unless it is right."""

from collections.abc import Callable
from typing import Any, TypeVar

from mel_fast.verify._allowance import tick
from mel_fast.verify.claim._problem import INFINITE, LARGEST

LONGEST = 2**63 - 1
TINY, HUGE = 1e-60, 1e60
FINITE = float.fromhex("0x1.fffffffffffffp+1023")

T = TypeVar("T")
Read = Callable[[object, str], T]

_SHOWN = 60  # characters of a value
_LONGEST_NAME = 100
_CHUNK = 4096
_FEW = 5  # names that are listed


class RefusedError(Exception):
    """The file is not a plan file; the message says where."""


def record(
    data: object, where: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return an object with the required keys, perhaps some of the optional ones, no others."""
    if not isinstance(data, dict):
        raise RefusedError(f"{where} is {show(data)}: must be an object")
    allowed = {*required, *optional}
    missing = [name for name in required if name not in data]
    unknown = [name for name in data if name not in allowed]
    if missing or unknown:
        raise RefusedError(f"{where}: keys missing {missing}, keys unknown [{listed(unknown)}]")
    return data


def column(data: object, where: str, read: Read[T], size: int | None = None) -> list[T]:
    if not isinstance(data, list):
        raise RefusedError(f"{where} is {show(data)}: must be a list")
    if size is not None and len(data) != size:
        raise RefusedError(f"{where} has {len(data)} entries: must have {size}")
    found: list[T] = []
    try:
        for begin in range(0, len(data), _CHUNK):
            tick(0)
            found += [read(entry, "") for entry in data[begin : begin + _CHUNK]]
    except RefusedError:  # the place is only spelt out for the entry that is wrong
        for index, entry in enumerate(data[len(found) :], len(found)):
            read(entry, f"{where}[{index}]")
        raise
    return found


def one_of(data: object, where: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(data, str) or data not in allowed:
        raise RefusedError(f"{where} is {show(data)}: must be {' or '.join(map(repr, allowed))}")
    return data


def integer(data: object, where: str, low: int, high: int) -> int:
    if type(data) is not int or not low <= data <= high:
        raise RefusedError(f"{where} is {show(data)}: must be an integer from {low} to {high}")
    return data


def number(data: object, where: str, low: float, high: float) -> float:
    """Read a number of which nothing is lost: NaN, infinities and long spellings are refused."""
    value = float("nan")
    try:
        if isinstance(data, str):
            value = float.fromhex(data)
            if value.hex() != data:
                value = float("nan")
        elif type(data) in (int, float):
            value = float(data)  # type: ignore[arg-type]
            if value != data:
                value = float("nan")
    except (ValueError, OverflowError):
        pass
    if not low <= value <= high:
        raise RefusedError(
            f"{where} is {show(data)}: must be a number from {low} to {high}, plain or as "
            "written by float.hex()"
        )
    return value


def positive(data: object, where: str) -> float:
    return number(data, where, TINY, HUGE)


def positive_or_zero(data: object, where: str) -> float:
    value = share(data, where)
    return positive(data, where) if value else 0.0


def cap(data: object, where: str) -> float:
    """Read an upper limit: a positive number, 0, or "inf" where there is none."""
    return INFINITE if data == "inf" else positive_or_zero(data, where)


def share(data: object, where: str) -> float:
    return number(data, where, 0.0, FINITE)


def amount(data: object, where: str) -> float:
    return number(data, where, 0.0, HUGE)


def truth(data: object, where: str) -> bool:
    if not isinstance(data, bool):
        raise RefusedError(f"{where} is {show(data)}: must be true or false")
    return data


def count(data: object, where: str) -> int:
    return integer(data, where, 0, LARGEST)


def text(data: object, where: str) -> str:
    if not isinstance(data, str):
        raise RefusedError(f"{where} is {show(data)}: must be a string")
    return data


def name_of(data: object, where: str) -> str:
    """Read what a learner is called."""
    name = text(data, where)
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise RefusedError(
            f"{where} is {show(data)}: must be 1 to {_LONGEST_NAME} printable characters, no space "
            "at the ends"
        )
    return name


def show(data: object) -> str:
    """Return the beginning of an entry in plain ASCII, whatever it holds and however much."""
    if isinstance(data, str):
        text = ascii(data[: _SHOWN + 1])
    elif isinstance(data, int) and data.bit_length() > 4000:
        text = f"an integer of {data.bit_length()} bits"
    elif isinstance(data, int | float | None):
        text = repr(data)
    else:
        text = f"a {type(data).__name__}"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def listed(names: list[Any], *, quoted: bool = True) -> str:
    """Return the first names and how many more there are."""
    shown = [show(name) for name in names[:_FEW]]
    first = ", ".join(shown if quoted else [name[1:-1] for name in shown])
    return first if len(names) <= _FEW else f"{first} and {len(names) - _FEW:,} more"
