"""The least cycle where a few learners decide it, near the shortest that they can manage."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core
from patience import within

SIZE = 17_000


def cell(law: str, each: float, faded: float = 0.0, **limits: float) -> mel.Problem:
    """Table I in proportion, everybody served; one channel in a deep fade, or caps in shares."""
    table = mel.scenarios.table1(
        SIZE,
        seed=1,
        idle="served",
        law=law,
        budgets="per_learner",
        noise_bandwidth_hz=1e8 if law == "fixed" else None,
    )
    gain = np.maximum(table.learners.gain, 0.03 * np.median(table.learners.gain))
    if faded:
        gain[SIZE // 3] = faded * np.median(gain)
    share = {"max_bandwidth_hz": table.radio.bandwidth_hz / SIZE}
    caps = {name: np.full(SIZE, times * share.get(name, 1.0)) for name, times in limits.items()}
    return table.replace(
        task=table.task.replace(samples=int(each * SIZE)),
        learners=table.learners.replace(gain=gain, **caps),
    )


CASES = [
    # A sample of the learners says nothing of prices without the one in a deep fade, and the
    # cycle that a pair of prices rules out is told by that learner alone.
    ("fixed", 0.1, {"faded": 1e-3, "max_samples": 9}, 100, 100),  # 138 before
    ("density", 0.1, {"faded": 1e-3, "max_samples": 9}, 100, 120),  # 309
    ("fixed", 0.2, {"max_bandwidth_hz": 4.7}, 1, 180),  # 222
    # Prices were looked for at cycles that the learners' limits rule out.
    ("density", 16, {"max_samples": 17}, 487, 300),  # 392
    # Caps keep the bandwidth from being spent: no step of water-filling led to both budgets.
    ("fixed", 2.5, {"max_bandwidth_hz": 0.78, "max_samples": 9}, 1, 600),  # open after 650
]


@pytest.mark.parametrize(("law", "each", "limits", "tau", "passes"), CASES)
def test_the_cycle_that_a_few_learners_decide_takes_few_looks(law, each, limits, tau, passes):
    """Roots over the cycle were looked for among all learners, one look after the other."""
    problem = cell(law, each, **limits)
    found = mel.least(problem, tau, "cycle_s", threads=1, callback=within(2 * passes))
    assert found.status == "optimal"
    assert found.passes < passes


def test_what_a_bottleneck_rules_out_is_what_the_checker_says():
    """Both ends, where one learner's costs are nearly all of the bound."""
    problem = cell("fixed", 0.1, faded=1e-3, max_samples=9)
    found = mel.least(problem, 100, "cycle_s", threads=1, callback=within(300))
    assert found.plan is not None
    assert found.proof is not None
    assert mel.verify(found.plan.problem, found.plan).ok
    assert mel.verify(found.proof.problem, found.proof).ok
    assert found.amount <= found.lower * (1 + 1e-9)


def test_a_search_that_is_stopped_has_ruled_out_what_no_learner_can_do():
    """Nothing was proved before both ends were found; one learner's own times rule most out."""
    problem = cell("fixed", 0.1, faded=1e-3, max_samples=9)
    stopped = mel.least(
        problem, 100, "cycle_s", threads=1, callback=lambda _low, _high, passes, _s: passes > 25
    )
    assert stopped.passes < 60
    assert stopped.proof is not None
    assert mel.verify(stopped.proof.problem, stopped.proof).ok
    assert stopped.lower > 277.5509  # of 277.5510


def test_passes_are_counted_while_a_tree_grows():
    """A callback that counts passes stopped no tree: it was told of them when that had ended."""
    table = mel.scenarios.table1(
        1200, seed=1, law="fixed", budgets="per_learner", noise_bandwidth_hz=1e8
    )
    spread = 10 ** np.random.default_rng(3).uniform(-0.2, 0.2, 1200)
    caps = {
        "max_samples": np.full(1200, 680.0),
        "max_bandwidth_hz": np.full(1200, 5 * table.radio.bandwidth_hz / 1200),
    }
    problem = table.replace(
        task=table.task.replace(samples=77_400),
        learners=table.learners.replace(gain=np.median(table.learners.gain) * spread, **caps),
    )
    told: list[int] = []
    most = within(3000)

    def enough(low: float, high: float, passes: int, elapsed_s: float) -> bool:
        told.append(passes)
        return passes > 600 or most(low, high, passes, elapsed_s)

    found = mel.least(problem, 1, "bandwidth_hz", threads=1, callback=enough)
    assert found.status == "feasible"
    assert told == sorted(told)
    assert 600 < found.passes < 1200


def test_what_a_plan_allows_beside_is_not_searched_for_among_many(monkeypatch):
    """Both ends were found, and a plan for more local cycles looked for in 1,400 passes."""
    passes: list[int] = []

    def counting(ask):
        def asked(*arguments, **words):
            result = ask(*arguments, **words)
            passes.append(result.passes)
            return result

        return asked

    for name in ("decide", "solve"):
        monkeypatch.setattr(_core, name, counting(getattr(_core, name)))
    table = mel.scenarios.table1(SIZE, law="fixed", samples=25 * SIZE, budgets="per_learner")
    found = mel.least(table, 1, "cycle_s", threads=1)
    assert found.status == "optimal"
    assert found.plan is not None
    assert found.plan.tau == 1
    assert sum(passes) < 50
    assert mel.verify(found.plan.problem, found.plan).ok
