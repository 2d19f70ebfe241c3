"""Plans and ends that are known are not lost, above all where learners may sit out."""

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core
from mel_fast.bracket import selected
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.least_search import LeastSearch
from mel_fast.bracket.search import Split
from patience import in_time


def open_minima(seed: int, count: int = 12) -> mel.Problem:
    """Return learners who bring a few samples at least, or none."""
    rng = np.random.default_rng(seed)
    problem = mel.scenarios.table1(
        count,
        seed=seed,
        law=("density", "fixed")[seed % 2],
        setting="federated",
        idle="excused",
        samples=int(rng.integers(200, 1500)),
        budgets="per_learner",
    )
    own = rng.integers(5, 40, count)
    power_w = 0.2 * count * 10 ** rng.uniform(-1, 1.5)
    return problem.replace(
        learners=problem.learners.replace(min_samples=own, optional=True),
        radio=problem.radio.replace(power_w=power_w),
        cycle_s=10.0 ** rng.uniform(0, 1.5),
    )


@pytest.mark.parametrize("seed", [5, 15, 28, 50, 52, 55])
def test_a_tree_that_knows_no_minima_proves_the_lower_end(seed: int) -> None:
    """It was thrown away: what proved the same was looked for anew, with up to 193 nodes."""
    problem = open_minima(seed)
    found = mel.least(problem, mel.solve(problem).tau, "power_w")
    assert found.status == "optimal"
    assert found.proof is not None
    assert found.proof.certificate is not None
    assert 1 < len(found.proof.certificate["tree"]) <= 9
    assert mel.verify(found.proof.problem, found.proof)


def test_boxes_of_twins_hold_only_where_their_minima_agree() -> None:
    problem = open_minima(28)
    gain, flops_per_s = problem.learners.gain.copy(), problem.learners.flops_per_s.copy()
    gain[1], flops_per_s[1] = gain[0], flops_per_s[0]
    twins = problem.replace(learners=problem.learners.replace(gain=gain, flops_per_s=flops_per_s))
    same = twins.replace(learners=twins.learners.replace(min_samples=7))
    split = np.array([-1, 0, 5])
    for case, holds in ((twins, False), (same, True), (problem, True)):
        assert selected.boxes_hold(case, selected.without_choice(case), split) is holds
    closed = same.replace(task=same.task.replace(samples=6))
    assert not selected.boxes_hold(closed, selected.without_choice(closed), split)


def test_the_easier_problem_does_not_take_all_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plan was found then, although that of `solve` needs no more than there is."""

    class Endless(LeastSearch):
        __slots__ = ()

        def _run(self) -> None:
            while not self.clock.over():
                pass
            self._seen(False)

    monkeypatch.setattr(selected, "LeastSearch", Endless)
    problem = open_minima(28)
    over: Any
    for over in ("cycle_s", "bandwidth_hz", "power_w"):
        found = mel.least(problem, mel.solve(problem).tau, over, time_limit_s=1.0)
        assert found.plan is not None, over
        assert found.factor <= 1.0 + 1e-6


def waits(limit_s: float) -> None:
    """Do nothing for so long."""
    end = time.perf_counter() + limit_s
    while time.perf_counter() < end:
        pass


@pytest.mark.parametrize("over", ["cycle_s", "bandwidth_hz", "power_w"])
def test_a_look_that_never_ends_leaves_time_for_a_plan(
    over: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks at blocks took all of the time, and of 2,000 learners no plan was known."""

    def bracket(*words: Any) -> tuple[Any, ...]:
        waits(words[4])
        return 0.0, None, 0.0, None, None, 0

    problem = mel.scenarios.table1(30, block_hz=180e3)
    plan = mel.solve(problem)
    monkeypatch.setattr(_core, "bracket", bracket)
    found = mel.least(problem, plan.tau, over, time_limit_s=1.0)
    assert found.plan is not None
    assert found.factor <= 1.0


def test_no_more_than_there_is_where_that_has_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A split that needs hardly more than there is was all that was known when time was up."""
    problem = mel.scenarios.table1(30, block_hz=180e3)
    tau = mel.solve(problem).tau
    longer = problem.with_budgets(cycle_s=problem.cycle_s * 1.001)
    found = _core.decide(longer._core, tau, 0, 10.0, 1, None, None)
    answers = [(0.0, None, longer.cycle_s, found, None, 0)]
    bracket = _core.bracket
    monkeypatch.setattr(
        _core, "bracket", lambda *words: answers.pop() if answers else bracket(*words)
    )
    asked: list[float] = []
    decide = LeastSearch.decide
    monkeypatch.setattr(
        LeastSearch, "decide", lambda self, amount: (asked.append(amount), decide(self, amount))[1]
    )
    assert mel.least(problem, tau, "cycle_s").factor <= 1.0
    assert asked[0] == problem.cycle_s


def test_a_tau_of_which_nobody_knows_leaves_time_for_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one that took long was the last that was asked."""
    select, asked = _core.select, []

    def slow(*words: Any) -> Any:
        asked.append(words[1])
        if words[1] >= most:
            waits(words[7])
            return SimpleNamespace(
                nodes=1, passes=1, end=(0.0, 0.0), bound=np.inf, interrupted=None,
                samples=None, refuted=False, stopped=True,
            )  # fmt: skip
        return select(*words)

    problem = mel.scenarios.table1(12, seed=2, idle="excused", samples=600)
    problem = problem.replace(radio=problem.radio.replace(bandwidth_hz=2e6, power_w=0.01))
    most = mel.solve(problem, at_least=12).tau
    monkeypatch.setattr(_core, "select", slow)
    plan = mel.solve(problem, at_least=12, time_limit_s=1.0)
    assert most in asked
    assert 1 <= plan.tau < most


@pytest.mark.parametrize("seed", [1, 4, 16, 33])
def test_solve_takes_over_boxes_that_know_no_minima(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they ruled out was asked once more, minima and all."""
    rng = np.random.default_rng(seed)
    samples, own = int(rng.integers(20, 60)), rng.integers(1, 6, 6)
    problem = mel.scenarios.table1(
        6, seed=seed, law=("density", "fixed")[seed % 2], setting="federated", idle="excused",
        samples=samples, budgets="per_learner",
    )  # fmt: skip
    radio = problem.radio
    problem = problem.replace(
        learners=problem.learners.replace(min_samples=own, optional=True),
        radio=radio.replace(
            power_w=radio.power_w * 10 ** rng.uniform(-2, 0),
            bandwidth_hz=radio.bandwidth_hz * 10 ** rng.uniform(-1, 0),
        ),
        cycle_s=10.0 ** rng.uniform(-1, 0.5),
    )
    monkeypatch.setattr(_core, "select", None)  # is not asked
    plan = mel.solve(problem)
    assert plan.status == "optimal"
    assert plan.certificate is not None
    assert len(plan.certificate["tree"]) > 1
    assert mel.verify(problem, plan)


def test_far_too_much_is_not_taken_away_sample_by_sample() -> None:
    """Two million samples of a hundred learners: 1.8 s of single ones in place of 0.03 s."""
    problem = mel.scenarios.table1(
        100, law="fixed", setting="federated", idle="excused", samples=2_000_000,
        budgets="per_learner",
    )  # fmt: skip
    problem = problem.replace(
        cycle_s=1200.0,
        learners=problem.learners.replace(max_power_w=0.2),
        radio=problem.radio.replace(power_w=0.2),
    )
    plan = in_time(0.5, lambda: mel.solve(problem, at_least=99))
    assert plan.status == "optimal"


def test_boxes_that_no_worth_of_taking_part_closes_are_soon_left() -> None:
    """Fourteen worths of each were looked at: 24,628 passes."""
    rng = np.random.default_rng(34)
    count = int(rng.integers(8, 40))
    samples = int(rng.integers(2, 30)) * count
    problem = mel.scenarios.table1(count, seed=34, idle="excused", samples=samples)
    radio = problem.radio
    problem = problem.replace(
        radio=radio.replace(
            bandwidth_hz=radio.bandwidth_hz * 10 ** rng.uniform(-2, -0.5),
            power_w=radio.power_w * 10 ** rng.uniform(-2, 0),
        )
    )
    plan = mel.solve(problem, at_least=int(count * rng.uniform(0.6, 1)))
    assert (plan.status, plan.tau) == (mel.Status.OPTIMAL, 9351)
    assert plan.passes <= 10_000
    assert mel.verify(problem, plan)


def test_balls_are_not_asked_about_ends_far_apart() -> None:
    """They took seconds after the time limit, and could not have brought them together."""
    problem = mel.scenarios.table1(4)
    search = LeastSearch(problem, 1, "power_w", "joint", 1, Clock(60.0))
    search.run()
    assert search.best is not None
    best, search.lower = search.best, search.best.amount * (1.0 - 1e-8)
    assert search._may_sharpen()
    search.best = Split(2.0 * best.amount, best.samples, best.bandwidth_hz, best.power_w)
    assert not search._may_sharpen()
