"""The processor's usual arithmetic for as long as a public function runs.

Other libraries leave rounding upwards, or subnormal numbers flushed to zero, behind in their
threads. Then ``float("0.1")`` is another number, and nothing that is proved here holds.
"""

import sys
from collections.abc import Callable
from enum import Enum
from functools import cached_property, wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

from mel_fast._core import restore_arithmetic, set_usual_arithmetic

P = ParamSpec("P")
T = TypeVar("T")

_SPECIAL = ("__init__", "__call__", "__getitem__", "__iter__", "__repr__", "__str__", "__eq__")


def usual_arithmetic(function: Callable[P, T]) -> Callable[P, T]:
    """Round to nearest and keep subnormal numbers within `function`; then all is as it was."""

    @wraps(function)
    def guarded(*arguments: P.args, **words: P.kwargs) -> T:
        before = set_usual_arithmetic()
        if not before:
            return function(*arguments, **words)
        try:
            return function(*arguments, **words)
        finally:
            restore_arithmetic(before)

    return guarded


def guard(module: str) -> None:
    """Give every public function and class of a module or package the usual arithmetic: its end.

    Public is what ``__all__`` lists, or, without one, every name without an underscore.
    """
    names = vars(sys.modules[module])
    listed = names.get("__all__")
    for name, value in list(names.items()):
        origin = getattr(value, "__module__", None) or ""
        public = name in listed if listed is not None else not name.startswith("_")
        if not public or (origin != module and not origin.startswith(f"{module}.")):
            continue
        if isinstance(value, FunctionType):
            names[name] = usual_arithmetic(value)
        elif isinstance(value, type) and not issubclass(value, Enum | BaseException):
            _guard_class(value)


def _guard_class(kind: type) -> None:
    for name, value in list(vars(kind).items()):
        if name.startswith("_") and name not in _SPECIAL:
            continue
        wrapped: Any = None
        if isinstance(value, FunctionType):
            wrapped = usual_arithmetic(value)
        elif isinstance(value, classmethod | staticmethod):
            wrapped = type(value)(usual_arithmetic(value.__func__))
        elif isinstance(value, property) and value.fget is not None:
            wrapped = value.getter(usual_arithmetic(value.fget))
        elif isinstance(value, cached_property):
            value.func = usual_arithmetic(value.func)
        if wrapped is not None:
            setattr(kind, name, wrapped)
