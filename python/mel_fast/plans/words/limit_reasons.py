"""Why the limits of the learners leave no plan: in words, with the numbers that decide.

Sums of samples are exact; what depends on rates and energies is worked out in double precision, as
in `reasons`: it explains a status that the core has proved.
"""

import numpy as np

from mel_fast._base.units import count, with_unit
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.problem import Problem
from mel_fast.plans.most import by_energy, by_own_limit, by_time

_NAMED = 3
_VERBS = {"send": "be sent", "return": "return"}


def limit_reasons(problem: Problem, scheme: str) -> tuple[str, ...]:
    """Return the reasons for which limits rule out tau = 1, none where they alone do not."""
    if not problem.limited:
        return ()
    low, high = sample_limits(problem, scheme)
    return (
        _sums(problem, scheme, low, high)
        or _blocks(problem, low)
        or _single(problem, scheme, low)
        or _together(problem, scheme)
    )


def sample_limits(problem: Problem, scheme: str) -> tuple[IntColumn, IntColumn]:
    """Return the least and the most samples of each learner, those of the scheme included."""
    learners, samples = problem.learners, problem.task.samples
    size = len(learners)
    low, high = np.zeros(size, dtype=np.int64), np.full(size, samples)
    if scheme == "resource_only":
        low, high = np.full(size, samples // size), np.full(size, -(-samples // size))
    if learners.min_samples is not None:
        low = np.maximum(low, learners.min_samples)
    if learners.max_samples is not None:
        high = np.minimum(high, learners.max_samples)
    return low, high


def _sums(problem: Problem, scheme: str, low: IntColumn, high: IntColumn) -> tuple[str, ...]:
    """Say which sums of whole numbers cannot be right."""
    samples = problem.task.samples
    least, most = sum(low.tolist()), sum(high.tolist())
    crossed = np.flatnonzero(low > high)
    if crossed.size:
        k = int(crossed[0])
        # A max_samples is no smaller than a min_samples: the scheme or the task is in the way.
        if scheme == "resource_only":
            why = "its limits and the equal shares of resource_only"
        else:
            why = f"its min_samples and the {count(samples, 'sample')} of the task"
        return (
            f"learner {problem.learners.name(k)} can take no number of samples: at least "
            f"{low[k]:,} and at most {high[k]:,} by {why}",
        )
    if most < samples:
        return (
            f"max_samples: together the learners may take at most {most:,} of "
            f"{count(samples, 'sample')}",
        )
    if least > samples:
        return (
            f"min_samples: together the learners must take at least {least:,}, the task has "
            f"{count(samples, 'sample')}",
        )
    return ()


def _blocks(problem: Problem, low: IntColumn) -> tuple[str, ...]:
    """Say that there are fewer blocks than learners to whom something must be sent."""
    blocks, links = problem.radio.blocks, problem.links
    sent = links.bits_per_sample * low.astype(np.float64) + links.bits
    must = int(np.count_nonzero((sent > 0) & ((low > 0) | (problem.idle == "served"))))
    if blocks is None or must <= blocks:
        return ()
    return (
        f"resource blocks: {count(must, 'learner')} must {_VERBS[links.planned]} something, "
        f"there are only "
        f"{count(blocks, 'block')} of {with_unit(problem.radio.block_hz or 0.0, 'Hz')}",
    )


def _single(problem: Problem, scheme: str, low: IntColumn) -> tuple[str, ...]:
    """Name learners that cannot do their least part, each on its own."""
    least = np.where((low > 0) | (problem.idle == "served"), low, -1)
    causes = (
        (by_energy(problem, 1), _short_of_energy),
        (by_time(problem, 1, scheme), _short_of_time),
    )
    reasons: list[str] = []
    for most, say in causes:
        short = np.flatnonzero(most < least)
        reasons += [say(problem, int(k), int(least[k]), most) for k in short[:_NAMED]]
        if short.size > _NAMED:
            reasons.append(f"and {count(short.size - _NAMED, 'more learner')} for the same reason")
    return tuple(reasons)


def _short_of_energy(problem: Problem, k: int, least: int, most: FloatColumn) -> str:
    energy = problem.learners.energy_j
    assert energy is not None
    who = problem.learners.name(k)
    own = f"its energy_j = {with_unit(energy[k], 'J')}"
    if most[k] < 0.0 or least == 0:
        return f"learner {who} must return the model: {own} does not suffice for that"
    return (
        f"learner {who} must take {count(least, 'sample')}: {own} suffices for at most "
        f"{most[k]:,.0f} with tau = 1"
    )


def _short_of_time(problem: Problem, k: int, least: int, most: FloatColumn) -> str:
    caps = {"max_bandwidth_hz": "Hz", "max_power_w": "W"}
    limits = problem.learners.limits()
    own = [
        f"{name} = {with_unit(limits[name][k], unit)}"
        for name, unit in caps.items()
        if name in limits and np.isfinite(limits[name][k])
    ]
    who = problem.learners.name(k)
    within = f" within {' and '.join(own)}" if own else ""
    cycle = f"the cycle of {with_unit(problem.cycle_s, 's')}"
    if most[k] < 0.0 or least == 0:
        return f"learner {who} must be sent the model and return it:{within} {cycle} is too short"
    return (
        f"learner {who} must take {count(least, 'sample')}:{within} at most {most[k]:,.0f} fit "
        f"into {cycle} with tau = 1"
    )


def _together(problem: Problem, scheme: str) -> tuple[str, ...]:
    """Say how many samples all can take at most, and which limit alone makes it too few."""
    if not problem.learners.limited:
        return ()
    samples = problem.task.samples
    energy, time = by_energy(problem, 1), by_time(problem, 1, scheme)
    own = by_own_limit(problem)
    reach = _total(problem, own, energy, time)
    if reach >= samples:
        return ()
    # What is lifted in turn, by the names of what was given.
    given = problem.learners.limits()
    capped = "max_bandwidth_hz" in given or "max_power_w" in given
    causes: dict[str, tuple[FloatColumn, ...]] = {}
    if "max_samples" in given:
        causes["max_samples"] = (energy, time)
    if "energy_j" in given:
        causes["energy_j"] = (own, time)
    causes["the caps and the deadline" if capped else "the deadline"] = (own, energy)
    decisive = [name for name, rest in causes.items() if _total(problem, *rest) >= samples]
    cause = decisive[0] if len(decisive) == 1 else " and ".join(causes)
    return (
        f"{cause}: the learners can take at most {reach:,.0f} of "
        f"{count(samples, 'sample')} with tau = 1",
    )


def _total(problem: Problem, *most: FloatColumn) -> float:
    each = np.minimum.reduce([np.full(len(problem.learners), float(problem.task.samples)), *most])
    return float(np.maximum(each, 0.0).sum())
