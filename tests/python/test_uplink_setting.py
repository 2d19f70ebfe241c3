"""A published kind of cell against bisection, and what users meet around a shared return."""

import json
import math

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import cp_sat
from mel_fast.experiments.radio import uplink
from mel_fast.model.links import all_shares, budget_of_units, shares_in_units
from uplinks import cell, random_uplink

NEAR = 1e-11  # relative: what bisection in float64 may err by


def bandwidth_for(rate: float, power: float, noise: float) -> float:
    """The least bandwidth for a rate at full power, by halves: B log2(1 + P/(nB)) rises with B."""
    if power <= noise * rate * math.log(2):  # what boundless bandwidth carries
        return math.inf

    def carried(band: float) -> float:
        return band * math.log1p(power / (noise * band)) / math.log(2)

    low, high = 0.0, 1.0
    while carried(high) < rate:
        high *= 2
    while (low + high) / 2 not in (low, high):
        middle = (low + high) / 2
        low, high = (low, middle) if carried(middle) >= rate else (middle, high)
    return high


def least_by_halves(problem: mel.Problem, tau: int) -> float:
    """The least cycle for given samples: the bandwidth that all need in all falls with it."""
    learners = problem.learners
    spent = uplink.computing_s(problem, tau).tolist()
    noises = (problem.radio.noise / learners.gain).tolist()
    powers = learners.max_power_w.tolist()

    def needed(cycle: float) -> float:
        if cycle <= max(spent):
            return math.inf
        rates = [uplink.UPDATE_BITS / (cycle - used) for used in spent]
        return sum(map(bandwidth_for, rates, powers, noises))

    low, high = max(spent), max(spent) + 1.0
    while high - low > NEAR * high:
        middle = (low + high) / 2
        enough = needed(middle) <= problem.radio.bandwidth_hz
        low, high = (low, middle) if enough else (middle, high)
    return high


@pytest.mark.parametrize(("seed", "power_dbm"), [(0, 10.0), (1, 0.0)])
def test_least_cycle_of_a_published_cell_is_what_bisection_finds(seed, power_dbm):
    problem = uplink.cell(seed, power_dbm, users=12)
    found = mel.least(problem, 5, "cycle_s")
    cycle_s = least_by_halves(problem, 5)
    assert found.lower <= cycle_s * (1 + 2 * NEAR)
    assert found.amount >= cycle_s * (1 - 2 * NEAR)
    assert found.status == "optimal"


@pytest.mark.long
def test_least_cycle_of_fifty_users_is_what_bisection_finds():
    for seed in range(3):
        problem = uplink.cell(seed)
        found = mel.least(problem, 10, "cycle_s")
        cycle_s = least_by_halves(problem, 10)
        assert found.lower <= cycle_s * (1 + 2 * NEAR)
        assert found.amount >= cycle_s * (1 - 2 * NEAR)


def test_planned_bandwidth_beats_equal_shares_in_the_table():
    for row in uplink.table(draws=3):
        assert row.least_s < row.equal_s
        assert row.width < 1e-8
        assert 0.02 < row.saved < 0.4


REFUSED = [
    ({"send_power_w": None, "send_bandwidth_hz": None}, {}, "missing send_bandwidth_hz, send_pow"),
    ({"send_power_w": None}, {}, "send_bandwidth_hz is given without send_power_w"),
    ({"max_power_w": None}, {}, "max_power_w = None: must be given where radio.power_w is None"),
    ({"max_power_w": [1.0, np.inf, 1.0]}, {}, r"max_power_w\[1\] = inf: must be finite"),
    ({"max_power_w": 1e60}, {}, "max_power_w = 1e\\+60 of 3 learners: must be at most 1e\\+60"),
    ({"energy_j": 1.0, "energy_per_flop_j": 0.0}, {"power_w": 1.0}, "radio.power_w must be None"),
    ({"energy_j": 1.0, "energy_per_flop_j": 0.0}, {"block_hz": 1e3}, "radio.block_hz must be None"),
    ({"energy_j": 1.0}, {}, "energy_j is given without energy_per_flop_j"),
    ({}, {"shared": "send"}, "power_w is None: must be a number"),
    ({}, {"shared": "send", "power_w": 1.0}, "missing return_bandwidth_hz, return_power_w"),
    ({}, {"shared": "up"}, "shared = 'up': must be one of 'send', 'return'"),
    ({}, {"shared": 3}, "shared = 3: must be one of"),
    ({}, {"power_w": 0.0}, "power_w = 0.0: must be a finite number"),
]


@pytest.mark.parametrize(("learners", "radio", "words"), REFUSED)
def test_contradictions_are_refused_by_name(learners, radio, words):
    problem = cell(3)
    with pytest.raises((ValueError, TypeError), match=words):
        problem.replace(
            learners=problem.learners.replace(**learners), radio=problem.radio.replace(**radio)
        )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"send_power_w": None, "send_bandwidth_hz": None}, "missing send_bandwidth_hz, send_pow"),
        ({"max_power_w": None}, "max_power_w = None: must be given where"),
        ({"energy_j": 1.0, "energy_per_flop_j": 0.0, "power_w": 1.0}, "power_w must be None"),
        ({"shared": "send"}, "missing return_bandwidth_hz, return_power_w"),
        ({"shared": "up"}, "shared = 'up': must be one of"),
    ],
)
def test_batches_refuse_the_same_contradictions(changes, words):
    with pytest.raises((ValueError, TypeError), match=words):
        mel.Batch.vary(cell(3), **{"rows": 2, **changes})


def test_rates_of_a_planned_return_are_no_constants():
    problem = cell(3)
    with pytest.raises(ValueError, match="the rates of returning are planned"):
        problem.return_rates()
    assert np.array_equal(problem.constant_rates(), problem.rates(20e6, 1.0))


def test_a_rate_out_of_range_is_said_of_sending():
    problem = cell(3, send_power_w=1e-60, gain=1e-60, send_bandwidth_hz=1e-60)
    loud = problem.radio.replace(noise_density_w_per_hz=None, noise_power_w=1e60)
    with pytest.raises(ValueError, match=r"send rate of learner 0 .*its gain, send power and"):
        problem.replace(radio=loud)


def test_files_and_pickles_keep_the_direction(tmp_path):
    problem = cell(4)
    plan = mel.solve(problem)
    plan.save(tmp_path / "plan.json")
    data = json.loads((tmp_path / "plan.json").read_text())
    assert data["version"] == 2
    assert data["problem"]["radio"]["shared"] == "return"
    assert "power_w" not in data["problem"]["radio"]
    assert mel.Plan.load(tmp_path / "plan.json") == plan
    with pytest.raises(ValueError, match="version 1: the problem has entries of version 2"):
        mel.Plan.from_dict({**data, "version": 1})
    data["problem"]["radio"]["shared"] = "send"
    with pytest.raises(ValueError, match="shared = 'send': must be one of 'return'"):
        mel.Plan.from_dict(data)
    plain = json.loads(plan.to_json())
    assert plain["problem"]["radio"] == {
        "bandwidth_hz": 20e6,
        "noise_density_w_per_hz": problem.radio.noise,
        "shared": "return",
    }
    forward = mel.scenarios.table1(4, seed=1)
    assert "shared" not in forward.radio.to_dict()
    assert mel.solve(forward).to_dict()["version"] == 1


SCENARIO = """\
[task]
samples = 3_000
features = 784
feature_bits = 8
fixed_parameters = 878
parameters_per_sample = 0
parameter_bits = 32
flops_per_sample = 1e6
setting = "federated"
[radio]
bandwidth_hz = 20e6
noise_density_w_per_hz = 3.98e-21
shared = "return"
[cycle]
cycle_s = 10.0
[learners]
table = "learners.csv"
send_bandwidth_hz = 20e6
send_power_w = 1.0
"""
TABLE = "flops_per_s,gain,max_power_w\n1e9,1e-10,0.01\n2e9,1e-11,0.01\n3e9,1e-12,0.02\n"


def test_scenario_with_a_table_and_the_command_line(tmp_path, command):
    file = tmp_path / "cell.toml"
    file.write_text(SCENARIO)
    (tmp_path / "learners.csv").write_text(TABLE)
    problem = mel.load_scenario(file) if hasattr(mel, "load_scenario") else None
    done = command("solve", str(file), "--output", str(tmp_path / "plan.json"))
    assert done.status == 0
    assert "no common power, shared by what is returned" in done.out
    plan = mel.Plan.load(tmp_path / "plan.json")
    assert plan.problem.radio.shared == "return"
    assert problem is None or plan.problem == problem
    assert command("check", str(tmp_path / "plan.json")).status == 0
    file.write_text(SCENARIO.replace("send_power_w = 1.0\n", ""))
    wrong = command("solve", str(file))
    assert wrong.status == 2
    assert "missing send_power_w" in wrong.err
    file.write_text(SCENARIO.replace('shared = "return"\n', ""))
    assert "power_w: missing key" in command("solve", str(file)).err
    file.write_text(SCENARIO.replace('"return"', '"up"'))
    assert "radio.shared = 'up': must be one of 'send', 'return'" in command("solve", str(file)).err


def test_words_speak_of_the_right_link():
    slow = cell(3, send_power_w=1e-12, max_power_w=None, power_w=1.0).with_budgets(cycle_s=1e-3)
    late = mel.solve(slow)
    assert late.status == "infeasible"
    assert "receiving the model" in late.reasons[0]
    assert "send bandwidth 20 MHz" in late.reasons[0]
    mute = mel.solve(cell(3, max_power_w=[0.01, 0.0, 0.01]))
    assert mute.reasons == ("learner 1 must return the model: its max_power_w is 0",)
    narrow = cell(3).with_budgets(bandwidth_hz=400.0)
    assert "is too little to return the models" in mel.solve(narrow).reasons[0]
    words = str(mel.explain(mel.solve(cell(5))))
    assert "faster sending" in words or "a better channel" in words
    assert "power alone" not in words
    assert "max_power_w" not in words
    assert mel.solve(cell(5)).prices.per_w == 0.0


def test_searches_around_a_plan_hold_their_proofs():
    verify = pytest.importorskip("mel_fast.verify").verify
    problem = cell(6)
    plan = mel.solve(problem)
    for over in ("cycle_s", "bandwidth_hz", "power_w"):
        least = mel.least(problem, plan.tau, over)
        assert least.status == "optimal"
        assert verify(least.plan.problem, least.plan).ok
        assert verify(least.proof.problem, least.proof).ok
    assert least.amount <= float(problem.learners.max_power_w.sum()) * (1 + 1e-9)
    most = mel.most(problem, plan.tau)
    assert most.value >= problem.task.samples
    assert verify(most.plan.problem, most.plan).ok
    for then in ("none", "power", "bandwidth"):
        assert mel.solve(problem, then=then).tau == plan.tau
    frontier = mel.frontier(problem, "cycle_s", start=8.0, stop=12.0)
    assert frontier.tau_at(problem.cycle_s) == (plan.tau, plan.tau)
    drifted = mel.simulate(plan, gain_drift=1.0, seed=3)
    assert drifted.outcomes["monitor"].plan.problem.radio.shared == "return"


def test_cp_sat_brackets_the_same_tau():
    pytest.importorskip("ortools")
    for seed in (0, 1, 3, 4):
        problem = random_uplink(seed, learners=2, samples=4)
        found = cp_sat.bracket(problem, time_limit_s=20)
        tau = mel.solve(problem).tau
        assert found.lower <= tau <= found.upper


def test_the_power_that_stands_for_everybodys_own_is_theirs_in_any_order_and_in_parts() -> None:
    rng = np.random.default_rng(4)
    for size in (1, 2, 3, 900, 5000):
        most = 10 ** rng.uniform(-14, 3, size)
        most[rng.random(size) < 0.1] = 0.0
        exact = math.fsum(most)
        budget = float(all_shares(most))
        assert exact <= budget <= max(exact * (1 + 2**-29), 1e-60)
        assert budget == all_shares(most[rng.permutation(size)])
        assert (all_shares(np.stack([most, 2 * most])) == [budget, 2 * budget]).all()
        top = most.max()
        parts = [shares_in_units(part, top, size) for part in np.array_split(most, 3) if part.size]
        assert budget == budget_of_units(np.sum(parts, axis=0), top, size)
    assert all_shares(np.zeros(3)) == 1e-60
