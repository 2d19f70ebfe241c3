"""The checker on arrays: what it encloses holds the true numbers, and it agrees with the balls."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from sharded import mixed

flint = pytest.importorskip("flint", reason="python-flint (extra [verify]) is missing")

from mel_fast.verify import verify_dict  # noqa: E402
from mel_fast.verify._goal import Goal  # noqa: E402
from mel_fast.verify._learner import Learner, precision  # noqa: E402
from mel_fast.verify.best._capped import respond  # noqa: E402
from mel_fast.verify.claim._problem import Problem  # noqa: E402
from mel_fast.verify.claim._read import Leaf  # noqa: E402
from mel_fast.verify.claim._read_problem import read_problem  # noqa: E402
from mel_fast.verify.quick import density, fixed, rows  # noqa: E402
from mel_fast.verify.quick import numbers as arrays  # noqa: E402
from mel_fast.verify.quick.intervals import LN2, Interval, enclosing, exactly, log, log1p  # noqa: E402
from mel_fast.verify.quick.leaf import worths  # noqa: E402
from mel_fast.verify.quick.sums import exact_sum, whole_sum  # noqa: E402
from mel_fast.verify.quick.trust import raises_where_it_must  # noqa: E402


def holds(interval: Interval, true: list[Any]) -> bool:
    """Whether each interval holds its number, given as a ball."""
    ends = zip(interval.lo.tolist(), interval.hi.tolist(), true, strict=True)
    return all(flint.arb(lo) <= ball <= flint.arb(hi) for lo, hi, ball in ends)


def test_logarithms_are_enclosed_at_every_size_and_at_the_joints() -> None:
    rng = np.random.default_rng(0)
    joints = [0.4, 2**0.5 - 1, 1.0, 3.0, 2.0**-40, 2.0**60]
    drawn = [10 ** rng.uniform(-25, 25, 400), 10 ** rng.uniform(-1, 1, 400)]
    x = np.concatenate([*drawn, joints, np.nextafter(joints, 0), np.nextafter(joints, np.inf)])
    with enclosing():
        plain, grown = log(x), log1p(x)
    with precision(200):
        balls = [flint.arb(number) for number in x.tolist()]
        assert holds(plain, [ball.log() for ball in balls])
        assert holds(grown.log, [ball.log1p() for ball in balls])
        assert holds(grown.excess, [ball.log1p() - ball / (1 + ball) for ball in balls])
        assert flint.arb(float(LN2.lo)) <= flint.arb.const_log2() <= flint.arb(float(LN2.hi))
    width = (grown.excess.hi - grown.excess.lo) / grown.excess.lo
    assert width.max() < 1e-12


def test_operations_hold_what_exact_fractions_say() -> None:
    rng = np.random.default_rng(1)
    a, b = (exactly(10 ** rng.uniform(-20, 20, 500)) for _ in range(2))
    third = exactly(3.0)
    with enclosing():
        found = a.over(b).times(third).plus(b).minus(a)
    for k in range(500):
        p, q = Fraction(a.lo[k]), Fraction(b.lo[k])
        assert Fraction(found.lo[k]) <= p / q * 3 + q - p <= Fraction(found.hi[k])


def test_what_underflows_or_is_below_zero_is_left_to_the_balls() -> None:
    assert raises_where_it_must()
    tiny = exactly(np.array([1.0, 1e-300]))
    with enclosing():
        for wrong in (lambda: tiny.times(tiny), lambda: tiny.over(exactly(0.0))):
            with pytest.raises(FloatingPointError):
                wrong()
        with pytest.raises(FloatingPointError, match="below zero"):
            exactly(np.array([-1.0])).times(tiny)
        with pytest.raises(FloatingPointError, match="tau is above"):
            arrays.cycles(2**53 + 1)


def test_sums_of_arrays_have_no_rounding() -> None:
    rng = np.random.default_rng(2)
    column = rng.choice([-1, 1], 3000) * 10.0 ** rng.uniform(-300, 300, 3000)
    assert exact_sum(column) == sum(map(Fraction, column.tolist()))
    assert exact_sum(np.array([5e-324, 1.0, 0.0])) == Fraction(5e-324) + 1
    assert exact_sum(np.zeros(0)) == 0
    counts = rng.integers(0, 2**62, 3000)
    assert whole_sum(counts) == sum(counts.tolist())


def checked(problem: mel.Problem) -> Problem:
    """Return the problem as the checker reads it."""
    return read_problem(problem.to_dict(), "problem")


def prices(problem: mel.Problem) -> tuple[float, float, int]:
    """Return prices that a proof names, or some, and the tau they are for."""
    plan = mel.solve(problem)
    for node in (plan.certificate or {"tree": []})["tree"]:
        if node.get("lambda_per_hz", 0) and node.get("mu_per_w", 0):
            return node["lambda_per_hz"], node["mu_per_w"], plan.bound + 1
    return 1e-4, 1e5, max(plan.tau, 1)


def best_of_balls(told: Problem, k: int, tau: int, leaf: Leaf, ends: tuple[int, int]) -> Any:
    """Return what the checker's balls say that a learner is worth at most; None: it cannot be."""
    row = told.learners[k]
    learner = Learner(told, row, tau)

    def at(lam: Any, mu: Any) -> Any:
        return respond(told.law, learner, lam, mu, learner.bandwidth_cap)

    best = Goal(told).best(row, at, leaf)(ends)
    return None if best is None else float(best)


def ends_of(told: Problem) -> tuple[Any, Any]:
    """Return the fewest and the most samples of each learner, as arrays of whole float64."""
    low = np.array([row.min_samples for row in told.learners], dtype=np.float64)
    return low, np.array([min(row.max_samples, told.samples) for row in told.learners], np.float64)


def told_and_arrays(problem: mel.Problem) -> tuple[Problem, arrays.Numbers, Any, Any]:
    """Return what the checker reads of a problem, its arrays, and the fewest and most samples."""
    told = checked(problem)
    numbers = arrays.of_columns(told, problem.learners.columns())
    assert numbers is not None
    return told, numbers, *ends_of(told)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 9, 10, 11, 13, 21, 22, 25, 28, 31, 35, 41])
def test_best_values_are_those_of_the_balls_or_hardly_above(seed: int) -> None:
    problem = mixed(seed, 24)
    lam, mu, tau = prices(problem)
    told, numbers, low, high = told_and_arrays(problem)
    for one, other in ((lam, mu), (lam * 3, mu), (lam / 50, mu), (lam, 0.0), (0.0, mu)):
        with enclosing():
            found = worths(numbers, tau, one, other, low, high)
        limited = [row.max_bandwidth_hz < np.inf or row.gain == 0 for row in told.learners]
        assert (found.sure | limited).all()
        for k in np.flatnonzero(found.sure).tolist():
            value = best_of_balls(told, k, tau, Leaf(one, other), (int(low[k]), int(high[k])))
            most, least = float(found.most[k]), float(found.least[k])
            if value is None:
                assert least == -np.inf
                continue
            assert most >= value - 1e-9 * max(abs(value), 1.0)
            assert least <= most
            if not limited[k]:
                assert most == pytest.approx(value, rel=1e-9, abs=1e-9)
            if least > -np.inf and not limited[k]:
                assert least == pytest.approx(value, rel=1e-7, abs=1e-7) or least == 0


@pytest.mark.parametrize("seed", [2, 3, 28 + 2, 28 + 3, 28 + 1])
@pytest.mark.parametrize("guess", ["price", "peak", "bend"])
def test_a_wrong_guess_makes_bounds_larger_never_too_small(
    seed: int, guess: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    if guess == "price":
        cheapest, root = density._cheapest, fixed._root
        monkeypatch.setattr(
            density, "_cheapest", lambda odds: cheapest(odds) * rng.uniform(0.5, 2, odds.shape)
        )

        def off(goal: Any) -> Any:
            x = root(goal)[0] * rng.uniform(0.98, 1.02, goal.shape)
            return x, np.log1p(x)

        monkeypatch.setattr(fixed, "_root", off)
    elif guess == "peak":
        for law in (density.Density, fixed.Fixed):
            right = law.peak
            monkeypatch.setattr(
                law, "peak", lambda self, right=right: right(self) * rng.uniform(0.5, 1.5)
            )
    else:
        bend = fixed.Fixed._guess_bend
        monkeypatch.setattr(
            fixed.Fixed, "_guess_bend", lambda self: bend(self) + rng.choice([-3, 3])
        )
    problem = mixed(seed, 24)
    lam, mu, tau = prices(problem)
    told, numbers, low, high = told_and_arrays(problem)
    with enclosing():
        found = worths(numbers, tau, lam, mu, low, high)
    if guess == "peak":  # where the bend is not known, it is left to the balls
        assert found.sure.all()
    for k in np.flatnonzero(found.sure).tolist():
        value = best_of_balls(told, k, tau, Leaf(lam, mu), (int(low[k]), int(high[k])))
        if value is not None:
            assert found.most[k] >= value - 1e-9 * max(abs(value), 1.0)
            assert found.least[k] <= value + 1e-9 * max(abs(value), 1.0)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 10, 17, 20, 25])
def test_whole_plans_get_the_verdict_of_the_balls_from_arrays(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = mixed(seed, 40)
    plan = mel.solve(problem)
    balls = mel.verify(problem, plan)
    monkeypatch.setattr(rows, "FEWEST", 1)
    arrays_too = mel.verify(problem, plan)
    assert arrays_too.ok == balls.ok is bool(plan.status in ("optimal", "infeasible"))
    if not plan:
        return
    assert arrays_too.spare_s == pytest.approx(balls.spare_s, rel=1e-9, abs=1e-9)
    taker = int(np.argmax(plan.samples))
    claim = plan.to_dict()
    for name, less in (("bandwidth_hz", 1e-3), ("power_w", 1e-6)):
        column = list(claim[name])
        column[taker] = float(getattr(plan, name)[taker]) * less
        assert not verify_dict({**claim, name: column})
    lower = {**claim["certificate"], "tau": plan.tau}
    assert not verify_dict({**claim, "tau": 1, "bound": plan.tau - 1, "certificate": lower})
