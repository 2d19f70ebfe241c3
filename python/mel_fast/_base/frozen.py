"""Value objects: immutable, equal by value, cheap to copy, pickled through their constructor."""

from typing import Any, ClassVar, NoReturn, Self

import numpy as np


class Frozen:
    """Base of the model classes; ``_fields`` names the constructor's arguments in order."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is immutable: cannot set {name!r}; "
            "replace() makes a changed copy"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot delete {name!r}")

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._fields}

    def replace(self, **changes: Any) -> Self:
        """Return a copy in which the named constructor arguments are changed and validated."""
        return type(self)(**{**self._arguments(), **changes})

    __replace__ = replace

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._arguments())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        theirs = other._arguments()
        return all(same(mine, theirs[name]) for name, mine in self._arguments().items())

    def __hash__(self) -> int:
        return hash((type(self), *map(hashable, self._arguments().values())))

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self._arguments().items())
        return f"{type(self).__name__}({words})"


class Found:
    """Base of the results, which are frozen dataclasses with ``eq=False``.

    Equal where the same was found, however long that took and wherever a search would go on.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return alike(_found(self), _found(other))

    def __hash__(self) -> int:
        found = _found(self)
        names = ("problem", "problems", "status", "tau", "bound")
        return hash((type(self), *(found.get(name) for name in names)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and what is unpickled keep what may not be written to."""
        from dataclasses import fields  # here: the package is imported without them

        held = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        fixed = [n for n, x in held.items() if isinstance(x, np.ndarray) and not x.flags.writeable]
        return _found_again, (type(self), held, fixed)


def _found_again(kind: type[Any], held: dict[str, Any], fixed: list[str]) -> Any:
    again = object.__new__(kind)
    for name, value in held.items():
        if name in fixed:
            value.flags.writeable = False
        object.__setattr__(again, name, value)
    return again


def _found(result: Any) -> dict[str, Any]:
    from dataclasses import fields  # here: the package is imported without them

    names = (field.name for field in fields(result))
    return {name: getattr(result, name) for name in names if name not in ("elapsed_s", "end")}


def alike(one: Any, other: Any) -> bool:
    """Say whether two values are equal, with arrays as a whole in whatever they are in."""
    if type(one) is not type(other):
        return same(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if not isinstance(one, type) and hasattr(one, "__dataclass_fields__"):
        return alike(_found(one), _found(other))
    if isinstance(one, np.ndarray) and one.dtype.kind == "f":
        return np.array_equal(one, other, equal_nan=True)
    return same(one, other)


def same(one: Any, other: Any) -> bool:
    """Say whether two values are equal, arrays as a whole."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def hashable(value: Any) -> Any:
    """Return what equal values have in common: an array's bytes, anything else itself."""
    return value.tobytes() if isinstance(value, np.ndarray) else value


def _rebuild(kind: type[Frozen], arguments: dict[str, Any]) -> Frozen:
    return kind(**arguments)
