"""The most local cycles in all where each learner has its own number of them.

With the samples given, cycles and samples change places: a cycle is to a learner what a sample was.
So every question is one of the most samples, about a problem of its own; no question is new here.
"""

from mel_fast._base.progress import Callback
from mel_fast._base.validation import real
from mel_fast.bracket.clock import Clock
from mel_fast.campaigns.cycles.result import MostCycles
from mel_fast.campaigns.cycles.search import CyclesSearch
from mel_fast.campaigns.cycles.swap import checked_samples, swapped
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted

__all__ = ["MostCycles", "most_cycles"]


def most_cycles(
    problem: Problem,
    samples: object,
    spread: object,
    limit_s: float,
    threads: int,
    callback: Callback | None,
) -> MostCycles:
    """Do what `most` does where the samples of each learner are given."""
    given = checked_samples(problem, samples)
    ratio = None if spread is None else real("spread", spread, low=1.0)
    search = CyclesSearch(
        *swapped(problem, given),
        ratio,
        Clock(limit_s),
        threads,
        callback,
    )
    search.run()
    found = MostCycles.of(problem, given, search)
    if search.interrupted:
        raise Interrupted(found.plan, found) from search.cause
    return found
