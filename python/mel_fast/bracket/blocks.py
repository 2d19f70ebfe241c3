"""The least bandwidth where it comes in blocks: a search over whole numbers of blocks."""

import math

from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.search import Search
from mel_fast.model.links import bandwidth_holding
from mel_fast.model.radio import whole_blocks

_DOUBT = 64  # blocks more at once: reason to ask whether any number suffices


def search_blocks(search: Search, guess: float) -> None:
    """Close in on the least number of blocks, beginning near the bandwidth `guess`."""
    width = search.problem.radio.block_hz or 0.0
    step = 1
    # `low` blocks are ruled out, `high` suffice once it is not 0.
    low = _ruled_out(search, width)
    high = search.blocks or 0
    asked = max(-whole_blocks(-guess, width), low + 1)
    while not high:
        answer = _decide(search, width, asked)
        if answer is True:
            high = _used(search, asked)
        elif search.stopped or asked >= MAX_INTEGER:
            return
        else:
            low = asked if answer is False else low
            # Where nobody knows: whoever asks mostly has a plan with what there is.
            stated = 0 if answer is False else search.problem.radio.blocks or 0
            if step == 1 and asked < stated and _decide(search, width, stated):
                high = _used(search, stated)
                continue
            if step == _DOUBT and search.decide(search.most_stated) is False:
                return
            # Further away where nobody knows: what is near may take long.
            asked, step = min(asked + step, MAX_INTEGER), step * (2 if answer is False else 16)
    step, open_from = 1, high
    while open_from - low > 1 and not search.stopped:
        asked = max(open_from - step, (low + open_from) // 2)
        answer = _decide(search, width, asked)
        if answer is None:
            open_from, step = asked, asked - low  # far fewer may be too few
        elif answer:
            high, step = _used(search, asked), 2 * step
            open_from = high
        else:
            low, step = asked, 1


def _ruled_out(search: Search, width: float) -> int:
    """Return how many blocks are ruled out, and let the lower end be the most that has as many."""
    if search.refuted is None:
        return 0
    blocks = whole_blocks(search.lower, width)
    search.lower = max(search.lower, math.nextafter(bandwidth_holding(blocks + 1, width), 0.0))
    return blocks


def _decide(search: Search, width: float, blocks: int) -> bool | None:
    """Ask with the most bandwidth that has so many blocks, so that a refusal rules out the most."""
    answer = search.decide(math.nextafter(bandwidth_holding(blocks + 1, width), 0.0))
    if answer and search.best is not None:
        search.blocks = _used(search, blocks)
        search.best.amount = bandwidth_holding(search.blocks, width)
    return answer


def _used(search: Search, asked: int) -> int:
    """Return how many of the blocks asked for the best plan needs, at least one."""
    assert search.best is not None
    assert search.best.blocks is not None
    if search.scheme == "task_only":  # every learner's share follows from how many there are
        return asked
    return min(max(int(search.best.blocks.sum()), 1), asked)
