"""Measuring levels: send a trained model by each recipe, and see what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.progress import shown as bar
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer, real
from mel_fast.payload.arrays import Arrays
from mel_fast.payload.container import decode, encode
from mel_fast.payload.levels import Levels, Run, level_of
from mel_fast.payload.recipe import Recipe

PAPERS_FLOPS = 4.0
"""Flops a parameter and sample: C_m = 1,123,736 of the paper's network of 280,934 parameters."""

_TUNED = 4  # stream of the shuffles and of stochastic rounding


class Model(Protocol):
    """What is measured: any `mel_fast.learning.LocalModel`."""

    def get_weights(self) -> Sequence[NDArray[Any]]:
        """Copies of the weights."""
        ...

    def set_weights(self, weights: Sequence[NDArray[Any]]) -> None:
        """Replace the weights."""
        ...

    def train(
        self, x: NDArray[Any], y: NDArray[Any], local_cycles: int, rng: np.random.Generator
    ) -> None:
        """Pass over the samples."""
        ...

    def score(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Accuracy on samples."""
        ...


class Data(Protocol):
    """Where it is trained and tested: any `mel_fast.learning.Dataset`."""

    @property
    def train_x(self) -> NDArray[Any]:
        """Features."""
        ...

    @property
    def train_y(self) -> NDArray[Any]:
        """Labels."""
        ...

    @property
    def test_x(self) -> NDArray[Any]:
        """Features."""
        ...

    @property
    def test_y(self) -> NDArray[Any]:
        """Labels."""
        ...


def measure(
    model: Model | Callable[[int], Model],
    data: Data,
    recipes: Iterable[Recipe],
    *,
    fine_tune: int | bool = 0,
    seeds: Iterable[int] = (0,),
    parts: int = 100,
    flops_per_sample: float | None = None,
    progress: bool = False,
) -> Levels:
    """Measure bits, flops and accuracy of a trained model sent by each recipe.

    Parameters
    ----------
    model
        A trained model, or a function that returns one for a seed, so that the spread covers the
        training. Its arrays are named "0", "1", ... in the bytes. A model that is given comes back
        with the weights that it had.
    data
        Training data for fine-tuning, test data for the accuracy.
    recipes
        What is tried. One that sparsifies an update (`top_k`, `threshold`) is measured on the
        change that `fine_tune` epochs, at least one, make to the model that was sent down by the
        recipe's other steps; the accuracy after is that of the model with the received change.
    fine_tune
        Epochs of training after compression, in which what was pruned stays pruned and gradients
        are taken at the compressed weights (straight-through); what is sent at last is the mean
        of the weights over the last half of an epoch. 0 or False: none; True: one.
    seeds
        Of shuffles and stochastic rounding, and of `model` where it is a function.
    parts
        Parts of an epoch after each of which the weights are compressed anew.
    flops_per_sample
        Of the model as it is; default 4 a parameter, the paper's count.
    progress
        Show a bar.

    Returns
    -------
    Levels

    Raises
    ------
    ValueError, TypeError
        For counts out of range, no recipes or no seeds, and weights that are not finite.

    Notes
    -----
    The test data decides nothing here; whoever chooses a level by its accuracy on them should
    measure it again on others.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(200, 100)
    >>> model = mel.learning.NumpyMLP(64, hidden=(8,))
    >>> recipes = [mel.payload.Recipe(), mel.payload.Recipe(bits=4)]
    >>> levels = mel.payload.measure(model, data, recipes)
    >>> levels[1].bits < levels[0].bits
    True
    """
    tried = tuple(recipes)
    chosen = tuple(integer("seeds", seed, low=0) for seed in seeds)
    epochs = (
        int(fine_tune) if isinstance(fine_tune, bool) else integer("fine_tune", fine_tune, low=0)
    )
    pieces = integer("parts", parts, low=1)
    if not tried or not chosen:
        raise ValueError("recipes and seeds: at least one of each")
    for recipe in tried:
        if not isinstance(recipe, Recipe):
            raise TypeError(f"recipes has {shown(recipe)}: must be a Recipe")
    dense = None if flops_per_sample is None else real("flops_per_sample", flops_per_sample)
    runs: list[list[Run]] = [[] for _ in tried]
    with bar(progress, "levels", len(tried) * len(chosen)) as tell:
        for number, seed in enumerate(chosen):
            trained = model(seed) if callable(model) else model
            start = _named(trained.get_weights())
            for place, recipe in enumerate(tried):
                tuner = _Tuner(trained, data, pieces, seed)
                runs[place].append(_measured(tuner, start, recipe, epochs, dense))
                if tell is not None:
                    tell(number * len(tried) + place + 1)
            trained.set_weights(list(start.values()))
    return Levels([level_of(recipe, done) for recipe, done in zip(tried, runs, strict=True)])


class _Tuner:
    """A model with its data, trained in pieces, and the randomness of one run."""

    def __init__(self, model: Model, data: Data, pieces: int, seed: int) -> None:
        self._model, self._data, self._pieces = model, data, pieces
        self.rng = np.random.Generator(np.random.PCG64([seed, _TUNED]))

    def score(self, weights: Arrays) -> float:
        self._model.set_weights(list(weights.values()))
        return self._model.score(self._data.test_x, self._data.test_y)

    def epoch(self, latent: Arrays, sent: Callable[[Arrays], Arrays]) -> tuple[Arrays, Arrays]:
        """Return latent weights after an epoch whose gradients are those at what is sent.

        And their mean over its second half: compression makes the steps noisy, the mean is not.
        """
        order = self.rng.permutation(len(self._data.train_y))
        pieces = np.array_split(order, min(self._pieces, len(order)))
        mean = {name: np.zeros(value.shape) for name, value in latent.items()}
        counted = len(pieces) - len(pieces) // 2
        for number, piece in enumerate(pieces):
            before = sent(latent)
            self._model.set_weights(list(before.values()))
            self._model.train(self._data.train_x[piece], self._data.train_y[piece], 1, self.rng)
            after = _named(self._model.get_weights())
            latent = {
                n: (w + (after[n] - before[n])).astype(w.dtype) if w.dtype.kind == "f" else after[n]
                for n, w in latent.items()
            }
            if number >= len(pieces) - counted:
                for name, value in latent.items():
                    mean[name] += value / counted
        means = {
            n: mean[n].astype(w.dtype) if w.dtype.kind == "f" else w for n, w in latent.items()
        }
        return latent, means


def _measured(
    tuner: _Tuner, start: Arrays, recipe: Recipe, epochs: int, dense: float | None
) -> Run:
    down = recipe.replace(top_k=None, threshold=None)
    memory = sum(8 * value.nbytes for value in start.values())
    data = encode(start, down, rng=tuner.rng)
    sent = _decoded(data, start)
    before = tuner.score(sent)
    bits_down = bits_up = 8 * len(data)
    after, last = None, sent
    if recipe.sparsifies:
        new = sent
        for _ in range(max(1, epochs)):
            new, _ = tuner.epoch(new, lambda weights: weights)
        data = encode(new, recipe.replace(prune=0.0), base=sent, rng=tuner.rng)
        bits_up = 8 * len(data)
        last = decode(data, base=sent, max_bytes=memory // 8)
        after = tuner.score(last)
    elif epochs:
        plain = down.replace(entropy=False)  # the same values without the work of coding them
        kept = {n: v != 0 for n, v in sent.items()} if recipe.prune else None
        latent = mean = start

        def project(weights: Arrays) -> Arrays:
            return _decoded(encode(_masked(weights, kept), plain, rng=tuner.rng), weights)

        for _ in range(epochs):
            latent, mean = tuner.epoch(latent, project)
        data = encode(_masked(mean, kept), down, rng=tuner.rng)
        bits_down = bits_up = 8 * len(data)
        last = _decoded(data, start)
        after = tuner.score(last)
    entries = sum(value.size for value in start.values())
    flops = PAPERS_FLOPS * entries if dense is None else dense
    return Run(memory, bits_down, bits_up, flops * structure(last), before, after)


def structure(weights: Arrays) -> float:
    """Return the share of the entries left when rows and columns of zeros are taken away.

    Arrays of two or more axes count as matrices of their first axis by the others; others whole.
    """
    whole = left = 0
    for value in weights.values():
        whole += value.size
        if value.ndim < 2:
            left += value.size
            continue
        some = value.reshape(len(value), -1) != 0
        left += int(some.any(axis=1).sum()) * int(some.any(axis=0).sum())
    return left / whole if whole else 1.0


def _named(weights: Sequence[NDArray[Any]]) -> Arrays:
    return {str(place): np.array(value) for place, value in enumerate(weights)}


def _decoded(data: bytes, like: Arrays) -> Arrays:
    return decode(data, max_bytes=sum(value.nbytes for value in like.values()))


def _masked(weights: Arrays, kept: dict[str, NDArray[np.bool_]] | None) -> Arrays:
    if kept is None:
        return weights
    return {n: w * kept[n] if w.dtype.kind == "f" else w for n, w in weights.items()}
