"""Search optimiser, rate and batch of the MNIST experiment, on held-out training samples.

    python bench/mnist_search.py FOLDER --rules sgd --storage sgd.log
    python bench/mnist_search.py FOLDER --rules adaptive --storage adaptive.log
    python bench/mnist_search.py FOLDER --rules earlier --trials 1

FOLDER has the IDX files. The cycle is that of the experiment at K = 20 and T = 30 s; a setting is
as good as its accuracy after three global cycles. The test data takes no part. "earlier" is the
experiment's setting before this search, on the same held-out samples. Stopped and called again, a
search goes on.
"""

import argparse
from pathlib import Path
from typing import Any

import mel_fast as mel
from mel_fast import learning

SPACES: dict[str, dict[str, Any]] = {
    "sgd": {"optimiser": ("sgd",), "learning_rate": (0.05, 0.5), "batch": (8, 16, 32)},
    "adaptive": {
        "optimiser": ("adam", "amsgrad", "nadam"),
        "learning_rate": (5e-4, 5e-3),
        "batch": (64, 128),
    },
    "earlier": {"optimiser": ("amsgrad",), "learning_rate": (2.03e-3,), "batch": (64,)},
}
DRAW = 15  # the experiment's: the first one nearest to the median tau of all its cells


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--rules", choices=SPACES, default="sgd")
    asked.add_argument("--trials", type=int, default=6)
    asked.add_argument("--storage", type=Path)
    options = asked.parse_args()
    data = learning.read_mnist(options.folder)
    plan = mel.solve(mel.scenarios.table1(20, cycle_s=30.0, seed=0, draw=DRAW))
    found = learning.search(
        plan,
        data,
        trials=options.trials,
        cycles=3,
        space=SPACES[options.rules],
        storage=options.storage,
        progress=True,
    )
    print("| optimiser | rate | batch | % held out after each cycle |")
    print("|---|---|---|---|")
    for trial in sorted(
        found.trials, key=lambda trial: (trial.pruned, *map(float.__neg__, trial.accuracy[-1:]))
    ):
        seen = ", ".join(f"{100 * value:.2f}" for value in trial.accuracy)
        said = trial.parameters
        print(f"| {said['optimiser']} | {said['learning_rate']:.3g} | {said['batch']} | {seen} |")
    print(f"best: {found.best}, {100 * found.accuracy:.2f} % of the held-out samples")


if __name__ == "__main__":
    main()
