"""A learner's model: weights in, weights out, train for some local cycles."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require
from mel_fast.learning.averaging import Weights

__all__ = ["LocalModel", "ScikitMLP", "Weights"]


@runtime_checkable
class LocalModel(Protocol):
    """What the loop needs of a model; one object plays all learners in turn.

    No state but the weights may pass from one ``set_weights`` to the next (optimiser momentum, for
    instance), or learners would not be independent and a resumed run would differ.

    Examples
    --------
    >>> import mel_fast as mel
    >>> isinstance(mel.learning.NumpyMLP(64, hidden=(8,)), mel.learning.LocalModel)
    True
    """

    def get_weights(self) -> Weights:
        """Copies of the weights."""
        ...

    def set_weights(self, weights: Weights) -> None:
        """Replace the weights."""
        ...

    def train(
        self, x: NDArray[Any], y: NDArray[Any], local_cycles: int, rng: np.random.Generator
    ) -> None:
        """Pass ``local_cycles`` times over the samples; all randomness comes from ``rng``."""
        ...

    def score(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Accuracy on samples, between 0 and 1."""
        ...


class ScikitMLP:
    """Scikit-learn's MLPClassifier trained by plain mini-batch SGD.

    Parameters
    ----------
    features, classes
        Inputs, and number of labels 0, 1, ...
    hidden
        Widths of the hidden layers; the paper's are (300, 124, 60).
    batch, learning_rate
        Samples in a mini-batch, and the step. Open in the paper.
    seed
        Of the initial weights (Glorot uniform, biases zero).

    Examples
    --------
    >>> import mel_fast as mel
    >>> model = mel.learning.ScikitMLP(64, hidden=(16,))
    >>> [part.shape for part in model.get_weights()]
    [(64, 16), (16, 10), (16,), (10,)]
    """

    def __init__(
        self,
        features: int = 784,
        classes: int = 10,
        *,
        hidden: tuple[int, ...] = (300, 124, 60),
        batch: int = 32,
        learning_rate: float = 0.1,
        seed: int = 0,
    ) -> None:
        network = require("sklearn.neural_network", extra="learn")
        self._batch = batch
        self.settings = [list(hidden), batch, learning_rate]
        self._labels = np.arange(classes)
        self._mlp = network.MLPClassifier(
            hidden,
            solver="sgd",
            momentum=0.0,
            alpha=0.0,
            learning_rate_init=learning_rate,
            batch_size=1,
            shuffle=False,  # the loop's generator shuffles, so that a cycle can be repeated alone
            random_state=0,
        )
        one = np.zeros((1, features), np.float32)
        self._mlp.partial_fit(one, self._labels[:1], classes=self._labels)
        rng = np.random.Generator(np.random.PCG64(seed))
        weights: list[NDArray[Any]] = []
        for coefficient in self._mlp.coefs_:
            bound = np.sqrt(6.0 / sum(coefficient.shape))
            weights.append(rng.uniform(-bound, bound, coefficient.shape).astype(np.float32))
        weights += [np.zeros_like(part) for part in self._mlp.intercepts_]
        self.set_weights(weights)

    def get_weights(self) -> Weights:
        """Copies of the layers' matrices, then of their biases."""
        return [part.copy() for part in (*self._mlp.coefs_, *self._mlp.intercepts_)]

    def set_weights(self, weights: Weights) -> None:
        """Replace matrices and biases."""
        for mine, new in zip((*self._mlp.coefs_, *self._mlp.intercepts_), weights, strict=True):
            mine[...] = new

    def train(
        self, x: NDArray[Any], y: NDArray[Any], local_cycles: int, rng: np.random.Generator
    ) -> None:
        """Pass over the samples in a new order ``local_cycles`` times."""
        self._mlp.set_params(batch_size=min(self._batch, len(x)))
        for _ in range(local_cycles):
            order = rng.permutation(len(x))
            self._mlp.partial_fit(x[order], y[order])

    def score(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Accuracy on samples, between 0 and 1."""
        return float(np.mean(self._mlp.predict(x) == y))
