"""The checker's verdict on real plans of every kind, from memory and from files."""

import ast
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

flint = pytest.importorskip("flint")

import mel_fast as mel  # noqa: E402
from mel_fast import reference  # noqa: E402
from mel_fast.verify import _check, _learner, verify_dict, verify_file  # noqa: E402
from mel_fast.verify._verdict import Verdict  # noqa: E402
from strategies import SCHEMES, VARIANTS  # noqa: E402

PACKAGE = Path(mel.__file__).parent


def instance(seed, law="density", setting="parallelized", idle="served", learners=9, samples=300):
    rng = np.random.default_rng(seed)
    return reference.random_problem(rng, learners, samples, law=law, setting=setting, idle=idle)


def plain(value):
    """The same content with plain JSON numbers."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return float.fromhex(value) if isinstance(value, str) and value.startswith("0x") else value


def weaker(plan, status, tau):
    """A true file that claims less: a smaller tau, or no plan at all."""
    data = plan.to_dict() | {"status": status, "tau": tau}
    return data if tau else data | dict.fromkeys(("samples", "bandwidth_hz", "power_w"))


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_status_round_trips_through_a_file(law, setting, idle, scheme, tmp_path):
    path = tmp_path / "plan.json"
    seen = set()
    for seed in range(5):
        problem = instance(seed, law, setting, idle)
        plan = mel.solve(problem, scheme=scheme)
        seen.add(str(plan.status))
        plan.save(path)
        for verdict in (mel.verify(problem, plan), mel.verify(None, plan), verify_file(path)):
            assert verdict.ok, verdict.reasons
            assert (verdict.tau, verdict.bound) == (plan.tau, plan.bound)
            assert verdict.margin > 0
            assert verdict.spare_s >= 0
        assert verify_file(path) == mel.verify(problem, mel.Plan.load(path))
        assert verify_dict(plain(plan.to_dict())).ok
        for status, tau in (("feasible", plan.tau), ("undecided", 0)):
            path.write_text(json.dumps(weaker(plan, status, tau)))
            verdict = verify_file(path)
            assert verdict.ok, verdict.reasons
            assert verdict.status == status
    assert "optimal" in seen


def test_infeasible_is_proved():
    problem = instance(0)
    short = mel.Problem(problem.task, problem.learners, problem.radio, problem.cycle_s / 1e6)
    for scheme in SCHEMES:
        plan = mel.solve(short, scheme=scheme)
        assert plan.status == "infeasible"
        assert mel.verify(short, plan).ok


def plans_with_trees():
    """Plans at borderline budgets whose proof the solver had to split."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        problem = reference.random_problem(rng, 3, 7, law="fixed", idle="excused", kinds=2)
        pair = reference.borderline_pair(problem, 3, margin=1e-6)
        plan = pair and mel.solve(pair.infeasible)
        if plan and len(plan.certificate["tree"]) > 1:
            yield plan


def test_tree_of_boxes_from_the_solver():
    plans = list(itertools.islice(plans_with_trees(), 3))
    assert len(plans) == 3
    for plan in plans:
        verdict = mel.verify(plan.problem, plan)
        assert verdict.ok, verdict.reasons
        assert verdict.leaves > 1


def test_verdict_says_what_it_found():
    problem = instance(4)
    plan = mel.solve(problem)
    verdict = mel.verify(problem, plan)
    assert bool(verdict) is verdict.ok is True
    assert f"tau = {plan.tau + 1} is impossible" in str(verdict)
    assert verdict.learners == len(problem.learners)
    assert 0 < verdict.margin < problem.task.samples
    assert not Verdict(False, ["because"])
    assert len({Verdict(False, ["because"]), Verdict(False, ["because"])}) == 1
    assert str(Verdict(False, ["because"])) == "refused: because"


def test_plan_of_another_problem_is_refused():
    problem = instance(4)
    other = mel.Problem(
        problem.task, problem.learners, problem.radio, np.nextafter(problem.cycle_s, 0)
    )
    verdict = mel.verify(other, mel.solve(problem))
    assert verdict.reasons == ["the plan was made for another problem than the one given"]


def test_many_wrong_learners_are_summed_up():
    data = mel.solve(instance(2)).to_dict()
    data["power_w"] = ["0x0.0p+0"] * 9
    reasons = verify_dict(data).reasons
    assert reasons[0].startswith("learner 0: has ")
    assert reasons[0].endswith("bits to receive over rate zero")
    assert reasons[-1] == "and 4 more learners like these"


def test_equality_that_balls_cannot_separate_is_refused():
    """Rate exactly B where P h = N0 B: true by algebra, but never decided by enclosures."""
    task = mel.LearningTask(
        samples=1,
        features=1,
        feature_bits=1,
        fixed_parameters=0,
        parameters_per_sample=0,
        parameter_bits=1,
        flops_per_sample=1.0,
    )
    learners = mel.Learners([2.0], [1.0], [1.0], [1.0])
    problem = mel.Problem(task, learners, mel.Radio(2.0, 2.0, noise_density_w_per_hz=1.0), 1.0)
    plan = mel.Plan(
        problem,
        status="feasible",
        tau=1,
        bound=2,
        samples=[1],
        bandwidth_hz=[2.0],
        power_w=[2.0],
        certificate={
            "tau": 3,
            "rule": "prices",
            "tree": [{"lambda_per_hz": 0.0, "mu_per_w": 0.0}],
        },
    )
    (reason,) = mel.verify(problem, plan).reasons
    assert reason == "learner 0: cannot be proved to keep T = 1.0 s in 1024 bits"


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"a": 1} x', "\xff"])
def test_file_that_is_not_json_raises(content, tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"JSON|Expecting|Extra|decode|deeply"):
        verify_file(path)


@pytest.mark.parametrize("content", ["null", "[]", "1", '"plan"', "{}", '{"format": "other"}'])
def test_json_that_is_no_plan_is_refused(content, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(content)
    verdict = verify_file(path)
    assert not verdict
    assert "plan file" in verdict.reasons[0]


def test_missing_file_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        verify_file(tmp_path / "none.json")


def test_progress_counts_up_to_its_total():
    problem = instance(1, learners=5000, samples=50_000)
    calls = []
    verdict = mel.verify(problem, mel.solve(problem), callback=lambda *call: calls.append(call))
    assert verdict.ok
    assert len(calls) > 3
    assert calls == sorted(calls)
    assert calls[-1][:2] == (10_000, 10_000)
    assert calls[-1][2] >= 10_000  # steps


def test_a_callback_ends_the_check_without_a_verdict():
    problem = instance(1, learners=5000, samples=50_000)
    verdict = mel.verify(problem, mel.solve(problem), callback=lambda *_: True)
    assert not verdict.ok
    assert not verdict.checked
    assert verdict.reasons == ["the callback ended the check"]


@pytest.mark.parametrize("terminal", [True, False])
def test_bar_appears_late_and_only_on_a_terminal(terminal, monkeypatch, capsys):
    monkeypatch.setattr(_check, "_BAR_AFTER_S", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    problem = instance(1, learners=5000, samples=50_000)
    assert mel.verify(problem, mel.solve(problem)).ok
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("checking" in captured.err) is terminal


def test_missing_extra_is_named():
    code = (
        "import sys; sys.modules['flint'] = None\n"
        "import mel_fast\n"
        "try: mel_fast.verify(None, type('P', (), {'to_dict': lambda self: {}})())\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'mel_fast[verify]'" in run.stdout


# What stands around the checker and is no part of the proof: the processor's modes are restored (it
# looks at them itself and trusts nobody), a missing extra is named, and a plan that is written out
# asks whether it may go on.
AROUND = {
    ("__init__.py", "mel_fast._base.arithmetic"),
    ("_check.py", "mel_fast._base.optional"),
    ("_check.py", "mel_fast._base.progress"),
}


def test_shares_no_code_with_the_solver():
    for path in (PACKAGE / "verify").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in filter(None, names):
                top = name.partition(".")[0]
                assert (
                    (path.name, name) in AROUND
                    or top in sys.stdlib_module_names | {"flint", "rich"}
                    or name.startswith("mel_fast.verify")
                ), (path.name, name)


def test_verdict_does_not_depend_on_the_precision_in_force():
    problem = instance(2)
    plan = mel.solve(problem)
    before = mel.verify(problem, plan)
    with _learner.precision(2):
        assert mel.verify(problem, plan) == before
        assert flint.ctx.prec == 2


@pytest.mark.long
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_hundred_thousand_learners(law):
    problem = instance(1, law, learners=100_000, samples=6_000_000)
    plan = mel.solve(problem)
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
