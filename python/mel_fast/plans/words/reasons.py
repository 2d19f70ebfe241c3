"""Why there is no plan, or no proof: in words, with the numbers that decide.

The words are worked out here from the problem's own numbers in double precision: they explain a
status that the core has proved, they do not prove it.
"""

import numpy as np

from mel_fast import _core
from mel_fast._base.units import count, with_unit
from mel_fast._base.validation import FloatColumn
from mel_fast.model.problem import Problem
from mel_fast.plans.most import seconds
from mel_fast.plans.status import Status
from mel_fast.plans.view import PlanView
from mel_fast.plans.words.limit_reasons import limit_reasons, sample_limits

_NAMED = 3
_CONSTANT = {"send": "receiving the model", "return": "returning the model"}
_PLANNED = {"send": "sending", "return": "returning"}
_OVER_SHARE = {
    "send": "receiving it over an equal share",
    "return": "returning it over an equal share",
}
_ROUNDING = 1e-12  # relative: more than all rounding here


def reasons_of(plan: PlanView, result: _core.Result) -> tuple[str, ...]:
    """Return the reasons for a plan that came from the core."""
    if plan.status is Status.OPTIMAL:
        return ()
    if plan.status is Status.INFEASIBLE:
        problem = plan.problem
        return (
            _unreachable(problem, plan.scheme)
            or limit_reasons(problem, plan.scheme)
            or _slow_learners(problem, plan.scheme)
            or _too_many_samples(problem, plan.scheme)
            or (_budgets(problem, plan.scheme),)
        )
    if result.stopped:
        found = f"tau = {plan.tau} is reached" if plan.tau else "no plan was found yet"
        return (
            f"stopped after {with_unit(plan.elapsed_s, 's')} by a limit, the callback or Ctrl-C: "
            f"{found}, tau = {plan.bound + 1} is ruled out, between them nothing is proved",
        )
    return (
        f"double precision cannot decide tau = {plan.tau + 1}: "
        f"tau = {plan.tau} is reached, tau = {plan.bound + 1} is ruled out",
    )


def _unreachable(problem: Problem, scheme: str) -> tuple[str, ...]:
    """Name learners that must take part although no bit can be sent to them."""
    low, _ = sample_limits(problem, scheme)
    links = problem.links
    bits = links.bits_per_sample * low.astype(np.float64) + links.bits
    must = (bits > 0) & ((low > 0) | (problem.idle == "served"))
    columns = problem.learners.columns()
    found = {
        int(k): name
        for name in ("max_power_w", "max_bandwidth_hz", "gain")
        if name in columns
        for k in np.flatnonzero(must & (columns[name] == 0))
    }
    shared = links.planned == "return"
    reasons = [
        f"learner {problem.learners.name(k)} must {'return' if shared else 'be sent'} "
        f"{'its samples' if low[k] and not shared else 'the model'}: its {name} is 0"
        for k, name in sorted(found.items())[:_NAMED]
    ]
    if len(found) > _NAMED:
        reasons.append(f"and {count(len(found) - _NAMED, 'more learner')} for the same reason")
    return tuple(reasons)


def _slow_learners(problem: Problem, scheme: str) -> tuple[str, ...]:
    """Name learners that cannot do their least part in time, each on its own."""
    task, payload, links = problem.task, problem.payload, problem.links
    share = task.samples // len(problem.learners) if scheme == "resource_only" else 0
    if problem.idle == "excused" and share == 0:
        return ()
    sent = links.bits_per_sample * share + links.bits
    constant = links.constant_bits_per_sample * share + links.constant_bits
    parts = {_CONSTANT[links.constant]: seconds(constant, problem.constant_rates())}
    if share:
        computing = payload.flops_per_sample / problem.learners.flops_per_s * share
        parts[f"computing once on its {count(share, 'sample')}"] = computing
    if scheme == "task_only" and np.any(sent):
        parts[_OVER_SHARE[links.planned]] = seconds(sent, _equal_share_rates(problem))
    total = sum(parts.values(), start=np.zeros(len(problem.learners)))
    late = total > problem.cycle_s * (1.0 + _ROUNDING)
    late |= (total >= problem.cycle_s) & np.asarray(sent > 0)
    slowest = sorted(np.flatnonzero(late).tolist(), key=lambda k: -total[k])
    excusable = problem.idle == "served" and share == 0
    reasons = [_slow_learner(problem, k, parts, excusable) for k in slowest[:_NAMED]]
    if len(slowest) > _NAMED:
        reasons.append(f"and {count(len(slowest) - _NAMED, 'more learner')} for the same reason")
    return tuple(reasons)


def _slow_learner(
    problem: Problem, learner: int, parts: dict[str, FloatColumn], excusable: bool
) -> str:
    needs = " and ".join(
        f"{what} {with_unit(float(seconds[learner]), 's')}" for what, seconds in parts.items()
    )
    columns = problem.learners
    constant = problem.links
    remedy = "; idle = 'excused' would leave it out" if excusable else ""
    return (
        f"learner {columns.name(learner)} alone is too slow for the cycle of "
        f"{with_unit(problem.cycle_s, 's')}: {needs} (gain {columns.gain[learner]:.4g}, "
        f"{with_unit(columns.flops_per_s[learner], 'flop/s')}, "
        f"{constant.constant} bandwidth {with_unit(constant.bandwidth_hz[learner], 'Hz')}, "
        f"{constant.constant} power {with_unit(constant.power_w[learner], 'W')}){remedy}"
    )


def _too_many_samples(problem: Problem, scheme: str) -> tuple[str, ...]:
    """Say how many samples the learners could compute once, the planned link left aside."""
    task, payload, links = problem.task, problem.payload, problem.links
    rates = problem.constant_rates()
    each = payload.flops_per_sample / problem.learners.flops_per_s
    each = each + seconds(links.constant_bits_per_sample, rates)
    spare = problem.cycle_s - seconds(links.constant_bits, rates)
    how = f"even if {_PLANNED[links.planned]} took no time"
    if scheme == "task_only":
        planned = _equal_share_rates(problem)
        each = each + seconds(links.bits_per_sample, planned)
        spare = spare - seconds(links.bits, planned)
        how = "with equal shares of bandwidth and power"
    share = task.samples
    if scheme == "resource_only":
        share = -(-task.samples // len(problem.learners))
        how += f" and each took up to {count(share, 'sample')} as resource_only has it"
    with np.errstate(invalid="ignore"):
        most = np.floor(np.nan_to_num(np.maximum(spare, 0.0) / each) * (1.0 + _ROUNDING))
    reach = float(np.minimum(most, share).sum())
    if reach >= task.samples:
        return ()
    return (
        f"computing capacity: {how}, the learners could work once through {reach:,.0f} of "
        f"{count(task.samples, 'sample')} within {with_unit(problem.cycle_s, 's')}",
    )


def _budgets(problem: Problem, scheme: str) -> str:
    radio = problem.radio
    how = {
        "joint": "however they are shared out",
        "task_only": "in equal shares",
        "resource_only": "with the samples in equal shares",
    }[scheme]
    limits = " within the learners' limits" if problem.learners.limited else ""
    block = radio.block_hz
    blocks = "" if block is None else f" in blocks of {with_unit(block, 'Hz')}"
    band, samples = with_unit(radio.bandwidth_hz, "Hz"), count(problem.task.samples, "sample")
    cycle = with_unit(problem.cycle_s, "s")
    if radio.power_w is None:
        how = how.replace("they are", "it is")
        return (
            f"bandwidth budget: {band}{blocks}, {how}{limits}, is too little to return the models "
            f"of {samples}, although receiving and computing once would fit into {cycle}"
        )
    planned, rest = "send", f"{samples} or the model, although computing once and returning"
    if radio.shared == "return":
        planned, rest = "return", f"the models of {samples}, although receiving and computing once"
    return (
        f"bandwidth and power budgets: {band}{blocks} and {with_unit(radio.power_w, 'W')}, "
        f"{how}{limits}, are too little to {planned} {rest} would fit into {cycle}"
    )


def _equal_share_rates(problem: Problem) -> FloatColumn:
    size, power_w = len(problem.learners), problem.radio.power_w
    power = problem.learners.max_power_w if power_w is None else power_w / size
    return problem.rates(problem.radio.bandwidth_hz / size, power)
