"""Learners whom nothing reaches: a channel in outage, a cap of zero, a spent battery."""

import dataclasses

import numpy as np
import pytest

import mel_fast as mel

SILENT = ("gain", "max_bandwidth_hz", "max_power_w", "energy_j")


@dataclasses.dataclass
class Case:
    """A drawn problem in which some learners are `silent`, and the same without these."""

    problem: mel.Problem
    others: mel.Problem
    silent: np.ndarray
    kind: str
    seed: int

    @property
    def cut_off(self) -> bool:
        """Whether there is anything that a silent learner would have to be sent or to return."""
        task = self.problem.task
        return self.kind == "energy_j" or bool(task.alpha_bits + task.model_bits)


def drawn(seed: int, idle: str) -> Case:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 7))
    task = mel.LearningTask(
        samples=int(rng.integers(5, 60)),
        features=20,
        feature_bits=8,
        fixed_parameters=int(rng.choice([0, 100])),
        parameters_per_sample=int(rng.choice([0, 3])),
        parameter_bits=16,
        flops_per_sample=1e6,
        setting=str(rng.choice(["parallelized", "federated"])),
    )
    noise = rng.choice(["noise_density_w_per_hz", "noise_power_w"])
    blocks = {"block_hz": 5e4} if rng.random() < 0.5 else {}
    level = 4e-15 if noise == "noise_density_w_per_hz" else 4e-10
    radio = mel.Radio(1e6, 1.0, **{noise: level}, **blocks)
    gain = 10 ** rng.uniform(-9, -7, size)
    learners = mel.Learners(10 ** rng.uniform(7.5, 9, size), gain, 1e5, 0.1)
    silent = rng.random(size) < 0.4
    silent[0] &= not silent.all()
    kind = SILENT[seed % 4]
    loose = {"gain": gain, "energy_j": 1e3}.get(kind, np.inf)
    columns = {kind: np.where(silent, 0.0, loose)}
    if kind == "energy_j":
        columns["energy_per_flop_j"] = 1e-9
    cycle_s = float(10 ** rng.uniform(-1.5, 0.5))
    return Case(
        mel.Problem(task, learners.replace(**columns), radio, cycle_s, idle),
        mel.Problem(task, learners.take(~silent), radio, cycle_s, idle),
        silent,
        kind,
        seed,
    )


def proved(problem: mel.Problem, **options: str) -> mel.Plan:
    plan = mel.solve(problem, **options)
    assert mel.verify(problem, plan).ok, mel.verify(problem, plan).reasons
    assert mel.Plan.from_dict(plan.to_dict()) == plan
    return plan


@pytest.mark.parametrize("seed", range(60))
def test_excused_learners_whom_nothing_reaches_might_as_well_not_be_there(seed):
    case = drawn(seed, "excused")
    plan = proved(case.problem)
    if case.cut_off:
        without = mel.solve(case.others)
        assert (plan.tau, plan.status) == (without.tau, without.status)
        assert plan.samples is None or not plan.samples[case.silent].any()


@pytest.mark.parametrize("seed", range(60))
def test_served_learners_whom_nothing_reaches_make_it_infeasible_if_a_model_must_be_sent(seed):
    case = drawn(seed, "served")
    plan = proved(case.problem)
    if case.silent.any() and case.problem.task.model_bits:
        assert plan.status is mel.Status.INFEASIBLE
        assert f"learner {np.flatnonzero(case.silent)[0]}" in plan.reasons[0]


@pytest.mark.parametrize("scheme", ["task_only", "resource_only"])
@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_the_baselines_know_of_it_too(seed, scheme):
    for more in range(4):
        plan = proved(drawn(seed + more, "excused").problem, scheme=scheme)
        if scheme == "task_only" and plan.bandwidth_hz is not None and SILENT[more] != "energy_j":
            cap = plan.problem.learners.max_bandwidth_hz
            assert cap is None or (plan.bandwidth_hz <= cap).all()


@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_enumeration_finds_the_same(seed):
    case = drawn(seed, "excused")
    problem = case.problem.replace(task=case.problem.task.replace(samples=6))
    assert proved(problem).tau == mel.reference.enumerate_optimum(problem).tau


def test_a_batch_takes_gains_of_zero():
    problem = mel.scenarios.table1(learners=3, cycle_s=60.0)
    gains = np.array([[0.0, 1e-10, 1e-10], [1e-10, 1e-10, 1e-10]])
    plans = mel.solve_many(mel.Batch.vary(problem, gain=gains))
    assert [str(status) for status in plans.status] == ["infeasible", "optimal"]


def test_times_over_no_channel_are_infinite():
    problem = mel.scenarios.table1(learners=2, cycle_s=60.0)
    problem = problem.replace(learners=problem.learners.replace(gain=[0.0, 1e-10]))
    times = mel.evaluate(problem, 1, [1, 1], [1e6, 1e6], [0.1, 0.1])
    assert np.isinf(times.send_s).tolist() == [True, False]
    assert np.isinf(times.return_s).tolist() == [True, False]


def test_infinitely_many_samples_are_no_limit():
    problem = mel.scenarios.table1(learners=3, cycle_s=60.0)
    free = mel.solve(problem)
    for most in (np.inf, [np.inf, 60_000, np.inf], [float("inf"), 60_000, 2**53]):
        learners = problem.learners.replace(max_samples=most)
        assert learners.max_samples.dtype == np.int64
        assert mel.solve(problem.replace(learners=learners)).tau == free.tau
    with pytest.raises(ValueError, match=r"max_samples\[1\] = -inf"):
        problem.learners.replace(max_samples=[1, -np.inf, 2])


def test_what_is_neither_zero_nor_in_range_is_refused_by_name():
    learners = mel.scenarios.table1(learners=2).learners
    for name in ("gain", "max_power_w", "max_bandwidth_hz"):
        with pytest.raises(ValueError, match=rf"{name}\[1\] = -1.0: must be a .*number in .* or 0"):
            learners.replace(**{name: [1.0, -1.0]})
        with pytest.raises(ValueError, match=rf"{name}\[0\] = 1e-70"):
            learners.replace(**{name: [1e-70, 1.0]})


def test_a_checker_refuses_samples_over_no_channel():
    problem = mel.scenarios.table1(learners=2, cycle_s=60.0, idle="excused")
    plan = mel.solve(problem)
    data = plan.to_dict()
    data["problem"]["learners"]["gain"][0] = (0.0).hex()
    verdict = mel.verify(None, mel.Plan.from_dict(data))
    assert "learner 0: has" in verdict.reasons[0]
    assert "over rate zero" in verdict.reasons[0]


@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("energy_j", [5.0, 1e6])
def test_a_learner_in_outage_without_an_energy_limit_is_put_into_words(idle, energy_j):
    """Returning would take infinite energy of a learner that may spend as much: not a number."""
    problem = mel.scenarios.table1(6, seed=1, idle=idle)
    gain = problem.learners.gain.copy()
    gain[2] = 0.0
    limits = np.full(6, np.inf)
    limits[4] = energy_j
    learners = problem.learners.replace(
        gain=gain, energy_j=limits, energy_per_flop_j=np.full(6, 1e-9)
    )
    plan = mel.solve(problem.replace(learners=learners))
    for words in (plan.summary(), str(mel.explain(plan))):
        assert "nan" not in words.replace("\n", " ").split()


@pytest.mark.parametrize("own", ["energy_per_flop_j", "energy_coefficient"])
def test_who_is_given_no_power_spends_none_however_long_its_return_would_take(own: str) -> None:
    """A plan of somebody's own: zero watts for endless seconds were not a number."""
    learners = mel.Learners(
        flops_per_s=2e9,
        gain=[1e-10, 3e-11],
        send_bandwidth_hz=1e6,
        send_power_w=1.0,
        max_power_w=0.01,
        energy_j=[1.0, 2.0],
        **{own: 1e-28 if own == "energy_coefficient" else 1e-10},
    )
    task = mel.LearningTask(20, 10, 8, 1000, 0, 32, 1e6, "federated")
    radio = mel.Radio(1e6, noise_density_w_per_hz=3.98e-21, shared="return")
    problem = mel.Problem(task, learners, radio, 1.0)
    plan = mel.Plan(
        problem,
        status="feasible",
        tau=1,
        bound=10,
        samples=[10, 10],
        bandwidth_hz=[5e5, 5e5],
        power_w=[0.01, 0.0],
    )
    assert np.isinf(plan.return_s[1])
    assert np.isfinite(plan.energy_j).all()
    assert plan.summary()
    assert not mel.verify(problem, plan)
