"""One look for every picture: colours that colour-blind readers tell apart, markers that differ.

The colours are those of Okabe and Ito (2008, "Color universal design"): they stay apart under
protanopia, deuteranopia and tritanopia. Yellow, which is too pale for a line on white, is left
out. No two lines of one picture are told apart by colour alone: every look has a marker, and a dash
where lines cross without one.

Axes have one form: a word in sentence case, the symbol of the paper, the unit in parentheses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from mel_fast._base.optional import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
VERMILION, PURPLE, SKY, BLACK = "#D55E00", "#CC79A7", "#56B4E9", "#000000"
GREY, GRID = "#7A7A7A", "#DDDDDD"
DEADLINE = VERMILION
"""Deadlines and limits: dashed lines in this colour, whatever else is drawn."""
SEND, COMPUTE, RETURN = BLUE, ORANGE, GREEN
"""The three parts of a learner's time."""
SHADES = ("#3B4A5A", "#7F93A8", "#B9C6D3", "#D9E1E8")
"""Kinds of one thing, dark to light, where colours already mean another."""


class Look(NamedTuple):
    """How one line differs from the others."""

    colour: str
    marker: str
    dash: str

    def words(self, *, size: float = 4.0) -> dict[str, Any]:
        """Return the keywords of `Axes.plot`."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": self.dash,
            "markersize": size,
        }


LOOKS = (
    Look(BLUE, "o", "-"),
    Look(VERMILION, "s", "--"),
    Look(GREEN, "^", "-."),
    Look(PURPLE, "D", ":"),
    Look(ORANGE, "v", (0, (5, 1))),  # type: ignore[arg-type]
    Look(SKY, "P", (0, (3, 1, 1, 1))),  # type: ignore[arg-type]
    Look(BLACK, "X", (0, (1, 1))),  # type: ignore[arg-type]
)
"""The looks of a picture's lines, in the order in which they are taken."""

SCHEMES = {"joint": LOOKS[0], "task_only": LOOKS[1], "resource_only": LOOKS[2]}
SCHEME_WORDS = {"joint": "Joint", "task_only": "Task only", "resource_only": "Resource only"}

AXES = {
    "tau": r"Local cycles $\tau$",
    "bound": r"Bound on $\tau$",
    "learners": "Learners $K$",
    "cycle_s": "Deadline $T$ (s)",
    "bandwidth_hz": "Bandwidth $B$ (Hz)",
    "power_w": "Power $P$ (W)",
    "seed": "Seed",
    "draw": "Draw",
    "samples": "Samples",
    "active": "Learners with samples",
    "elapsed_s": "Time to solve (s)",
    "passes": "Passes over the learners",
    "makespan_s": "Makespan (s)",
    "clock_s": "Time on the simulated clock (s)",
    "round": "Global cycle",
    "accuracy": "Test accuracy (%)",
}
"""What an axis says of a quantity, by the name that it has in Python."""

_FILES = {"svg.hashsalt": "mel_fast", "svg.fonttype": "none", "pdf.fonttype": 42, "ps.fonttype": 42}
# Type 42 is TrueType: publishers refuse the Type 3 fonts that are Matplotlib's default.
_STYLE = {
    **_FILES,
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "axes.prop_cycle": f"cycler('color', {[look.colour for look in LOOKS]!r})",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
}
_UNDATED = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def axis(name: str) -> str:
    """Return the words of an axis: those of `AXES`, or an identifier with its unit set apart.

    >>> axis("cycle_s"), axis("noise_density_w_per_hz")
    ('Deadline $T$ (s)', 'Noise density (W/Hz)')
    """
    if name in AXES:
        return AXES[name]
    for ending, unit in _UNITS.items():
        if name.endswith(ending) and name != ending:
            return f"{_words(name[: -len(ending)])} ({unit})"
    return _words(name)


_UNITS = {
    "_w_per_hz": "W/Hz", "_flops_per_s": "flop/s", "_per_flop_j": "J/flop", "_hz": "Hz",
    "_w": "W", "_j": "J", "_s": "s", "_db": "dB", "_m": "m", "_bits": "bits",
}  # fmt: skip


def _words(name: str) -> str:
    text = name.replace("_", " ").replace(".", ": ")
    return text[:1].upper() + text[1:]


@contextmanager
def styled(extra: str = "plot") -> Iterator[None]:
    """Draw in the common style while the block runs.

    Raises
    ------
    ImportError
        When matplotlib is missing; the message names the extra.
    """
    with require("matplotlib", extra=extra).rc_context(_STYLE):
        yield


def canvas(width: float, height: float, extra: str = "plot") -> "Figure":
    """Return an empty figure of so many inches, which no window shows.

    Raises
    ------
    ImportError
        When matplotlib is missing; the message names the extra.
    """
    figures = require("matplotlib.figure", extra=extra)
    figure: Figure = figures.Figure(figsize=(width, height), layout="constrained")
    return figure


def undated(suffix: str) -> dict[str, None] | None:
    """Return what keeps the time and the program's version out of a file of this ending."""
    return _UNDATED.get(suffix.lower())


@contextmanager
def filed() -> Iterator[None]:
    """Write files alike for equal figures, with TrueType fonts, while the block runs."""
    with require("matplotlib", extra="plot").rc_context(_FILES):
        yield
