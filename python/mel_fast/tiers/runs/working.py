"""What runs on a worker process: a small network on a batch, with the tier's times."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Answer = NDArray[Any]
Call = Callable[[NDArray[Any]], Answer]


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's tier, and the times of its device in seconds."""

    tier: str
    latency_s: float
    process_s: float


_mine: list[tuple[str, Place, Call]] = []


class Network:
    """A network of dense layers with ReLU between them, that answers with the likeliest label.

    Parameters
    ----------
    matrices, biases
        One of each a layer, shapes (inputs, outputs) and (outputs,).
    scale : float
        What the inputs are multiplied by: 1 / 255 for bytes of pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from mel_fast.tiers import Network
    >>> network = Network([np.eye(3)], [np.zeros(3)])
    >>> network(np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]]))
    array([1, 0])
    """

    def __init__(
        self, matrices: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], scale: float = 1.0
    ) -> None:
        layers = zip(matrices, biases, strict=True)
        self.layers = [(np.asarray(matrix), np.asarray(bias)) for matrix, bias in layers]
        self.scale = scale

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum(matrix.size + bias.size for matrix, bias in self.layers)

    def __call__(self, batch: NDArray[Any]) -> Answer:
        """Return the label of each row, (rows,) int64."""
        values = batch * np.float32(self.scale)
        for matrix, bias in self.layers[:-1]:
            values = np.maximum(values @ matrix + bias, 0.0)
        matrix, bias = self.layers[-1]
        return np.asarray((values @ matrix + bias).argmax(axis=1))


@dataclass(frozen=True, slots=True)
class Done:
    """A task's answer, and when its device was taken and left, in seconds since the epoch."""

    answer: Answer
    device: str
    start_s: float
    end_s: float


def load(places: Mapping[str, Place], networks: Mapping[str, Call], dask_worker: Any) -> None:
    """Keep in this process what concerns its device; Dask says which worker it is."""
    name = str(dask_worker.name)
    _mine[:] = [(name, places[name], networks[places[name].tier])]


def work(batch: NDArray[Any], before: Done | None = None) -> Done:
    """Do one task on this worker, after its coarse answer where that is given.

    The network really runs; a device that is faster than its processing time waits for the rest of
    it, and for its latency, half before and half after.
    """
    name, place, network = _mine[0]
    start = time.time()
    time.sleep(place.latency_s / 2.0)
    begin = time.perf_counter()
    answer = network(batch)
    time.sleep(max(0.0, place.process_s - (time.perf_counter() - begin)))
    time.sleep(place.latency_s / 2.0)
    return Done(answer, name, start, time.time())
