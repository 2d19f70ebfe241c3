"""Nothing is sent, but something returned: no radio is needed, and yet it takes time."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from exact import violations
from mel_fast import reference
from strategies import SCHEMES


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_only_returned_takes_its_time(law: Any, idle: Any, scheme: Any) -> None:
    """Equal shares were `infeasible`, the others ignored the way back or stayed `undecided`."""
    pytest.importorskip("flint")
    for seed in range(4):
        problem = mel.scenarios.table1(3, seed=seed, law=law, idle=idle, cycle_s=20.0)
        problem = problem.replace(
            task=problem.task.replace(samples=12, flops_per_sample=1e8),
            payload=mel.Payload(send_bits=0, send_bits_per_sample=0, return_bits=1e6 * 10**seed),
        )
        for limits in ({}, {"max_samples": np.array([5, 6, 7])}, {"max_power_w": 0.01}):
            case = problem.replace(learners=problem.learners.replace(**limits))
            plan = mel.solve(case, scheme=scheme)
            assert plan.status in ("optimal", "infeasible")
            assert plan.tau == reference.enumerate_optimum(case, scheme=scheme).tau
            assert plan.tau == 0 or violations(plan) == []
            assert mel.verify(case, plan)
