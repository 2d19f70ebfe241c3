"""Sides of a tree that the order of identical learners leaves empty.

The core orders identical learners only where telling them apart is cheap. The checker always does,
and a split of a learner whom a twin's split has settled already cuts nothing off there: one side is
empty, the other is the whole box. The tree without such splits proves the same.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mel_fast._base.validation import AnyColumn, IntColumn

Node = dict[str, Any]  # as in a plan file: a split, or a leaf with its prices


def is_divided(node: Node) -> bool:
    """Return whether two subtrees follow: of one learner's samples, or of how many take part."""
    return "learner" in node or "takers" in node


class Side(NamedTuple):
    """One side of a split: d_learner <= at, or above it d_learner >= at + 1."""

    learner: int
    at: int
    above: bool


def without_empty_sides(
    tree: Sequence[Node], columns: Sequence[AnyColumn], minima: IntColumn | None = None
) -> Sequence[Node]:
    """Return a tree in preorder with every split within what twins' splits leave its learner.

    Twins are alike in all of `columns`, each of shape (K,). With `minima` learners have these at
    least or nothing, of which the tree knew nothing: splits below a minimum are all one.
    """
    kinds = _kinds(tree, columns)
    if minima is None and len(set(kinds.values())) == len(kinds):
        return tree
    ends = _ends(tree)
    kept: list[Node] = []
    around: dict[int, list[Side]] = {kind: [] for kind in kinds.values()}
    ahead: list[tuple[int, Side | None]] = [(0, None)]  # nodes to visit, and sides to leave (-1)
    while ahead:
        at, side = ahead.pop()
        if side is not None:
            sides = around[kinds[side.learner]]
            if at < 0:
                sides.pop()
                continue
            sides.append(side)
            ahead.append((-1, side))
        node = tree[at]
        if not is_divided(node):
            kept.append(node)
            continue
        below, above = at + 1, ends[at + 1]
        if "learner" not in node:
            kept.append(node)
            ahead += [(above, None), (below, None)]
            continue
        k, cut = node["learner"], node["at"]
        if minima is not None and cut < minima[k]:
            node, cut = {"learner": k, "at": 0}, 0
        low, high = _interval(k, around[kinds[k]])
        if high is not None and cut >= high:
            ahead.append((below, None))
        elif low is not None and cut < low:
            ahead.append((above, None))
        else:
            kept.append(node)
            ahead += [(above, Side(k, cut, True)), (below, Side(k, cut, False))]
    return kept


def _kinds(tree: Sequence[Node], columns: Sequence[AnyColumn]) -> dict[int, int]:
    """Return a number for each learner that is split, the same for identical ones."""
    numbers: dict[tuple[float, ...], int] = {}
    kinds: dict[int, int] = {}
    for node in tree:
        k = node.get("learner")
        if k is not None and k not in kinds:
            row = tuple(column[k].item() for column in columns)
            kinds[k] = numbers.setdefault(row, len(numbers))
    return kinds


def _ends(tree: Sequence[Node]) -> list[int]:
    """Return where the subtree of each node ends."""
    ends = [0] * len(tree)
    for at in reversed(range(len(tree))):
        ends[at] = ends[ends[at + 1]] if is_divided(tree[at]) else at + 1
    return ends


def _interval(learner: int, around: Sequence[Side]) -> tuple[int | None, int | None]:
    """Bounds that the sides around a box set for a learner; None where they set none."""
    lows = (s.at + 1 for s in around if s.above and s.learner >= learner)
    highs = (s.at for s in around if not s.above and s.learner <= learner)
    return max(lows, default=None), min(highs, default=None)
