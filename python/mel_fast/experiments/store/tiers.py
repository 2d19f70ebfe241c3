"""What licences of lower accuracy are, and what they are not, measured on a trained perceptron."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mel_fast.experiments.store.scratch import Scratch
from mel_fast.learning import Dataset, ScikitMLP
from mel_fast.store.blocks.arrays import Arrays
from mel_fast.store.store import Store

TIERS = (0.9, 0.7, 0.5)
PAPER = (0.5, 0.8)
CALIBRATION = 1_000
FEW = 10_000


class Trained:
    """A perceptron, its data, and its weights by name."""

    def __init__(self, data: Dataset, hidden: tuple[int, ...], cycles: int) -> None:
        features = data.train_x.shape[1]
        self.data = data
        self.model = ScikitMLP(features, hidden=hidden, learning_rate=0.1, seed=0)
        self._rng = np.random.default_rng(0)
        self.train(cycles, len(data.train_x))
        # Every other image, for MNIST's first 5,000 are of other writers than its last.
        self.chosen = (data.test_x[::2], data.test_y[::2])
        self.held_out = (data.test_x[1::2], data.test_y[1::2])

    def train(self, cycles: int, images: int) -> None:
        """Pass over the first images."""
        x, y = self.data.train_x[:images], self.data.train_y[:images]
        self.model.train(x, y, cycles, self._rng)

    def arrays(self) -> Arrays:
        """Return the weights as arrays with names."""
        parts = self.model.get_weights()
        layers = len(parts) // 2
        names = [f"{kind}{n + 1}" for kind in "wb" for n in range(layers)]
        return dict(zip(names, parts, strict=True))

    def put(self, arrays: Arrays) -> None:
        """Replace the weights."""
        self.model.set_weights(list(arrays.values()))

    def score(self, arrays: Arrays, on: tuple[NDArray[np.float32], NDArray[np.int64]]) -> float:
        """Return the accuracy of weights on images."""
        self.put(arrays)
        return self.model.score(*on)


def measure(
    scratch: Scratch, data: Dataset, *, hidden: tuple[int, ...] = (128, 64)
) -> Iterator[str]:
    """Yield lines of text."""
    cycles = 3 if len(data.train_x) > FEW else 20
    net = Trained(data, hidden, cycles)
    with scratch.store() as store:
        yield from _tiers(store, net)
        yield from _attacks(store, net)


def _tiers(store: Store, net: Trained) -> Iterator[str]:
    arrays = net.arrays()
    store.publish("m", arrays)
    full = net.score(arrays, net.held_out)
    yield f"{net.data.name}; accuracy in % on held-out images: {100 * full:.2f} with all weights"
    yield "tier        asked  reached  held out  hidden of the first layer"
    for asked in TIERS:
        tier = store.license(
            "m",
            f"{asked:.0%}",
            asked,
            lambda found: net.score(found, net.chosen),
            held_out=lambda found: net.score(found, net.held_out),
        )
        share = tier.hidden / arrays["w1"].size
        yield (
            f"dynamic    {100 * asked:6.1f}   {100 * (tier.reached or 0):6.2f}    "
            f"{100 * (tier.held_out or 0):6.2f}    {tier.hidden:,} ({share:.1%})"
        )
    tier = store.license(
        "m",
        "paper",
        intervals={"w1": [PAPER]},
        held_out=lambda found: net.score(found, net.held_out),
    )
    share = tier.hidden / arrays["w1"].size
    yield (
        f"[0.5, 0.8)                       {100 * (tier.held_out or 0):6.2f}    "
        f"{tier.hidden:,} ({share:.1%})"
    )


def _attacks(store: Store, net: Trained) -> Iterator[str]:
    arrays = store.pull("m")
    masked = store.pull("m", license="70%")
    before = net.score(masked, net.held_out)
    net.put(masked)
    net.train(5, CALIBRATION)
    tuned = net.arrays()
    after = net.score(tuned, net.held_out)
    yield (
        f"fine-tuned back: the 70 % tier, 5 epochs on {CALIBRATION:,} images: "
        f"{100 * before:.2f} -> {100 * after:.2f}"
    )
    border = float(np.quantile(np.abs(arrays["w1"]), 0.5))
    store.license("m", "small hidden", intervals={"w1": [(0.0, border)]})
    store.license("m", "large hidden", intervals={"w1": [(border, np.inf)]})
    one = store.pull("m", license="small hidden")
    other = store.pull("m", license="large hidden")
    both = {**one, "w1": np.where(one["w1"] != 0, one["w1"], other["w1"])}
    yield (
        f"two licences combined: {100 * net.score(one, net.held_out):.2f} and "
        f"{100 * net.score(other, net.held_out):.2f} alone, "
        f"{100 * net.score(both, net.held_out):.2f} together"
    )
    net.put(arrays)
    net.train(1, len(net.data.train_x))
    store.publish("m", net.arrays())
    newer, older = store.pull("m", 2, "70%"), store.pull("m", 1, "70%")
    holes = (newer["w1"] == 0) & (older["w1"] != 0)
    filled = {**newer, "w1": np.where(newer["w1"] == 0, older["w1"], newer["w1"])}
    count = f"{holes.sum()} of {(newer['w1'] == 0).sum()} holes"
    yield (
        f"one more epoch, published: {100 * net.score(newer, net.held_out):.2f} under the same "
        f"mask; {count} filled from the older version: "
        f"{100 * net.score(filled, net.held_out):.2f}"
    )
