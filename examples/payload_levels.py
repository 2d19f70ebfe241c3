"""Fewer bits for the model, a shorter cycle: levels measured on a small network, then planned."""

import numpy as np

import mel_fast as mel
from mel_fast import learning
from mel_fast.payload import Recipe, measure

data = learning.digits()
model = learning.NumpyMLP(64, hidden=(60, 30), optimiser="adam", learning_rate=0.003, batch=16)
model.train(data.train_x, data.train_y, 15, np.random.default_rng(0))

recipes = [
    Recipe(),
    Recipe(bits=8),
    Recipe(bits=4, codebook="kmeans"),
    Recipe(prune=0.8, bits=4, codebook="kmeans", exact_below=100),
]
levels = measure(model, data, recipes, fine_tune=3, parts=20)
print(levels)

problem = mel.scenarios.table1(learners=10, cycle_s=30.0)
for place, level in enumerate(levels):
    # This network's bits in the place of the paper's: what a cycle of tau = 4 takes at least.
    least = mel.least(levels.problem(problem, place), 4, "cycle_s")
    print(f"{level.label}: {level.bits:,} bits, tau = 4 in {least.amount:.3f} s")
