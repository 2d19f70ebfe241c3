"""A multi-layer perceptron in NumPy that any of the optimisers trains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require
from mel_fast._base.validation import choice, integer
from mel_fast.learning.averaging import Weights
from mel_fast.learning.networks.optimisers import OPTIMISERS, WHOLE, Optimiser, usual_rate

Array = NDArray[np.float32]


class NumpyMLP:
    """Rectified linear layers, softmax and cross-entropy, in float32.

    Parameters
    ----------
    features, classes
        Inputs, and number of labels 0, 1, ...
    hidden
        Widths of the hidden layers; the paper's are (300, 124, 60).
    optimiser
        A name of `OPTIMISERS`. Its memory begins anew with each learner and global cycle, so that
        nothing but weights passes between them. ``"lbfgs"`` and ``"cg"`` make a local cycle one
        iteration of SciPy's method on all samples; they are for small models (extra ``[learn]``).
    learning_rate
        None: the optimiser's usual one.
    batch
        Samples in a mini-batch; the last one of a local cycle may be smaller.
    seed
        Of the initial weights: Glorot uniform, biases zero, those of :class:`ScikitMLP`.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> model = mel.learning.NumpyMLP(64, hidden=(16,), optimiser="adam", learning_rate=0.003)
    >>> data = mel.learning.digits()
    >>> model.train(data.train_x, data.train_y, 5, np.random.default_rng(0))
    >>> model.score(data.test_x, data.test_y) > 0.8
    True
    """

    def __init__(
        self,
        features: int = 784,
        classes: int = 10,
        *,
        hidden: Sequence[int] = (300, 124, 60),
        optimiser: str = "sgd",
        learning_rate: float | None = None,
        batch: int = 32,
        seed: int = 0,
    ) -> None:
        sizes = [
            integer("features", features, low=1),
            *(integer("hidden", width, low=1) for width in hidden),
            integer("classes", classes, low=1),
        ]
        self._optimiser = choice("optimiser", optimiser, OPTIMISERS)
        self._rate = usual_rate(self._optimiser, learning_rate)
        self._batch = integer("batch", batch, low=1)
        rng = np.random.Generator(np.random.PCG64(integer("seed", seed, low=0)))
        self._layers = len(sizes) - 1
        self._weights: list[Array] = []
        for shape in pairwise(sizes):
            bound = np.sqrt(6.0 / sum(shape))
            self._weights.append(rng.uniform(-bound, bound, shape).astype(np.float32))
        self._weights += [np.zeros(size, np.float32) for size in sizes[1:]]

    @property
    def settings(self) -> list[Any]:
        """What distinguishes runs beside the weights; part of a checkpoint's key."""
        return ["NumpyMLP", self._optimiser, self._rate, self._batch]

    def get_weights(self) -> Weights:
        """Copies of the layers' matrices, then of their biases."""
        return [part.copy() for part in self._weights]

    def set_weights(self, weights: Weights) -> None:
        """Replace matrices and biases."""
        for mine, new in zip(self._weights, weights, strict=True):
            mine[...] = new

    def train(
        self, x: NDArray[Any], y: NDArray[Any], local_cycles: int, rng: np.random.Generator
    ) -> None:
        """Pass over the samples in a new order ``local_cycles`` times."""
        if self._optimiser in WHOLE:
            self._minimise(x, y, local_cycles)
            return
        optimiser = Optimiser(self._optimiser, self._rate)
        for _ in range(local_cycles):
            order = rng.permutation(len(x))
            for start in range(0, len(x), self._batch):
                rows = order[start : start + self._batch]
                optimiser.step(self._weights, self.gradients(x[rows], y[rows])[1])

    def score(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Accuracy on samples, between 0 and 1."""
        return float(np.mean(self._forward(x)[-1].argmax(axis=1) == y))

    def gradients(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[float, list[Array]]:
        """Return the mean cross-entropy of samples and its gradient in all weights."""
        activations = self._forward(x)
        scores = activations[-1] - activations[-1].max(axis=1, keepdims=True)
        exponents = np.exp(scores)
        sums = exponents.sum(axis=1)
        rows = np.arange(len(y))
        loss = float(np.mean(np.log(sums) - scores[rows, y]))
        back = exponents / sums[:, None]
        back[rows, y] -= 1.0
        back /= np.float32(len(y))
        matrices: list[Array] = [back] * self._layers
        biases: list[Array] = [back] * self._layers
        for layer in range(self._layers - 1, -1, -1):
            matrices[layer] = activations[layer].T @ back
            biases[layer] = back.sum(axis=0)
            if layer:
                back = (back @ self._weights[layer].T) * (activations[layer] > 0)
        return loss, [*matrices, *biases]

    def _forward(self, x: NDArray[Any]) -> list[Array]:
        activations = [np.asarray(x, np.float32)]
        for layer in range(self._layers):
            bias = self._weights[self._layers + layer]
            z = activations[-1] @ self._weights[layer] + bias
            activations.append(z if layer == self._layers - 1 else np.maximum(z, 0.0))
        return activations

    def _minimise(self, x: NDArray[Any], y: NDArray[Any], iterations: int) -> None:
        optimise = require("scipy.optimize", extra="learn")
        ends = np.cumsum([part.size for part in self._weights])[:-1]

        def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            for part, new in zip(self._weights, np.split(flat, ends), strict=True):
                part[...] = new.reshape(part.shape)
            loss, gradient = self.gradients(x, y)
            return loss, np.concatenate([part.ravel() for part in gradient]).astype(np.float64)

        start = np.concatenate([part.ravel() for part in self._weights]).astype(np.float64)
        method = "L-BFGS-B" if self._optimiser == "lbfgs" else "CG"
        found = optimise.minimize(
            cost, start, jac=True, method=method, options={"maxiter": iterations}
        )
        cost(found.x)
