"""Compression, optimisers and synchronisation on one radio: accuracy after the same time.

    python bench/payload_training.py FOLDER_WITH_MNIST [--samples 3000] [--cycles 8] [--seeds 1]
    python bench/payload_training.py FOLDER_WITH_MNIST --search 20

Ten learners of Table I and a plan that is proved optimal; every row trains the paper's network from
the same beginning and sends its messages by its recipe.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np

import mel_fast as mel
from mel_fast import learning
from mel_fast.payload import Recipe

OPTIMISERS = [
    *((name, None) for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop")),
    *((name, None) for name in ("adadelta", "adam", "adamax", "nadam", "amsgrad")),
]
RECIPES = [
    Recipe(bits=8),
    Recipe(bits=4, exact_below=1000),
    Recipe(bits=4, stochastic=True, exact_below=1000),
    Recipe(top_k=0.1, bits=8),
    Recipe(top_k=0.01, bits=8),
]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--samples", type=int, default=3000)
    asked.add_argument("--cycles", type=int, default=8)
    asked.add_argument("--cycle-s", type=float, default=2.5)
    asked.add_argument("--seeds", type=int, default=1)
    asked.add_argument("--search", type=int, default=0, help="Trials; then only the found setting.")
    options = asked.parse_args()
    data = learning.read_mnist(options.folder)
    data = dataclasses.replace(
        data, train_x=data.train_x[: options.samples], train_y=data.train_y[: options.samples]
    )
    problem = mel.scenarios.table1(10, cycle_s=options.cycle_s, samples=options.samples, seed=0)
    plan = mel.solve(problem)
    print(f"K = 10, D = {options.samples}, T = {options.cycle_s:g} s: tau = {plan.tau}", flush=True)
    own = np.maximum(1, plan.tau // 4)
    uneven = own * np.where(np.arange(10) % 2, 4, 1)

    def row(name: str, **words: object) -> None:
        runs = [
            learning.train(plan, data, cycles=options.cycles, seed=seed, **words)
            for seed in range(options.seeds)
        ]
        half, last = (
            np.mean([run.accuracy[at] for run in runs]) for at in (options.cycles // 2, -1)
        )
        spread = np.std([run.accuracy[-1] for run in runs], ddof=1) if options.seeds > 1 else 0.0
        up = runs[0].bits_up[-1] / max(1, runs[0].updates.sum())
        print(
            f"| {name} | {up:,.0f} | {runs[0].updates.sum()} | {runs[0].time_s[-1]:.1f} "
            f"| {100 * half:.2f} | {100 * last:.2f} | {100 * spread:.2f} |",
            flush=True,
        )

    print("| run | bits up a message | messages | seconds | half way % | at the end % | spread |")
    print("|---|---|---|---|---|---|---|")
    if options.search:
        found = learning.search(plan, data, trials=options.search, cycles=3, progress=True)
        row(
            f"found on {100 * found.accuracy:.2f} % of held-out samples: {found.best}", **found.best
        )
        row("sgd")
        return
    for name, rate in OPTIMISERS:
        row(name, optimiser=name, learning_rate=rate)
    for recipe in RECIPES:
        row(f"sgd, {recipe.label}", payload=recipe)
    row("sgd, top 1%, no error feedback", payload=RECIPES[-1], error_feedback=False)
    for words in (
        {"synchronisation": "bsp"},
        {"synchronisation": "ssp", "staleness": 2},
        {"synchronisation": "tap"},
    ):
        label = "sgd, every second learner tau / 4 local cycles, "
        row(label + words["synchronisation"], local_cycles=uneven, **words)


if __name__ == "__main__":
    main()
