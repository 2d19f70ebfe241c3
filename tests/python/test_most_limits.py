"""The most samples where what each learner may hold binds: all of it or none, for most."""

import math
from fractions import Fraction

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bracket.most_looks import _fewest_counting
from mel_fast.plans.claims.parts import PartsLeaf


def limited(learners: int, seed: int, most: int, law: str = "density") -> mel.Problem:
    """Return Table I's problem of learners that may rest, each with at most so many samples."""
    problem = mel.scenarios.table1(learners, seed=seed, idle="excused", law=law)
    return problem.replace(learners=problem.learners.replace(max_samples=np.full(learners, most)))


@pytest.mark.parametrize(
    ("seed", "most", "value"), [(3, 40, 49_000), (4, 300, 247_929), (1, 4, 5136), (2, 9, 11_493)]
)
def test_whole_learners_leave_no_gap_and_no_look_takes_all_the_time(
    seed: int, most: int, value: int
) -> None:
    """Prices alone leave a share of a learner; boxes would take for ever over who it is."""
    problem = limited(3000, seed, most)
    found = mel.most(problem, 2, threads=1)
    assert found.status == "optimal"
    assert found.value == found.bound == value
    assert found.passes < 500  # tens of thousands before, without an end
    assert found.plan is not None
    assert found.proof is not None
    assert int(found.plan.samples.sum()) == value
    assert found.plan.samples.max() <= most
    assert mel.verify(found.plan.problem, found.plan).ok
    assert mel.verify(found.proof.problem, found.proof).ok


@pytest.mark.parametrize(
    ("law", "most"), [("density", 3), ("density", 120), ("fixed", 3), ("fixed", 17)]
)
def test_a_sample_more_is_impossible_by_a_question_of_its_own(law: str, most: int) -> None:
    """What parts of samples rule out is what `solve` finds no plan for."""
    problem = limited(700, 5, most, law)
    problem = problem.replace(
        radio=problem.radio.replace(bandwidth_hz=problem.radio.bandwidth_hz / 8)
    )
    found = mel.most(problem, 3, threads=1, time_limit_s=60)
    assert found.status == "optimal"
    just = mel.solve(problem.with_samples(found.value), threads=1)
    above = mel.solve(problem.with_samples(found.value + 1), threads=1, time_limit_s=60)
    assert just.tau >= 3 > above.bound


@pytest.mark.parametrize("of", ["samples", "weight", "learners"])
@pytest.mark.parametrize("learners", [50, 3000, 6000])
def test_a_search_without_any_time_knows_what_limits_allow(of: str, learners: int) -> None:
    """The bound is never that nothing is known, where learners may not have more."""
    problem = limited(learners, 0, 7)
    weight = np.arange(1.0, learners + 1)
    problem = problem.replace(learners=problem.learners.replace(weight=weight))
    found = mel.most(problem, 2, of, threads=1, time_limit_s=0.0)
    allowed = {"samples": 7 * learners, "weight": 7 * weight.sum(), "learners": learners}[of]
    assert found.bound <= allowed
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof).ok


def test_what_a_leaf_of_parts_refutes_is_counted_to_the_sample() -> None:
    """The fewest samples that count for as much, as trying all of them finds it."""
    rng = np.random.default_rng(1)
    for _ in range(2000):
        part, worth = int(rng.integers(2, 12)), float(rng.uniform(0, 30))
        samples, less = int(rng.integers(1, 200)), Fraction(float(rng.uniform(-90, 90)))
        leaf = PartsLeaf(1.0, 1.0, worth, part)

        def counts(d: int, worth: float = worth, part: int = part) -> Fraction:
            return d + Fraction(worth) * math.ceil(Fraction(d, part))

        wanted, fewest = counts(samples) - less, _fewest_counting(leaf, samples, less)
        assert counts(fewest - 1) < wanted <= counts(fewest)  # they grow with the samples


def test_whoever_must_take_a_sample_takes_it_however_little_time_is_left() -> None:
    # Nine megabits in a tenth of a millisecond within 37 MHz: the power overflows. Whoever had to
    # take a sample was said to take none, for nothing, and such a plan was the answer.
    size, tau = 5000, 18_100
    rest = np.zeros(size - 1)
    problem = mel.scenarios.table1(size, idle="served", law="fixed", budgets="per_learner")
    problem = problem.replace(
        learners=mel.Learners(
            np.append(rest + 2.4e9, 7e8),
            np.append(rest + 1e-11, 2.7e-13),
            5e6,
            0.2,
            max_bandwidth_hz=3.68e7,
            min_samples=np.append(rest, 1),
        ),
    )
    last = problem.payload.return_bits / problem.return_rates()[-1]
    cycle_s = last + tau * float(np.max(problem.payload.flops_per_sample)) / 7e8 + 1e-4
    found = mel.most(problem.with_budgets(cycle_s=cycle_s), tau)
    assert found.status == "infeasible"
