"""The most local cycles of very many learners with numbers of their own: few passes, once."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bench._measure import grown
from mel_fast.bracket import most_samples
from mel_fast.campaigns.cycles import search
from mel_fast.model.radio import Law

pytest.importorskip("flint")


def test_some_of_many_learners_say_where_the_ratio_is_best(monkeypatch: Any) -> None:
    problem = mel.scenarios.table1(
        13_500, seed=3, idle="excused", budgets="per_learner", samples=600 * 13_500
    )
    samples = mel.solve(problem).samples
    slow = mel.most(problem, samples=samples, spread=1.5)
    monkeypatch.setattr("mel_fast.campaigns.cycles.search.MANY", 13_000)
    monkeypatch.setattr("mel_fast.bracket.stated_samples._SOME", 4500)
    quick = mel.most(problem, samples=samples, spread=1.5)
    assert (quick.status, quick.value, quick.bound) == (slow.status, slow.value, slow.bound)
    # The ranges of the claims together hold every number of cycles of the slowest.
    assert quick._check_claims() == []
    assert quick._check_plan() == []


@pytest.fixture(scope="module")
def faded() -> tuple[mel.Problem, np.ndarray]:
    """Return equal samples of many learners, a few of whom hardly have a channel."""
    problem = mel.scenarios.table1(
        70_000, seed=0, idle="excused", budgets="per_learner", samples=3000 * 70_000
    )
    task, few = problem.task, 30.0 / 3.0  # of a cycle, for the return alone
    weak = task.model_bits / problem.return_rates() > few
    gain = np.where(weak, problem.learners.gain.max(), problem.learners.gain)
    problem = problem.replace(learners=problem.learners.replace(gain=gain))
    return problem, np.full(70_000, 3000)


@pytest.mark.parametrize("spread", [1.0, 1.5, 2.0, 4.0])
def test_few_questions_decide_a_ratio_of_many_learners_with_deep_fades(
    faded: tuple[mel.Problem, np.ndarray], spread: float
) -> None:
    """The best box, what lies below and above it, and the plan: hundreds of passes, once."""
    problem, samples = faded
    found = mel.most(problem, samples=samples, spread=spread)
    assert found.status == "optimal"
    assert len(found.proofs) <= 4
    assert found.passes < 100
    assert found._check_claims() == []
    assert found._check_plan() == []


def test_least_cycles_that_do_not_fit_are_told_by_water_filling(
    faded: tuple[mel.Problem, np.ndarray],
) -> None:
    problem, _ = faded
    speed = problem.learners.flops_per_s / problem.payload.flops_per_sample
    samples = np.maximum((0.45 * problem.cycle_s * speed).astype(np.int64), 1)
    short = problem.replace(
        task=problem.task.replace(samples=int(samples.sum())),
        radio=problem.radio.replace(bandwidth_hz=0.3 * problem.radio.bandwidth_hz),
    )
    found = mel.most(short, samples=samples)
    assert found.status == "infeasible"
    assert found.passes <= 4


LEARNERS = 70_000


def alike(law: Law) -> mel.Problem:
    """Return learners with 5 MHz each on average and channels without deep fades."""
    rng = np.random.default_rng(0)
    problem = grown(LEARNERS, law, "excused")
    metres = 50.0 * np.sqrt(rng.random(LEARNERS)) + 1.0
    gain = (0.05 + rng.random(LEARNERS)) * 10.0 ** (-(77.0 + 21.0 * np.log10(metres)) / 10.0)
    speed = np.where(np.arange(LEARNERS) % 2, 2.4e9, 0.7e9)
    learners = mel.Learners(speed, gain, 5e6, 0.2)
    radio = problem.radio.replace(bandwidth_hz=5e6 * LEARNERS, power_w=0.01 * LEARNERS)
    if law == "fixed":
        radio = radio.replace(noise_power_w=4e-21 * 5e6)
    return problem.replace(learners=learners, radio=radio)


def unequal(problem: mel.Problem) -> np.ndarray:
    """Return anything from a few samples to twice as many as all have on average."""
    total = problem.task.samples
    samples = np.random.default_rng(5).integers(10, 2 * (total // LEARNERS), LEARNERS)
    samples += (total - int(samples.sum())) // LEARNERS
    samples[: total - int(samples.sum())] += 1
    return samples


@pytest.mark.parametrize("spread", [1.0, 2.0, 4.0])
def test_who_has_hardly_any_samples_takes_no_longer_to_be_told_off(spread: float) -> None:
    """A learner with four samples does thousands of cycles, until they cost more than all have.

    No sample of the learners knows of it: prices that prove that not all can do so many took
    another search for prices, and a million cycles taken away one by one (54 to 62 passes).
    """
    problem = alike("density")
    found = mel.most(problem, samples=unequal(problem), spread=spread)
    assert found.status == "optimal"
    assert found.passes <= 30
    assert found._check_claims() == []
    assert found._check_plan() == []


@pytest.mark.parametrize("dealt", [False, True])
def test_real_samples_rule_out_what_lies_beside_the_best_box(monkeypatch: Any, dealt: bool) -> None:
    """Real samples prove it in a pass or two, and their own slopes say where.

    Whole ones took a look, some of the learners to foretell by and a second look; where not even
    the least fits, a look, water-filling and two looks.
    """
    asked: list[int] = []
    select = most_samples.selection

    def counted(problem: mel.Problem, tau: int, *words: Any, **more: Any) -> Any:
        found = select(problem, tau, *words, **more)
        if more.get("samples"):
            assert found.refuted
            asked.append(found.passes)
        return found

    monkeypatch.setattr(most_samples, "selection", counted)
    problem = alike("density")
    samples = mel.solve(problem).samples if dealt else unequal(problem)
    found = mel.most(problem, samples=samples, spread=2.0)
    assert found.status == "optimal"
    assert 1 <= len(asked) <= 3
    assert max(asked) <= 2


@pytest.mark.long
def test_claims_by_real_samples_are_believed() -> None:
    problem = alike("density")
    assert mel.most(problem, samples=unequal(problem), spread=2.0).check() == ()


def test_some_learners_are_asked_of_all_beyond_the_best_box_at_once(monkeypatch: Any) -> None:
    """Mostly they rule it out, and the boxes next to the best need no questions (5, and 18 passes).

    All begin at the prices of that.
    """
    asked: list[int] = []
    select = search.selection

    def counted(problem: mel.Problem, *words: Any, **more: Any) -> Any:
        found = select(problem, *words, **more)
        asked.append(found.passes)
        return found

    monkeypatch.setattr(search, "selection", counted)
    problem = alike("density")
    found = mel.most(problem, samples=mel.solve(problem).samples, spread=2.0)
    assert found.status == "optimal"
    assert len(asked) <= 3
    assert found.passes <= 15


def test_every_so_many_learners_by_need_have_their_share_of_the_dear_ones() -> None:
    problem = alike("density")
    who = problem._core.every_by_need(35)
    assert len(np.unique(who)) == len(who) == LEARNERS // 35
    # What one sample needs, by the formula of its rate; an order to a hundredth, and then as told.
    speed = problem.learners.flops_per_s / problem.payload.flops_per_sample
    back_s = problem.payload.return_bits / problem.return_rates()
    bits = problem.payload.send_bits + problem.payload.send_bits_per_sample
    need = bits / problem.learners.gain / (problem.cycle_s - back_s - 1.0 / speed)
    ranks = np.argsort(np.argsort(need))[who]
    assert np.abs(ranks - (17 + 35 * np.arange(len(who)))).max() < 0.01 * LEARNERS
    assert abs(float(need[who].mean() / need.mean()) - 1.0) < 2e-3


@pytest.mark.parametrize("spread", [None, 2.0])
def test_what_a_fixed_noise_does_not_allow_is_told_by_the_first_prices(spread: Any) -> None:
    # Below nothing a bound proves all there is to prove, however far below (14 more passes).
    problem = grown(LEARNERS, "fixed", "excused")
    samples = np.full(LEARNERS, problem.task.samples // LEARNERS)
    found = mel.most(problem, samples=samples, spread=spread)
    assert found.status == "infeasible"
    assert found.passes <= 5
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize(("law", "most"), [("density", 5), ("fixed", 5)])
def test_learners_that_are_all_near_a_cycle_more_or_less_are_no_gap(law: Law, most: int) -> None:
    """Samples as `solve` deals them are worth a cycle more or less at nearly the same price.

    Ten thousand learners change by one as prices do by 0.3 percent: what was foretold was off, and
    asked for again, and brackets closed the gap (52 passes).
    """
    problem = alike(law)
    samples = mel.solve(problem).samples
    assert samples is not None
    found = mel.most(problem, samples=samples)
    assert found.status == "optimal"
    assert found.passes <= most


def test_prices_that_bound_the_cycles_prove_the_plan_as_well(monkeypatch: Any) -> None:
    # The best box was asked already: that two of its "samples" in place of each are impossible is
    # no question of its own.
    asked: list[int] = []
    select = most_samples.selection

    def counted(problem: mel.Problem, tau: int, *words: Any, **more: Any) -> Any:
        asked.append(tau)
        return select(problem, tau, *words, **more)

    monkeypatch.setattr(most_samples, "selection", counted)
    problem = alike("density")
    found = mel.most(problem, samples=unequal(problem), spread=2.0)
    assert found.plan is not None
    assert set(asked) == {1}
    assert mel.verify(found.plan.problem, found.plan)


@pytest.mark.parametrize(("seed", "spread"), [(3, 4.5), (10, 4.0), (11, 3.5)])
def test_where_prices_are_steep_more_learners_say_which_box_is_asked_first(
    monkeypatch: Any, seed: int, spread: float
) -> None:
    """Next to where no cycle more is possible some had 4 % too many, or 26 % too few."""
    asked: list[int] = []
    run = most_samples.MostSamples.run

    def noted(self: Any) -> None:
        run(self)
        if len(self.problem.learners) == LEARNERS:
            asked.append(self.value)

    monkeypatch.setattr(most_samples.MostSamples, "run", noted)
    problem = alike("density")
    total = problem.task.samples
    samples = np.random.default_rng(seed).integers(300, 6000, LEARNERS)
    samples = np.maximum(np.floor(samples * (total / samples.sum())), 1).astype(np.int64)
    samples[: total - int(samples.sum())] += 1
    found = mel.most(problem, samples=samples, spread=spread)
    assert found.status == "optimal"
    assert asked == [found.value]  # no other box was asked for a plan
    assert found._check_claims() == []
    assert found._check_plan() == []
