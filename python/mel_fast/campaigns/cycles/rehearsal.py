"""What some of many learners say: which box promises most, and which ranges beside it to ask.

Nothing here is a proof. The more a question is like the one that all are asked, the fewer of those
are needed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from mel_fast import _core
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.inquiry import Start
from mel_fast.campaigns.cycles.swap import slowest_times, with_box
from mel_fast.model.problem import Problem

_CLIMBED = 12  # boxes asked for what they promise
_RANGES = 24  # asked for whether they are ruled out
_STEEP = 4.0  # prices that rise so many times where the slowest does one cycle more,
_FAR = 0.6  # while what all do differs by less
_RAISED = 8.0  # prices of what is too much, of more learners or with more allowed


def pieces_of(low: int, high: int, near: int) -> list[tuple[int, int]]:
    """Cut a range at `near`, or off it as wide a piece as it is away from `near`, or in halves."""
    if low <= near <= high:
        cut = [(near, near), (low, near - 1), (near + 1, high)]
        return [piece for piece in cut if piece[0] <= piece[1]]
    away = max(low - near, near - high)
    if away >= (high - low + 1) // 2:
        away = (high - low + 1) // 2
    if low > near:
        return [(low, low + away - 1), (low + away, high)]
    return [(high - away + 1, high), (low, high - away)]


def covering(low: int, high: int, parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the parts, and what they leave out of a range."""
    holes, first = list[tuple[int, int]](), low
    for part in sorted(parts):
        if part[0] > first:
            holes.append((first, part[0] - 1))
        first = max(first, part[1] + 1)
    return [*parts, *holes, *([(first, high)] if first <= high else [])]


@dataclass(slots=True)
class Rehearsal:
    """The questions about ranges of what the slowest does, asked of some learners."""

    some: Problem
    all: int
    spread: float
    start: Start | None
    ask: Callable[[Problem, Start | None], _core.Selection]
    passes: int = 0
    starts: dict[tuple[int, int], Start | None] = field(default_factory=dict)
    _known: dict[tuple[int, int], float] = field(default_factory=dict)

    def room(self, low: int, high: int) -> float:
        """Return a bound on what these do in all where the slowest does `low` to `high`."""
        if low < 1:
            return -math.inf
        if (low, high) not in self._known:
            far = self.some.with_samples(MAX_INTEGER)
            found = self.ask(with_box(far, low, slowest_times(self.spread, high)), self.start)
            self.passes += found.passes
            self._known[low, high] = -math.inf if found.refuted else float(found.bound)
            # Of what is too much prices that say so are a proof for all, too: higher, the more so.
            (per_hz, per_w), by = found.end, 1.0
            if found.refuted and len(found.tree_lambda_per_hz):
                per_hz, per_w = found.tree_lambda_per_hz[0], found.tree_mu_per_w[0]
                by = _RAISED
            if min(per_hz, per_w) > 0.0:
                self.starts[low, high] = 1.0, float(by * per_hz), float(by * per_w)
            elif found.refuted:
                self.starts[low, high] = None  # by time alone
        return self._known[low, high]

    def start_of(self, low: int, high: int) -> Start | None:
        """Return where these learners' prices of a range ended; None: time alone may refute it."""
        if (low, high) not in self.starts:
            self.room(low, high)
        return self.starts.get((low, high), self.start)

    def sharpened(self, near: int, guess: Callable[[int, Start | None], _core.Selection]) -> int:
        """Return the t that promises most, once more of the learners were asked where prices rise.

        Next to where somebody can do no more those who need most set the prices, and so few of
        them are among these that all may hold a quarter more or less. `guess` asks more of them.
        """
        for low in (near, near - 1):
            high = low + 1
            below = self.starts.get((low, low)) or self.starts.get((1, low))
            above = self.starts.get((high, high))
            if below is None or above is None or not above[1] > _STEEP * below[1]:
                continue
            known = self._known.get((low, low), self._known.get((1, low), -math.inf))
            if not _FAR * known < self._known[high, high] < known / _FAR:
                continue
            found = guess(high, above)
            self.passes += found.passes
            if found.guessed > 0.0 and min(found.end) > 0.0:
                self._known[high, high] = found.guessed * len(self.some.learners) / self.all
                self.starts[high, high] = 1.0, *found.end
            return low if self.room(low, low) > self._known[high, high] else high
        return near

    def ruled_out(self, low: int, high: int) -> bool:
        """Say whether these can not all do as much."""
        return self._known.get((low, high)) == -math.inf

    def best(self, near: int) -> int:
        """Return the t whose box promises most, from one that may be near it on."""
        near = self._possible(near)
        for step in (1, -1):
            while len(self._known) < _CLIMBED:
                value, beyond = self.room(near, near), near + step
                if self.ruled_out(beyond, beyond) or self._too_few(beyond, value):
                    break
                # Mostly all beyond hold no more, and that has to be asked anyhow.
                whole = (beyond, MAX_INTEGER) if step > 0 else (1, beyond)
                if not self.room(*whole) > value < self.room(beyond, beyond):
                    break
                near = beyond
        return near

    def _possible(self, near: int) -> int:
        """Return the largest t that all can do, or `near` if that is one."""
        low, high = 1, near + 1
        asked = near
        while low < high - 1 and len(self._known) < _CLIMBED:
            if self.room(asked, asked) > 0.0:
                low = asked
            else:
                high = asked
            # What all can do is mostly hardly less than what seemed best.
            asked = max((low + high) // 2, high - 1 - 2 * (near + 1 - high))
        return low

    def ranges(self, near: int) -> list[tuple[int, int]]:
        """Return ranges below and above `near` that are each ruled out, as few as may be."""
        value = self.room(near, near)
        return [
            *self._few(1, near - 1, near, value),
            *self._few(near + 1, MAX_INTEGER, near, value),
        ]

    def _few(self, low: int, high: int, near: int, value: float) -> list[tuple[int, int]]:
        left, found = [(low, high)], list[tuple[int, int]]()
        while left:
            low, high = left.pop(0)
            if low > high or self._too_few(high, value):
                continue
            if self._known.get((low, high), math.inf) <= value:
                found.append((low, high))
                continue
            if low > near and self.room(low, low) == -math.inf:
                self._known[low, MAX_INTEGER] = -math.inf  # nor can all do more
                self.starts[low, MAX_INTEGER] = self.starts.get((low, low))
                found.append((low, MAX_INTEGER))
                break
            if low == high or len(self._known) > _RANGES or self.room(low, high) <= value:
                found.append((low, high))
            else:
                left = [*pieces_of(low, high, near), *left]
        return self._merged(sorted(found), value)

    def _too_few(self, high: int, value: float) -> bool:
        return len(self.some.learners) * slowest_times(self.spread, high) <= value

    def _merged(self, parts: list[tuple[int, int]], value: float) -> list[tuple[int, int]]:
        """Put neighbours together where both together are ruled out as well."""
        merged = list[tuple[int, int]]()
        for part in parts:
            if merged and len(self._known) <= _RANGES:
                both = (merged[-1][0], part[1])
                if self.room(*both) <= value:
                    merged[-1] = both
                    continue
            merged.append(part)
        return merged
