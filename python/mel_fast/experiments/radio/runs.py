"""One training of the race, kept in a file of its own when it is done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mel_fast._base.atomic import write_text
from mel_fast.experiments.training import Step
from mel_fast.learning import DataError, Dataset, NumpyMLP, train
from mel_fast.payload import Recipe

_LONGEST = 1 << 20  # bytes of a file that is read


@dataclass(frozen=True)
class Seen:
    """Accuracy after each global cycle, entry 0 before the first, and the largest messages."""

    accuracy: tuple[float, ...]
    bits_down: int
    bits_up: int

    def cycles_to(self, accuracy: float) -> int | None:
        """The first global cycle after which the accuracy is reached; None if never."""
        return next((at for at, seen in enumerate(self.accuracy) if seen >= accuracy), None)


@dataclass(frozen=True)
class Run:
    """A synchronous training: `cycles` of tau local cycles, ended by `until` where it is given."""

    tau: int
    samples: tuple[int, ...]
    recipe: Recipe | None
    seed: int
    cycles: int
    until: float | None
    hidden: tuple[int, ...]
    batch: int
    learning_rate: float
    folder: Path

    @property
    def name(self) -> str:
        """All that decides it but the data, as a few letters."""
        said = asdict(self) | {"folder": "", "recipe": repr(self.recipe)}
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def run(self, data: Dataset, step: Step) -> Seen:
        """Train, or read what an earlier run with the same numbers and data saw.

        Raises
        ------
        DataError
            For a file of an earlier run that is damaged.
        """
        path = self.folder / f"radio-{self.name}-{_digest(data)}.json"
        if path.is_file():
            seen = _read(path)
        else:
            seen = self._trained(data)
            write_text(path, json.dumps(asdict(seen)))
        step()
        return seen

    def _trained(self, data: Dataset) -> Seen:
        labels = int(max(data.train_y.max(), data.test_y.max())) + 1
        made = train(
            self.tau,
            data,
            samples=list(self.samples),
            cycle_s=1.0,
            cycles=self.cycles,
            until=self.until,
            partition="shard-iid",
            model=NumpyMLP(
                data.train_x.shape[1],
                labels,
                hidden=self.hidden,
                batch=self.batch,
                learning_rate=self.learning_rate,
                seed=self.seed,
            ),
            payload=self.recipe,
            seed=self.seed,
        )
        return Seen(tuple(made.accuracy.tolist()), made.largest_down, made.largest_up)


def _digest(data: Dataset) -> str:
    start = hashlib.sha256()
    for part in (data.train_x, data.train_y, data.test_x, data.test_y):
        start.update(np.ascontiguousarray(part).tobytes())
    return start.hexdigest()[:16]


def _read(path: Path) -> Seen:
    try:
        with path.open("rb") as file:
            kept = json.loads(file.read(_LONGEST))
        accuracy = tuple(float(seen) for seen in kept["accuracy"])
        return Seen(accuracy, int(kept["bits_down"]), int(kept["bits_up"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        raise DataError(f"{path} is damaged: remove it to train anew") from None
