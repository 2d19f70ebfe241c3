"""The checker's work and memory are bounded, and a check that ends early says so."""

import itertools
import json
import math
import sys
import tracemalloc

import pytest
from click.testing import CliRunner

pytest.importorskip("flint")

import mel_fast as mel
from mel_fast.cli import group
from mel_fast.verify import _allowance, verify, verify_dict, verify_file
from mel_fast.verify._verdict import Verdict
from test_verify import instance


@pytest.fixture(scope="module")
def plan():
    return mel.solve(instance(1, "fixed", learners=40, samples=3000))


def staircase(data, splits, prices):
    """A tree that cuts off one learner after another; `prices` of the i-th leaf."""
    (leaf,) = data["certificate"]["tree"]
    lam, mu = (float.fromhex(price) for price in leaf.values())
    leaves = [dict(zip(leaf, prices(i, lam, mu), strict=True)) for i in range(splits + 1)]
    cuts = [{"learner": k % 40, "at": k // 40} for k in range(splits)]
    nodes = [node for pair in zip(cuts, leaves, strict=False) for node in pair]
    return {**data, "certificate": {**data["certificate"], "tree": [*nodes, leaves[-1]]}}


def test_the_first_refused_leaves_are_enough(plan, steps):
    data = staircase(plan.to_dict(), 120, lambda i, lam, mu: (lam * (50 + i), mu))
    verdict = verify_dict(data)
    assert verdict.checked
    assert verdict.leaves == 3
    assert len(verdict.reasons) == 4
    assert verdict.reasons[-1] == "certificate.tree: not looked at beyond node 5"
    assert steps.taken < 40 * 3 * 2 * 40


def test_caps_count_for_the_time_that_they_take(steps):
    """Lambert's functions and Newton's method at caps take longer than no caps."""
    plan = mel.solve(instance(1, learners=40, samples=3000))
    data = staircase(plan.to_dict(), 4, lambda i, lam, mu: (lam * (1 + i / 1e3), mu))
    taken = []
    for power_w in ("inf", float.hex(plan.problem.radio.power_w / 60)):
        data["problem"]["learners"]["max_power_w"] = [power_w] * 40
        steps.taken = 0
        verify_dict(data)
        taken.append(steps.taken)
    assert taken[1] > 2 * taken[0]


def test_copies_of_twins_take_no_memory():
    learners, splits = 20_000, 1_000
    problem = instance(1, learners=1)
    columns = {name: [column[0]] * learners for name, column in problem.learners.columns().items()}
    data = mel.Plan(problem, status="undecided", tau=0, bound=5).to_dict()
    data["problem"]["learners"] = {name: list(map(float, x)) for name, x in columns.items()}
    samples = data["problem"]["task"]["samples"] = 10**9
    leaf = {"lambda_per_hz": 0, "mu_per_w": 0}
    cuts = [{"learner": 0, "at": samples - 1 - i} for i in range(splits)]
    data["certificate"] = {"tau": 6, "rule": "prices", "tree": cuts + [leaf] * (splits + 1)}
    tracemalloc.start()
    verdict = verify_dict(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict.checked
    assert verdict.learners == learners
    assert peak < 60e6


class Clock:
    """A millisecond passes whenever somebody looks."""

    def __init__(self):
        self.looks = itertools.count()

    def monotonic(self):
        return next(self.looks) / 1000


def test_the_time_limit_is_looked_at_inside_a_leaf(plan, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_allowance, "time", clock)
    verdict = verify_dict(plan.to_dict(), time_limit_s=0.4)
    assert not verdict
    assert not verdict.checked
    assert verdict.reasons == ["the time limit of 0.4 s is over"]
    assert (verdict.status, verdict.tau, verdict.bound) == ("optimal", plan.tau, plan.bound)
    assert str(verdict) == "not checked: the time limit of 0.4 s is over"
    assert next(clock.looks) < 410
    assert verify_dict(plan.to_dict(), time_limit_s=1e3).ok


def test_without_a_time_limit_the_steps_are_bounded(plan, monkeypatch):
    monkeypatch.setattr(_allowance, "STEPS", 200)
    verdict = verify_dict(plan.to_dict())
    assert not verdict.checked
    assert "needs more than 200 steps" in verdict.reasons[0]
    assert verify_dict(plan.to_dict(), time_limit_s=math.inf).ok


def test_a_plan_found_wrong_is_refused_though_its_proof_was_not_checked(plan, monkeypatch):
    data = plan.to_dict()
    data["power_w"][0] = 1e50
    monkeypatch.setattr(_allowance, "STEPS", 200)
    verdict = verify_dict(data)
    assert verdict.checked
    assert not verdict.ok
    assert verdict.reasons[0].startswith("power_w: the sum is")
    assert verdict.reasons[-1].startswith("the certificate was not checked")


def test_memory_that_runs_out_is_no_verdict(plan, monkeypatch):
    def none_left(*words):
        raise MemoryError

    monkeypatch.setattr(sys.modules["mel_fast.verify._plan"], "check", none_left)
    verdict = verify(None, plan)
    assert not verdict.checked
    assert verdict.reasons == ["memory ran out"]


@pytest.mark.parametrize("limit", [-1.0, math.nan, "1"])
def test_a_time_limit_is_a_number(plan, limit):
    with pytest.raises(ValueError, match="time_limit_s = "):
        verify_dict(plan.to_dict(), time_limit_s=limit)


def test_the_command_line_says_what_was_not_checked(plan, tmp_path):
    path = tmp_path / "plan.json"
    plan.save(path)
    run = CliRunner().invoke(
        group, ["check", str(path), "--time-limit-s", "0"], standalone_mode=False
    )
    assert run.return_value == 4
    assert run.output == "not checked: the time limit of 0 s is over\n"
    run = CliRunner().invoke(
        group, ["check", str(path), "--time-limit-s", "60"], standalone_mode=False
    )
    assert run.return_value == 0
    assert run.output.startswith("OK: optimal, proved")
    for wrong in ("-1", "nan", "x"):
        run = CliRunner().invoke(group, ["check", str(path), "--time-limit-s", wrong])
        assert run.exit_code == 2


def test_reasons_are_few_and_short(plan, tmp_path):
    data = plan.to_dict()
    data["samples"] = [10**15] * 40
    data["power_w"] = ["0x1.0000000000000p+100"] * 40
    verdict = verify_dict(data)
    assert len(verdict.reasons) < 30
    assert max(map(len, verdict.reasons)) < 200
    data.update({f"key {i}" * 50: "x" * 10**3 for i in range(5000)})
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))
    verdict = verify_file(path)
    assert isinstance(verdict, Verdict)
    assert len(str(verdict)) < 600
    assert str(verdict).endswith("and 4,995 more]")


def test_the_limit_counts_before_the_problem_is_read() -> None:
    class Never:
        def to_dict(self) -> dict[str, object]:
            pytest.fail("read although the limit was over")

    plan = mel.solve(mel.scenarios.table1(learners=4))
    verdict = mel.verify(Never(), plan, time_limit_s=0.0)
    assert not verdict.checked
    assert mel.verify(plan.problem, plan).ok
    other = plan.problem.replace(cycle_s=31.0)
    assert "another problem" in str(mel.verify(other, plan).reasons)


def test_a_limit_ends_the_writing_of_a_plan_between_two_columns(plan, monkeypatch) -> None:
    """With 100,000 learners all columns take a third of a second, one of them a few hundredths."""
    assert mel.verify(plan.problem, plan).ok
    looks = []

    def use(self: object, steps: int) -> None:
        looks.append(steps)
        if len(looks) == 3:
            raise _allowance.NotCheckedError("enough")

    monkeypatch.setattr(_allowance.Allowance, "use", use)
    check = sys.modules["mel_fast.verify._check"]
    monkeypatch.setattr(check, "read_plan", lambda _: pytest.fail("written whole"))
    assert mel.verify(plan.problem, plan).reasons == ["enough"]
