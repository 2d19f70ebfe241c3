"""The core as WebAssembly against the native one: answers, proofs, and what rounding counts on."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path

import mpmath
import numpy as np
import pytest

import mel_fast as mel
import speeds
from exploring import needs_core, needs_node, node
from limited import with_limits
from mel_fast.reference.instances import borderline_pair, random_problem, random_tau

pytestmark = [needs_node, needs_core]

LIMITS = (
    ("max_samples", "min_samples"),
    ("max_bandwidth_hz", "max_power_w"),
    ("energy_j",),
    ("max_samples", "max_power_w", "energy_j"),
)
SCHEMES = ("joint", "task_only", "resource_only")


def drawn(count: int, seed: int) -> Iterator[mel.Problem]:
    """Problems of every kind that the page plans."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        size = int(rng.integers(1, 9))
        problem = random_problem(
            rng,
            size,
            int(rng.integers(1, 400)),
            law=("density", "fixed")[number % 2],
            setting=("parallelized", "federated")[number // 2 % 2],
            idle=("served", "excused")[number // 4 % 2],
            kinds=None if number % 3 else max(1, size // 2),
        )
        if number % 4 == 3:
            problem = with_limits(problem, rng, LIMITS[number // 4 % len(LIMITS)], None)
        if number % 8 == 5:
            problem = with_limits(problem, rng, (), 17)
        if number % 8 == 6:
            payload = mel.Payload(return_bits=rng.uniform(0, 1e5, size))
            problem = problem.replace(payload=payload)
        yield problem


def as_stated(problem: mel.Problem) -> str:
    return json.dumps(problem.to_dict())


def core_alone(problem: mel.Problem, scheme: str) -> mel.Plan:
    """Solve without what follows the core's answer: the page has nothing that follows."""
    code = SCHEMES.index(scheme)
    result = mel._core.solve(problem.core_for(scheme), code, 10.0, 1, None)
    return mel.Plan._from_core(problem, scheme, result)


def test_hundreds_of_problems_have_the_native_answers_and_plans_that_the_checker_proves() -> None:
    pairs = [(p, SCHEMES[i % 3]) for i, p in enumerate(drawn(240, seed=22))]
    files = node("plans", [(as_stated(p), scheme) for p, scheme in pairs])
    proved = 0
    for i, ((problem, scheme), file) in enumerate(zip(pairs, files, strict=True)):
        plan = mel.Plan.from_dict(json.loads(file))
        native = core_alone(problem, scheme)
        assert (plan.status, plan.tau, plan.bound) == (native.status, native.tau, native.bound), i
        assert plan.problem == problem
        if plan.samples is not None:
            assert np.array_equal(plan.samples, native.samples), i
            assert np.allclose(plan.bandwidth_hz, native.bandwidth_hz, rtol=1e-6)
        if i % 5 == 0 and plan.status in ("optimal", "infeasible"):
            assert mel.verify(problem, plan).ok, (i, mel.verify(problem, plan).reasons)
            proved += 1
    assert proved > 30


def test_borderline_problems_and_their_trees_are_decided_alike() -> None:
    rng = np.random.default_rng(5)
    problems = []
    while len(problems) < 60:
        base = random_problem(
            rng, 3, int(rng.integers(3, 30)), law="fixed", idle="excused", kinds=2
        )
        pair = borderline_pair(base, random_tau(rng, base))
        problems += [] if pair is None else [pair.feasible, pair.infeasible]
    files = node("plans", [(as_stated(p), "joint") for p in problems])
    trees = 0
    for problem, file in zip(problems, files, strict=True):
        plan = mel.Plan.from_dict(json.loads(file))
        native = core_alone(problem, "joint")
        assert (plan.status, plan.tau, plan.bound) == (native.status, native.tau, native.bound)
        assert plan.certificate is not None
        trees += len(plan.certificate["tree"]) > 1
        if plan.status in ("optimal", "infeasible"):
            assert mel.verify(problem, plan).ok
    assert trees > 3


def test_a_shared_return_and_powers_of_their_own_are_planned_as_in_the_package() -> None:
    rng = np.random.default_rng(3)
    problems = []
    for problem in drawn(12, seed=3):
        size = len(problem.learners)
        learners = mel.Learners(
            flops_per_s=problem.learners.flops_per_s,
            gain=problem.learners.gain,
            send_bandwidth_hz=problem.learners.return_bandwidth_hz,
            send_power_w=problem.learners.return_power_w,
            max_power_w=rng.uniform(0.01, 1, size),
        )
        noise = {
            name: getattr(problem.radio, name)
            for name in ("noise_density_w_per_hz", "noise_power_w")
        }
        radio = mel.Radio(problem.radio.bandwidth_hz, None, **noise, shared="return")
        problems.append(problem.replace(learners=learners, radio=radio, payload=None))
    pairs = [(p, scheme) for p in problems for scheme in ("joint", "task_only")]
    for (problem, scheme), file in zip(
        pairs, node("plans", [(as_stated(p), s) for p, s in pairs]), strict=True
    ):
        plan = mel.Plan.from_dict(json.loads(file))
        native = core_alone(problem, scheme)
        assert (plan.status, plan.tau, plan.bound) == (native.status, native.tau, native.bound)
        assert mel.verify(problem, plan).ok == mel.verify(problem, native).ok


def test_who_may_sit_out_is_chosen_as_in_the_package() -> None:
    rng = np.random.default_rng(3)
    problems = []
    for number in range(40):
        size = int(rng.integers(2, 8))
        law, idle = ("density", "fixed")[number % 2], ("served", "excused")[number // 2 % 2]
        problem = random_problem(rng, size, int(rng.integers(10, 300)), law=law, idle=idle)
        least = rng.integers(0, problem.task.samples // 2 + 1, size)
        most = least if number % 3 == 0 else np.maximum(least, problem.task.samples)
        learners = problem.learners.replace(
            optional=rng.random(size) < 0.7, min_samples=least, max_samples=most
        )
        problems.append(problem.replace(learners=learners))
    files = node("plans", [(as_stated(p), "joint") for p in problems])
    kinds = set()
    for number, (problem, file) in enumerate(zip(problems, files, strict=True)):
        plan, native = mel.Plan.from_dict(json.loads(file)), mel.solve(problem)
        assert (plan.status, plan.tau, plan.bound) == (native.status, native.tau, native.bound)
        kinds.add(plan.status)
        assert number % 2 or mel.verify(problem, plan).ok
    assert kinds == {"optimal", "infeasible"}


def test_speeds_are_chosen_as_in_the_package() -> None:
    problems = [
        speeds.random_problem(seed, 3, 40, ("density", "fixed")[seed % 2], idle)
        for seed in range(10)
        for idle in ("served", "excused")
    ]
    problems.append(problems[0].replace(learners=problems[0].learners.replace(energy_j=None)))
    files = node("plans", [(as_stated(p), "joint") for p in problems])
    for problem, file in zip(problems, files, strict=True):
        plan, native = mel.Plan.from_dict(json.loads(file)), core_alone(problem, "joint")
        assert (plan.status, plan.tau, plan.bound) == (native.status, native.tau, native.bound)
        if plan.flops_per_s is not None:
            assert np.allclose(plan.flops_per_s, native.flops_per_s, rtol=1e-9)
        assert mel.verify(problem, plan).ok == mel.verify(problem, native).ok


def test_the_next_questions_are_answered_with_what_is_proved() -> None:
    problem = mel.scenarios.table1(8, seed=1)
    found = node("questions", {"problem": as_stated(problem), "over": "bandwidth_hz"})
    for point in found["points"][:: max(1, len(found["points"]) // 12)]:
        there = problem.with_budgets(bandwidth_hz=point["amount"])
        assert mel.solve(there, then="none").tau == point["tau"]
    tau = found["tau"] + 1
    for need in found["needed"]:
        assert need["upper"] <= need["lower"] * (1 + 2e-6)
        assert mel.solve(problem.with_budgets(**{need["over"]: need["upper"]})).tau >= tau
        assert mel.solve(problem.with_budgets(**{need["over"]: need["lower"]})).tau < tau
    explained = mel.solve(problem).explain()
    assert found["worth"]["samples"] == pytest.approx(explained.prices.samples, rel=1e-6)


def test_what_the_core_refuses_is_said() -> None:
    problem = mel.scenarios.table1(3)
    stated = problem.to_dict()
    stated["learners"]["gain"][1] = (-1.0).hex()
    (said,) = node("plans", [[json.dumps(stated), "joint"]])
    assert said.startswith("refused: gain[1]")


def test_log1p_and_expm1_of_webassembly_keep_the_allowance_of_the_proofs() -> None:
    """docs/rounding.md counts two units of 2^-53 for each."""
    rng = np.random.default_rng(1)
    size = 10 ** rng.uniform(-300, 300, 500)
    near = np.concatenate([10 ** rng.uniform(-18, 1, 800), rng.uniform(0.2, 0.9, 300)])
    given = {
        "log1p": np.concatenate([size, near]),
        "expm1": np.concatenate([near * 5, -near * 5, rng.uniform(-40, 700, 300)]),
    }
    found = node(
        "functions", {name: [x.hex() for x in column.tolist()] for name, column in given.items()}
    )
    with mpmath.workprec(160):
        for name, column in given.items():
            exact = getattr(mpmath, name)
            for x, hexadecimal in zip(column.tolist(), found[name], strict=True):
                y = exact(mpmath.mpf(x))
                error = abs(mpmath.mpf(float.fromhex(hexadecimal)) - y) / abs(y)
                assert error <= 2 * mpmath.mpf(2) ** -53, (name, x)


def test_the_module_asks_the_world_for_a_clock_alone() -> None:
    about = node("about")
    assert set(about["imports"]) == {
        "clock_time_get",
        "emscripten_notify_memory_growth",
        "environ_get",
        "environ_sizes_get",
        "proc_exit",
    }
    assert about["version"] == mel.__version__


def test_the_module_is_made_of_these_sources() -> None:
    script = Path(__file__).parents[2] / "cpp" / "wasm" / "build.py"
    if not script.is_file():
        pytest.skip("no sources here")
    digest = runpy.run_path(str(script))["digest"]()
    assert node("about")["sources"] == digest, "run python cpp/wasm/build.py again"
