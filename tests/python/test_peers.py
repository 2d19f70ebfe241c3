"""The benchmark's adapters state the same problem as mel_fast, and the driver reports fairly."""

import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel

BENCH = Path(__file__).parents[2] / "bench"
REQUIRES = {
    "mel_fast_peer": (),
    "bonmin_casadi": ("casadi",),
    "scip": ("pyscipopt",),
    "cvxpy_clarabel": ("cvxpy", "clarabel"),
    "cp_sat": ("ortools",),
}

pytest.importorskip("flint")
if not BENCH.is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(BENCH))
    yield importlib.import_module
    sys.path.remove(str(BENCH))


def test_every_adapter_is_listed(bench):
    assert set(bench("peers").NAMES) == set(REQUIRES)


@pytest.mark.parametrize("peer", REQUIRES)
def test_a_peer_agrees_with_the_certificate(bench, peer):
    for module in REQUIRES[peer]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    driver = bench("side_by_side")
    # In a process of its own: HiGHS comes with both CVXPY and OR-Tools, and the two clash in one.
    answer = driver.apart(peer, 3, seed=4, limit_s=20.0)
    plan = driver.certified(3, seed=4)
    ours = bench("peers.common").PeerAnswer(plan.tau, plan.bound, True, 0.0, "")
    assert driver.contradictions(ours, answer) == []
    assert 1 <= answer.tau <= plan.tau, answer.note
    assert answer.seconds > 0.0
    assert answer.version
    if peer != "bonmin_casadi":
        assert answer.bound >= plan.tau


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("setting", ["parallelized", "federated"])
def test_the_scaled_problem_is_the_problem(bench, law, setting):
    problem = mel.scenarios.table1(learners=6, cycle_s=30.0, seed=2, law=law, setting=setting)
    plan = mel.solve(problem)
    s = bench("peers.common").scale(problem)
    x = plan.bandwidth_hz / problem.radio.bandwidth_hz
    y = plan.power_w / problem.radio.power_w
    z = plan.samples / s.samples
    send = (s.each_bits * z + s.base_bits) / s.rate(x, y)
    np.testing.assert_allclose(send * problem.cycle_s, plan.send_s, rtol=1e-12)
    np.testing.assert_allclose(
        plan.tau * s.compute * z * problem.cycle_s, plan.compute_s, rtol=1e-12
    )
    back = s.return_each * z + s.return_base
    np.testing.assert_allclose(back * problem.cycle_s, plan.return_s, rtol=1e-12)
    assert s.most_tau >= plan.bound
    assert (s.most_samples(plan.tau, x, y) >= plan.samples - 1).all()
    tau, fractions = s.start()
    assert 1 <= tau <= plan.tau
    assert fractions.sum() == pytest.approx(1.0)


def test_peers_refuse_what_they_cannot_state(bench):
    problem = mel.scenarios.table1(learners=3, idle="excused")
    with pytest.raises(NotImplementedError, match="serve every learner"):
        bench("peers.common").scale(problem)


def test_a_contradiction_is_reported(bench):
    answer, contradictions = bench("peers.common").PeerAnswer, bench("side_by_side").contradictions
    ours = answer(9, 9, True, 0.0, "")
    assert contradictions(ours, answer(9, 9, True, 0.0, "")) == []
    assert contradictions(ours, answer(7, 11, False, 0.0, "")) == []
    assert contradictions(ours, answer(0, None, False, 0.0, "")) == []
    assert len(contradictions(ours, answer(8, None, True, 0.0, ""))) == 1
    assert len(contradictions(ours, answer(8, 8, False, 0.0, ""))) == 1
    assert len(contradictions(ours, answer(8, 8, True, 0.0, ""))) == 2
    assert len(contradictions(ours, answer(10, 12, False, 0.0, ""))) == 1
    # A point within a tolerance is no claim of proof, so a heuristic may be off.
    assert contradictions(ours, answer(10, None, False, 0.0, "")) == []


def test_a_peer_that_does_not_come_back_is_killed(bench, monkeypatch):
    driver = bench("side_by_side")
    monkeypatch.setattr(driver, "GRACE_S", 0.0)
    answer = driver.apart("mel_fast_peer", 5, 0, 0.001)
    assert (answer.tau, answer.bound, answer.proved) == (0, None, False)
    assert "killed" in answer.note


def test_a_peer_that_fails_says_why(bench):
    answer = bench("side_by_side").apart("mel_fast_peer", 0, 0, 30.0)
    assert answer.note.startswith("failed: ")
    assert "learners" in answer.note
