"""How long it takes to publish, to pull and to serve a million weights."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from mel_fast.experiments.store.scratch import Scratch, Weights
from mel_fast.store import AsyncClient

SHARE = 0.01
NOISE = 0.01
DEVICES = 100


@dataclass(frozen=True)
class Speed:
    """Seconds and bits; the slowest of all repetitions.

    Attributes
    ----------
    publish_s, pull_s, delta_s
        To publish a version of which 1 % changed, to pull one, and to compute a change over it.
    bits, entropy
        Of the change between two versions, and the entropy of what changed: which weights, and the
        noise that was added, rounded to float32.
    devices_s
        Until 100 devices at once had pulled a version from a service.
    """

    weights: int
    publish_s: float
    pull_s: float
    delta_s: float
    bits: int
    entropy: float
    devices_s: float


def changed(arrays: Weights, rng: np.random.Generator) -> tuple[Weights, float]:
    """Return arrays of which `SHARE` differ by noise, and the entropy of that in bits."""
    new: Weights = {}
    entropy = 0.0
    for name, array in arrays.items():
        where = rng.random(array.shape) < SHARE
        new[name] = array.copy()
        new[name][where] += (rng.standard_normal(where.sum()) * NOISE).astype(np.float32)
        spacing = np.spacing(np.abs(new[name][where])).astype(np.float64)
        noise = 0.5 * np.log2(2 * np.pi * np.e * NOISE**2)
        positions = -SHARE * np.log2(SHARE) - (1 - SHARE) * np.log2(1 - SHARE)
        entropy += array.size * positions + float((noise - np.log2(spacing)).sum())
    return new, entropy


def measure(scratch: Scratch, weights: int = 1_000_000, versions: int = 10) -> Speed:
    """Measure one model of that many weights."""
    rng = np.random.default_rng(0)
    arrays: Weights = {"w": (rng.standard_normal((weights // 1000, 1000)) * 0.05).astype("f4")}
    publish, pull, delta = [], [], []
    bits, entropy = 0, 1.0
    with scratch.store() as store:
        store.publish("m", arrays)
        store.pull("m")
        for _ in range(versions - 1):
            arrays, entropy = changed(arrays, rng)
            begin = time.perf_counter()
            number = store.publish("m", arrays)
            publish.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            pulled = store.pull("m")
            pull.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            bits = store.delta("m", number - 1, number).bits
            delta.append(time.perf_counter() - begin)
            if not np.array_equal(pulled["w"], arrays["w"]):
                raise AssertionError("what was pulled is not what was published")
        token = store.tokens.create("device")
        devices_s = _devices(scratch.url, token, arrays)
    return Speed(weights, max(publish), max(pull), max(delta), bits, entropy, devices_s)


def _devices(url: str, token: str, arrays: Weights) -> float:
    command = [sys.executable, "-m", "mel_fast", "store", "--url", url, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        address = service.stdout.readline().strip()

        async def one() -> None:
            async with AsyncClient(address, token) as client:
                pulled = await client.pull("m")
            if not np.array_equal(pulled["w"], arrays["w"]):
                raise AssertionError("what was served is not what was published")

        async def all_of_them() -> None:
            await asyncio.gather(*(one() for _ in range(DEVICES)))

        try:
            begin = time.perf_counter()
            asyncio.run(all_of_them())
            return time.perf_counter() - begin
        finally:
            service.terminate()


def table(name: str, one: Speed) -> str:
    """Return the numbers as lines of text."""
    return "\n".join(
        (
            f"{name}, chunks, {one.weights:,} weights, 1 % changed, the slowest of nine",
            f"publish          {one.publish_s:8.3f} s",
            f"pull             {one.pull_s:8.3f} s",
            f"change, computed {one.delta_s:8.3f} s",
            f"change, bits     {one.bits:8,}   {one.bits / one.entropy:.2f} of its entropy",
            f"{DEVICES} devices at once {one.devices_s:6.2f} s",
        )
    )
