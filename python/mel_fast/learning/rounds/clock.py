"""When learners begin and return: the event clock of synchronous and asynchronous cycles."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.validation import integer, plain_array, share_column

Learners = list[int]


class Event(NamedTuple):
    """A moment: who returned a cycle, and who then begins the next one.

    Attributes
    ----------
    time_s
        Seconds since the beginning.
    arrived, begins
        Indices of learners.

    Examples
    --------
    >>> import mel_fast as mel
    >>> event = mel.learning.Clock([1.0, 2.5], staleness=0).step()
    >>> event.arrived, event.begins
    ([0], [])
    """

    time_s: float
    arrived: Learners
    begins: Learners


class Clock:
    """Learners that repeat cycles of their own lengths, none too far ahead of the slowest.

    Parameters
    ----------
    seconds
        Length of a learner's cycle, shape (K,): sending, its local cycles, returning.
    staleness
        A learner begins its cycle c + 1 when every other one has finished at least c - `staleness`
        of its own; 0: all begin together (BSP); None: nobody waits (TAP).

    Notes
    -----
    Stale synchronous parallel: Ho et al., "More effective distributed ML via a stale synchronous
    parallel parameter server", 2013. Learners that return at the same moment are one event.

    Examples
    --------
    >>> import mel_fast as mel
    >>> clock = mel.learning.Clock([1.0, 2.5], staleness=None)
    >>> [clock.step().time_s for _ in range(3)]
    [1.0, 2.0, 2.5]
    """

    def __init__(self, seconds: ArrayLike, staleness: int | None) -> None:
        size = plain_array("seconds", seconds, "must be seconds, one a learner").size
        self.seconds = share_column("seconds", seconds, size)
        if not (self.seconds > 0).all():
            raise ValueError("seconds: a learner's cycle must take time")
        self._bound = None if staleness is None else integer("staleness", staleness, low=0)
        count = len(self.seconds)
        self.done = np.zeros(count, np.int64)
        self._finished = {0: count}  # learners by cycles done
        self._least = 0
        self._waiting: dict[int, Learners] = {}
        self._running: list[tuple[float, int]] = []
        for k in range(count):
            heapq.heappush(self._running, (float(self.seconds[k]), k))

    @property
    def next_s(self) -> float:
        """When somebody returns next."""
        return self._running[0][0]

    def step(self) -> Event:
        """Go on to the next moment at which somebody returns."""
        now = self.next_s
        arrived: Learners = []
        while self._running and self._running[0][0] == now:
            arrived.append(heapq.heappop(self._running)[1])
        for k in arrived:
            cycles = int(self.done[k])
            self._finished[cycles] -= 1
            self._finished[cycles + 1] = self._finished.get(cycles + 1, 0) + 1
            self.done[k] += 1
            self._waiting.setdefault(cycles + 1, []).append(k)
        while not self._finished.get(self._least):
            self._finished.pop(self._least, None)
            self._least += 1
        begins: Learners = []
        for cycles in list(self._waiting):
            if self._bound is None or cycles - self._least <= self._bound:
                begins += self._waiting.pop(cycles)
        begins.sort()
        for k in begins:
            heapq.heappush(self._running, (now + float(self.seconds[k]), k))
        return Event(now, arrived, begins)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return what `resume` needs: cycles done, and when who returns (infinity: waits)."""
        returns = np.full(len(self.done), np.inf)
        for time_s, k in self._running:
            returns[k] = time_s
        waits = np.isinf(returns)
        return {"done": self.done.copy(), "returns": np.where(waits, 0.0, returns), "waits": waits}

    def resume(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Go on from a state.

        Raises
        ------
        ValueError
            For a state of other learners.
        """
        if any(part.shape != self.done.shape for part in state.values()):
            raise ValueError(f"the state is not of {len(self.done)} learners")
        self.done = state["done"].astype(np.int64)
        self._finished, self._waiting, self._running = {}, {}, []
        for k, cycles in enumerate(self.done.tolist()):
            self._finished[cycles] = self._finished.get(cycles, 0) + 1
            if state["waits"][k]:
                self._waiting.setdefault(cycles, []).append(k)
            else:
                heapq.heappush(self._running, (float(state["returns"][k]), k))
        self._least = int(self.done.min())
