"""The least energy where the orchestrator sends: enumeration, properties, claims no longer true."""

import copy
import json

import numpy as np
import pytest
from click.testing import CliRunner

import mel_fast as mel
from energies import against_every_split
from mel_fast.cli import group
from receivers import LATE, cell, drawn, of_split
from test_energy import cell as senders

LAWS = pytest.mark.parametrize("law", ["density", "fixed"])


def above_the_least(seed: int) -> float:
    """Compare with enumeration; return how far above the least the plan is."""
    compared = against_every_split(drawn(seed), seed, spent=of_split, below=1e-6)
    if compared is None:
        return 0.0
    found, least = compared
    assert found.value >= least * (1 - 1e-6) or least >= LATE
    return found.value / least - 1


@pytest.mark.parametrize("seed", [0, 9, 13, 14])  # each law, each reading, caps, one and two
def test_no_split_spends_less_than_the_bound_or_much_less_than_the_plan(seed: int) -> None:
    pytest.importorskip("flint")
    assert above_the_least(seed) < 1e-6


@pytest.mark.long
def test_no_split_spends_less_more_often() -> None:
    pytest.importorskip("flint")
    gaps = np.array([above_the_least(seed) for seed in range(200)])
    assert (gaps > 1e-5).mean() < 0.05


@LAWS
def test_the_checker_confirms_plan_and_bound_and_refuses_what_is_better(law, tmp_path) -> None:
    pytest.importorskip("flint")
    problem = cell(law=law, cycle_s=0.4, max_power_w=0.1 if law == "fixed" else None)
    found = mel.least(problem, 20, "energy_j")
    assert found.width < 1e-5
    assert found.value == pytest.approx(found.plan.energy_j.sum())
    assert (found.plan.flops_per_s < problem.learners.flops_per_s).all()
    found.plan.save(tmp_path / "plan.json")
    plan = mel.Plan.load(tmp_path / "plan.json")
    assert plan == found.plan
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
    data = found.plan.to_dict()
    claim = {name: float.fromhex(x) for name, x in data["least_energy"].items()}
    for name, factor, words in (
        ("joules", 1 - 1e-9, "spends more"),
        ("bound_j", 1 + 1e-4, "do not prove"),
        ("joules_per_hz", 1.3, "do not prove"),
        ("joules_per_w", 0.7, "do not prove"),
        ("joules_per_sample", 0.9, "do not prove"),
    ):
        other = copy.deepcopy(data)
        other["least_energy"][name] = (claim[name] * factor).hex()
        refused = mel.verify(problem, mel.Plan.from_dict(other))
        assert not refused.ok, name
        assert words in refused.reasons[0]
    other = copy.deepcopy(data)
    other["flops_per_s"] = [(float.fromhex(x) * 0.5).hex() for x in data["flops_per_s"]]
    assert any(
        "late" in reason for reason in mel.verify(problem, mel.Plan.from_dict(other)).reasons
    )


@LAWS
def test_more_of_anything_never_costs_energy(law) -> None:
    problem = cell(law=law)
    learners, budget = problem.learners, problem.radio.power_w
    found = mel.least(problem, 30, "energy_j")
    assert found.width < 1e-6
    for better in (
        problem.with_budgets(cycle_s=0.6),
        problem.with_budgets(bandwidth_hz=1.2 * problem.radio.bandwidth_hz),
        problem.with_budgets(power_w=1.2 * budget),
        problem.replace(learners=learners.replace(flops_per_s=1.3 * learners.flops_per_s)),
        problem.replace(idle="excused"),
    ):
        assert mel.least(better, 30, "energy_j").bound <= found.value
    fixed = learners.replace(min_flops_per_s=learners.flops_per_s)
    assert found.value < mel.least(problem.replace(learners=fixed), 30, "energy_j").bound
    joules = 1e-28 * learners.flops_per_s**2  # a flop that takes as much at any speed
    alike = learners.replace(
        energy_coefficient=None, energy_per_flop_j=joules, energy_j=np.full(len(learners), np.inf)
    )
    same = mel.least(problem.replace(learners=fixed), 30, "energy_j")
    other = mel.least(problem.replace(learners=alike), 30, "energy_j")
    assert other.bound <= same.value * (1 + 1e-9)
    assert same.bound <= other.value * (1 + 1e-9)


@pytest.mark.parametrize("make", [cell, lambda **words: senders(energy_j=None, **words)])
def test_where_computing_is_free_everybody_computes_at_full_speed(make) -> None:
    problem = make(energy_coefficient=0.0)
    plan = mel.least(problem, 30, "energy_j").plan
    assert (plan.flops_per_s == problem.learners.flops_per_s)[plan.samples > 0].all()


def test_curves_a_common_energy_and_many_problems_ask_the_same_question() -> None:
    problem = cell(count=4, cycle_s=0.1)
    curve = mel.frontier(problem, "energy_j")
    assert (np.diff(curve.value) > 0).all()
    trade = mel.trade(problem, 3, [0.1, 0.12, 0.2])
    assert (np.diff(trade.value) < 0).all()
    steps = curve.steps
    for budget, tau in ((1.01 * steps[2].value, 3), (0.99 * steps[2].bound, 2)):
        found = mel.within(problem, budget)
        assert (found.tau, found.status) == (tau, "optimal")
    batch = mel.Batch.vary(problem, cycle_s=[0.1, 0.12])
    plans = mel.solve_many(batch, then="energy")
    for row, plan in enumerate(plans):
        alone = mel.solve(batch.problem(row), then="energy")
        assert plan.least_energy == alone.least_energy
        assert (plan.flops_per_s == alone.flops_per_s).all()


@LAWS
def test_with_many_learners_the_least_is_a_limit_just_kept_and_a_little_less_is_not(law) -> None:
    problem = senders(300, law=law, energy_j=None)
    found = mel.least(problem, 40, "energy_j")
    assert found.width < 1e-6
    spent = found.plan.energy_j
    own = problem.learners.replace(energy_j=spent * (1 + 1e-9))
    assert mel.solve(problem.replace(learners=own)).tau >= 40
    less = spent * (found.bound / found.value * (1 - 1e-7))  # together below what is proved
    assert mel.solve(problem.replace(learners=own.replace(energy_j=less))).bound < 40
    received = cell(300, law=law)
    found = mel.least(received, 40, "energy_j")
    assert found.width < 1e-6
    assert mel.within(received, found.value).tau >= 40
    assert mel.within(received, found.bound * (1 - 1e-9)).tau < 40


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (lambda: cell(max_power_w=0.1, max_bandwidth_hz=1e6), r"max_power_w\[0\], max_band"),
        (
            lambda: cell(law="fixed").replace(payload=mel.Payload(send_bits_per_sample=8.0)),
            "send_bits_per_sample",
        ),
        (lambda: cell().replace(radio=cell().radio.replace(block_hz=1e4)), "block_hz"),
        (
            lambda: senders(energy_j=None).replace(
                radio=senders(energy_j=None).radio.replace(power_w=1.0)
            ),
            "radio.power_w = 1",
        ),
    ],
)
def test_what_is_not_worked_out_is_refused_by_name(problem, words) -> None:
    with pytest.raises(ValueError, match=words):
        mel.least(problem(), 3, "energy_j")


def test_the_command_line_finds_and_checks_it(tmp_path) -> None:
    pytest.importorskip("flint")
    cell(count=5).to_toml(tmp_path / "cell.toml")
    plan = tmp_path / "plan.json"
    words = ["least", str(tmp_path / "cell.toml"), "--over", "energy_j", "--tau", "9"]
    found = CliRunner().invoke(group, [*words, "--output", str(plan)])
    assert found.exit_code == 0, found.output
    assert "joules_per_w" in json.loads(plan.read_text())["least_energy"]
    checked = CliRunner().invoke(group, ["check", str(plan)])
    assert checked.exit_code == 0, checked.output
    assert "none spends less" in checked.output
