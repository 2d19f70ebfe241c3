"""Values and names that came from a file, made fit to print: one short line of plain ASCII.

What a file holds may be terminal sequences, lone surrogates, characters that turn the direction of
writing or have no width, or megabytes. Messages and summaries print it through these functions
only, so that nothing of it acts on a terminal, and nothing can fail to be encoded.
"""

import reprlib
from collections.abc import Collection, Iterable
from itertools import islice

LONGEST = 60
FEW = 5


class _Short(reprlib.Repr):
    """A repr that looks at the beginning of its value only, however large that is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = 12
        self.maxstring = self.maxother = 2 * LONGEST

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() > 4000:  # slow to print, and refused by Python beyond 4300 digits
            return f"an integer of {x.bit_length()} bits"
        return repr(x)


_SHORT = _Short()


def shown(value: object, longest: int = LONGEST) -> str:
    """Return what `repr` would begin with: at most `longest` characters of plain ASCII."""
    if isinstance(value, str):
        text = ascii(value[: longest + 1])
    else:
        text = plain(" ".join(_SHORT.repr(value).split()), 2 * longest)  # arrays have lines
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def few(names: Collection[object], most: int = FEW, *, quoted: bool = True) -> str:
    """Return the first names as they may be shown, and how many more there are."""
    show = shown if quoted else _bare
    listed = ", ".join(show(name) for name in islice(names, most))
    rest = len(names) - most
    return f"{listed} and {rest:,} more" if rest > 0 else listed


def _bare(name: object) -> str:
    return plain(str(name), LONGEST)


def plain(text: str, longest: int = 1000) -> str:
    """Return a text of a file without quotes: ASCII on one line, all else as escapes, cut."""
    cut = text[: longest + 1]
    if not (cut.isascii() and cut.isprintable()):
        cut = ascii(cut)[1:-1]
    return cut if len(cut) <= longest else f"{cut[: longest - 3]}..."


def visible(text: str) -> str:
    """Return a line with everything that is not printable in any language as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, sorted, in one pass."""
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
