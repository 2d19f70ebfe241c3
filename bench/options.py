"""What each option costs beside the plain solve of the same learners: python bench/options.py [K].

Table I in proportion to K: with channels that differ little, of which nearly all learners take
part, and with the Rayleigh channels of `mel_fast.bench`, where with the fixed law one to four in
ten do. Limits are drawn around what the plain plan uses, so that they bind for about half of the
learners. Every status is asserted to be optimal, but where limits leave a served learner no way to
be served (a dash, and a proof); a dash, too, where what is asked is refused. Times are of the
processor, each option's and the plain solve's the least of several by turns.
"""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, get_args

import numpy as np

import mel_fast as mel
from mel_fast.bench._measure import grown
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Law


def even(learners: int, law: Law, idle: Idle, seed: int = 0) -> mel.Problem:
    """Return Table I in proportion, without deep fades.

    3000 samples, 5 MHz and a twentieth of 23 dBm a learner.
    """
    rng = np.random.default_rng(seed)
    speed = np.where(np.arange(learners) % 2, 2.4e9, 0.7e9)
    metres = 50.0 * np.sqrt(rng.random(learners)) + 1.0
    gain = (0.05 + rng.random(learners)) * 10.0 ** (-(77.0 + 21.0 * np.log10(metres)) / 10.0)
    task = mel.LearningTask(
        samples=3000 * learners,
        features=784,
        feature_bits=32,
        fixed_parameters=280_440,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=1_123_736.0,
    )
    noise = (
        {"noise_density_w_per_hz": 4e-21} if law == "density" else {"noise_power_w": 4e-21 * 5e6}
    )
    radio = mel.Radio(5e6 * learners, 0.01 * learners, **noise)
    return mel.Problem(task, mel.Learners(speed, gain, 5e6, 0.2), radio, 30.0, idle)


def federated(learners: int, law: Law, idle: Idle) -> mel.Problem:
    """Return the same with samples that are no bits to send."""
    problem = even(learners, law, idle)
    return problem.replace(task=problem.task.replace(setting="federated"))


def options(
    problem: mel.Problem, plan: mel.Plan
) -> Iterator[tuple[str, Callable[[], mel.Plan | mel.Least]]]:
    """Yield each option's name and what solves the problem with it."""
    rng = np.random.default_rng(1)
    size = len(problem.learners)
    band, watt, samples = plan.bandwidth_hz, plan.power_w, plan.samples
    assert band is not None
    assert watt is not None
    assert samples is not None

    def around(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, size)

    flops = problem.task.flops_per_sample
    limits: dict[str, dict[str, Any]] = {
        "max_bandwidth_hz": {"max_bandwidth_hz": np.maximum(band * around(0.5, 2), 1e3)},
        "max_power_w": {"max_power_w": np.maximum(watt * around(0.5, 2), 1e-6)},
        "max_samples": {"max_samples": np.maximum(np.round(samples * around(0.7, 2)), 10)},
        "min_samples": {"min_samples": np.round(samples * around(0, 1.2))},
        "energy_j": {
            "energy_per_flop_j": 1e-10,
            "energy_j": 1 + plan.tau * flops * 1e-10 * np.maximum(samples, 100) * around(0.7, 2),
        },
    }
    if problem.law == "density" or problem.task.setting == "federated":
        joules = 1e-10 / problem.learners.flops_per_s**2  # at full speed as above
        energy = 1 + plan.tau * flops * 1e-10 * np.maximum(samples, 100) * around(0.3, 2)
        limits["energy_j, speeds chosen"] = {"energy_coefficient": joules, "energy_j": energy}
    for name, columns in limits.items():
        limited = problem.replace(learners=problem.learners.replace(**columns))
        yield name, lambda limited=limited: mel.solve(limited)
    for block_hz in (180e3, 720e3, 2.5e6):
        blocks = problem.replace(radio=problem.radio.replace(block_hz=block_hz))
        yield f"block_hz={block_hz:g}", lambda blocks=blocks: mel.solve(blocks)
    yield "start", lambda: mel.solve(problem, start=plan)
    tenth = np.arange(0, size, 10)
    yield "keep a tenth", lambda: mel.solve(problem, start=plan, keep=tenth)
    yield 'then="none"', lambda: mel.solve(problem, then="none")
    yield 'then="power"', lambda: mel.solve(problem, then="power")
    yield 'then="bandwidth"', lambda: mel.solve(problem, then="bandwidth")
    yield "least", lambda: mel.least(problem, plan.tau, "cycle_s", start=plan)


def seconds(ask: Callable[[], Any]) -> tuple[float, mel.Status]:
    """Return the processor time of one run, and how it ended."""
    begin = time.process_time()
    answer = ask()
    return time.process_time() - begin, answer.status


def beside(plain: Callable[[], Any], ask: Callable[[], Any], repeats: int = 5) -> float | None:
    """Return the least time in times of the least plain one; None where infeasible."""
    best, best_plain = float("inf"), float("inf")
    for _ in range(repeats):
        took, status = seconds(ask)
        if status is mel.Status.INFEASIBLE:
            return None
        assert status is mel.Status.OPTIMAL, status
        best, best_plain = min(best, took), min(best_plain, seconds(plain)[0])
    return best / best_plain


def table(title: str, draw: Callable[[int, Law, Idle], mel.Problem], learners: int) -> None:
    """Print a Markdown table: an option a row, times of the plain solve a column."""
    variants = list(product(get_args(Law), get_args(Idle)))
    rows: dict[str, list[str]] = {}
    for law, idle in variants:
        problem = draw(learners, law, idle)
        plan = mel.solve(problem)

        def plain(problem: mel.Problem = problem) -> mel.Plan:
            return mel.solve(problem)

        alone = min(seconds(plain)[0] for _ in range(5))
        rows.setdefault("plain, ms", []).append(f"{1e3 * alone:.1f}")
        for name, ask in options(problem, plan):
            times = beside(plain, ask)
            rows.setdefault(name, []).append("-" if times is None else f"{times:.1f}")
    print(f"{title}, K = {learners:,}; times of the plain solve\n")
    print("| option | " + " | ".join(", ".join(variant) for variant in variants) + " |")
    print("|---|" + "---:|" * len(variants))
    for name, cells in rows.items():
        cells += ["-"] * (len(variants) - len(cells))
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def main() -> None:
    """Print a table for each kind of channels."""
    learners = int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000
    table("Even channels", even, learners)
    table("Even channels, samples that are no bits", federated, learners)
    table("Rayleigh channels", grown, learners)


if __name__ == "__main__":
    main()
