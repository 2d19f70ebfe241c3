"""A problem as the compiled core has it: what is sent is what is planned."""

from typing import Any

import numpy as np

from mel_fast._base.validation import BoolColumn
from mel_fast._core import Problem as CoreProblem
from mel_fast.model.columns import SPEEDS
from mel_fast.model.learners import Learners
from mel_fast.model.links import Links
from mel_fast.model.payload import Amount
from mel_fast.model.radio import Radio, Shared
from mel_fast.model.task import LearningTask


def energy_sends(shared: Shared, learners: Learners) -> bool:
    """Say whether `energy_j` is for computing and sending over the planned link."""
    return shared == "return" and learners.energy_j is not None


def has_choice(learners: Learners, idle: str) -> bool:
    """Say whether `optional` changes anything: excused learners without a minimum rest anyway."""
    if learners.optional is None:
        return False
    minima = learners.min_samples
    free = idle == "served" or (minima is not None and bool((minima[learners.optional] > 0).any()))
    return free and bool(learners.optional.any())


def core_problem(
    task: LearningTask,
    learners: Learners,
    radio: Radio,
    links: Links,
    *,
    cycle_s: float,
    power_w: float,
    flops_per_sample: Amount,
    excused: bool,
    optional: BoolColumn | None,
    energy_counts: bool = False,
) -> CoreProblem:
    """Return the core's problem; `optional` where some learner may sit out that else might not.

    With `energy_counts` the least energy may be asked for.

    Raises
    ------
    ValueError
        For what the core refuses; what it says of the return is said of the constant link.
    """
    limits: dict[str, Any] = {
        name: column.astype(np.float64) for name, column in learners.limits().items()
    }
    if learners.energy_j is None:  # nobody's energy is limited: all at full speed
        for name in SPEEDS:
            limits.pop(name, None)
    if optional is not None:
        limits["optional"] = optional.astype(np.float64)
    if radio.block_hz is not None:
        limits["block_hz"] = radio.block_hz
    try:
        return CoreProblem(
            samples=task.samples,
            send_bits=links.bits,
            send_bits_per_sample=links.bits_per_sample,
            return_bits=links.constant_bits,
            return_bits_per_sample=links.constant_bits_per_sample,
            flops_per_sample=flops_per_sample,
            flops_per_s=learners.flops_per_s,
            gain=learners.gain,
            return_bandwidth_hz=links.bandwidth_hz,
            return_power_w=links.power_w,
            bandwidth_hz=radio.bandwidth_hz,
            power_w=power_w,
            noise=radio.noise,
            fixed_law=radio.law == "fixed",
            cycle_s=cycle_s,
            excused=excused,
            energy_sends=energy_sends(radio.shared, learners),
            energy_counts=energy_counts,
            **limits,
        )
    except ValueError as error:
        if links.constant == "return":
            raise
        words = str(error).replace("return rate", f"{links.constant} rate")
        raise ValueError(words.replace("return power", f"{links.constant} power")) from None
