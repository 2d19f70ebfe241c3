"""What must not matter: the order of the learners, the units, the form of the arrays."""

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from mel_fast import Problem
from strategies import SCHEMES, Case, cases, holds_for_all

schemes = st.sampled_from(SCHEMES)


def rescaled(
    problem: Problem,
    *,
    second: float = 1.0,
    watt: float = 1.0,
    flop: float = 1.0,
    loss: float = 1.0,
    bits: int = 1,
) -> Problem:
    """Return the same problem in units that are smaller by the given factors.

    `loss` divides gains and noise alike; `bits` counts every bit as so many.
    """
    task, learners, radio = problem.task, problem.learners, problem.radio
    per_hz = radio.noise_density_w_per_hz
    noise = radio.noise_power_w
    band = bits / second
    return Problem(
        task.replace(
            feature_bits=task.feature_bits * bits,
            parameter_bits=task.parameter_bits * bits,
            flops_per_sample=task.flops_per_sample * flop,
        ),
        mel.Learners(
            flops_per_s=learners.flops_per_s * flop / second,
            gain=learners.gain / loss,
            return_bandwidth_hz=learners.return_bandwidth_hz * band,
            return_power_w=learners.return_power_w * watt,
        ),
        mel.Radio(
            radio.bandwidth_hz * band,
            radio.power_w * watt,
            noise_density_w_per_hz=None if per_hz is None else per_hz * watt / loss / band,
            noise_power_w=None if noise is None else noise * watt / loss,
        ),
        cycle_s=problem.cycle_s * second,
        idle=problem.idle,
    )


def reordered(problem: Problem, order: np.ndarray) -> Problem:
    return problem.replace(learners=problem.learners.take(order))


@holds_for_all(st.tuples(cases(), schemes), ci=60, long=3_000)
def test_order_of_learners_does_not_matter(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    problem = case.problem()
    order = case.rng().permutation(case.learners)
    plan = mel.solve(problem, scheme=scheme)
    other = mel.solve(reordered(problem, order), scheme=scheme)
    assert (other.status, other.tau, other.bound) == (plan.status, plan.tau, plan.bound)
    if plan.tau:
        moved = mel.Plan(
            other.problem,
            status="optimal",
            scheme=scheme,
            tau=plan.tau,
            bound=plan.bound,
            samples=plan.samples[order],
            bandwidth_hz=plan.bandwidth_hz[order],
            power_w=plan.power_w[order],
            certificate=other.certificate,
        )
        assert violations(moved) == []
        assert mel.verify(other.problem, moved).ok


@holds_for_all(
    st.tuples(
        cases(), schemes, st.sampled_from(["second", "watt", "flop", "loss"]), st.integers(-30, 30)
    ),
    ci=80,
    long=4_000,
)
def test_units_that_are_powers_of_two_do_not_matter(drawn: tuple[Case, str, str, int]) -> None:
    case, scheme, unit, power = drawn
    problem = case.problem()
    plan = mel.solve(problem, scheme=scheme)
    other = mel.solve(rescaled(problem, **{unit: 2.0**power}), scheme=scheme)
    assert (other.status, other.tau, other.bound) == (plan.status, plan.tau, plan.bound)


@holds_for_all(
    st.tuples(cases(), schemes, st.tuples(*[st.floats(0.001, 1000.0)] * 4), st.integers(1, 7)),
    ci=60,
    long=3_000,
)
def test_units_do_not_matter(drawn: tuple[Case, str, tuple[float, ...], int]) -> None:
    case, scheme, (second, watt, flop, loss), bits = drawn
    problem = case.problem()
    plan = mel.solve(problem, scheme=scheme)
    units = {"second": second, "watt": watt, "flop": flop, "loss": loss, "bits": bits}
    other = mel.solve(rescaled(problem, **units), scheme=scheme)
    assert (other.status, other.tau, other.bound) == (plan.status, plan.tau, plan.bound)


FORMS = {
    "float32": lambda column: column.astype(np.float32),
    "big-endian": lambda column: column.astype(">f8"),
    "non-contiguous": lambda column: np.repeat(column, 3)[::3],
    "reversed": lambda column: np.ascontiguousarray(column[::-1])[::-1],
    "list": lambda column: column.tolist(),
    "longdouble": lambda column: column.astype(np.longdouble),
}


def _read_only(column: np.ndarray) -> np.ndarray:
    column = column.copy()
    column.flags.writeable = False
    return column


FORMS["read-only"] = _read_only


@pytest.mark.parametrize("form", FORMS)
def test_form_of_the_arrays_does_not_matter(form: str) -> None:
    for seed in range(5):
        problem = Case(seed, 12, 50, "density", "parallelized", "excused", None).problem()
        limits = {"max_bandwidth_hz": 9e6, "max_power_w": 0.06, "max_samples": 40}
        learners = problem.learners.replace(
            **limits, energy_j=np.linspace(5, 9, 12), energy_per_flop_j=1e-9
        )
        columns = learners.columns().items()
        plain = {name: column.astype(np.float32).astype(float) for name, column in columns}
        given = {name: FORMS[form](column) for name, column in plain.items()}
        one = mel.solve(problem.replace(learners=mel.Learners(**plain))).to_dict()
        two = mel.solve(problem.replace(learners=mel.Learners(**given))).to_dict()
        one.pop("elapsed_s"), two.pop("elapsed_s")
        assert one == two


def test_scalars_stand_for_equal_columns() -> None:
    problem = Case(3, 7, 40, "fixed", "federated", "served", 1).problem()
    learners = problem.learners
    scalars = {name: float(column[0]) for name, column in learners.columns().items()}
    assert mel.Learners(**scalars, count=7) == learners
    assert mel.solve(problem.replace(learners=mel.Learners(**scalars, count=7))).tau == (
        mel.solve(problem).tau
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_inputs_are_left_untouched(scheme: str) -> None:
    problem = Case(1, 9, 60, "density", "parallelized", "served", None).problem()
    limited = problem.learners.replace(min_samples=1, max_power_w=1.0)
    given = {name: np.array(column) for name, column in limited.columns().items()}
    before = {name: column.copy() for name, column in given.items()}
    problem = problem.replace(learners=mel.Learners(**given))
    asked = problem.to_dict()
    plan = mel.solve(problem, scheme=scheme)
    if plan.tau:
        mel.evaluate(problem, plan.tau, plan.samples, plan.bandwidth_hz, plan.power_w)
    mel.verify(problem, plan)
    assert problem.to_dict() == asked
    for name, column in given.items():
        assert np.array_equal(column, before[name])
        assert column.flags.writeable
        column[:] = 1  # the problem holds copies
    assert problem.to_dict() == asked
