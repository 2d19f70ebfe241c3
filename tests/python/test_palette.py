"""One look for every picture: told apart by the colour-blind, TrueType fonts, words on axes."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("matplotlib")

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing import palette

PACKAGE = Path(mel.__file__).parent

# Viénot, Brettel and Mollon (1999): what protanopes and deuteranopes see, in linear RGB.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopes": np.array(
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]
    ),
}


def lab(colour: str, matrix: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of a colour as somebody sees it."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(matrix @ linear, 0.0, 1.0)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.cbrt(np.maximum(to_xyz @ seen / [0.9505, 1.0, 1.089], 0.0))
    return np.array([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])


@pytest.mark.parametrize("who", SEEN_BY)
def test_the_first_looks_stay_apart_for_colour_blind_readers(who):
    colours = [lab(look.colour, SEEN_BY[who]) for look in palette.LOOKS]
    apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours[:3], 2)]
    assert min(apart) > 25.0  # 2.3 is what can just be told
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)) > 10.0


def test_no_two_looks_share_a_marker_or_a_dash():
    for part in ("colour", "marker", "dash"):
        found = [str(getattr(look, part)) for look in palette.LOOKS]
        assert len(set(found)) == len(found)


def test_colours_are_named_in_the_palette_alone():
    for path in PACKAGE.rglob("*.py"):
        if path.name == "palette.py":
            continue
        found = re.findall(r"""["']#[0-9A-Fa-f]{6}["']""", path.read_text(encoding="utf-8"))
        assert found == [], path


def test_fonts_of_a_pdf_are_truetype(tmp_path):
    mel.frontier(mel.scenarios.table1(5)).plot(tmp_path / "f.pdf")
    content = (tmp_path / "f.pdf").read_bytes()
    assert b"/Type3" not in content
    assert b"/FontFile2" in content


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_equal_figures_give_equal_files(suffix, tmp_path):
    for name in "ab":
        with palette.styled():
            figure = palette.canvas(2.0, 2.0)
            figure.subplots().plot([1, 2], [2, 1], **palette.LOOKS[1].words())
        write_figure(tmp_path / f"{name}{suffix}", figure)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tau", r"Local cycles $\tau$"),
        ("noise_density_w_per_hz", "Noise density (W/Hz)"),
        ("extra_loss_db", "Extra loss (dB)"),
        ("radio.block_hz", "Radio: block (Hz)"),
        ("scheme", "Scheme"),
    ],
)
def test_axes_speak_in_words_with_units(name, words):
    assert palette.axis(name) == words
