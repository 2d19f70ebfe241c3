"""The state of a training run as one file of exact arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.atomic import beside
from mel_fast._base.untrusted import plain
from mel_fast.learning.idx import DataError
from mel_fast.learning.rounds.clock import Clock
from mel_fast.learning.rounds.messages import Messages, memory_bits
from mel_fast.learning.rounds.server import Returned, Server
from mel_fast.payload import decode, encode

Numbers = list[list[float]]
_COUNTED = ("bits_down", "bits_up", "largest_down", "largest_up")
_BESIDES = 1 << 26  # bytes of what is no model: times, accuracies, the key


def save(path: Path, key: str, seen: Numbers, server: Server, clock: Clock, sent: Messages) -> None:
    """Write everything that the rest of the run depends on, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {
        "key": np.frombuffer(key.encode(), np.uint8),
        "seen": np.array(seen),
        "numbers": np.array([server.version, *(getattr(sent, name) for name in _COUNTED)]),
        "holds": np.array(server.holds, np.int64),
        "versions": np.array(list(server.received), np.int64),
        "pending": np.array([[r.learner, r.version] for r in server.pending], np.int64),
        "senders": np.array(list(sent.senders), np.int64),
    }
    arrays |= {f"clock {name}": part for name, part in clock.state().items()}
    models = {"global": server.weights}
    models |= {f"version {version}": part for version, part in server.received.items()}
    models |= {f"pending {place}": r.weights for place, r in enumerate(server.pending)}
    for name, weights in models.items():
        arrays |= {f"{name} {place}": part for place, part in enumerate(weights)}
    for learner, sender in sent.senders.items():
        arrays |= {f"left {learner} {name}": part for name, part in sender.residual.items()}
    with beside(path) as temporary:
        temporary.write_bytes(encode(arrays))


def load(path: Path, key: str, server: Server, clock: Clock, sent: Messages) -> Numbers | None:
    """Bring a run to the state in the file and return what it has seen; None without a file.

    Raises
    ------
    DataError
        For a file that is no checkpoint, or of another run.
    """
    if not path.is_file():
        return None
    most = memory_bits(server.weights) // 8 * (4 * len(server.holds) + 4) + _BESIDES
    try:
        with path.open("rb") as file:
            arrays = decode(file.read(most), max_bytes=most)
        theirs = arrays["key"].tobytes().decode()
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} is not a checkpoint: {plain(str(error))}") from None
    if theirs != key:
        raise DataError(f"{path} belongs to another run: remove it to start afresh")
    try:
        return _restored(arrays, server, clock, sent)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise DataError(f"{path} is not a checkpoint: {plain(str(error))}") from None


def _restored(
    arrays: dict[str, NDArray[Any]], server: Server, clock: Clock, sent: Messages
) -> Numbers:
    shapes = [(part.shape, part.dtype) for part in server.weights]

    def model(name: str) -> list[NDArray[Any]]:
        found = [arrays[f"{name} {place}"] for place in range(len(shapes))]
        if [(part.shape, part.dtype) for part in found] != shapes:
            raise ValueError(f"{name} has other shapes")
        return found

    server.weights = model("global")
    server.version, *counted = arrays["numbers"].tolist()
    for name, count in zip(_COUNTED, counted, strict=True):
        setattr(sent, name, count)
    holds = arrays["holds"].tolist()
    if len(holds) != len(server.holds):
        raise ValueError(f"{len(holds)} learners")
    server.holds = holds
    server.received = {v: model(f"version {v}") for v in arrays["versions"].tolist()}
    server.pending = [
        Returned(learner, version, model(f"pending {place}"))
        for place, (learner, version) in enumerate(arrays["pending"].reshape(-1, 2).tolist())
    ]
    for learner in arrays["senders"].tolist():
        begin = f"left {learner} "
        sent.sender(learner).residual = {
            name.removeprefix(begin): part
            for name, part in arrays.items()
            if name.startswith(begin)
        }
    clock.resume({name: arrays[f"clock {name}"] for name in ("done", "returns", "waits")})
    seen = arrays["seen"]
    if seen.ndim != 2 or seen.shape[1] != 3:
        raise ValueError("nothing was seen")
    return [list(row) for row in seen.tolist()]
