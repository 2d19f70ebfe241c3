"""Global cycles: distribute, train, average; accuracy on a simulated clock; resumable."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.atomic import beside, check_writable
from mel_fast._base.frozen import Found
from mel_fast._base.untrusted import plain
from mel_fast._base.validation import count_or_column, integer, real
from mel_fast.learning.averaging import WeightedAverage
from mel_fast.learning.data import Dataset, checked_data
from mel_fast.learning.idx import DataError
from mel_fast.learning.model import LocalModel, ScikitMLP
from mel_fast.learning.partition import Dealer, Partition
from mel_fast.plans.plan import Plan

TRAINED = 3  # stream of the learners' own randomness


@dataclass(frozen=True, eq=False)
class History(Found):
    """Accuracy on the test data after each global cycle; entry 0 is the untrained model.

    Attributes
    ----------
    accuracy
        Shape (cycles + 1,).
    time_s
        Simulated clock, shape (cycles + 1,): cycle times T.
    tau, samples
        What was run: local cycles and d_k.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(200, 100)
    >>> small = mel.learning.ScikitMLP(64, hidden=(8,))
    >>> history = mel.learning.run(
    ...     2, data, samples=[100, 100], cycle_s=10.0, cycles=2, model=small
    ... )
    >>> history.time_s, history.tau
    (array([ 0., 10., 20.]), 2)
    """

    accuracy: NDArray[np.float64]
    time_s: NDArray[np.float64]
    tau: int
    samples: NDArray[np.int64]

    def cycles_to(self, accuracy: float) -> int | None:
        """The first global cycle after which the accuracy is reached; None if never."""
        reached = np.flatnonzero(self.accuracy >= accuracy)
        return int(reached[0]) if reached.size else None


def run(
    plan: Plan | int,
    data: Dataset,
    *,
    samples: ArrayLike | None = None,
    cycle_s: float | None = None,
    cycles: int = 10,
    partition: Partition | None = None,
    concentration: float = 0.5,
    model: LocalModel | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, int, float], Any] | None = None,
) -> History:
    """Learn with a plan.

    Parameters
    ----------
    plan
        A :class:`mel_fast.Plan`, or tau itself together with ``samples`` and ``cycle_s``.
    data
        Training and test data.
    samples, cycle_s
        d_k, shape (K,), and T in seconds; taken from the plan where there is one.
    cycles
        Global cycles to run.
    partition
        ``"random"``: a new random split of the orchestrator's data every cycle (parallelized);
        ``"shard-iid"``, ``"dirichlet"``: each learner draws from its own shard (federated).
        Default: by the plan's setting, ``"shard-iid"`` for federated, else ``"random"``.
    concentration
        Of the Dirichlet distribution; smaller is less alike.
    model
        A :class:`LocalModel`; default :class:`ScikitMLP` for the data's features and labels.
    seed
        Of the splits, the shards and the local shuffles.
    checkpoint
        A file (``.npz``) written after every global cycle and continued from if it is there and
        belongs to the same run; a checkpoint of another run is an error.
    progress
        Called with (cycle, learner, accuracy of the global model) after every learner.

    Returns
    -------
    History

    Raises
    ------
    ValueError, TypeError
        For a plan without local cycles; tau, cycles, seed or samples that are no integers in range;
        a cycle_s that is no positive number; samples that the data cannot give, an unknown
        partition, a foreign checkpoint (:class:`DataError`), or training that diverges.
    OSError
        Before anything is learnt, when the checkpoint could not be written.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(200, 100)
    >>> small = mel.learning.ScikitMLP(64, hidden=(8,))
    >>> history = mel.learning.run(
    ...     2, data, samples=[100, 100], cycle_s=10.0, cycles=2, model=small
    ... )
    >>> history.accuracy.shape, history.time_s.tolist()
    ((3,), [0.0, 10.0, 20.0])
    """
    tau, counts, cycle_s, partition = unpacked(plan, samples, cycle_s, partition)
    cycles = integer("cycles", cycles, low=1)
    seed = integer("seed", seed, low=0)
    concentration = real("concentration", concentration, high=np.inf)
    dealer = Dealer(checked_data(data).train_y, counts, partition, seed, concentration)
    if model is None:
        labels = int(max(data.train_y.max(), data.test_y.max())) + 1
        model = ScikitMLP(data.train_x.shape[1], labels, seed=seed)
    elif not isinstance(model, LocalModel):
        raise TypeError(f"model is a {type(model).__name__}: must be a LocalModel")
    if checkpoint is not None:
        check_writable(checkpoint)
    key = run_key(tau, counts, partition, concentration, seed, data, model)
    accuracy, weights = _resumed(checkpoint, key)
    if weights is None:
        weights = list(model.get_weights())
        accuracy = [model.score(data.test_x, data.test_y)]
    for cycle in range(len(accuracy), cycles + 1):
        mean = WeightedAverage()
        for k, indices in enumerate(dealer.deal(cycle)):
            if len(indices):
                model.set_weights(weights)
                rng = np.random.Generator(np.random.PCG64([seed, TRAINED, cycle, k]))
                model.train(data.train_x[indices], data.train_y[indices], tau, rng)
                mean.add(model.get_weights(), len(indices))
            if progress is not None:
                progress(cycle, k, accuracy[-1])
        weights = mean.result()
        model.set_weights(weights)
        accuracy.append(model.score(data.test_x, data.test_y))
        if checkpoint is not None:
            _save(Path(checkpoint), key, accuracy, weights)
    clock = np.arange(cycles + 1, dtype=np.float64) * cycle_s
    seen = np.array(accuracy[: cycles + 1], dtype=np.float64)
    return History(seen, clock, tau, counts)


def unpacked(
    plan: Plan | int,
    samples: ArrayLike | None,
    cycle_s: float | None,
    partition: Partition | None,
) -> tuple[int, NDArray[np.int64], float, Partition]:
    """Return tau, d_k, T and the partition, from a plan or as they are given."""
    if isinstance(plan, Plan):
        if plan.samples is None:
            raise ValueError(f"the plan is {plan.status}: there is nothing to run")
        tau, samples = plan.tau, plan.samples
        cycle_s = plan.problem.cycle_s if cycle_s is None else cycle_s
        if partition is None and plan.problem.task.setting == "federated":
            partition = "shard-iid"
    else:
        if samples is None or cycle_s is None:
            raise ValueError("with tau instead of a plan, samples and cycle_s must be given")
        tau = integer("plan (tau)", plan, low=1)
    counts = count_or_column("samples", samples)
    if isinstance(counts, int) or not counts.any():
        raise ValueError("samples must be (K,) counts of at least 0, and not all zero")
    cycle_s = real("cycle_s", cycle_s)
    return tau, counts, cycle_s, partition or "random"


def run_key(
    tau: int,
    samples: NDArray[np.int64],
    partition: str,
    concentration: float,
    seed: int,
    data: Dataset,
    model: LocalModel,
) -> str:
    """Everything that decides a run but its length: a longer run continues a shorter one."""
    start = hashlib.blake2b(digest_size=32)
    numbers = (data.train_x, data.train_y, data.test_x, data.test_y)
    for part in (*model.get_weights(), *numbers):
        array = np.ascontiguousarray(part)
        start.update(f"{array.dtype.str}{array.shape}".encode())
        start.update(array.tobytes())
    shares = [partition, concentration if partition == "dirichlet" else None]
    settings = getattr(model, "settings", None)
    return json.dumps([tau, samples.tolist(), *shares, seed, settings, start.hexdigest()])


def _resumed(
    checkpoint: str | Path | None, key: str
) -> tuple[list[float], list[NDArray[Any]] | None]:
    if checkpoint is None or not Path(checkpoint).is_file():
        return [], None
    try:
        with Path(checkpoint).open("rb") as file, np.load(file, allow_pickle=False) as saved:
            theirs, accuracy = str(saved["key"]), saved["accuracy"].tolist()
            parts = [saved[f"w{i}"] for i in range(len(saved.files) - 2)]
    except (  # whatever NumPy and zipfile make of a damaged file
        OSError, KeyError, EOFError, ValueError, TypeError, AttributeError, NotImplementedError,
        OverflowError, MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error, struct.error,
    ) as error:  # fmt: skip
        raise DataError(f"{checkpoint} is not a checkpoint: {plain(str(error))}") from None
    if theirs != key:
        raise DataError(f"{checkpoint} belongs to another run: remove it to start afresh")
    return accuracy, parts


def _save(path: Path, key: str, accuracy: list[float], weights: list[NDArray[Any]]) -> None:
    with beside(path) as temporary, temporary.open("wb") as file:
        parts = {f"w{i}": part for i, part in enumerate(weights)}
        np.savez(file, key=np.array(key), accuracy=np.array(accuracy), **parts)  # type: ignore[arg-type]
