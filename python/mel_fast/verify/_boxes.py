"""The box that a walk through the tree has reached, kept in place of a copy for every node.

Learners that agree in all columns form a group, in the order in which the file has them. Along a
group the lower and the upper bounds of a box never rise (docs/proof.md, section 2), so each is a
few steps; a split changes the steps of one group in one place, and leaving it puts them back. Work
and memory of a walk follow the number of nodes, not nodes times learners.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeVar

from mel_fast.verify._allowance import tick, ticked
from mel_fast.verify.claim._problem import Problem, Row
from mel_fast.verify.claim._read import Split, Takers

Leaf = TypeVar("Leaf")


class Steps:
    """A bound along a group: `values[i]` holds from `starts[i]` to the next start."""

    __slots__ = ("starts", "values")

    def __init__(self, value: int) -> None:
        self.starts = [0]
        self.values = [value]

    def at(self, position: int) -> int:
        """Return the bound of one learner."""
        return self.values[bisect_right(self.starts, position) - 1]

    def assign(self, begin: int, end: int, value: int, size: int) -> tuple["Undo", int]:
        """Set the bound from `begin` to before `end`; return how to undo it, and the sum's rise."""
        first = bisect_right(self.starts, begin) - 1
        last = bisect_left(self.starts, end)
        starts, values = self.starts[first:last], self.values[first:last]
        tick(len(starts))
        new_starts, new_values = [begin], [value]
        if starts[0] < begin:
            new_starts, new_values = [starts[0], begin], [values[0], value]
        after = self.starts[last] if last < len(self.starts) else size
        if end < after:
            new_starts.append(end)
            new_values.append(values[-1])
        ends = [*starts[1:], end]
        begins = [begin, *starts[1:]]
        rise = sum(
            (value - old) * (stop - start)
            for old, start, stop in zip(values, begins, ends, strict=True)
        )
        self.starts[first:last] = new_starts
        self.values[first:last] = new_values
        return Undo(self, first, len(new_starts), starts, values), rise


class Undo:
    """The steps that were replaced."""

    __slots__ = ("_count", "_first", "_starts", "_steps", "_values")

    def __init__(
        self, steps: Steps, first: int, count: int, starts: list[int], values: list[int]
    ) -> None:
        self._steps = steps
        self._first = first
        self._count = count
        self._starts = starts
        self._values = values

    def __call__(self) -> None:
        end = self._first + self._count
        self._steps.starts[self._first : end] = self._starts
        self._steps.values[self._first : end] = self._values


class Cut:
    """What leaving one side of a split takes back."""

    __slots__ = ("group", "least", "most", "undo")

    def __init__(self, group: int, undo: Undo, least: int, most: int) -> None:
        self.group = group
        self.undo = undo
        self.least = least
        self.most = most


class Boxes:
    """The box reached: bounds of every learner's samples, and their sums."""

    def __init__(
        self,
        problem: Problem,
        root: tuple[int, int],
        rows: list[Row] | None = None,
        *,
        any_number: bool = False,
    ) -> None:
        self.samples = None if any_number else problem.samples  # D
        members: dict[Row, list[int]] = {}
        for k, row in enumerate(ticked(problem.learners if rows is None else rows)):
            members.setdefault(row, []).append(k)
        self.rows = list(members)
        self.members = list(members.values())
        self.roots = [_root(row, root) for row in self.rows]
        self._group_of = {k: g for g, group in enumerate(self.members) for k in ticked(group)}
        self._lows: dict[int, Steps] = {}  # of the groups that were ever split
        self._highs: dict[int, Steps] = {}
        self._hollow = any(low > high for low, high in self.roots)
        sizes = [(ends, len(group)) for ends, group in zip(self.roots, self.members, strict=True)]
        self._least = sum(low * size for (low, _), size in sizes)
        self._most = sum(high * size for (_, high), size in sizes)
        self.takers = (0, len(problem.learners))  # how many take part
        self.changes: list[int] = []  # groups, in the order in which their bounds changed

    def is_empty(self) -> bool:
        """Whether no split of D samples is in the box (a cut leaves every interval some)."""
        return self._hollow or (
            self.samples is not None and not self._least <= self.samples <= self._most
        )

    def interval(self, learner: int) -> tuple[int, int]:
        """Bounds of one learner's samples."""
        group, position = self._place(learner)
        if group not in self._lows:
            return self.roots[group]
        return self._lows[group].at(position), self._highs[group].at(position)

    def pieces(self, group: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield how many learners of a group have an interval, and the interval."""
        size = len(self.members[group])
        if group not in self._lows:
            yield size, self.roots[group]
            return
        lows, highs = self._lows[group], self._highs[group]
        i = j = begin = 0
        while begin < size:
            low_end = lows.starts[i + 1] if i + 1 < len(lows.starts) else size
            high_end = highs.starts[j + 1] if j + 1 < len(highs.starts) else size
            end = min(low_end, high_end)
            yield end - begin, (lows.values[i], highs.values[j])
            i += low_end == end
            j += high_end == end
            begin = end

    def go_below(self, split: Split) -> Cut:
        """Go to d <= at; identical learners after the one that is split follow it."""
        group, position = self._open(split.learner)
        highs, size = self._highs[group], len(self.members[group])
        at = split.at
        if self.rows[group].optional and at < self.rows[group].min_samples:
            at = 0  # nothing, or at least the minimum
        end = next_at_most(highs, at, position, size)
        undo, rise = highs.assign(position, end, at, size)
        cut = Cut(group, undo, self._least, self._most)
        self._most += rise
        self.changes.append(group)
        return cut

    def go_above(self, split: Split) -> Cut:
        """Go to d >= at + 1; identical learners before the one that is split follow it."""
        group, position = self._open(split.learner)
        lows, size = self._lows[group], len(self.members[group])
        low = split.at + 1
        if self.rows[group].optional:
            low = max(low, self.rows[group].min_samples)
        begin = next_at_most(lows, low - 1, 0, size)
        undo, rise = lows.assign(begin, position + 1, low, size)
        cut = Cut(group, undo, self._least, self._most)
        self._least += rise
        self.changes.append(group)
        return cut

    def go_back(self, cut: Cut) -> None:
        """Leave one side of a split, the one that was entered last."""
        cut.undo()
        self._least, self._most = cut.least, cut.most
        self.changes.append(cut.group)

    def _place(self, learner: int) -> tuple[int, int]:
        group = self._group_of[learner]
        return group, bisect_left(self.members[group], learner)

    def _open(self, learner: int) -> tuple[int, int]:
        group, position = self._place(learner)
        if group not in self._lows:
            low, high = self.roots[group]
            self._lows[group], self._highs[group] = Steps(low), Steps(high)
        return group, position


class OutsideError(Exception):
    """A split that is not within its box."""


def _enter(boxes: Boxes, cut: Split | Takers, *, above: bool) -> Cut | tuple[int, int]:
    """Go to one side of a cut; return what `_leave` takes back."""
    if isinstance(cut, Split):
        return boxes.go_above(cut) if above else boxes.go_below(cut)
    fewest, most = before = boxes.takers
    boxes.takers = (cut.at + 1, most) if above else (fewest, cut.at)
    return before


def _leave(boxes: Boxes, left: Cut | tuple[int, int]) -> None:
    if isinstance(left, Cut):
        boxes.go_back(left)
    else:
        boxes.takers = left


def leaves(tree: Sequence[Split | Takers | Leaf], boxes: Boxes) -> Iterator[tuple[int, Leaf]]:
    """Yield the place of each leaf of a whole tree, and the leaf, with its box in `boxes`.

    Raises
    ------
    OutsideError
        For a split that leaves one side nothing, with its place and what is wrong.
    """
    # Cuts around the box, and whether it is above them.
    entered: list[tuple[Split | Takers, Cut | tuple[int, int], bool]] = []
    for index, node in enumerate(tree):
        tick()
        if isinstance(node, Split | Takers):
            what, (low, high) = (
                (f"learner {node.learner}", boxes.interval(node.learner))
                if isinstance(node, Split)
                else ("how many take part", boxes.takers)
            )
            if not low <= node.at < high:
                raise OutsideError(f"[{index}]: cannot split {what}, {low} to {high}, at {node.at}")
            entered.append((node, _enter(boxes, node, above=False), False))
            continue
        yield index, node
        above = True
        while above and entered:
            cut, left, above = entered.pop()
            _leave(boxes, left)
        if not above:
            entered.append((cut, _enter(boxes, cut, above=True), True))


def _root(row: Row, root: tuple[int, int]) -> tuple[int, int]:
    """Return the ends of what a learner may have; nothing is below any minimum where it may."""
    low, high = max(root[0], row.min_samples), min(root[1], row.max_samples)
    if not row.optional or root[0] > 0:  # where all have some samples nobody sits out
        return low, high
    return 0, high if low <= high else 0


def next_at_most(steps: Steps, value: int, position: int, size: int) -> int:
    """Return the first place from `position` on whose bound is at most `value`."""
    index = bisect_left(steps.values, -value, key=lambda bound: -bound)
    return max(position, steps.starts[index] if index < len(steps.starts) else size)
