"""Problems beside the one that is asked about: of other numbers of samples, of some learners.

Which numbers can be stated, and the problem that has next to none; what every so-many-th learner
says about all, and who has the time.
"""

from typing import Any

import numpy as np

from mel_fast._base.validation import MAX_INTEGER, SMALLEST, FloatColumn, IntColumn
from mel_fast.model.links import links_of
from mel_fast.model.payload import Payload, payload_of
from mel_fast.model.problem import Problem
from mel_fast.plans.status import Scheme

MANY = 65536  # learners: some of them say first where to ask
_SOME = 4608
_ENOUGH = 100  # of them that take part
_ROUNDING = 1e-9  # more than numbers here err by
_SAFE = 0.97  # of what is needed, by some that may differ from all


def with_samples(problem: Problem, samples: int) -> Problem:
    """Return the problem of so many samples in all."""
    return problem.with_samples(samples)


def fewest_stated(problem: Problem, scheme: Scheme) -> int:
    """Return the fewest samples that every learner's minimum allows, at least 1."""
    minima = problem.learners.min_samples
    if minima is None:
        return 1
    if scheme == "resource_only":  # everybody has n/K, rounded down or up
        top = int(minima.max())
        return max((top - 1) * minima.size + int((minima == top).sum()), 1)
    return max(total_of(minima), 1)


def most_stated(problem: Problem, scheme: Scheme) -> int:
    """Return the most samples that the learners' own limits allow and that can be counted."""
    maxima = problem.learners.max_samples
    if maxima is None:
        return MAX_INTEGER
    if scheme == "resource_only":
        low = int(maxima.min())
        return min(low * maxima.size + int((maxima > low).sum()), MAX_INTEGER)
    return min(total_of(maxima), MAX_INTEGER)


def fewest_taken(problem: Problem) -> int:
    """Return the minima of those who may not choose to sit out, added up."""
    minima, optional = problem.learners.min_samples, problem.learners.optional
    if minima is None:
        return 0
    return sum((minima if optional is None else minima[~optional]).tolist())


def total_of(column: Any) -> int:
    """Return the sum of a column of integers, however large."""
    if column.strides == (0,):  # one number, read as a column
        return int(column[0]) * len(column)
    if len(column) * max(int(column.max()), -int(column.min())) < 2**62:
        return int(column.sum())
    rough = float(np.asarray(column, dtype=np.float64).sum())
    if rough >= 2.0**62 and column.min() == column.max():
        return int(column[0]) * len(column)
    return int(column.sum()) if rough < 2.0**62 else sum(column.tolist())


def bare_problem(problem: Problem, cycle_s: float) -> Problem:
    """Return the problem of one sample that costs next to nothing, whoever it is given to."""
    learners, payload = problem.learners, problem.payload
    flops = cycle_s * float(learners.flops_per_s.max()) * 2.0**-52
    bare = Payload(
        send_bits=payload.send_bits,
        send_bits_per_sample=0.0,
        return_bits=payload.return_bits,
        return_bits_per_sample=0.0,
        flops_per_sample=max(flops, SMALLEST),
    )
    free: dict[str, Any] = {"min_samples": None, "max_samples": None}
    if learners.energy_per_flop_j is not None:
        free["energy_per_flop_j"] = np.zeros(len(learners))
    if learners.energy_coefficient is not None:
        free["energy_coefficient"] = np.zeros(len(learners))
    return problem.replace(
        task=problem.task.replace(samples=1),
        learners=learners.replace(**free),
        cycle_s=cycle_s,
        payload=bare,
    )


def some_of(problem: Problem) -> tuple[Problem | None, float]:
    """Return the problem of every so-many-th learner by cost, and the share that they are.

    It has as much of samples and budgets. None where too few of them would take part to say
    anything about all.
    """
    stride = (len(problem.learners) // _SOME) | 1
    some = _taken(problem, np.sort(problem._core.every_by_need(stride)))
    radio, most = problem.radio, some.learners.max_samples
    share = len(some.learners) / len(problem.learners)
    samples = problem.task.samples * share
    if most is not None and samples < _ENOUGH * float(most.mean()):
        return None, share
    power_w = None if radio.power_w is None else radio.power_w * share
    some = some.with_budgets(bandwidth_hz=radio.bandwidth_hz * share, power_w=power_w)
    return some.with_samples(max(round(samples), 1)), share


def _taken(problem: Problem, who: IntColumn) -> Problem:
    """Return the problem of some learners alone, whose numbers rise: nothing is looked at again."""
    learners, given = problem.learners.take(who), problem._given
    given = given if given is None else given.take(who)
    payload = payload_of(problem.task, given)
    return problem._with(
        learners=learners,
        payload=payload,
        _given=given,
        _links=links_of(problem.radio, learners, payload),
        _core=problem._core.taken(who),
    )


def of_some(column: Any, who: slice | IntColumn) -> Any:
    """Return what a column says of some learners; a number is the same for all."""
    return column if np.ndim(column) == 0 else column[who]


def _cycles_alone(problem: Problem, samples: FloatColumn, every: int = 1) -> FloatColumn:
    """Return how many local cycles of so many samples every so-many-th learner has the time for.

    To go by: what sending takes is left out.
    """
    links = problem.links
    some = slice(None, None, every)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        bits = (
            of_some(links.constant_bits, some)
            + of_some(links.constant_bits_per_sample, some) * samples
        )
        left_s = problem.cycle_s - bits / problem.constant_rates(every)
        cycles = left_s * of_some(problem.learners.flops_per_s, some)
        return np.asarray(cycles / (of_some(problem.payload.flops_per_sample, some) * samples))


def most_in_time(problem: Problem, samples: int, share: float) -> int:
    """Return beyond which tau not even so many samples are in time, as a share of all says."""
    stride = int(1.0 / share) | 1
    each = np.ones(-(-len(problem.learners) // stride))
    each = np.fmax(_cycles_alone(problem, each, stride), 0.0)
    maxima = problem.learners.max_samples
    most = np.inf if maxima is None else maxima[::stride]
    needed = _SAFE * samples * len(each) / len(problem.learners)
    low, high = 1, max(int(min(each.max(), 2.0**52)), 1) + 1
    while low < high:
        middle = (low + high) // 2
        if float(np.minimum(np.floor(each / middle), most).sum()) < needed:
            high = middle
        else:
            low = middle + 1
    return low + low // 100 + 1


def in_time(problem: Problem, samples: int) -> int:
    """Return at how many local cycles those who have the time for their minima hold the samples.

    To go by: what sending takes is left out.
    """
    learners = problem.learners
    least = np.ones(len(learners)) if learners.min_samples is None else learners.min_samples
    cycles = _cycles_alone(problem, np.maximum(least, 1).astype(np.float64))
    if learners.max_samples is None:
        return max(int(min(cycles.max(), 2.0**52)), 1)
    order = np.argsort(-cycles)
    held = np.cumsum(learners.max_samples[order].astype(np.float64))
    last = min(int(np.searchsorted(held, samples)), len(order) - 1)
    return max(int(min(cycles[order[last]], 2.0**52)), 1)


def counts_rule_out(problem: Problem, tau: int, at_least: int) -> bool:
    """Say whether the samples of no number of participants add up to the task's.

    Of m that take part they lie between the m least minima and the m largest maxima, which time
    narrows: rounded outwards here, by far more than rounding errs.
    """
    learners, samples = problem.learners, problem.task.samples
    links, size = problem.links, len(learners)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        rates = problem.constant_rates()
        left_s = problem.cycle_s * (1.0 + _ROUNDING) - links.constant_bits / rates
        each_s = tau * problem.payload.flops_per_sample / learners.flops_per_s
        each_s = each_s + links.constant_bits_per_sample / rates
        most = np.floor(left_s / each_s * (1.0 + _ROUNDING))
    most = np.where(np.isnan(most), np.inf, np.maximum(most, -1.0))
    given = np.inf if learners.max_samples is None else learners.max_samples
    most = np.minimum(np.minimum(most, given), samples)
    minima = learners.min_samples
    least = np.zeros(size) if minima is None else minima.astype(np.float64)
    rests = np.zeros(size, dtype=bool) if learners.optional is None else learners.optional
    rests = rests | ((least == 0.0) & (problem.idle == "excused"))
    if (most < least)[~rests].any():
        return True
    fewest = np.maximum(least, 1.0)
    free = rests & (fewest <= most)
    low = least[~rests].sum() + np.concatenate(([0.0], np.cumsum(np.sort(fewest[free]))))
    high = most[~rests].sum() + np.concatenate(([0.0], np.cumsum(-np.sort(-most[free]))))
    count = int((most[~rests] > 0.0).sum()) + np.arange(len(low))
    return not bool(((low <= samples) & (samples <= high) & (count >= at_least)).any())
