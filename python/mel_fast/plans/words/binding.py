"""Which limits of the learners a plan has used up."""

import numpy as np

from mel_fast._base.units import with_unit
from mel_fast._base.validation import MAX_INTEGER, BoolColumn, FloatColumn, IntColumn
from mel_fast.model.learners import Learners, listed
from mel_fast.model.links import blocks_within
from mel_fast.plans.most import by_energy
from mel_fast.plans.view import PlanView

_NEARLY = 1.0 - 1e-9  # of a cap is all of it: shares are rounded down
_NAMED = 6


def binding(plan: PlanView) -> dict[str, IntColumn]:
    """Return the learners at each limit that was given, by the limit's name; none may be there.

    A learner is at its `energy_j` where one sample more would exceed it, or where its speed or its
    power is chosen and all of it is spent.
    """
    samples, bandwidth, power = plan.samples, plan.bandwidth_hz, plan.power_w
    if samples is None or bandwidth is None or power is None:
        return {}
    learners = plan.problem.learners
    at = {}
    if learners.min_samples is not None:
        at["min_samples"] = (samples == learners.min_samples) & (samples > 0)
    if learners.max_samples is not None:
        at["max_samples"] = (samples == learners.max_samples) & (
            samples < plan.problem.task.samples
        )
    if learners.max_bandwidth_hz is not None:
        at["max_bandwidth_hz"] = _at_bandwidth_cap(plan, learners.max_bandwidth_hz)
    if learners.max_power_w is not None:
        at["max_power_w"] = power >= _NEARLY * learners.max_power_w
    if learners.energy_j is not None:
        sends_or_chosen = plan.problem.energy_sends or plan.problem.paces
        if sends_or_chosen and plan.energy_j is not None:
            at["energy_j"] = (plan.energy_j >= _NEARLY * learners.energy_j) & (samples > 0)
        else:
            at["energy_j"] = (samples >= by_energy(plan.problem, plan.tau)) & (samples > 0)
    return {name: np.flatnonzero(mask) for name, mask in at.items()}


def _at_bandwidth_cap(plan: PlanView, caps: FloatColumn) -> BoolColumn:
    """Say who has all that its cap allows; of blocks, as many as the cap holds."""
    radio = plan.problem.radio
    if radio.block_hz is None or plan.blocks is None:
        assert plan.bandwidth_hz is not None
        return np.asarray(plan.bandwidth_hz >= _NEARLY * caps)
    held = blocks_within(caps, radio.block_hz, MAX_INTEGER)
    return np.asarray(plan.blocks >= held)


def limits_in_words(plan: PlanView) -> list[tuple[str, str]]:
    """Return what the summary says of blocks and limits: pairs of a label and a text."""
    rows = []
    if plan.blocks is not None:
        radio = plan.problem.radio
        rows.append(
            (
                "blocks",
                f"{int(plan.blocks.sum()):,} of {radio.blocks:,} blocks of "
                f"{with_unit(radio.block_hz or 0.0, 'Hz')}, "
                f"{plan.blocks.min():,} to {plan.blocks.max():,} each",
            )
        )
    at = binding(plan)
    if at:
        learners = plan.problem.learners
        found = [f"{name} {_who(learners, who)}" for name, who in at.items() if who.size]
        rows.append(("limits", "; ".join(found) or f"{', '.join(at)}: none is reached"))
    return rows


def _who(learners: Learners, who: IntColumn) -> str:
    named = listed(who[:_NAMED], learners)
    more = f" and {who.size - _NAMED:,} more" if who.size > _NAMED else ""
    return f"reached at learner{'s' * (who.size > 1)} {named}{more}"
