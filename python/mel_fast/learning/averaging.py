"""Equation (5): the global model is the average of the learners' models weighted by samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import integer

Weights = Sequence[NDArray[Any]]

_NONE: Any = object()


class WeightedAverage:
    """Sum d_k w_k / D of models that arrive one after the other, held as one model in float64.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mean = mel.learning.WeightedAverage()
    >>> mean.add([np.array([0.0])], 1)
    >>> mean.add([np.array([4.0])], 3)
    >>> mean.result()
    [array([3.])]
    """

    def __init__(self) -> None:
        self._sum: list[NDArray[np.float64]] = []
        self._dtypes: list[np.dtype[Any]] = []
        self._samples = 0

    def add(self, weights: Weights, samples: int) -> None:
        """Add one learner's model of `samples` samples, an integer; zero add nothing.

        Whatever the dtype of its parts is, they are multiplied and added in float64.
        """
        count = integer("samples", samples, low=0)
        if count == 0:
            return
        try:
            arrays = [np.asarray(part) for part in weights]
        except TypeError:
            kind = type(weights).__name__
            raise TypeError(f"weights are a {kind}: must be a list of arrays") from None
        if not all(np.isfinite(part).all() for part in arrays):
            raise ValueError(
                "a learner returned weights that are not finite: the training diverged"
            )
        if not self._sum:
            self._sum = [np.zeros(part.shape) for part in arrays]
            self._dtypes = [part.dtype for part in arrays]
        shapes = [part.shape for part in arrays]
        if shapes != [part.shape for part in self._sum]:
            raise ValueError(f"weights of shapes {shapes}, others had {self.shapes}")
        for total, part in zip(self._sum, arrays, strict=True):
            total += float(count) * part.astype(np.float64)
        self._samples += count

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the arrays of the model."""
        return [part.shape for part in self._sum]

    def result(self) -> list[NDArray[Any]]:
        """Return the average in the dtypes of the first model, rounded once, to the nearest."""
        if not self._samples:
            raise ValueError("no learner has samples: there is nothing to average")
        means = [total / self._samples for total in self._sum]
        return [
            (np.rint(mean) if dtype.kind in "iu" else mean).astype(dtype)
            for mean, dtype in zip(means, self._dtypes, strict=True)
        ]


def average(models: Iterable[Weights], samples: Iterable[int]) -> list[NDArray[Any]]:
    """Average models by equation (5), sum d_k w_k / D.

    Parameters
    ----------
    models
        The learners' weights, each a sequence of arrays of the same shapes.
    samples
        d_k, how many samples each was trained on; a model with zero samples changes nothing.

    Returns
    -------
    list of ndarray
        The average, in the arrays' own types.

    Raises
    ------
    ValueError, TypeError
        For samples that are no integers of at least 0, weights that are not finite or of other
        shapes than the first, and no samples at all.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.learning.average([[np.array([0.0])], [np.array([4.0])]], [1, 3])
    [array([3.])]
    """
    for name, given in (("models", models), ("samples", samples)):
        if not isinstance(given, Iterable) or isinstance(given, str | bytes):
            raise TypeError(f"{name} is a {type(given).__name__}: must be one entry a learner")
    mean = WeightedAverage()
    for at, (weights, count) in enumerate(zip_longest(models, samples, fillvalue=_NONE)):
        if weights is _NONE or count is _NONE:
            raise ValueError(f"models and samples: only one of them has an entry {at}")
        mean.add(weights, count)
    return mean.result()
