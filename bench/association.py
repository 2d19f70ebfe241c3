"""Cells that learners choose: `python bench/association.py 6 15 200 1000 100000`."""

import sys
import time

import mel_fast as mel

for size in map(int, sys.argv[1:] or ("6", "15", "200", "1000")):
    for law in ("density", "fixed"):
        cells = [
            mel.scenarios.table1(size, 30.0, seed=seed, idle="excused", law=law)
            for seed in range(3)
        ]
        began = time.perf_counter()
        found = mel.cells(cells, associate=True)
        took = time.perf_counter() - began
        print(
            f"{size:,} learners, {law}: {found.tau} of {found.bound} ({found.status}), {took:.2f} s"
        )
