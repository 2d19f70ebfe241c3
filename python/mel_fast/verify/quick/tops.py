"""From where parts are counted: from nothing on, or from all that a learner may hold downwards.

A learner whose parts are counted from the top has samples before its first part, what is left of
all that it may hold after whole parts: docs/proof.md, section 6. Any numbers would do for these, as
long as all of the proof means the same ones.
"""

from typing import Any

from mel_fast.verify._allowance import tick
from mel_fast.verify._boxes import Boxes
from mel_fast.verify._learner import Learner, precision
from mel_fast.verify.claim._problem import INFINITE, LARGEST, Problem, Row
from mel_fast.verify.claim._read import Leaf
from mel_fast.verify.quick.rows import most_by_energy

_BITS = 128


class Tops:
    """What learners may hold by their own limits, of each group of identical ones."""

    def __init__(self, problem: Problem, boxes: Boxes, tau: int) -> None:
        self._problem = problem
        self._boxes = boxes
        self._roots = list(boxes.roots)
        self._tau = tau
        self._held: list[int] = []

    def offset(self, leaf: Leaf, group: int) -> int:
        """Return the samples of a group's learners before their first part."""
        if leaf.above is None:
            return 0
        held = self._most()[group]
        return held % leaf.part if self._roots[group][0] > 0 or held > leaf.above else 0

    def parts(self, leaf: Leaf) -> int:
        """Return the least number of parts that all have together."""
        before = 0
        if leaf.above is not None:
            for group, members in enumerate(self._boxes.members):
                before += self.offset(leaf, group) * len(members)
        return -(-max(self._problem.samples - before, 0) // leaf.part)

    def _most(self) -> list[int]:
        if not self._held:
            known = most_by_energy(self._problem, self._tau)
            for group, members in enumerate(self._boxes.members):
                tick()
                most: Any = None if known is None else known[members[0]]
                if most is None or most != most:
                    most = _by_energy(self._problem, self._boxes.rows[group], self._tau)
                high = self._roots[group][1]
                self._held.append(int(max(min(high, most), 0)))
        return self._held


def _by_energy(problem: Problem, row: Row, tau: int) -> int:
    """At least the last d that computing and returning within its energy allow."""
    if not row.energy_j < INFINITE or problem.energy_sends or row.energy_coefficient is not None:
        return LARGEST
    with precision(_BITS):
        last = Learner(problem, row, tau).by_energy
    return LARGEST if last is None else last
