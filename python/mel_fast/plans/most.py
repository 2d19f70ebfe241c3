"""How many samples each learner can take at most, cause by cause.

Worked out in double precision and rounded up: for words, never for a proof.
"""

import math

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.model.links import blocks_within
from mel_fast.model.problem import Problem

_UP = 1.0 + 1e-12  # more than all rounding here
_FIXED = ("joint", "resource_only")


def largest_allocation(problem: Problem, scheme: str) -> tuple[FloatColumn, FloatColumn]:
    """Return the most bandwidth and power that each learner can be given, its caps observed."""
    size, radio, learners = len(problem.learners), problem.radio, problem.learners
    share = 1 if scheme in _FIXED else size
    bandwidth = np.full(size, radio.bandwidth_hz / share)
    power = np.full(size, math.inf if radio.power_w is None else radio.power_w / share)
    if learners.max_power_w is not None:
        power = np.minimum(power, learners.max_power_w)
    if radio.block_hz is not None and radio.blocks is not None:
        most = radio.blocks // share
        blocks = np.full(size, most)
        if learners.max_bandwidth_hz is not None:
            blocks = blocks_within(learners.max_bandwidth_hz, radio.block_hz, most)
        return blocks * radio.block_hz, power
    if learners.max_bandwidth_hz is not None:
        bandwidth = np.minimum(bandwidth, learners.max_bandwidth_hz)
    return bandwidth, power


def by_time(problem: Problem, tau: int, scheme: str) -> FloatColumn:
    """Return how many samples can be sent, computed and returned in time.

    In task_only with the learner's share of the radio, else with all that its caps allow, as if
    it were alone.
    """
    return _whole(_in_time(problem, tau, scheme))


def by_energy(problem: Problem, tau: int) -> FloatColumn:
    """Return for how many samples a learner's energy suffices; infinite without that limit."""
    return _whole(_with_energy(problem, tau))


def real_samples(problem: Problem, tau: int, scheme: str) -> FloatColumn:
    """Return the most that each learner takes by time, energy and its own limit, not rounded."""
    most = np.minimum.reduce(
        [
            np.full(len(problem.learners), float(problem.task.samples)),
            _in_time(problem, tau, scheme),
            _with_energy(problem, tau),
            by_own_limit(problem),
        ]
    )
    return np.asarray(np.maximum(most, 0.0))


def _in_time(problem: Problem, tau: int, scheme: str) -> FloatColumn:
    links = problem.links
    planned = problem.rates(*largest_allocation(problem, scheme))
    constant = problem.constant_rates()
    each = tau * (problem.payload.flops_per_sample / problem.learners.flops_per_s)
    each = each + seconds(links.bits_per_sample, planned)
    each = each + seconds(links.constant_bits_per_sample, constant)
    spare = problem.cycle_s - seconds(links.bits, planned)
    spare = spare - seconds(links.constant_bits, constant)
    return _most(problem, spare, each, problem.cycle_s)


def _with_energy(problem: Problem, tau: int) -> FloatColumn:
    learners, payload, links = problem.learners, problem.payload, problem.links
    per_flop = learners.energy_per_flop_j
    if learners.energy_coefficient is not None:  # at the least, at the lowest speed
        slow = learners.min_flops_per_s
        per_flop = learners.energy_coefficient * (0.0 if slow is None else slow**2)
    if learners.energy_j is None or per_flop is None:
        return np.full(len(learners), math.inf)
    each = tau * payload.flops_per_sample * per_flop
    if problem.energy_sends:  # what sending takes, the plan decides
        return _most(problem, learners.energy_j, each + np.zeros(len(learners)), learners.energy_j)
    back = problem.constant_rates()
    bare = links.power_w * seconds(links.constant_bits, back)
    each = each + links.power_w * seconds(links.constant_bits_per_sample, back)
    limited = np.isfinite(learners.energy_j)
    # A learner in outage would take infinite energy to return, and without a limit may.
    left = np.where(limited, learners.energy_j, 0.0) - np.where(limited, bare, 0.0)
    return np.where(limited, _most(problem, left, each, learners.energy_j), math.inf)


def by_own_limit(problem: Problem) -> FloatColumn:
    """Return `max_samples` as real numbers; infinite without that limit."""
    most = problem.learners.max_samples
    return np.full(len(problem.learners), math.inf) if most is None else most.astype(np.float64)


def _most(
    problem: Problem, spare: FloatColumn, each: FloatColumn, all_of_it: float | FloatColumn
) -> FloatColumn:
    """Samples that `spare` is enough for; -1 where a served learner cannot even have none."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        most = np.where(each > 0.0, np.maximum(spare, 0.0) / each, math.inf)
        short = spare < -(_UP - 1.0) * np.asarray(all_of_it)  # more than rounding
    return np.asarray(np.where(short, -1.0 if problem.idle == "served" else 0.0, most))


def _whole(samples: FloatColumn) -> FloatColumn:
    """Round down, but for what rounding may have taken."""
    return np.asarray(np.floor(samples * np.where(samples > 0.0, _UP, 1.0)))


def seconds(bits: float | FloatColumn, rates: FloatColumn) -> FloatColumn:
    """Time to send: nothing takes none, something over rate zero takes for ever."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(bits == 0, 0.0, bits / rates)
