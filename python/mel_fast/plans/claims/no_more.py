"""What a plan says beyond its tau: how many must take part, and that nothing is worth more."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import MAX_INTEGER, FloatColumn, integer
from mel_fast.model import grammar
from mel_fast.model.learners import Learners

if TYPE_CHECKING:
    from fractions import Fraction

WORTHS = ("samples", "weight", "learners")
_BITS = 62  # of an integer
_FINEST = 2.0**-20  # of the largest
_SOME = 64  # numbers that may say what all would


class NoMore(NamedTuple):
    """The claim that no plan at a tau, whatever its number of samples, is worth more."""

    of: str
    """``"samples"``, ``"weight"`` or ``"learners"``."""
    than: float
    """An integer but for weights; -1: there is no plan at all."""

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's form."""
        than = float(self.than).hex() if self.of == "weight" else int(self.than)
        return {"of": self.of, "than": than}


def checked_no_more(value: object) -> NoMore | None:
    """Return a claim that was given or read.

    Raises
    ------
    ValueError
        For what is none.
    """
    if value is None or isinstance(value, NoMore):
        return value
    read = grammar.members("no_more", value, ("of", "than"))
    of = grammar.word("no_more.of", read["of"], WORTHS)
    if of != "weight":
        return NoMore(of, grammar.integer("no_more.than", read["than"], -1, MAX_INTEGER))
    return NoMore(of, grammar.real("no_more.than", read["than"], -1.0, 1e80))


def checked_at_least(value: object) -> int | None:
    """Return how many must take part; None for any number.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    """
    return None if value is None else integer("at_least", value, low=0)


def grain_of(learners: Learners, of: str) -> float:
    """Return a number of which every plan's worth is a multiple, exactly; 0 for none.

    A learner that takes all of its samples or none counts with all of them at once.
    """
    if of == "learners":
        return 1.0
    low, high = learners.min_samples, learners.max_samples
    whole = None if low is None or high is None else (low == high) & (low > 0)
    if of == "samples":
        return 1.0 if whole is None or low is None or not whole.all() else float(_gcd(low))
    each = None
    if whole is not None and low is not None and whole.any():
        each = np.where(whole, low, 1)
    weight = _weights(learners)
    # What is too fine for some is so for all.
    stride = len(weight) // _SOME
    some = None if each is None or stride < 2 else each[::stride]
    if stride > 1 and _common(weight[::stride], some) is None:
        return 0.0
    grain = _common(weight, each)
    return float(grain) if grain is not None and float(grain) == grain else 0.0


def _gcd(numbers: Any) -> int:
    some = int(np.gcd.reduce(numbers[:_SOME]))
    return 1 if some == 1 else int(np.gcd.reduce(numbers))


def _common(weight: FloatColumn, each: Any) -> "Fraction | None":
    """Return the largest number of which all worths are multiples; None where it is too fine.

    `each`: samples that count at once, or None where single ones do.
    """
    from fractions import Fraction  # here: the package does without

    numbers, shift = _integers(weight)
    if numbers is None:
        return None
    common = _gcd(numbers)
    if common > 1:
        numbers = numbers // common
    grain, most = Fraction(common) / Fraction(2) ** shift, weight.max()
    if each is not None:
        if float(numbers.max()) * float(each.max()) >= 2.0**_BITS:
            return None
        grain, most = grain * _gcd(numbers * each), (weight * each).max()
    # What is finer than rounding tells nothing.
    return grain if float(grain) >= _FINEST * float(most) else None


def _integers(weight: FloatColumn) -> tuple[Any, int]:
    """Return doubles as integers over a power of two, and that; None where they are too large."""
    most = float(weight.max())
    if most < 2.0**53:
        numbers = weight.astype(np.int64)
        if (numbers == weight).all():
            return numbers, 0
    mantissa, exponent = np.frexp(weight)
    whole = (mantissa * 2.0**53).astype(np.int64)
    zeros = np.log2((whole & -whole).astype(np.float64)).astype(np.int64)
    shift = int((53 - exponent - zeros).max())
    if float(np.log2(most)) + shift >= _BITS:
        return None, shift
    return np.ldexp(weight, shift).astype(np.int64), shift


def worth_of(learners: Learners, of: str, samples: Any) -> float:
    """Return what a split is worth; an integer but for weights."""
    if of == "learners":
        return int(np.count_nonzero(samples))
    if of == "samples":
        return int(np.sum(samples))
    return float(np.dot(_weights(learners), samples))


def _weights(learners: Learners) -> FloatColumn:
    return np.ones(len(learners)) if learners.weight is None else learners.weight


def certificate_of_selection(
    bound: int, found: _core.Selection, *, valued: bool
) -> dict[str, Any] | None:
    """Return the core's tree as a certificate for ``bound + 1``.

    `valued`: leaves say what a sample and a participant are worth, where that is not 1 and 0.
    """
    columns = (
        found.tree_learner.tolist(),
        found.tree_at.tolist(),
        found.tree_lambda_per_hz.tolist(),
        found.tree_mu_per_w.tolist(),
        found.tree_per_sample.tolist(),
        found.tree_per_learner.tolist(),
    )
    tree: list[dict[str, Any]] = []
    for learner, at, per_hz, per_w, per_sample, per_learner in zip(*columns, strict=True):
        if learner >= 0:
            tree.append({"learner": learner, "at": at})
            continue
        leaf: dict[str, Any] = {"lambda_per_hz": per_hz, "mu_per_w": per_w}
        if valued and (per_sample, per_learner) != (1.0, 0.0):
            leaf.update(per_sample=per_sample, per_learner=per_learner)
        tree.append(leaf)
    return {"tau": bound + 1, "rule": "prices", "tree": tree} if tree else None


def checked_values(where: str, node: Mapping[str, Any]) -> dict[str, float]:
    """Return what a leaf says a sample and a participant are worth."""
    if "per_sample" not in node and "per_learner" not in node:
        return {}
    return {
        "per_sample": grammar.real(f"{where}.per_sample", node.get("per_sample"), -1e60, 1e60),
        "per_learner": grammar.real(f"{where}.per_learner", node.get("per_learner"), 0.0, 1e60),
    }


guard(__name__)
