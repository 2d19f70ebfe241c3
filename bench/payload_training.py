"""Compression, optimisers and synchronisation on one radio: accuracy after the same time.

    python bench/payload_training.py FOLDER_WITH_MNIST [--part compression] [--seeds 3]
    python bench/payload_training.py FOLDER_WITH_MNIST --search 20

Ten learners of Table I and plans that are proved optimal; every row trains the paper's network from
the same beginning and sends its messages by its recipe.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import mel_fast as mel
from mel_fast import learning
from mel_fast.payload import Recipe

OPTIMISERS = (
    *("sgd", "momentum", "nesterov", "adagrad", "rmsprop"),
    *("adadelta", "adam", "adamax", "nadam", "amsgrad"),
)
RECIPES = (
    None,
    Recipe(bits=8),
    Recipe(bits=4, exact_below=1000),
    Recipe(bits=4, stochastic=True, exact_below=1000),
    Recipe(top_k=0.1, bits=8),
    Recipe(top_k=0.01, bits=8),
)
WAITING = (
    {"synchronisation": "bsp"},
    {"synchronisation": "ssp", "staleness": 2},
    {"synchronisation": "tap"},
)


class Bench:
    """One radio, its data, and the rows that are printed."""

    def __init__(self, options: argparse.Namespace) -> None:
        data = learning.read_mnist(options.folder)
        self.data = dataclasses.replace(
            data, train_x=data.train_x[: options.samples], train_y=data.train_y[: options.samples]
        )
        self.samples, self.cycle_s = options.samples, options.cycle_s
        self.cycles, self.seeds = options.cycles, options.seeds

    def problem(self, setting: str) -> mel.Problem:
        """Table I; the learners are sent their samples, or hold them."""
        return mel.scenarios.table1(
            10, cycle_s=self.cycle_s, samples=self.samples, seed=0, setting=setting
        )

    def runs(self, plan: mel.Plan, **words: object) -> list[learning.Training]:
        """Train once a seed."""
        asked = {"cycles": self.cycles, **words}
        return [learning.train(plan, self.data, seed=seed, **asked) for seed in range(self.seeds)]

    def search(self, trials: int) -> None:
        """Search optimiser, rate and batch on held-out samples, and train with what was found."""
        plan = mel.solve(self.problem("parallelized"))
        found = learning.search(plan, self.data, trials=trials, cycles=3, progress=True)
        print(f"{100 * found.accuracy:.2f} % of the held-out samples: {found.best}")
        head("run", "half way %", "at the end %")
        for name, words in (("found", found.best), ("sgd", {})):
            show(name, *seen(self.runs(plan, **words)))

    def optimisers(self) -> None:
        """Usual rates; the learners are sent their samples."""
        plan = mel.solve(self.problem("parallelized"))
        print(f"\nT = {self.cycle_s:g} s, tau = {plan.tau}, {self.cycles} cycles")
        head("optimiser", "half way %", "at the end %")
        for name in OPTIMISERS:
            show(name, *seen(self.runs(plan, optimiser=name)))

    def compression(self) -> None:
        """The same tau with each level, and the least cycle that its largest messages need."""
        problem = self.problem("federated")
        plan = mel.solve(problem)
        print(f"\ntau = {plan.tau}, {self.cycles} cycles")
        head("level", "bits down", "bits up", "least cycle s", "half way %", "at the end %")
        for recipe in RECIPES:
            runs = self.runs(plan, payload=recipe)
            down, up = (
                max(getattr(run, way) for run in runs) for way in ("largest_down", "largest_up")
            )
            sent = problem.replace(payload=mel.Payload(send_bits=down, return_bits=up))
            least = mel.least(sent, plan.tau, "cycle_s")
            name = "float32" if recipe is None else recipe.label
            show(name, f"{down:,}", f"{up:,}", f"{least.amount:.3f}", *seen(runs))

    def synchronisation(self) -> None:
        """Equal samples that the learners hold, with planned and with equal shares of the radio."""
        problem = self.problem("federated")
        planned = mel.solve(problem, scheme="resource_only")
        most = mel.most(problem, samples=planned.samples)
        equal = mel.Plan(
            problem.replace(cycle_s=100.0),
            status="feasible",
            tau=planned.tau,
            bound=mel.solve(problem.replace(cycle_s=100.0)).bound,
            samples=planned.samples,
            bandwidth_hz=np.full(10, problem.radio.bandwidth_hz / 10),
            power_w=np.full(10, problem.radio.power_w / 10),
        )
        print(f"\ntau = {planned.tau}; own: {most.cycles}")
        head("shares", "cycles", "waiting", "cycle s", "seconds", "messages", "half way %", "end %")
        seconds = self.cycles * float(planned.total_s.max())
        for name, cycles, plan, own in (
            ("planned", "tau", planned, None),
            ("planned", "own", planned, most),
            ("equal", "tau", equal, None),
        ):
            for words in WAITING:
                longest = float(plan.total_s.max())
                runs = self.runs(
                    plan, local_cycles=own, **words | {"cycles": round(seconds / longest)}
                )
                waiting = " ".join(str(word) for word in words.values())
                show(
                    *(name, cycles, waiting, f"{runs[0].time_s[1]:.2f}"),
                    *(f"{runs[0].time_s[-1]:.1f}", runs[0].updates.sum(), *seen(runs)),
                )


def head(*names: str) -> None:
    """Begin a table."""
    show(*names)
    print("|" + "---|" * len(names), flush=True)


def show(*cells: object) -> None:
    """Print a row."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def seen(runs: Sequence[learning.Training]) -> tuple[str, str]:
    """Return the accuracy half way and at the end, with its spread over several seeds."""
    found = []
    for at in ((len(runs[0].accuracy) - 1) // 2, -1):
        values = 100 * np.array([run.accuracy[at] for run in runs])
        spread = f" +- {values.std(ddof=1):.2f}" if len(runs) > 1 else ""
        found.append(f"{values.mean():.2f}{spread}")
    return found[0], found[1]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--part", choices=("compression", "optimisers", "synchronisation"))
    asked.add_argument("--samples", type=int, default=3000)
    asked.add_argument("--cycles", type=int, default=8)
    asked.add_argument("--cycle-s", type=float, default=2.5)
    asked.add_argument("--seeds", type=int, default=1)
    asked.add_argument("--search", type=int, default=0, help="Trials; then only the found setting.")
    options = asked.parse_args()
    bench = Bench(options)
    print(f"K = 10, D = {options.samples}")
    if options.search:
        bench.search(options.search)
        return
    for part in ("compression", "optimisers", "synchronisation"):
        if options.part in (None, part):
            getattr(bench, part)()


if __name__ == "__main__":
    main()
