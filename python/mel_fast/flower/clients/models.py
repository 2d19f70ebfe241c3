"""Models of NumPy, scikit-learn and PyTorch, each as one that trains for some local cycles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require
from mel_fast.learning import LocalModel
from mel_fast.learning.averaging import Weights
from mel_fast.learning.networks.torch_module import is_module, of_module

_WEIGHTS = (("coefs_", "intercepts_"), ("coef_", "intercept_"))


class ScikitEstimator:
    """A linear model or perceptron of scikit-learn that has ``partial_fit``.

    Parameters
    ----------
    estimator
        ``SGDClassifier``, ``SGDRegressor``, ``Perceptron``, ``MLPClassifier``, ``MLPRegressor`` and
        the like; its own settings are used, it is not changed itself.
    features
        F, numbers of a sample.
    classes
        Labels 0, 1, ... of a classifier; None for regression.

    Raises
    ------
    TypeError
        For an estimator without ``partial_fit`` or without weights.

    Notes
    -----
    A local cycle is one ``partial_fit`` on all samples in a new order. Whatever else the estimator
    remembers (step counts, momentum) begins anew with each `set_weights`.

    Examples
    --------
    >>> import mel_fast as mel
    >>> from sklearn.linear_model import SGDClassifier
    >>> model = mel.flower.ScikitEstimator(SGDClassifier(), features=64, classes=10)
    >>> [part.shape for part in model.get_weights()]
    [(10, 64), (10,)]
    """

    def __init__(self, estimator: Any, features: int, classes: int | None) -> None:
        base = require("sklearn.base", extra="learn")
        if not hasattr(estimator, "partial_fit"):
            raise TypeError(f"model is a {type(estimator).__name__}: it has no partial_fit")
        self._clone = base.clone
        self._template = estimator
        self._features = features
        self._labels = None if classes is None else np.arange(classes)
        self._estimator = self._fresh()

    def get_weights(self) -> Weights:
        """Copies of the coefficients, then of the intercepts."""
        return [part.copy() for part in self._parts(self._estimator)]

    def set_weights(self, weights: Weights) -> None:
        """Begin anew from these weights."""
        self._estimator = self._fresh()
        for mine, new in zip(self._parts(self._estimator), weights, strict=True):
            mine[...] = new

    def train(
        self, x: NDArray[Any], y: NDArray[Any], local_cycles: int, rng: np.random.Generator
    ) -> None:
        """Pass over the samples in a new order ``local_cycles`` times."""
        settings = self._estimator.get_params()
        if isinstance(settings.get("batch_size"), int):  # scikit-learn warns of a larger one
            self._estimator.set_params(batch_size=min(settings["batch_size"], len(x)))
        for _ in range(local_cycles):
            order = rng.permutation(len(x))
            self._estimator.partial_fit(x[order], y[order])

    def score(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Accuracy of a classifier, the coefficient of determination of a regression."""
        return float(self._estimator.score(x, y))

    def _fresh(self) -> Any:
        """Return an unused copy whose weights are there, to be written over."""
        estimator = self._clone(self._template)
        settings = estimator.get_params()
        # The generator of `train` shuffles; weights at random are written over.
        fixed = {"shuffle": False, "random_state": 0}
        estimator.set_params(**{key: fixed[key] for key in fixed.keys() & settings.keys()})
        size = settings.get("batch_size")
        if isinstance(size, int):
            estimator.set_params(batch_size=1)
        one = np.zeros((1, self._features))
        if self._labels is None:
            estimator.partial_fit(one, np.zeros(1))
        else:
            estimator.partial_fit(one, self._labels[:1], classes=self._labels)
        if isinstance(size, int):
            estimator.set_params(batch_size=size)
        vars(estimator).pop("_optimizer", None)  # a perceptron's has seen that one sample
        self._parts(estimator)
        return estimator

    @staticmethod
    def _parts(estimator: Any) -> list[NDArray[Any]]:
        for names in _WEIGHTS:
            if all(hasattr(estimator, name) for name in names):
                found = [getattr(estimator, name) for name in names]
                return [*found[0], *found[1]] if names[0] == "coefs_" else found
        raise TypeError(f"model is a {type(estimator).__name__}: it has no coefficients")


def local_model(
    model: Any,
    features: int,
    classes: int | None,
    *,
    optimiser: str = "sgd",
    learning_rate: float | None = None,
    batch: int = 32,
) -> LocalModel:
    """Return a model as one that trains for some local cycles.

    Parameters
    ----------
    model
        A :class:`mel_fast.learning.LocalModel` (such as `NumpyMLP`), a ``torch.nn.Module`` that
        maps samples to scores of classes, or an estimator of scikit-learn with ``partial_fit``.
    features, classes
        Of the data; only scikit-learn's need them.
    optimiser, learning_rate, batch
        Of a PyTorch module: a name of :data:`mel_fast.learning.OPTIMISERS`, and so on.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> import mel_fast as mel
    >>> model = mel.flower.local_model(mel.learning.NumpyMLP(64, hidden=(16,)), 64, 10)
    >>> len(model.get_weights())
    4
    """
    if isinstance(model, LocalModel):
        return model
    if is_module(model):
        return of_module(model, optimiser, learning_rate, batch)
    if hasattr(model, "partial_fit"):
        return ScikitEstimator(model, features, classes)
    raise TypeError(
        f"model is a {type(model).__name__}: must be a LocalModel, a torch.nn.Module or an "
        "estimator of scikit-learn with partial_fit"
    )
