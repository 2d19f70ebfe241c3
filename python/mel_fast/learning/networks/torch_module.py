"""A PyTorch module as a learner's model. PyTorch is the user's to install."""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require
from mel_fast._base.validation import choice
from mel_fast.learning.averaging import Weights
from mel_fast.learning.networks.optimisers import RULES, usual_rate

_NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "adamax": ("Adamax", {}),
    "nadam": ("NAdam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
}
"""The optimisers in ``torch.optim``."""


class TorchModel:
    """Adapter from ``torch.nn.Module`` to :class:`mel_fast.learning.LocalModel`.

    Parameters
    ----------
    module
        Maps float32 inputs (n, F) to scores (n, classes).
    loss
        Called as ``loss(scores, labels)``, for instance ``torch.nn.CrossEntropyLoss()``.
    optimizer
        Makes a fresh optimiser from the module's parameters for every learner and global cycle, for
        instance ``lambda parameters: torch.optim.SGD(parameters, lr=0.1)``; no state is shared.
    batch
        Samples in a mini-batch.

    Notes
    -----
    The whole ``state_dict`` is averaged by equation (5), buffers included. Randomness inside the
    module (dropout) comes from PyTorch's generator of the CPU, begun for each learner and global
    cycle by the loop's own and given back as it was; on other devices it is not governed.

    Examples
    --------
    >>> import mel_fast as mel
    >>> model = mel.learning.TorchModel(module, loss=loss, optimizer=optimizer)  # doctest: +SKIP
    """

    def __init__(
        self,
        module: Any,
        *,
        loss: Callable[[Any, Any], Any],
        optimizer: Callable[[Any], Any],
        batch: int = 32,
    ) -> None:
        self._torch = require("torch", extra="learn")
        self._module, self._loss, self._optimizer, self._batch = module, loss, optimizer, batch
        self.settings: list[Any] = [type(module).__name__, batch]  # part of a checkpoint's key

    def get_weights(self) -> Weights:
        """Copies of the entries of ``state_dict``, in its order."""
        state = self._module.state_dict()
        return [np.array(value.detach().cpu().numpy()) for value in state.values()]

    def set_weights(self, weights: Weights) -> None:
        """Load the entries of ``state_dict`` from arrays."""
        names = self._module.state_dict().keys()
        tensors = [self._torch.from_numpy(np.array(part)) for part in weights]
        self._module.load_state_dict(dict(zip(names, tensors, strict=True)))

    def train(
        self, x: NDArray[Any], y: NDArray[Any], local_cycles: int, rng: np.random.Generator
    ) -> None:
        """Pass ``local_cycles`` times over the samples in mini-batches."""
        self._module.train()
        optimizer = self._optimizer(self._module.parameters())
        begin = int(deepcopy(rng).integers(1 << 63))  # of a copy: shuffles are those of any model
        with self._torch.random.fork_rng(devices=[]):
            self._torch.default_generator.manual_seed(begin)
            for _ in range(local_cycles):
                order = rng.permutation(len(x))
                for start in range(0, len(x), self._batch):
                    rows = order[start : start + self._batch]
                    optimizer.zero_grad()
                    scores = self._module(self._torch.from_numpy(x[rows]))
                    self._loss(scores, self._torch.from_numpy(y[rows])).backward()
                    optimizer.step()

    def score(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Accuracy on samples, between 0 and 1."""
        self._module.eval()
        with self._torch.no_grad():
            scores = self._module(self._torch.from_numpy(x)).detach().cpu().numpy()
        return float(np.mean(np.argmax(scores, axis=1) == y))


def is_module(model: object) -> bool:
    """Whether this is a ``torch.nn.Module``; PyTorch is not imported for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def of_module(module: Any, optimiser: str, learning_rate: float | None, batch: int) -> TorchModel:
    """Return a module trained by cross-entropy and one of ``torch.optim`` by the field's name."""
    torch = require("torch", extra="learn")
    kind, words = _NAMES[choice("optimiser", optimiser, RULES)]
    rate = usual_rate(optimiser, learning_rate)
    made = TorchModel(
        module,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=lambda parameters: getattr(torch.optim, kind)(parameters, lr=rate, **words),
        batch=batch,
    )
    made.settings = [type(module).__name__, batch, optimiser, rate]
    return made
