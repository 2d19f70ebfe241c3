"""Plans: what they hold, that they keep the rules, and that they survive files and pickles."""

import copy
import json
import pickle

import numpy as np
import pytest

import mel_fast as mel
from exact import violations
from mel_fast.plans.file import plan_to_dict

SCHEMES = ("joint", "task_only", "resource_only")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_plan_keeps_every_constraint_exactly(problem, scheme):
    plan = mel.solve(problem, scheme=scheme)
    assert plan.status is mel.Status.OPTIMAL
    assert plan.tau == plan.bound >= 1
    assert not violations(plan)


def test_evaluating_a_plan_gives_its_times_within_the_cycle(problem, plan):
    times = mel.evaluate(problem, plan.tau, plan.samples, plan.bandwidth_hz, plan.power_w)
    for mine, own in zip(
        times, (plan.send_s, plan.compute_s, plan.return_s, plan.total_s), strict=True
    ):
        assert np.array_equal(mine, own)
    assert times.total_s.max() <= problem.cycle_s


def test_evaluate_agrees_with_the_printed_equations(problem):
    share = np.array([1e6, 2e6, 3e6, 4e6, 5e6, 6e6])
    times = mel.evaluate(problem, 3, 100, share, 0.01)
    task, learners = problem.task, problem.learners
    noise = problem.radio.noise_density_w_per_hz
    rate = share * np.log2(1 + 0.01 * learners.gain / (noise * share))
    back = 5e6 * np.log2(1 + learners.return_power_w * learners.gain / (noise * 5e6))
    send = (100 * task.alpha_bits + task.model_bits) / rate
    assert times.send_s == pytest.approx(send, rel=1e-14)
    assert times.compute_s == pytest.approx(300 * 1_123_736 / learners.flops_per_s, rel=1e-14)
    assert times.return_s == pytest.approx(task.model_bits / back, rel=1e-14)


def test_nothing_arrives_over_rate_zero(problem):
    times = mel.evaluate(problem, 1, [0, 1, 1, 1, 1, 1], [0, 0, 1e6, 1e6, 1e6, 1e6], 0.01)
    assert times.send_s[:2].tolist() == [float("inf")] * 2
    assert np.isfinite(times.send_s[2:]).all()


def test_an_excused_learner_without_samples_takes_no_time(problem):
    excused = problem.replace(idle="excused")
    times = mel.evaluate(excused, 1, [0, 1, 1, 1, 1, 1], [0, 1e6, 1e6, 1e6, 1e6, 1e6], 0.01)
    assert times.total_s[0] == 0.0
    assert (times.total_s[1:] > 0.0).all()


def test_columns_are_typed_and_read_only(plan):
    assert plan.samples.dtype == np.int64
    for name in ("bandwidth_hz", "power_w", "send_s", "compute_s", "return_s", "total_s"):
        assert getattr(plan, name).dtype == np.float64
    for column in plan.columns().values():
        assert column.shape == (6,)
        assert not column.flags.writeable


def test_columns_outlive_the_plan(problem):
    samples = mel.solve(problem).samples
    assert samples.sum() == problem.task.samples


def test_plans_are_immutable_values(problem, plan):
    with pytest.raises(AttributeError, match="immutable"):
        plan.tau = 3
    with pytest.raises(AttributeError, match="immutable"):
        del plan.tau
    assert copy.copy(plan) is plan
    assert copy.deepcopy(plan) is plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert plan != mel.solve(problem, scheme="task_only")
    assert plan != 3


def cases(problem):
    tight = problem.replace(cycle_s=1.0)
    yield from (mel.solve(problem, scheme=scheme) for scheme in SCHEMES)
    yield from (mel.solve(tight, scheme=scheme) for scheme in SCHEMES)
    yield mel.solve(problem, time_limit_s=0.0)


def test_every_status_survives_its_file_to_the_last_bit(problem, tmp_path):
    for plan in cases(problem):
        plan.save(tmp_path / "plan.json")
        again = mel.Plan.load(tmp_path / "plan.json")
        assert again == plan
        assert again.to_dict() == plan.to_dict()
        assert mel.verify(problem if plan.problem == problem else None, again).ok
        assert mel.Plan.from_dict(plan.to_dict()) == plan
        assert pickle.loads(pickle.dumps(plan)) == plan


def test_a_plan_file_holds_hexadecimal_floats(plan):
    data = plan_to_dict(plan)
    assert data["format"] == "mel_fast.plan"
    assert data["version"] == 1
    assert [float.fromhex(x) for x in data["bandwidth_hz"]] == plan.bandwidth_hz.tolist()
    assert float.fromhex(data["certificate"]["tree"][0]["lambda_per_hz"]) > 0
    assert data["certificate"]["tau"] == plan.bound + 1


def test_json_is_one_object_of_plain_numbers(plan):
    data = json.loads(plan.to_json())
    names = {"status", "scheme", "tau", "bound", "samples", "bandwidth_hz", "power_w", "problem"}
    names |= {"send_s", "compute_s", "return_s", "total_s", "certificate", "reasons"}
    assert set(data) == names | {"nodes", "passes", "elapsed_s"}
    for name in ("samples", "power_w", "total_s"):
        assert data[name] == getattr(plan, name).tolist()
    assert data["problem"]["cycle_s"] == 30.0
    assert data["tau"] == plan.tau


def test_saving_leaves_nothing_behind_when_it_fails(plan, tmp_path):
    with pytest.raises(OSError, match="missing"):
        plan.save(tmp_path / "missing" / "plan.json")
    with pytest.raises(OSError, match="folder"):
        plan.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_saving_replaces_a_file_as_a_whole(plan, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text("old")
    path.chmod(0o640)
    plan.save(path)
    assert mel.Plan.load(path) == plan
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "missing keys"),
        ('{"tau": 1, "tau": 2}', "keys given twice: tau"),
        ("[]", "must be an object"),
        ("\xff", "is not JSON"),
    ],
)
def test_files_that_are_no_plans_are_refused(text, message, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises((ValueError, TypeError), match=message):
        mel.Plan.load(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("version", 3, "version 3"),
        ("format", "other", "format 'other'"),
        ("status", "done", "status = 'done'"),
        ("scheme", "all", "scheme = 'all'"),
        ("tau", -1, "tau = -1"),
        ("samples", [1], "length 1"),
        ("samples", None, "all three or none"),
        ("power_w", "x", "must be a list"),
        ("certificate", 3, "certificate is a int"),
        ("surprise", 3, "unknown keys"),
    ],
)
def test_a_wrong_entry_is_named(plan, name, value, message):
    data = {**plan.to_dict(), name: value}
    with pytest.raises((ValueError, TypeError), match=message):
        mel.Plan.from_dict(data)


def test_a_data_frame_has_one_row_a_learner(problem, plan):
    frame = plan.to_dataframe()
    assert frame.index.name == "learner"
    assert frame["samples"].sum() == problem.task.samples
    assert list(frame.columns[:3]) == ["samples", "bandwidth_hz", "power_w"]
    assert frame["gain"].tolist() == problem.learners.gain.tolist()


def test_words_say_what_matters(plan):
    assert (
        repr(plan) == f"Plan(optimal, scheme='joint', tau={plan.tau}, bound={plan.tau}, learners=6)"
    )
    text = plan.summary()
    assert f"optimal: tau = {plan.tau} local cycles" in text
    assert f"tau = {plan.tau + 1} ruled out by" in text
    assert "100 MHz" in text
    html = plan._repr_html_()
    assert html.count("<tr>") == len(text.splitlines()) + 1 + 6
    assert "optimal" in html


def test_an_infeasible_plan_is_empty_and_says_so(problem):
    plan = mel.solve(problem.replace(cycle_s=1.0))
    assert plan.status is mel.Status.INFEASIBLE
    assert (plan.tau, plan.bound) == (0, 0)
    for name in ("samples", "bandwidth_hz", "power_w", "send_s", "total_s", "times"):
        assert getattr(plan, name) is None
    assert "infeasible" in plan.summary()
    assert "samples" not in plan.to_dataframe()


def test_a_learner_that_returns_too_slowly_is_named_or_excused(problem):
    gain = problem.learners.gain.copy()
    gain[4] = 1e-16
    learners = problem.learners.replace(gain=gain)
    served = mel.solve(problem.replace(learners=learners))
    assert served.status is mel.Status.INFEASIBLE
    assert served.reasons[0].startswith("learner 4 alone is too slow")
    assert "gain 1e-16" in served.reasons[0]
    excused = mel.solve(problem.replace(learners=learners, idle="excused"))
    assert excused.status is mel.Status.OPTIMAL
    assert excused.samples[4] == 0


def test_the_budget_or_the_computing_is_blamed(problem):
    slow = problem.learners.replace(flops_per_s=np.full(6, 1e6))
    assert "computing capacity" in mel.solve(problem.replace(learners=slow)).reasons[0]
    narrow = problem.radio.replace(bandwidth_hz=1e3)
    assert "budgets: 1 kHz" in mel.solve(problem.replace(radio=narrow)).reasons[0]


def test_a_slow_baseline_is_explained_by_its_own_rule(problem):
    tight = problem.replace(cycle_s=3.0)
    reasons = mel.solve(tight, scheme="resource_only").reasons
    assert "computing once on its 10,000 samples" in reasons[0]
    far = problem.learners.replace(gain=np.array([1e-9] * 5 + [3e-15]))
    reasons = mel.solve(problem.replace(learners=far), scheme="task_only").reasons
    assert reasons[0].startswith("learner 5 alone")
    assert "over an equal share" in reasons[0]


def test_a_limit_keeps_a_valid_bound_and_says_why():
    problem = mel.scenarios.table1(learners=200, cycle_s=300.0, law="fixed")
    plan = mel.solve(problem, time_limit_s=0.0)
    assert plan.status in (mel.Status.FEASIBLE, mel.Status.UNDECIDED)
    assert plan.tau < plan.bound
    assert "by a limit" in plan.reasons[0]
    assert mel.verify(problem, plan).ok


def test_ctrl_c_is_a_keyboard_interrupt_that_carries_the_plan(problem, plan):
    stop = mel.Interrupted(plan)
    assert isinstance(stop, KeyboardInterrupt)
    assert stop.plan is plan


def test_a_plan_of_ones_own_can_be_built_to_be_checked(problem, plan):
    own = mel.Plan(
        problem,
        status="feasible",
        tau=plan.tau,
        bound=plan.bound,
        samples=plan.samples,
        bandwidth_hz=plan.bandwidth_hz,
        power_w=plan.power_w,
        certificate=plan.certificate,
    )
    assert mel.verify(problem, own).ok
    with pytest.raises(ValueError, match="all three or none"):
        mel.Plan(problem, status="feasible", tau=1, bound=1, samples=1)
    with pytest.raises(TypeError, match="problem is a int"):
        mel.Plan(3, status="feasible", tau=1, bound=1)


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("setting", ["parallelized", "federated"])
def test_joint_is_never_worse_than_a_baseline(law, idle, setting):
    for seed in range(3):
        problem = mel.scenarios.table1(learners=8, seed=seed, law=law, idle=idle, setting=setting)
        joint, *baselines = (mel.solve(problem, scheme=scheme) for scheme in SCHEMES)
        assert joint.status in (mel.Status.OPTIMAL, mel.Status.INFEASIBLE)
        assert joint.tau >= max(plan.tau for plan in baselines)


def test_fewer_samples_than_learners_and_a_single_learner_work():
    few = mel.scenarios.table1(learners=8, samples=3)
    assert mel.solve(few).samples.sum() == 3
    assert mel.verify(few, mel.solve(few)).ok
    one = mel.scenarios.table1(learners=1, cycle_s=300.0, samples=500)
    assert mel.solve(one).samples.tolist() == [500]
    assert mel.verify(one, mel.solve(one)).ok
