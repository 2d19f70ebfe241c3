"""The most local cycles where each learner has its own number: enumeration, proofs, properties."""

import dataclasses
import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from limited import HAIR, LIMITS, fits, nudged, with_limits
from mel_fast.campaigns.cycles.rehearsal import covering
from mel_fast.campaigns.cycles.swap import slowest_times, swapped
from mel_fast.cli import run
from strategies import VARIANTS, draw

pytest.importorskip("flint")

LARGEST = 2**53


def fit(problem: mel.Problem, samples: np.ndarray, cycles: np.ndarray) -> bool:
    """Ask the reference about one cycle in which a learner computes as if it did its own number.

    Not the swap: samples stay samples, and what each flop costs in time and energy is multiplied.
    """
    there = np.flatnonzero(samples)
    flops = np.broadcast_to(problem.payload.flops_per_sample, samples.shape)
    learners = problem.learners.take(there)
    told = {
        name: value[there] if isinstance(value, np.ndarray) else value
        for name, value in problem.payload.given().items()
    }
    told["flops_per_sample"] = flops[there] * cycles[there]
    fixed = problem.replace(
        learners=learners.replace(min_samples=samples[there], max_samples=samples[there]),
        payload=mel.Payload(**told),
    )
    return fits(fixed, 1, "joint")


def most_by_enumeration(
    problem: mel.Problem, samples: np.ndarray, spread: float | None, at_most: int
) -> int:
    """Grow every vector of cycles that fits by one learner's cycle; 0 where not even ones fit."""
    first = tuple(int(d > 0) for d in samples)
    if not fit(problem, samples, np.array(first)):
        return 0
    seen, todo, best = {first}, [first], 0
    while todo:
        cycles = todo.pop()
        own = [t for t, d in zip(cycles, samples, strict=True) if d]
        if spread is None or max(own) <= spread * min(own):
            best = max(best, sum(cycles))
        for k in np.flatnonzero(samples):
            more = tuple(t + (k == i) for i, t in enumerate(cycles))
            if more in seen or sum(more) > at_most + 1:
                continue
            seen.add(more)
            if fit(problem, samples, np.array(more)):
                todo.append(more)
    return best


def tiny(seed: int) -> tuple[mel.Problem, np.ndarray, float | None]:
    """Draw a problem of two or three learners, their samples, and perhaps a ratio."""
    rng = np.random.default_rng([seed, 41])
    size = int(rng.integers(2, 4))
    samples = rng.integers(0 if size > 2 else 1, 5, size)
    samples[0] += 1
    problem = draw(seed, size, int(samples.sum()), *VARIANTS[seed % len(VARIANTS)])
    if rng.random() < 0.5:
        names = tuple(name for name in LIMITS[2:] if rng.random() < 0.4)
        blocks = int(rng.integers(2, 7)) if rng.random() < 0.25 else None
        problem = with_limits(problem, rng, names, blocks)
    spread = None if rng.random() < 0.4 else float(rng.choice([1.0, 1.5, 2.0, 3.0]))
    return problem, samples, spread


def assert_is_the_most(seed: int) -> bool:
    problem, samples, spread = tiny(seed)
    found = mel.most(problem, samples=samples, spread=spread)
    assert found.check() == ()
    if found.bound > 10:
        return False
    assert found.status in ("optimal", "infeasible")
    value = found.value or 0
    best = most_by_enumeration(problem, samples, spread, 10)
    if value != best:  # by a hair, which the reference's double precision does not decide
        below, above = nudged(problem, 1 - HAIR), nudged(problem, 1 + HAIR)
        assert most_by_enumeration(below, samples, spread, 10) <= value
        assert most_by_enumeration(above, samples, spread, 10) >= value
    return True


@pytest.mark.no_cover
def test_enumeration_of_every_vector_of_cycles_finds_the_same_number() -> None:
    assert sum(assert_is_the_most(seed) for seed in range(2, 46)) > 18


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_enumeration_of_many_tiny_problems_finds_the_same_number(part: int) -> None:
    for seed in range(1000 + 250 * part, 1250 + 250 * part):
        assert_is_the_most(seed)


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_one_number_for_all_is_never_more_than_numbers_of_their_own(
    law: str, setting: str, idle: str
) -> None:
    for seed in range(3):
        problem = draw(seed, 4 + 8 * seed, 60 + 90 * seed, law, setting, idle)
        plan = mel.solve(problem)
        if not plan.tau:
            continue
        there = int(np.count_nonzero(plan.samples))
        own = mel.most(problem, samples=plan.samples)
        assert own.status == "optimal"
        assert own.value >= plan.tau * there
        alike = mel.most(problem, samples=plan.samples, spread=1.0)
        assert alike.value % there == 0
        assert plan.tau * there <= alike.value <= own.value
        assert own.check() == alike.check() == ()


def table(learners: int, **words: object) -> tuple[mel.Problem, np.ndarray]:
    problem = mel.scenarios.table1(learners, 30.0, seed=3, idle="excused", **words)
    return problem, mel.solve(problem).samples


def test_a_looser_ratio_never_has_fewer_and_each_is_kept() -> None:
    problem, samples = table(60)
    values = []
    for spread in (1.0, 1.2, 1.5, 2.0, 4.0, None):
        found = mel.most(problem, samples=samples, spread=spread)
        assert found.status == "optimal"
        own = found.cycles[samples > 0]
        assert spread is None or own.max() <= spread * own.min()
        values.append(found.value)
        assert found.check() == ()
    assert values == sorted(values)
    assert len(set(values)) > 2


def test_who_has_no_samples_takes_no_part_and_gets_nothing() -> None:
    for idle in ("served", "excused"):
        problem = mel.scenarios.table1(6, 90.0, seed=1, idle=idle)
        samples = np.array([0, 20_000, 0, 15_000, 20_000, 5_000])
        found = mel.most(problem, samples=samples)
        there = samples > 0
        assert (found.cycles[~there] == 0).all()
        assert (found.cycles[there] >= 1).all()
        assert (found.bandwidth_hz[~there] == 0).all()
        alone = problem.replace(learners=problem.learners.take(there))
        assert found.value == mel.most(alone, samples=samples[there]).value


def test_numbers_that_are_no_doubles_are_rounded_to_the_safe_side() -> None:
    problem, samples = table(8)
    told = mel.Payload(send_bits_per_sample=1234.1, return_bits=1e6 / 3, flops_per_sample=1e6 / 7)
    problem = problem.replace(payload=told)
    harder, easier = swapped(problem, samples)
    assert (harder.payload.send_bits > easier.payload.send_bits).all()
    assert (harder.payload.flops_per_sample > easier.payload.flops_per_sample).all()
    found = mel.most(problem, samples=samples, spread=1.5)
    assert found.status == "optimal"
    assert found.check() == ()


def test_a_learner_that_cannot_do_one_cycle_makes_it_infeasible() -> None:
    problem, samples = table(5)
    short = problem.with_budgets(cycle_s=1e-3)
    found = mel.most(short, samples=samples, spread=2.0)
    assert (found.status, found.value, found.cycles, found.plan) == ("infeasible", None, None, None)
    assert "one local cycle" in found.reasons[0]
    assert found.check() == ()


def test_a_tampered_answer_is_refused() -> None:
    problem, samples = table(12)
    found = mel.most(problem, samples=samples, spread=1.5)
    assert found.check() == ()
    assert len(found.proofs) > 2
    more = found.cycles.copy()
    more[np.flatnonzero(samples)[0]] += 1
    for changes in (
        {"value": found.value + 1, "bound": found.bound + 1},
        {"bound": found.bound - 1},
        {"cycles": more},
        {"bandwidth_hz": found.bandwidth_hz * 0.5},
        {"spread": 1.4},
        {"spread": 1.6},
        {"proofs": found.proofs[:-1]},
        {"proofs": found.proofs[1:]},
        {"proofs": ()},
        {"samples": np.roll(samples, 1)},
        {"problem": problem.with_budgets(cycle_s=30.1)},
        {"plan": None},
    ):
        assert dataclasses.replace(found, **changes).check() != (), changes


def test_a_range_of_one_number_of_cycles_is_asked_with_its_ratio() -> None:
    problem, samples, spread = tiny(1101)
    found = mel.most(problem, samples=samples, spread=spread)
    assert (found.status, found.value, spread) == ("optimal", 2, 1.0)
    assert found.check() == ()


def test_a_ratio_that_is_rounded_to_the_one_asked_for_is_allowed() -> None:
    """Doubles are above some decimals and below others; 6 and 5 cycles are 1.2 times all the same.

    What more is not: the next double down or up.
    """
    assert Fraction(1.2) < Fraction(6, 5)
    for spread, few, many in ((1.1, 10, 11), (1.2, 5, 6), (1.3, 10, 13), (2.5, 3, 7), (1.0, 9, 9)):
        assert slowest_times(spread, few) == many, spread
    assert slowest_times(math.nextafter(1.2, 1), 5) == 5
    assert slowest_times(math.nextafter(2.0, 1), 2**40) == 2**41 - 1
    learners = mel.Learners(
        flops_per_s=[5.5e6, 6.5e6], gain=1.0, return_bandwidth_hz=1.0, return_power_w=1.0
    )
    task = mel.LearningTask(2, 1, 8, 0, 0, 8, 1e6, "federated")
    problem = mel.Problem(task, learners, mel.Radio(1.0, 1.0, noise_power_w=1.0), 1.0)
    found = mel.most(problem, samples=[1, 1], spread=1.2)
    assert (found.status, found.value, found.cycles.tolist()) == ("optimal", 11, [5, 6])
    assert found.check() == ()
    closer = dataclasses.replace(found, spread=math.nextafter(1.2, 1))
    assert "further apart" in str(closer.check())


def test_callbacks_limits_and_ctrl_c_leave_what_is_known() -> None:
    problem, samples = table(400)
    true = mel.most(problem, samples=samples, spread=1.2)
    told: list[tuple[int, int]] = []
    mel.most(
        problem,
        samples=samples,
        spread=1.2,
        callback=lambda low, high, *_: told.append((low, high)),
    )
    assert all(low <= true.value <= high for low, high in told)
    for calls in (1, 3, 40):
        counter = itertools.count(1)
        found = mel.most(
            problem,
            samples=samples,
            spread=1.2,
            callback=lambda *_, n=calls, c=counter: next(c) > n,
        )
        assert found.stopped or found.status == "optimal"
        assert (found.value or 0) <= true.value <= found.bound
        assert found.check() == ()
    assert mel.most(problem, samples=samples, time_limit_s=0.0).bound >= true.value

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(mel.Interrupted) as stop:
        mel.most(problem, samples=samples, callback=interrupt)
    assert isinstance(stop.value.found, mel.MostCycles)


def test_wrong_arguments_are_named() -> None:
    problem, samples = table(3)
    for words, error, text in (
        ({"samples": 3}, TypeError, "one number for each learner"),
        ({"samples": samples[:2]}, ValueError, "samples has length 2"),
        ({"samples": samples + 1}, ValueError, "must be task.samples = 60000"),
        ({"samples": samples - 0.5}, ValueError, r"samples\[0\]"),
        ({"samples": [-1, 1, 60_000]}, ValueError, r"samples\[0\] = -1"),
        ({"samples": samples, "spread": 0.5}, ValueError, "spread = 0.5"),
        ({"samples": samples, "spread": "2"}, TypeError, "spread"),
        ({"samples": samples, "tau": 2}, TypeError, "tau is given with samples"),
        ({"samples": samples, "scheme": "task_only"}, TypeError, "scheme is given"),
        ({"tau": 2, "spread": 2.0}, TypeError, "spread is given without samples"),
        ({}, TypeError, "needs tau"),
    ):
        with pytest.raises(error, match=text):
            mel.most(problem, **words)
    capped = problem.replace(learners=problem.learners.replace(max_samples=10_000))
    with pytest.raises(ValueError, match="at most its max_samples = 10000"):
        mel.most(capped, samples=samples)


def test_the_answer_is_a_table_of_one_row_a_learner_and_a_text() -> None:
    problem, samples = table(5)
    found = mel.most(problem, samples=samples)
    assert {len(column) for column in found.columns().values()} == {5}
    assert f"{found.value:,} local cycles" in str(found)
    assert repr(found).startswith("MostCycles(cycles, value=")
    assert found.proof == found.proofs[0]
    assert found.bound < LARGEST


@pytest.mark.parametrize("seed", range(6))
def test_over_a_shared_way_back_the_most_is_that_of_enumeration_too(seed: int) -> None:
    problem, samples, spread = tiny(3 * seed + 1)
    learners = problem.learners
    turned = learners.replace(
        return_bandwidth_hz=None,
        return_power_w=None,
        send_bandwidth_hz=learners.return_bandwidth_hz,
        send_power_w=learners.return_power_w,
        max_power_w=np.full(len(learners), problem.radio.power_w / 2),
        energy_j=None,
        energy_per_flop_j=None,
    )
    radio = problem.radio.replace(shared="return", power_w=None)
    problem = problem.replace(learners=turned, radio=radio)
    found = mel.most(problem, samples=samples, spread=spread)
    assert found.check() == ()
    if found.bound <= 10:
        best = most_by_enumeration(problem, samples, spread, 10)
        assert (found.value or 0) == best


def test_the_command_takes_a_plan_file_and_writes_two_that_check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plan, own, proof = (tmp_path / name for name in ("plan.json", "own.json", "proof.json"))
    given = mel.solve(mel.scenarios.table1())
    given.save(plan)
    assert run(["cycles", str(plan), "--output", str(own), "--proof", str(proof)]) == 0
    found = mel.most(given.problem, samples=given.samples)
    out = capsys.readouterr().out
    assert out.startswith(found.summary())
    row = out.split("\n\n")[1].splitlines()[2 + 3].split()
    assert row[:3] == ["3", f"{found.samples[3]:,}", str(found.cycles[3])]
    for path, claim in ((own, found.plan), (proof, found.proof)):
        assert mel.Plan.load(path) == claim
        assert mel.verify(None, mel.Plan.load(path))
    assert run(["cycles", str(plan), "--spread", "1"]) == 0
    assert run(["cycles", str(plan), "--spread", "0.5"]) == 2
    assert run(["cycles", str(plan), "--spread", "2", "--proof", str(proof)]) == 2
    assert run(["cycles", str(tmp_path / "none.json")]) == 2
    assert run(["cycles"]) == 2
    mel.solve(given.problem.with_budgets(cycle_s=1e-3)).save(plan)
    assert run(["cycles", str(plan)]) == 2
    assert "without samples" in capsys.readouterr().err


def test_a_range_that_nobody_rules_out_is_missed_by_the_check() -> None:
    problem = mel.scenarios.table1(40, 30.0, seed=2, idle="excused", samples=24_000)
    found = mel.most(problem, samples=np.full(40, 600), spread=1.5)
    assert found.check() == ()
    far = [claim for claim in found.proofs if claim.problem.learners.min_samples[0] > 1]
    assert far
    for claim in far:
        others = tuple(other for other in found.proofs if other is not claim)
        missing = dataclasses.replace(found, proofs=others)
        assert any("no claim rules out" in reason for reason in missing._check_claims())


def test_what_some_learners_leave_out_is_looked_at_by_all() -> None:
    assert covering(1, 9, [(4, 4), (2, 3)]) == [(4, 4), (2, 3), (1, 1), (5, 9)]
    assert covering(1, 9, [(4, 4), (1, 3), (5, 9)]) == [(4, 4), (1, 3), (5, 9)]
