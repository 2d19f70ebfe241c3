"""What each limit of the learners stands in the way of, by solving without it."""

import math
from typing import Any, NamedTuple

import numpy as np

from mel_fast._base.units import count, with_unit
from mel_fast._base.validation import IntColumn
from mel_fast.bracket.clock import Agenda
from mel_fast.model.columns import LIMITS, SPEEDS
from mel_fast.model.learners import Learners, listed
from mel_fast.model.problem import Problem
from mel_fast.planning._prices import least_bound
from mel_fast.plans.most import by_energy
from mel_fast.plans.plan import Plan
from mel_fast.plans.prices import Prices
from mel_fast.plans.words.binding import binding
from mel_fast.plans.words.limit_reasons import sample_limits
from mel_fast.solve.single import solve

_SHOWN = 3
_NOISE = 1e-9  # relative: what two bounds may differ by all the same


class LiftedLimit(NamedTuple):
    """One limit, and what lifting it alone at every learner would bring."""

    limit: str
    """``min_samples``, ``max_samples``, ``max_bandwidth_hz``, ``max_power_w``, ``energy_j``,
    ``block_hz`` or ``at_least``."""
    tau: int
    """The number of local cycles that is out of reach with the limits."""
    plan: Plan
    """What solving without this limit, all others as they are, gave."""
    learners: IntColumn
    """The learners that have reached it: in the plan that is explained, or if there is none in the
    fastest one for `tau`; empty for ``block_hz`` and ``at_least``."""

    @property
    def suffices(self) -> bool | None:
        """Whether lifting it makes `tau` fit; None where that was not found out."""
        if self.plan.tau >= self.tau:
            return True
        return False if self.plan.bound < self.tau else None

    def sentence(self) -> str:
        """Return it in words."""
        at = ""
        if self.learners.size:
            named = listed(self.learners, self.plan.problem.learners, _SHOWN)
            at = f" (reached at {count(int(self.learners.size), 'learner')}: {named})"
        if self.suffices:
            return f"Without {self.limit}{at} tau = {self.plan.tau} fits."
        if self.suffices is None:
            return f"Whether tau = {self.tau} fits without {self.limit}{at} was not found out."
        return f"Lifting {self.limit} alone{at} does not make tau = {self.tau} fit."


class MarginalValue(NamedTuple):
    """What one sample more, or less, in a learner's limit changes at `Explanation.tau`."""

    limit: str
    """``max_samples`` (one more) or ``min_samples`` (one less)."""
    learner: int
    samples: float
    """By how many the bound on the samples that fit (``prices.samples``) rises: worked out again.
    One sample more in a `max_samples` raises it by one at most."""

    def sentence(self, tau: int, learners: Learners | None = None) -> str:
        """Return it in words."""
        step = "more" if self.limit == "max_samples" else "less"
        who = self.learner if learners is None else learners.name(self.learner)
        return (
            f"One sample {step} in the {self.limit} of learner {who} raises the bound on the "
            f"samples that fit with tau = {tau} by {self.samples:.3f}."
        )


def limits_of(problem: Problem) -> list[str]:
    """Return the limits that were given, and ``block_hz`` where bandwidth comes in blocks."""
    given = [name for name in LIMITS if name in problem.learners.limits()]
    kept = ["energy_per_flop_j", *SPEEDS]
    if problem.radio.power_w is None:  # without a budget it is all the power there is
        kept.append("max_power_w")
    names = [name for name in given if name not in kept]
    return names if problem.radio.block_hz is None else [*names, "block_hz"]


def lifted_limits(
    plan: Plan, tau: int, near: Plan | None, agenda: Agenda, threads: int
) -> tuple[list[LiftedLimit], list[str]]:
    """Solve once without each limit that was given; return as well which ones are still to do."""
    problem = plan.problem
    names = limits_of(problem)
    if plan.at_least is not None:
        names.append("at_least")
    found: list[LiftedLimit] = []
    if not names or agenda.over():
        return found, names
    at = binding(plan if plan.samples is not None or near is None else near)
    while names and not agenda.over():
        name = names.pop(0)
        free = solve(
            without_limit(problem, name),
            scheme=plan.scheme,
            time_limit_s=agenda.share(len(names) + 1),
            threads=threads,
            then="none",
            start=plan,
            callback=agenda.callback,
            at_least=None if name == "at_least" else plan.at_least,
        )
        agenda.answered(free.passes)
        found.append(LiftedLimit(name, tau, free, at.get(name, np.array([], dtype=np.int64))))
    return sorted(found, key=lambda lifted: (-lifted.plan.tau, -lifted.learners.size)), names


def without_limit(problem: Problem, limit: str) -> Problem:
    """Return the problem without one of its limits."""
    if limit == "at_least":  # no part of the problem
        return problem
    if limit == "block_hz":
        return problem.replace(radio=problem.radio.replace(block_hz=None))
    words: dict[str, Any] = {limit: None}
    if limit == "energy_j":
        words |= dict.fromkeys(("energy_per_flop_j", *SPEEDS))
    return problem.replace(learners=problem.learners.replace(**words))


def marginal_values(
    plan: Plan, tau: int, near: Plan | None, prices: Prices | None, agenda: Agenda, threads: int
) -> list[MarginalValue]:
    """Move the limits in samples by one where they hold in the fastest plan, one at a time."""
    if near is None or near.samples is None or prices is None or agenda.over():
        return []
    learners = plan.problem.learners
    low, high = sample_limits(plan.problem, plan.scheme)
    at = binding(near)
    noise = _NOISE * max(prices.samples, 1.0)
    found = []
    for limit, column, step in (("max_samples", high, 1), ("min_samples", low, -1)):
        who = at.get(limit, np.array([], dtype=np.int64))
        cost = near.send_s if near.send_s is not None else np.zeros(len(learners))
        order = who[np.argsort(cost[who] * step, kind="stable")][:_SHOWN]
        for learner in order.tolist():
            if agenda.over():
                break
            moved = column.copy()
            moved[learner] += step
            moves: dict[str, Any] = {limit: moved}
            changed = plan.problem.replace(learners=learners.replace(**moves))
            there = least_bound(plan, tau, changed, limit_s=agenda.left(), threads=threads).prices
            if there is not None and there.samples > prices.samples + noise:
                gained = there.samples - prices.samples
                # Whoever takes one more could leave it: more than one is rounding.
                found.append(
                    MarginalValue(limit, learner, min(gained, 1.0) if step > 0 else gained)
                )
    return sorted(found, key=lambda value: -value.samples)[:_SHOWN]


def energy_sentences(problem: Problem, tau: int, near: Plan | None) -> list[str]:
    """Say for how many samples the energy of the learners suffices that use it up."""
    energy = problem.learners.energy_j
    if near is None or energy is None:
        return []
    most = by_energy(problem, tau)
    who = binding(near).get("energy_j", np.array([], dtype=np.int64))
    return [
        f"The {with_unit(float(energy[k]), 'J')} of learner {problem.learners.name(k)} allow at "
        f"most {most[k]:,.0f} samples with tau = {tau}."
        for k in who[np.argsort(-most[who], kind="stable")][:_SHOWN].tolist()
        if math.isfinite(most[k])
    ]
