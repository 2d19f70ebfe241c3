"""Speeds chosen within an energy: enumeration, properties, files."""

import numpy as np
import pytest

import mel_fast as mel
from speeds import at_its_speeds, largest_tau, least_bandwidth, noise_of, random_problem

TINY = [
    (seed, ("density", "fixed")[seed % 2], ("excused", "served")[seed // 2 % 2])
    for seed in range(24)
]


def against_enumeration(seed: int, law: str, idle: str) -> None:
    problem = random_problem(seed, 2 + seed % 2, 4, law, idle)
    plan = mel.solve(problem)
    assert plan.tau == plan.bound
    assert plan.tau == largest_tau(problem, most=plan.tau + 1)


@pytest.mark.parametrize(("seed", "law", "idle"), TINY[:4])
def test_tau_is_that_of_every_split_at_every_speed(seed: int, law: str, idle: str) -> None:
    against_enumeration(seed, law, idle)


@pytest.mark.long
@pytest.mark.parametrize(("seed", "law", "idle"), TINY[4:])
def test_tau_is_that_of_every_split_at_every_speed_more_often(
    seed: int, law: str, idle: str
) -> None:
    against_enumeration(seed, law, idle)


def test_a_bandwidth_just_above_the_least_is_feasible_and_just_below_is_not() -> None:
    problem = random_problem(4, 2, 4)
    tau = 2
    need = min(
        sum(least_bandwidth(problem, k, tau, d) for k, d in enumerate((d, 4 - d))) for d in range(5)
    )
    for factor, fits in ((1 + 1e-7, True), (1 - 1e-7, False)):
        plan = mel.solve(problem.with_budgets(bandwidth_hz=need * factor))
        assert (plan.tau >= tau) == fits
        assert (plan.bound >= tau) == fits


def cell(count: int = 12, seed: int = 3, law: str = "density", **columns: object) -> mel.Problem:
    rng = np.random.default_rng(seed)
    gain = 10 ** (-(128.1 + 37.6 * np.log10(rng.uniform(0.05, 0.5, count))) / 10)
    words = {
        "flops_per_s": rng.uniform(1e9, 2e9, count), "energy_coefficient": 1e-28,
        "energy_j": rng.uniform(0.002, 0.02, count), **columns,
    }  # fmt: skip
    return mel.Problem(
        mel.LearningTask(
            samples=500 * count, features=1, feature_bits=1, fixed_parameters=28_100,
            parameters_per_sample=0, parameter_bits=1, flops_per_sample=2e4, setting="federated",
        ),
        mel.Learners(
            gain=gain, send_bandwidth_hz=1e6, send_power_w=1.0, max_power_w=0.01, **words
        ),
        mel.Radio(4e5 * count, shared="return", **noise_of(law)),
        cycle_s=0.5,
    )  # fmt: skip


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_a_plan_keeps_energies_and_speeds_and_comes_back_from_its_file(law, tmp_path) -> None:
    problem = cell(law=law, min_flops_per_s=2e8)
    plan = mel.solve(problem)
    assert plan.status == "optimal"
    assert ((plan.flops_per_s >= 2e8) & (plan.flops_per_s <= problem.learners.flops_per_s)).all()
    assert (plan.flops_per_s < problem.learners.flops_per_s).any()
    assert (plan.energy_j <= problem.learners.energy_j).all()
    assert (plan.total_s <= problem.cycle_s).all()
    computing = plan.tau * plan.samples * 2e4
    assert np.allclose(plan.compute_s, computing / plan.flops_per_s)
    assert np.allclose(
        plan.energy_j, 1e-28 * plan.flops_per_s**2 * computing + plan.power_w * plan.return_s
    )
    plan.save(tmp_path / "plan.json")
    again = mel.Plan.load(tmp_path / "plan.json")
    assert again == plan
    assert (again.flops_per_s == plan.flops_per_s).all()


def test_who_has_no_samples_yet_may_begin_at_any_speed() -> None:
    """At full speed a first sample may take more joules than there are, slower hardly any."""
    rng = np.random.default_rng(1)
    task = mel.scenarios.table1(2).task
    for _ in range(26):
        size = int(rng.integers(1, 4))
        learners = mel.Learners(
            flops_per_s=rng.uniform(0.5e9, 3e9, size),
            gain=10 ** rng.uniform(-12, -9.5, size),
            send_bandwidth_hz=5e6,
            send_power_w=1.0,
            max_power_w=rng.uniform(0.05, 0.3, size),
            energy_coefficient=10 ** rng.uniform(-28.5, -27, size),
            energy_j=10 ** rng.uniform(-0.5, 1.3, size),
        )
        problem = mel.Problem(
            task.replace(samples=int(rng.integers(500, 3000))),
            learners,
            mel.Radio(20e6, None, shared="return", noise_power_w=4e-13),
            cycle_s=float(rng.uniform(5, 40)),
        )
        plan = mel.solve(problem)
        assert plan.status == "optimal"
        assert mel.verify(problem, plan).ok


def test_one_speed_alone_is_the_fixed_one() -> None:
    problem = cell()
    fast = problem.learners.flops_per_s
    only = problem.learners.replace(min_flops_per_s=fast)
    fixed = only.replace(
        energy_coefficient=None, min_flops_per_s=None, energy_per_flop_j=1e-28 * fast**2
    )
    taus = [mel.solve(problem.replace(learners=learners)).tau for learners in (only, fixed)]
    assert taus[0] == taus[1] < mel.solve(problem).tau


def test_a_higher_top_speed_and_more_energy_never_hurt() -> None:
    problem = cell()
    tau = mel.solve(problem).tau
    learners = problem.learners
    for better in (
        learners.replace(flops_per_s=1.5 * learners.flops_per_s),
        learners.replace(energy_j=1.5 * learners.energy_j),
        learners.replace(energy_coefficient=0.5e-28),
    ):
        assert mel.solve(problem.replace(learners=better)).tau >= tau


def test_everybody_computes_at_full_speed_where_energy_is_free() -> None:
    problem = cell()
    for free in ({"energy_j": np.inf}, {"energy_j": None}, {"energy_coefficient": 0.0}):
        plan = mel.solve(problem.replace(learners=problem.learners.replace(**free)))
        assert (plan.flops_per_s == problem.learners.flops_per_s).all()
    plain = problem.learners.replace(energy_j=None, energy_coefficient=None)
    assert mel.solve(problem.replace(learners=plain)).tau == plan.tau


def test_a_learner_that_cannot_pay_for_the_bare_model_makes_it_infeasible_at_once() -> None:
    # 28,100 bits take more than N0 ln 2 / h joules each, whatever the bandwidth.
    pytest.importorskip("flint")
    for words in ({}, {"energy_coefficient": None, "energy_per_flop_j": 1e-10}):
        problem = cell(4, energy_j=0.02, **words)
        bare = 3.98e-21 * np.log(2) * 28_100 / problem.learners.gain
        energy = np.where(np.arange(4) == 2, 0.9999 * bare, 0.02)
        short = problem.replace(learners=problem.learners.replace(energy_j=energy))
        plan = mel.solve(short, time_limit_s=600.0)
        assert plan.status == "infeasible"
        assert mel.verify(short, plan)
        assert mel.solve(short.replace(idle="excused"), time_limit_s=600.0).tau > 0


def test_a_cap_of_bandwidth_ends_no_search_between_whole_samples() -> None:
    """Where the energy allows a broken number of samples and the cap fewer."""
    learners = mel.Learners(
        flops_per_s=1e9, gain=1e-12, send_bandwidth_hz=1e6, send_power_w=1.0, max_power_w=0.0137,
        energy_per_flop_j=1e-10, energy_j=np.array([1.345, 1.3457, 1.2, np.inf]),
        max_bandwidth_hz=np.array([4.5e5, 6.8e5, 3.5e5, 5e5]),
    )  # fmt: skip
    problem = mel.Problem(
        cell(4).task.replace(samples=1440, flops_per_sample=4.02e6),
        learners,
        mel.Radio(1.3e6, shared="return", noise_density_w_per_hz=3.98e-21),
        cycle_s=6.4,
        payload=mel.Payload(
            send_bits=9.5e4, send_bits_per_sample=263.8, return_bits=9.5e5,
            return_bits_per_sample=0.0,
        ),
    )  # fmt: skip
    plan = mel.solve(problem, time_limit_s=600.0)
    assert plan.status == "optimal"
    assert plan.tau > 0
    assert (plan.bandwidth_hz <= problem.learners.max_bandwidth_hz).all()


def test_many_problems_are_what_single_ones_are() -> None:
    problem = cell()
    batch = mel.Batch.vary(problem, cycle_s=[0.3, 0.5, 0.8])
    for row, plan in enumerate(mel.solve_many(batch)):
        alone = mel.solve(batch.problem(row))
        assert plan.tau == alone.tau
        assert (plan.flops_per_s == alone.flops_per_s).all()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"energy_per_flop_j": 1e-10}, "only one of the two"),
        ({"energy_coefficient": None}, "without energy_per_flop_j"),
        ({"min_flops_per_s": 3e9}, r"min_flops_per_s\[0\] = 3e\+09: must be at most"),
        (
            {"energy_coefficient": None, "energy_j": None, "min_flops_per_s": 1.0},
            "without energy_c",
        ),
    ],
)
def test_contradictory_columns_are_refused_by_name(columns, words) -> None:
    with pytest.raises(ValueError, match=words):
        cell(**columns)


def test_what_is_not_worked_out_is_refused_by_name() -> None:
    problem = cell()
    learners = problem.learners.replace(return_bandwidth_hz=1e6, return_power_w=0.1)
    radio = problem.radio.replace(shared="send", power_w=1.0, block_hz=1e4)
    with pytest.raises(ValueError, match=r"radio.block_hz must be None"):
        problem.replace(learners=learners, radio=radio)
    with pytest.raises(ValueError, match=r"radio.power_w must be None"):
        problem.replace(radio=problem.radio.replace(power_w=1.0))
    with pytest.raises(ValueError, match="does not know learners whose speed is chosen"):
        mel.most(problem, samples=np.full(12, 500))


def test_what_happens_to_a_plan_happens_at_its_speeds() -> None:
    assert at_its_speeds(mel.solve(cell(6))).outcomes["monitor"].tau > 0


def test_cells_have_the_tau_of_every_split_over_them() -> None:
    first = random_problem(4, 2, 4)
    second = random_problem(104, 2, 4).replace(task=first.task, cycle_s=first.cycle_s)

    def most(problem: mel.Problem, tau: int) -> int:
        need = [[least_bandwidth(problem, k, tau, d) for d in range(5)] for k in range(2)]
        fits = [d + e for d in range(5) for e in range(5)
                if need[0][d] + need[1][e] <= problem.radio.bandwidth_hz]  # fmt: skip
        return max(fits)

    found = mel.cells([first, second])
    assert found.status == "optimal"
    for tau, enough in ((found.tau, True), (found.tau + 1, False)):
        assert (most(first, tau) + most(second, tau) >= 4) == enough
    for plan in found.plans:
        assert (plan.energy_j <= plan.problem.learners.energy_j).all()


# Speeds that follow from both limits, where a bound rests on how near a root is.
BOTH_LIMITS = [
    (29, 2168, 36.08463494005798, [
        (902330335.5709234, 3.8148282327134305e-12, 0.2007713044647531, 4.163233054736412e-28,
         2.0515163360401854),
        (2258110944.0254097, 1.4688061772098915e-12, 0.12978735212982723, 2.1805332803191575e-28,
         14.55990004254589),
        (2018827660.6914744, 3.393510478571506e-11, 0.11441410853586652, 1.4992156973700932e-28,
         0.33581544128807156),
    ]),
    (10, 1816, 11.21855252477058, [
        (2652126952.286829, 2.520624810333645e-12, 0.2858160335797054, 5.339845403638589e-29,
         0.32131848788367795),
        (2774150063.671947, 1.245002470700741e-11, 0.12369335233483443, 6.414399734765767e-28,
         12.921118898078367),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("tau", "samples", "cycle_s", "rows"), BOTH_LIMITS)
def test_both_ends_of_the_least_cycle_hold_where_speeds_follow_from_both_limits(
    tau, samples, cycle_s, rows
) -> None:
    flops_per_s, gain, max_power_w, coefficient, energy_j = np.array(rows).T
    problem = mel.Problem(
        mel.scenarios.table1(2).task.replace(samples=samples),
        mel.Learners(
            flops_per_s=flops_per_s, gain=gain, send_bandwidth_hz=5e6, send_power_w=1.0,
            max_power_w=max_power_w, energy_coefficient=coefficient, energy_j=energy_j,
        ),
        mel.Radio(20e6, None, shared="return", noise_power_w=4e-13),
        cycle_s=cycle_s,
        idle="served",
    )  # fmt: skip
    found = mel.least(problem, tau, "cycle_s")
    assert found.status == "optimal"
    assert found.lower < found.amount
    for claim in (found.plan, found.proof):
        assert mel.verify(claim.problem, claim)


def test_a_speed_within_an_energy_where_nothing_is_returned_is_refused() -> None:
    """It was planned at full speed in time, and late at the speed that its energy allows."""
    task = mel.LearningTask(2, 10, 8, 0, 0, 32, 1e6, "federated")
    learners = mel.Learners(
        flops_per_s=1e8,
        gain=[1.0, 2.0],
        send_bandwidth_hz=1e5,
        send_power_w=1.0,
        max_power_w=1.0,
        energy_j=0.01,
        energy_coefficient=1e-22,
    )
    radio = mel.Radio(1e5, noise_density_w_per_hz=1e-6, shared="return")
    with pytest.raises(ValueError, match="learner 0 has return_bits"):
        mel.Problem(task, learners, radio, 1.0)
