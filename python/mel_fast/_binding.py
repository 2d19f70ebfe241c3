"""Which limits of the learners a plan has used up."""

from typing import TYPE_CHECKING

import numpy as np

from mel_fast._reach import by_energy
from mel_fast._units import with_unit
from mel_fast._validation import IntColumn

if TYPE_CHECKING:
    from mel_fast.plan import Plan

_NEARLY = 1.0 - 1e-9  # of a cap is all of it: shares are rounded down
_NAMED = 6


def binding(plan: "Plan") -> dict[str, IntColumn]:
    """Return the learners at each limit that was given, by the limit's name; none may be there.

    A learner is at its `energy_j` where one sample more would exceed it.
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
        at["max_bandwidth_hz"] = bandwidth >= _NEARLY * _whole_blocks(plan)
    if learners.max_power_w is not None:
        at["max_power_w"] = power >= _NEARLY * learners.max_power_w
    if learners.energy_j is not None:
        at["energy_j"] = (samples >= by_energy(plan.problem, plan.tau)) & (samples > 0)
    return {name: np.flatnonzero(mask) for name, mask in at.items()}


def _whole_blocks(plan: "Plan") -> np.ndarray:
    """Caps of the bandwidth, in whole blocks where it comes in blocks."""
    caps = plan.problem.learners.max_bandwidth_hz
    width = plan.problem.radio.block_hz
    assert caps is not None
    return caps if width is None else np.floor(caps / width) * width


def limits_in_words(plan: "Plan") -> list[tuple[str, str]]:
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
        found = [f"{name} {_who(learners)}" for name, learners in at.items() if learners.size]
        rows.append(("limits", "; ".join(found) or f"{', '.join(at)}: none is reached"))
    return rows


def _who(learners: IntColumn) -> str:
    shown = ", ".join(map(str, learners[:_NAMED].tolist()))
    more = f" and {learners.size - _NAMED:,} more" if learners.size > _NAMED else ""
    return f"reached at learner{'s' * (learners.size > 1)} {shown}{more}"
