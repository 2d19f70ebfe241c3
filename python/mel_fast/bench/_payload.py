"""Encoding and decoding what is sent: speed on one core, and bits beside their entropy."""

from typing import Any

import numpy as np

from mel_fast.bench._measure import check, timed
from mel_fast.payload import Recipe, decode, encode

_RECIPES = (
    Recipe(bits=8),
    Recipe(bits=4),
    Recipe(bits=2),
    Recipe(bits=4, codebook="kmeans"),
    Recipe(bits=8, entropy=False),
    Recipe(bits=12),
    Recipe(bits=12, stochastic=True),
    Recipe(bits=4, codebook="kmeans", stochastic=True),
    Recipe(buckets=0.125, bits=8),
    Recipe(prune=0.9, bits=4, codebook="kmeans"),
    Recipe(top_k=0.01, bits=8),
    Recipe(codebook="float16"),
    Recipe(),
)
_MOST_ABOVE = 0.03  # share of the entropy that quantised values may take beyond it


def measure(*, quick: bool, threads: int) -> list[dict[str, Any]]:
    """Return a row a recipe: normal float32 values, encoded and decoded by one thread.

    Speeds are megabytes of float32 a second of processor time.
    """
    count = 400_000 if quick else 8_000_000
    values = np.random.default_rng(0).standard_normal(count, dtype=np.float32)
    return [_row(values, recipe, 2 if quick else 5) for recipe in _RECIPES]


def _row(
    values: np.ndarray[Any, np.dtype[np.float32]], recipe: Recipe, runs: int
) -> dict[str, Any]:
    arrays = {"values": values}
    coded, encoding = timed(lambda: encode(arrays, recipe, rng=0), runs)
    data = coded[0]
    check(all(other == data for other in coded), f"{recipe.label}: two runs differ")
    decoded, decoding = timed(lambda: decode(data)["values"], runs)
    found = decoded[0]
    again = decode(encode({"values": found}, recipe, rng=1))["values"]
    check(np.array_equal(again, found), f"{recipe.label}: what was quantised is changed again")
    megabytes = values.nbytes / 1e6
    above = None
    quantised = recipe.bits is not None and recipe.codebook != "float16"
    if recipe.entropy and quantised and recipe.buckets is None:  # of values that each stand alone
        above = 8 * len(data) / _entropy_bits(found) - 1.0
        few = recipe.sparsifies  # so few values that tables matter
        check(few or above < _MOST_ABOVE, f"{recipe.label}: {above:.1%} above the entropy")
    return {
        "recipe": recipe.label,
        "encode_mb_per_s": megabytes / encoding.best_cpu_s,
        "decode_mb_per_s": megabytes / decoding.best_cpu_s,
        "bits_a_value": 8 * len(data) / len(values),
        "above_entropy_percent": None if above is None else 100 * above,
    }


def _entropy_bits(values: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    """Bits of the values that were decoded, each drawn on its own by how often it occurs."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / len(values))).sum())
