"""Parts of so many samples on arrays: never below what the balls say, and few balls are asked."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from sharded import mixed
from test_parts import few_takers
from test_verify_quick import best_of_balls, prices, told_and_arrays

pytest.importorskip("flint", reason="python-flint (extra [verify]) is missing")

from mel_fast.verify import _goal, verify_dict
from mel_fast.verify.claim._read import Leaf
from mel_fast.verify.quick import rows
from mel_fast.verify.quick.intervals import enclosing
from mel_fast.verify.quick.parts import worths_in_parts


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 9, 10, 11, 13, 21, 22, 25, 28, 31, 35, 41])
def test_values_with_parts_are_those_of_the_balls_or_hardly_above(seed: int) -> None:
    problem = mixed(seed, 24)
    lam, mu, tau = prices(problem)
    told, numbers, low, high = told_and_arrays(problem)
    rng = np.random.default_rng(seed)
    close = 0
    for one, other in ((lam, mu), (lam * 3, mu), (lam / 50, mu), (lam, 0.0), (0.0, mu)):
        part = max(int(high.max() / rng.choice([1, 2, 5, 10, 300])), 1)
        per_part = float(10 ** rng.uniform(-2, 2))
        with enclosing():
            sure, most = worths_in_parts(numbers, tau, (one, other, per_part, part), low, high)
        leaf = Leaf(one, other, per_part=per_part, part=part)
        for k in np.flatnonzero(sure).tolist():
            value = best_of_balls(told, k, tau, leaf, (int(low[k]), int(high[k])))
            if value is None:
                continue
            assert most[k] >= value - 1e-9 * max(abs(value), 1.0), (k, leaf)
            close += most[k] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert close > 30


def balls_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list to which each question to the balls in parts adds one."""
    asked: list[int] = []
    in_parts = _goal._best_in_parts

    def counting(*args: Any) -> Any:
        asked.append(1)
        return in_parts(*args)

    monkeypatch.setattr(_goal, "_best_in_parts", counting)
    return asked


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("capped", [False, True])
def test_a_leaf_in_parts_asks_balls_of_few(
    law: str, capped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 100,000 learners went through ball arithmetic, for 10 to 20 seconds."""
    problem = few_takers(law, rows.FEWEST)
    if capped:
        watts = problem.radio.power_w / rows.FEWEST
        cap = np.where(np.arange(rows.FEWEST) % 2, 30.0 * watts, np.inf)
        problem = problem.replace(learners=problem.learners.replace(max_power_w=cap))
    found = mel.least(problem, 20, "bandwidth_hz", time_limit_s=20.0)
    assert found.proof is not None
    plan = found.proof.to_dict()
    (leaf,) = plan["certificate"]["tree"]
    assert "per_part" in leaf
    asked = balls_asked(monkeypatch)
    judged = verify_dict(plan)
    assert judged.ok
    assert len(asked) <= (200 if capped else 0)
    # The same margin as with balls alone, nearly.
    monkeypatch.setattr(rows, "FEWEST", 10**9)
    alone = verify_dict(plan)
    assert alone.ok
    assert judged.margin <= alone.margin <= judged.margin + 1e-6
    monkeypatch.undo()
    per_part = float.fromhex(leaf["per_part"])
    for wrong in (0.9 * per_part, 1.1 * per_part):
        node = {**leaf, "per_part": wrong}
        tree = {**plan["certificate"], "tree": [node]}
        assert not verify_dict({**plan, "certificate": tree}).ok
