"""What each learner is sent, works out and returns, against enumeration and by property."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from limited import LIMITS, with_limits
from mel_fast import reference
from mel_fast.model.payload import FIELDS
from mel_fast.plans.file import plan_to_dict
from mel_fast.scenarios.text import table1_text
from mel_fast.verify import verify_dict
from strategies import SCHEMES, VARIANTS, draw

pytest.importorskip("flint")

TABLE1 = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)


def drawn_payload(rng: np.random.Generator, problem: mel.Problem) -> mel.Payload:
    """Draw some of the five amounts round what the task says, each for all or for each learner."""
    told = problem.payload
    scale = {
        "send_bits": told.send_bits + told.send_bits_per_sample,
        "send_bits_per_sample": told.send_bits_per_sample + told.send_bits / problem.task.samples,
        "return_bits": told.return_bits + told.send_bits,
        "return_bits_per_sample": told.return_bits_per_sample,
        "flops_per_sample": told.flops_per_sample,
    }
    words = {}
    for name in FIELDS:
        if rng.random() < 0.5:
            size = len(problem.learners) if rng.random() < 0.6 else None
            amount = scale[name] * np.exp(rng.uniform(-1.0, 1.0, size))
            if name != "flops_per_sample" and rng.random() < 0.3:
                amount = amount * (rng.random(size) < 0.6)
            words[name] = np.where(amount < 1e-60, 0.0, amount)[()]
    return mel.Payload(**words)


def tiny(seed: int, *, limits: bool = False) -> tuple[mel.Problem, str]:
    rng = np.random.default_rng([7, seed])
    learners, samples = int(rng.integers(2, 5)), int(rng.integers(3, 9))
    problem = draw(seed, learners, samples, *VARIANTS[seed % len(VARIANTS)])
    problem = problem.replace(payload=drawn_payload(rng, problem))
    if limits:
        names = tuple(name for name in LIMITS if rng.random() < 0.5)
        blocks = int(rng.integers(learners, 12)) if rng.random() < 0.4 else None
        problem = with_limits(problem, rng, names, blocks)
    return problem, str(rng.choice(SCHEMES))


def agrees(seed: int, *, limits: bool) -> None:
    problem, scheme = tiny(seed, limits=limits)
    plan = mel.solve(problem, scheme=scheme)
    assert plan.status in ("optimal", "infeasible"), (seed, plan)
    assert mel.verify(problem, plan), (seed, plan)
    assert plan.tau == 0 or violations(plan) == [], seed
    found = reference.enumerate_optimum(problem, scheme=scheme)
    assert plan.tau == found.tau, (seed, plan, found)


@pytest.mark.parametrize("seed", range(32))
def test_plans_with_payloads_of_their_own_are_what_enumeration_finds(seed: int) -> None:
    agrees(seed, limits=False)


@pytest.mark.parametrize("name", FIELDS)
def test_the_exact_judge_of_plans_counts_each_learners_own_payload(name: str) -> None:
    """Else a broken deadline would pass wherever a payload is stated."""
    problem = TABLE1.replace(learners=TABLE1.learners.take(range(4)))
    plan = mel.solve(problem, then="none")
    amount = np.full(4, float(getattr(problem.payload, name)))
    busy = int(np.argmax(plan.samples))
    amount[busy] = 100.0 * amount[busy] + 1e9
    heavier = problem.replace(payload=mel.Payload(**{name: amount}))
    assert violations(plan) == []
    broken = violations(mel.Plan(heavier, **plan._content()))
    assert [words.split(" takes")[0] for words in broken] == [f"learner {busy}"]


@pytest.mark.parametrize("seed", range(60, 84))
def test_payloads_and_limits_together_are_what_enumeration_finds(seed: int) -> None:
    agrees(seed, limits=True)


@pytest.mark.long
def test_thousands_of_payloads_are_what_enumeration_finds() -> None:
    for seed in range(100, 4_100):
        agrees(seed, limits=seed % 2 == 0)


@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_what_the_task_says_stated_as_columns_gives_the_same_bits(law: str, idle: str) -> None:
    problem = mel.scenarios.table1(
        learners=700, cycle_s=30.0, seed=1, law=law, idle=idle, budgets="per_learner"
    )
    told = problem.payload
    same = {name: getattr(told, name) for name in FIELDS}
    columns = {name: np.full(700, value) for name, value in same.items()}
    plan = mel.solve(problem)
    for words in (same, columns):
        other = mel.solve(problem.replace(payload=mel.Payload(**words)))
        assert (other.tau, other.bound, other.certificate) == (
            plan.tau,
            plan.bound,
            plan.certificate,
        )
        for name in ("samples", "bandwidth_hz", "power_w"):
            assert np.array_equal(getattr(other, name), getattr(plan, name))


@given(seed=st.integers(0, 10_000), name=st.sampled_from(FIELDS))
def test_more_to_send_return_or_work_out_never_helps(seed: int, name: str) -> None:
    problem, scheme = tiny(seed)
    more = np.array(np.broadcast_to(getattr(problem.payload, name), len(problem.learners)))
    more[seed % more.size] *= 2.0
    given = {} if problem._given is None else problem._given.given()
    heavier = problem.replace(payload=mel.Payload(**{**given, name: more}))
    assert mel.solve(heavier, scheme=scheme).tau <= mel.solve(problem, scheme=scheme).bound


def test_a_smaller_model_upwards_makes_room_for_more_local_cycles() -> None:
    tight = TABLE1.replace(cycle_s=12.0)
    quantised = mel.Payload(return_bits=TABLE1.task.model_bits / 8, send_bits=1e6)
    assert mel.solve(tight.replace(payload=quantised)).tau > mel.solve(tight).tau
    times = mel.solve(TABLE1.replace(payload=mel.Payload(return_bits=0.0))).times
    assert not times.return_s.any()


def test_what_is_not_given_follows_the_task_even_when_that_is_changed() -> None:
    problem = TABLE1.replace(payload=mel.Payload(return_bits=5.0))
    assert problem.payload.send_bits == TABLE1.task.model_bits
    other = problem.replace(task=problem.task.replace(fixed_parameters=10))
    assert (other.payload.send_bits, other.payload.return_bits) == (320.0, 5.0)
    assert problem != TABLE1
    assert problem.with_budgets(cycle_s=40.0).payload == problem.payload


def test_many_problems_of_differing_payloads_are_solved_as_one_each() -> None:
    problems = [tiny(seed)[0] for seed in range(24)]
    plans = mel.solve_many(problems, threads=2)
    for problem, plan in zip(problems, plans, strict=True):
        assert plan == mel.solve(problem)


def test_scenario_files_state_the_payload(tmp_path) -> None:
    path = tmp_path / "s.toml"
    text = table1_text(TABLE1, learners=20, seed=0)
    bits = ", ".join(f"{1e6 * k}" for k in range(1, 21))
    path.write_text(f"{text}\n[payload]\nreturn_bits = [{bits}]\nsend_bits = 5e6\n")
    found = mel.load_scenario(path)
    assert found.payload.return_bits.tolist() == [1e6 * k for k in range(1, 21)]
    assert found == TABLE1.replace(
        payload=mel.Payload(send_bits=5e6, return_bits=found.payload.return_bits)
    )
    assert repr(found._given) == "Payload(send_bits=5e+06, return_bits=1e+06..2e+07)"
    path.write_text(f"{text}\n[payload]\nreturn_bit = 5\nsend_bits = -1\n")
    with pytest.raises(ValueError, match=r"payload\.return_bit = 5: .*did you mean 'return_bits'"):
        mel.load_scenario(path)
    path.write_text(f"{text}\n[payload]\nsend_bits = [1.0, 2.0]\n")
    with pytest.raises(ValueError, match=r"payload\.send_bits has length 2"):
        mel.load_scenario(path)


def test_batches_take_a_payload_for_all_their_rows() -> None:
    payload = mel.Payload(send_bits=np.linspace(1e6, 9e6, 20), return_bits=4e6)
    problem = TABLE1.replace(payload=payload)
    batch = mel.Batch.vary(problem, cycle_s=[20.0, 30.0, 40.0])
    plans = mel.solve_many(batch)
    for cycle_s, plan in zip((20.0, 30.0, 40.0), plans, strict=True):
        assert plan == mel.solve(problem.replace(cycle_s=cycle_s))
    with pytest.raises(ValueError, match=r"payload\.send_bits has length 20"):
        mel.Batch.vary(
            TABLE1.replace(learners=TABLE1.learners.take(range(9))), rows=2, payload=payload
        )


def test_least_amounts_and_explanations_know_the_payload() -> None:
    light = TABLE1.replace(payload=mel.Payload(send_bits=np.linspace(1e6, 5e6, 20)))
    found = mel.least(light, 8, "cycle_s")
    assert found.status == "optimal"
    assert found.amount < mel.least(TABLE1, 8, "cycle_s").amount
    assert mel.verify(None, found.plan)
    assert mel.verify(None, found.proof)
    assert "tau = " in str(mel.solve(light).explain())


def test_what_others_are_sent_stays_theirs_when_somebody_drops_out() -> None:
    payload = mel.Payload(return_bits=np.linspace(1e5, 2e5, 20))
    plan = mel.solve(TABLE1.replace(payload=payload))
    again = mel.simulate(plan, failures=[0]).outcomes["monitor"].plan
    assert again is not None
    assert np.array_equal(again.problem.payload.return_bits, np.linspace(1e5, 2e5, 20)[1:])


def test_plan_files_carry_the_payload_and_the_checker_believes_no_other(tmp_path) -> None:
    problem = TABLE1.replace(
        payload=mel.Payload(return_bits=np.linspace(1e5, 1e6, 20), flops_per_sample=1.25e6)
    )
    plan = mel.solve(problem)
    plan.save(tmp_path / "plan.json")
    assert mel.Plan.load(tmp_path / "plan.json") == plan
    data = plan_to_dict(plan)
    assert data["version"] == 2
    assert verify_dict(data).ok
    heavier = {**data["problem"], "payload": {"flops_per_sample": (1.3e6).hex()}}
    assert not verify_dict({**data, "problem": heavier}).ok
    for wrong in (
        {"return_bits": -1.0},
        {"return_bits": [1.0]},
        {"bits": 1.0},
        {"flops_per_sample": 0},
        {"send_bits": "inf"},
        [],
    ):
        tampered = {**data, "problem": {**data["problem"], "payload": wrong}}
        assert "payload" in verify_dict(tampered).reasons[0]
        with pytest.raises(ValueError, match="payload"):
            mel.Plan.from_dict(tampered)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"send_bits": -1}, "send_bits = -1.0: must be a finite number"),
        ({"return_bits": [1.0, float("nan")] * 10}, r"return_bits\[1\] = nan"),
        ({"flops_per_sample": 0}, "flops_per_sample = 0.0: must be"),
        ({"send_bits": [1.0, 2.0]}, "payload.send_bits has length 2: must be .* 20"),
        ({"return_bits_per_sample": "4"}, "return_bits_per_sample = '4'"),
        ({"send_bits": float("inf")}, "send_bits = inf"),
    ],
)
def test_what_no_learner_can_be_sent_is_refused_by_name(words: dict, error: str) -> None:
    with pytest.raises((ValueError, TypeError), match=error):
        TABLE1.replace(payload=mel.Payload(**words))


def test_bits_that_are_no_integers_are_checked_without_rounding() -> None:
    # a' d + b' of thirds: the checker takes them as the float64 numbers that they are.
    problem, _ = tiny(3)
    problem = problem.replace(
        payload=mel.Payload(send_bits=1 / 3, return_bits=np.full(len(problem.learners), 2 / 3))
    )
    plan = mel.solve(problem)
    assert mel.verify(problem, plan)
    assert Fraction(problem.payload.send_bits) != Fraction(1, 3)
