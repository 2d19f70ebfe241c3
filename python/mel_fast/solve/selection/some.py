"""Where to begin to ask who takes part: what some of many learners say, and who has the time."""

import numpy as np

from mel_fast.model.problem import Problem

_SOME = 4608  # learners
_ENOUGH = 100  # of them that take part


def some_of(problem: Problem) -> tuple[Problem | None, float]:
    """Return the problem of every so-many-th learner, with their share of samples and budgets.

    None where too few of them would take part to say anything about all.
    """
    learners, radio, given = problem.learners, problem.radio, problem._given
    stride = (len(learners) // _SOME) | 1
    who = np.arange(stride // 2, len(learners), stride)
    some = learners.take(who)
    share = len(some) / len(learners)
    samples = problem.task.samples * share
    if some.max_samples is not None and samples < _ENOUGH * float(some.max_samples.mean()):
        return None, share
    power_w = None if radio.power_w is None else radio.power_w * share
    return problem.replace(
        task=problem.task.replace(samples=max(round(samples), 1)),
        learners=some,
        radio=radio.replace(bandwidth_hz=radio.bandwidth_hz * share, power_w=power_w),
        payload=None if given is None else given.take(who),
    ), share


def in_time(problem: Problem, samples: int) -> int:
    """Return at how many local cycles those who have the time for their minima hold the samples.

    To go by: what sending takes is left out.
    """
    learners, links = problem.learners, problem.links
    least = np.ones(len(learners)) if learners.min_samples is None else learners.min_samples
    least = np.maximum(least, 1).astype(np.float64)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        bits = links.constant_bits + links.constant_bits_per_sample * least
        left_s = problem.cycle_s - bits / problem.constant_rates()
        cycles = left_s * learners.flops_per_s / (problem.payload.flops_per_sample * least)
    if learners.max_samples is None:
        return max(int(min(cycles.max(), 2.0**52)), 1)
    order = np.argsort(-cycles)
    held = np.cumsum(learners.max_samples[order].astype(np.float64))
    last = min(int(np.searchsorted(held, samples)), len(order) - 1)
    return max(int(min(cycles[order[last]], 2.0**52)), 1)
