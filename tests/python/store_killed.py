"""Publish until killed, again and again, and look at what is left: run by test_store_faults.py.

A child of this process publishes versions 1, 2, ... and writes each number to a pipe once it is
published. It is killed at a moment that it does not know.
"""

import os
import random
import select
import signal
import sys
import time

import numpy as np

import mel_fast as mel

WEIGHTS = 20_000


def content(number: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(number)
    w = np.zeros(WEIGHTS, np.float32)
    where = rng.integers(0, WEIGHTS, 500)
    w[where] = rng.standard_normal(500)
    return {"w": w, "number": np.array([number])}


def publish_for_ever(url: str, layout: str, tell: int) -> None:
    with mel.store.open(url, layout) as store:
        os.write(tell, b"0\n")
        while True:
            known = len(store.history("m")) if store.models() else 0
            os.write(tell, b"%d\n" % store.publish("m", content(known + 1)))


def check(url: str, layout: str, told: int) -> int:
    """Return how many versions there are, all of them whole and none that was told lost."""
    with mel.store.open(url, layout) as store:
        count = len(store.history("m")) if store.models() else 0
        assert count >= told, f"{told} were published, {count} are there"
        for number in range(max(1, count - 4), count + 1):
            pulled, expected = store.pull("m", number), content(number)
            assert all((pulled[name] == expected[name]).all() for name in expected)
        assert store.verify().ok
    return count


def main(url: str, layout: str, rounds: int) -> None:
    random.seed(layout)
    told = 0
    for turn in range(rounds):
        heard = b""
        ear, mouth = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ear)
            publish_for_ever(url, layout, mouth)
        os.close(mouth)
        for _ in range(2 - turn % 2):  # it has begun; every other time it has published once
            select.select([ear], [], [], 60.0)
            heard += os.read(ear, 100)
        time.sleep(random.uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(ear, "rb") as numbers:
            lines = (heard + numbers.read()).split()
        told = max([told, *map(int, lines)])
        told = check(url, layout, told)
    print(told)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
