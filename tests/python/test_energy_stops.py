"""Least energies that a limit, a callback or Ctrl-C cuts short: what is said of them is true."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from alarms import LOST_IN_FINALISERS, until_it_rings
from mel_fast.bracket.energy.least import least_energy_from
from mel_fast.verify import verify_dict
from test_runtime import POSIX


def uplink(learners: int, law: str = "density") -> mel.Problem:
    """Return learners that choose how fast they compute, and send their models over one band."""
    rng = np.random.default_rng(1)
    users = mel.Learners(
        flops_per_s=rng.uniform(1e9, 3e9, learners),
        gain=10 ** rng.uniform(-13, -9, learners),
        send_bandwidth_hz=1e6,
        send_power_w=1.0,
        max_power_w=0.01,
        energy_coefficient=1e-28,
    )
    task = mel.LearningTask(
        samples=100 * learners,
        features=10,
        feature_bits=8,
        fixed_parameters=1000,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=2e6,
        setting="federated",
    )
    noise: dict[str, Any] = {
        "density": {"noise_density_w_per_hz": 4e-21},
        "fixed": {"noise_power_w": 4e-16},
    }[law]
    return mel.Problem(task, users, mel.Radio(1e5 * learners, shared="return", **noise), 5.0)


SMALL, MIDDLE = uplink(12), uplink(2000)


def stopping_at(poll: int) -> Callable[..., bool]:
    calls = itertools.count(1)
    return lambda *_: next(calls) >= poll


def holds(found: mel.LeastEnergy, full: mel.LeastEnergy) -> None:
    """Check an enclosure against the one of a search that ended."""
    assert found.bound <= full.value * (1 + 1e-9)
    if found.plan is None:
        return
    assert found.value >= full.bound * (1 - 1e-9)
    plan = found.plan
    assert plan.samples.sum() == plan.problem.task.samples
    assert sum(map(Fraction, plan.bandwidth_hz.tolist())) <= Fraction(
        plan.problem.radio.bandwidth_hz
    )


@pytest.mark.long
def test_whatever_moment_a_large_search_is_stopped_at_its_ends_hold() -> None:
    problem = uplink(9000)
    plan = mel.solve(problem)
    full = least_energy_from(plan, plan.tau)
    for poll in range(1, 400, 13):
        holds(least_energy_from(plan, plan.tau, callback=stopping_at(poll)), full)


def test_a_callback_is_told_and_stops_the_search_with_the_plan_that_there_was() -> None:
    told: list[tuple[float, ...]] = []
    full = mel.least(MIDDLE, 49, "energy_j", callback=lambda *ends: told.append(ends))
    assert told
    assert [ends[2] for ends in told] == sorted(ends[2] for ends in told)
    found = mel.least(MIDDLE, 49, "energy_j", callback=lambda *_: True)
    holds(found, full)
    assert found.stopped
    assert found.status in ("feasible", "undecided")


def test_without_time_the_plan_that_there_was_is_an_upper_end_that_the_checker_believes() -> None:
    plan = mel.solve(SMALL)
    found = least_energy_from(plan, 3, limit_s=0.0)
    assert found.status == "feasible"
    assert found.value > mel.least(SMALL, 3, "energy_j").value
    assert mel.verify(SMALL, found.plan).ok


def test_a_frontier_that_is_stopped_has_what_its_neighbours_prove() -> None:
    full = mel.frontier(SMALL, "energy_j")
    calls = itertools.count()
    found = mel.frontier(SMALL, "energy_j", callback=lambda *_: next(calls) > 5)
    assert found.tau.tolist() == full.tau.tolist()
    assert {str(step.status) for step in found.steps} == {"optimal", "feasible"}
    assert (found.bound <= full.value * (1 + 1e-9)).all()
    assert (found.value >= full.bound * (1 - 1e-9)).all()
    assert (np.diff(found.bound) >= 0).all()
    assert mel.verify(SMALL, found.steps[-1].plan).ok


def test_no_limit_raises_where_nothing_is_known_yet() -> None:
    found = mel.trade(SMALL, 3, time_limit_s=0.0)
    assert found.steps == ()
    assert "no deadline" in repr(found)
    given = mel.trade(SMALL, 3, [1.0, 2.0], time_limit_s=0.0)
    assert [str(step.status) for step in given.steps] == ["undecided"] * 2
    within = mel.within(SMALL, 60.0, time_limit_s=0.0)
    assert within.tau <= mel.within(SMALL, 60.0).tau <= within.bound


WORK: dict[str, Callable[[], object]] = {
    "least": lambda: mel.least(MIDDLE, 3, "energy_j"),
    "then": lambda: mel.solve(MIDDLE, then="energy"),
    "within": lambda: mel.within(MIDDLE, 3000.0),
    "trade": lambda: mel.trade(MIDDLE, 3),
    "frontier": lambda: mel.frontier(MIDDLE, "energy_j"),
}


@POSIX
@LOST_IN_FINALISERS
@pytest.mark.parametrize("name", WORK)
def test_an_interrupt_keeps_what_was_found(name: str) -> None:
    found: BaseException = KeyboardInterrupt()
    while not isinstance(found, mel.Interrupted):  # an alarm between two searches keeps nothing
        found = until_it_rings(WORK[name], KeyboardInterrupt())
        assert isinstance(found, KeyboardInterrupt | mel.Interrupted)
    assert found.plan.tau <= found.plan.bound
    assert name == "then" or found.found is not None


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda **words: mel.frontier(MIDDLE, "energy_j", **words), mel.EnergyFrontier),
        (lambda **words: mel.trade(MIDDLE, 3, **words), mel.EnergyTrade),
        (lambda **words: mel.within(MIDDLE, 3000.0, **words), mel.WithinEnergy),
        (lambda **words: mel.least(MIDDLE, 3, "energy_j", **words), mel.LeastEnergy),
    ],
)
def test_an_interrupt_before_anything_is_found_has_an_answer_without_steps(ask, kind) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(mel.Interrupted) as told:
        ask(callback=stop)
    assert type(told.value.found) is kind
    assert isinstance(told.value.__cause__, KeyboardInterrupt)
    assert told.value.found.status in ("undecided", "feasible", "infeasible")
    assert told.value.found.summary() is not None


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_hostile_prices_of_a_claim_get_a_verdict(law: str) -> None:
    data = mel.least(uplink(1, law), 3, "energy_j").plan.to_dict()
    for per_hz, per_sample in itertools.product((0.0, 5e-324, 1e60), (0.0, 1e60)):
        data["least_energy"].update(
            joules_per_hz=per_hz.hex(), joules_per_sample=per_sample.hex(), bound_j=(1e-3).hex()
        )
        assert "the prices do not prove" in str(verify_dict(data).reasons)
    data["least_energy"]["bound_j"] = (0.0).hex()  # nobody spends less than nothing
    assert verify_dict(data).ok


def test_prices_of_a_search_that_got_nowhere_are_none() -> None:
    """Without samples to spare a sample's worth was infinite, in a claim that no file can hold."""
    learners = mel.Learners(
        flops_per_s=[1.58e8, 3.637e7, 7.039e8], gain=[0.333, 1.46, 0.33],
        return_bandwidth_hz=[3447305.0, 4321149.0, 3382134.0],
        return_power_w=[0.03385, 0.1248, 0.03955], min_samples=[1, 1, 0],
        energy_coefficient=[1.595e-26, 0.0, 6.288e-29],
    )  # fmt: skip
    task = mel.LearningTask(
        samples=4, features=20, feature_bits=8, fixed_parameters=100, parameters_per_sample=3,
        parameter_bits=16, flops_per_sample=228397.0, setting="federated",
    )  # fmt: skip
    radio = mel.Radio(5027512.0, 0.12677, noise_density_w_per_hz=3.739e-8)
    problem = mel.Problem(task, learners, radio, 0.037318)
    for tau in (2, 4):
        found = mel.least(problem, tau, "energy_j")
        assert np.isfinite(found.plan.least_energy[:5]).all()
        assert mel.Plan.from_dict(found.plan.to_dict()) == found.plan
