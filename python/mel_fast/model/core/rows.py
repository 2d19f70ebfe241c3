"""The rows of a batch as the compiled core has them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mel_fast._base.validation import LARGEST, MAX_INTEGER, FloatColumn
from mel_fast.model.batch_columns import counts, products, without_repeats
from mel_fast.model.columns import ALWAYS, LIMITS, SPEEDS
from mel_fast.model.links import all_shares, largest_shares, needed_columns
from mel_fast.model.payload import Payload
from mel_fast.model.radio import Shared
from mel_fast.model.task import LearningTask

# One number a row.
_A_ROW = ("bandwidth_hz", "power_w", "noise", "cycle_s", "flops_per_sample", "samples", "block_hz")


def core_rows(
    columns: Mapping[str, FloatColumn],
    task: LearningTask,
    payload: Payload | None,
    shared: Shared,
    shape: tuple[int, int],
    scheme: str,
) -> dict[str, Any]:
    """Return the columns of rows and learners, with what is sent over the planned link."""
    names = (*ALWAYS, *LIMITS, *_A_ROW)
    for_core = {name: columns[name] for name in names if name in columns}
    if "energy_j" not in columns:  # nobody's energy is limited: all at full speed
        for name in SPEEDS:
            for_core.pop(name, None)
    for name, stated in zip(needed_columns("send"), needed_columns(shared), strict=True):
        for_core[name] = columns[stated]
    if "power_w" not in columns:
        for_core["power_w"] = _all_power(columns["max_power_w"], scheme)
    if "max_samples" in for_core:  # as in `Learners`, infinity is no limit
        most = columns["max_samples"]
        for_core["max_samples"] = np.where(np.isposinf(most), float(MAX_INTEGER), most)
    features = task.features if task.setting == "parallelized" else 0
    # What all rows share is looked at once, and stays one number for the core.
    per_parameter = counts(without_repeats(columns["parameter_bits"]), 1)
    model = products(per_parameter, counts(without_repeats(columns["fixed_parameters"]), 0))
    grown = products(per_parameter, task.parameters_per_sample)
    sample = products(counts(without_repeats(columns["feature_bits"]), 1), features)
    bits = {
        "send_bits": model,
        "send_bits_per_sample": np.where(sample > MAX_INTEGER - grown, np.nan, sample + grown),
        "return_bits": model,
        "return_bits_per_sample": grown,
        "flops_per_sample": columns["flops_per_sample"],
    }
    bits = {name: np.broadcast_to(column, shape[:1]) for name, column in bits.items()}
    for name, amount in ({} if payload is None else payload.given()).items():
        bits[name] = np.broadcast_to(
            np.asarray(amount, dtype=np.float64), shape[: 1 + np.ndim(amount)]
        )
    if shared == "return":
        for name in ("bits", "bits_per_sample"):
            sent, returned = f"send_{name}", f"return_{name}"
            bits[sent], bits[returned] = bits[returned], bits[sent]
    return {
        "rows": shape[0],
        "learners": shape[1],
        **for_core,
        **bits,
        "energy_sends": shared == "return" and "energy_j" in columns,
    }


def _all_power(most: FloatColumn, scheme: str) -> FloatColumn:
    """Return a power budget for every row that binds nobody; no number for a row to be refused."""
    with np.errstate(over="ignore", invalid="ignore"):
        equal = largest_shares(most)
        budget = equal if scheme == "task_only" else all_shares(most)
        return np.where(equal <= LARGEST, budget, np.nan)
