"""Payload levels of the paper's network on MNIST: bits, flops, accuracy before and after an epoch.

python bench/payload_levels.py FOLDER_WITH_MNIST [--seeds 3] [--csv levels.csv] [--plot levels.png]
"""

import argparse
from pathlib import Path

import numpy as np

from mel_fast import learning
from mel_fast.payload import Recipe, measure

RECIPES = [
    Recipe(),
    Recipe(codebook="float16"),
    Recipe(bits=8),
    Recipe(bits=4),
    Recipe(bits=4, codebook="kmeans"),
    Recipe(bits=2, codebook="kmeans"),
    Recipe(prune=0.7, bits=4, codebook="kmeans", exact_below=1000),
    Recipe(prune=0.9, bits=4, codebook="kmeans"),
    Recipe(prune=0.9, bits=4, codebook="kmeans", exact_below=1000),
    Recipe(prune=0.95, bits=2, codebook="kmeans", exact_below=1000),
    Recipe(buckets=0.125, bits=8, exact_below=1000),
    Recipe(top_k=0.1, bits=8),
    Recipe(top_k=0.01, bits=8),
    Recipe(top_k=0.001, bits=8),
]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--seeds", type=int, default=1)
    asked.add_argument("--epochs", type=int, default=12)
    asked.add_argument("--csv", type=Path)
    asked.add_argument("--plot", type=Path)
    options = asked.parse_args()
    data = learning.read_mnist(options.folder)

    def trained(seed: int) -> learning.ScikitMLP:
        model = learning.ScikitMLP(batch=64, seed=seed)
        model.train(data.train_x, data.train_y, options.epochs, np.random.default_rng(seed))
        print(f"seed {seed}: {100 * model.score(data.test_x, data.test_y):.2f} %", flush=True)
        return model

    levels = measure(trained, data, RECIPES, fine_tune=1, seeds=range(options.seeds), progress=True)
    print(levels)
    if options.csv is not None:
        levels.write_csv(options.csv)
    if options.plot is not None:
        levels.plot(options.plot)


if __name__ == "__main__":
    main()
