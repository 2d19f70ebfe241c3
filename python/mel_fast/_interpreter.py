"""Refuses, when imported, a subinterpreter: the core and NumPy would wait there for ever."""

import sys
from importlib import import_module
from importlib.util import find_spec

_NAME = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"

if find_spec(_NAME):
    _interpreters = import_module(_NAME)
    if _interpreters.get_current() != _interpreters.get_main():
        raise ImportError(
            "mel_fast works in the main interpreter only, and this is a subinterpreter: use "
            "threads, in which the solver works without the GIL, or processes"
        )
