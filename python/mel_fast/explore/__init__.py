"""The live page: the planner in a browser, in one file that needs nothing else.

The page's own files lie in ``page``; they are put together here, and served on this machine alone.
What it asks is answered by the core as WebAssembly in the page, or by this package (`answers`).
"""

from mel_fast.explore.page import export, wasm
from mel_fast.explore.server import Server

__all__ = ["Server", "export", "wasm"]
