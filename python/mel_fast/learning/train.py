"""Training with what is really sent: optimisers, compressed messages, bounded staleness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.atomic import check_writable
from mel_fast._base.progress import shown as bar
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import choice, count_column, integer, real
from mel_fast.campaigns import MostCycles, most
from mel_fast.learning.data import Dataset, checked_data
from mel_fast.learning.loop import TRAINED, History, run_key, unpacked
from mel_fast.learning.model import LocalModel
from mel_fast.learning.networks.network import NumpyMLP
from mel_fast.learning.networks.torch_module import is_module, of_module
from mel_fast.learning.partition import Dealer, Partition
from mel_fast.learning.rounds import checkpoint as files
from mel_fast.learning.rounds.clock import Clock
from mel_fast.learning.rounds.messages import Messages
from mel_fast.learning.rounds.server import Server
from mel_fast.model.times import evaluate
from mel_fast.payload import Recipe
from mel_fast.plans.plan import Plan

Synchronisation = Literal["bsp", "ssp", "tap"]
SYNCHRONISATIONS: tuple[Synchronisation, ...] = ("bsp", "ssp", "tap")
_GRID = 32  # bits of the longest cycle that count on the clock
_DEALS = 64  # cycles whose samples are kept, for learners that are apart


@dataclass(frozen=True, eq=False)
class Training(History):
    """What a training run saw, after each global cycle of the slowest learner.

    Attributes
    ----------
    accuracy, time_s
        Shape (cycles + 1,): on the test data, and the clock; entry 0 is the beginning.
    tau, samples
        Local cycles of the plan, and d_k.
    bits_down, bits_up
        Shape (cycles + 1,): bits of all messages so far, to all learners and from them.
    largest_down, largest_up
        Bits of the largest message each way: a plan for so many lets all of them arrive in time.
    local_cycles, updates
        Shape (K,): local cycles of each learner, and how often it returned a model.
    weights
        The global model at the end; of a checkpoint that was further on, the one in it.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(200, 100)
    >>> small = mel.learning.NumpyMLP(64, hidden=(8,))
    >>> run = mel.learning.train(
    ...     2, data, samples=[100, 100], cycle_s=10.0, cycles=2, model=small
    ... )
    >>> run.accuracy.shape, run.time_s.tolist()
    ((3,), [0.0, 10.0, 20.0])
    """

    bits_down: NDArray[np.int64]
    bits_up: NDArray[np.int64]
    largest_down: int
    largest_up: int
    local_cycles: NDArray[np.int64]
    updates: NDArray[np.int64]
    weights: list[NDArray[Any]]

    def time_to(self, accuracy: float) -> float | None:
        """Seconds after which the accuracy is first seen; None if never."""
        cycle = self.cycles_to(accuracy)
        return None if cycle is None else float(self.time_s[cycle])


def train(
    plan: Plan | int,
    data: Dataset,
    *,
    samples: ArrayLike | None = None,
    cycle_s: float | None = None,
    cycles: int = 10,
    until: float | None = None,
    local_cycles: ArrayLike | MostCycles | Literal["most"] | None = None,
    partition: Partition | None = None,
    concentration: float = 0.5,
    model: Any = None,
    hidden: Sequence[int] = (300, 124, 60),
    optimiser: str | None = None,
    learning_rate: float | None = None,
    batch: int = 32,
    synchronisation: Synchronisation = "bsp",
    staleness: int | None = None,
    stale_power: float = 0.5,
    payload: Recipe | None = None,
    error_feedback: bool = True,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: bool | Callable[[int, int, float], Any] = False,
) -> Training:
    """Learn with a plan, by messages that are really made.

    Parameters
    ----------
    plan, data, samples, cycle_s, partition, concentration
        As of :func:`run`. A plan gives each learner its times; with tau instead all take
        ``cycle_s``.
    cycles
        How many cycles of the slowest learner the run lasts; at the end of each the accuracy is
        seen. With ``"bsp"`` these are the global cycles.
    until
        End after the first cycle at whose end the accuracy is at least this, a share up to 1.
    local_cycles
        Local cycles of each learner, a number or shape (K,), done with the plan's shares of the
        radio; default tau, whatever the synchronisation. Or a :class:`mel_fast.MostCycles` of the
        plan's samples, with the shares that it gives; ``"most"`` is ``mel.most(plan.problem,
        samples=plan.samples)``: the most in all that learners finish by the plan's deadline.
    model
        A :class:`LocalModel`; or a ``torch.nn.Module``, trained by cross-entropy; default a
        :class:`NumpyMLP` for the data's features and labels.
    hidden
        Widths of the default network's hidden layers, the paper's.
    optimiser, learning_rate, batch
        Of the default network or the module: a name of ``OPTIMISERS``, default ``"sgd"``, its rate
        (None: the usual one) and the samples of a mini-batch. A LocalModel has its own.
    synchronisation
        ``"bsp"``: all wait for all, the average of equation (5) a cycle. ``"ssp"``: learners may be
        `staleness` cycles ahead of the slowest. ``"tap"``: nobody waits. Without waiting a model
        counts for less the older the version is that it was begun with.
    staleness
        Bound of ``"ssp"``, default 1; 0 is ``"bsp"``, no bound at all ``"tap"``.
    stale_power
        a of the weight (1 + age / K)^-a, age in versions; 0: no matter how old.
    payload
        A :class:`mel_fast.payload.Recipe`, applied to every message: models down without `top_k`
        and `threshold`, changes of the received model up. None: arrays as they are in memory.
    error_feedback
        A learner adds what its messages left out to the next one; never with pruning.
    seed
        Of splits, shards, shuffles, stochastic rounding and the default network.
    checkpoint
        A file written after every cycle and continued from if it is there: the resumed run ends in
        the same weights, bit for bit. One of another run is an error.
    progress
        True: a bar on stderr; or called with (cycle, cycles, accuracy).

    Returns
    -------
    Training

    Raises
    ------
    ValueError, TypeError
        As of :func:`run`, and for words and numbers out of range.
    OSError
        Before anything is learnt, when the checkpoint could not be written.

    Examples
    --------
    >>> from mel_fast import learning
    >>> from mel_fast.payload import Recipe
    >>> made = learning.train(2, learning.digits(), samples=[700, 500], cycle_s=30.0, cycles=2,
    ...                       optimiser="adam", payload=Recipe(bits=8), seed=1)
    >>> made.accuracy.shape, made.time_s.tolist()
    ((3,), [0.0, 30.0, 60.0])
    """
    tau, counts, cycle_s, partition = unpacked(plan, samples, cycle_s, partition)
    cycles, seed = integer("cycles", cycles, low=1), integer("seed", seed, low=0)
    target = np.inf if until is None else real("until", until, high=1.0)
    concentration = real("concentration", concentration, high=np.inf)
    bound = _bound(choice("synchronisation", synchronisation, SYNCHRONISATIONS), staleness)
    power = real("stale_power", stale_power, low=0.0, high=100.0)
    if payload is not None and not isinstance(payload, Recipe):
        raise TypeError(f"payload = {shown(payload)}: must be a Recipe")
    own, seconds = _cycles(plan, tau, counts, cycle_s, local_cycles)
    active = np.flatnonzero(counts)
    if not own[active].all():
        raise ValueError("local_cycles: a learner that takes part has at least 1")
    dealer = Dealer(checked_data(data).train_y, counts, partition, seed, concentration)
    local = _model(model, data, hidden, optimiser, learning_rate, batch, seed)
    if checkpoint is not None:
        check_writable(checkpoint)
    clock = Clock(_on_a_grid(seconds[active]), bound)
    sent = Messages(payload, error_feedback=bool(error_feedback), seed=seed)
    server = Server(local.get_weights(), counts[active].tolist(), power)
    key = run_key(tau, counts, partition, concentration, seed, data, local)
    key += f" {own.tolist()} {clock.seconds.tolist()} {bound} {power} {payload} {error_feedback}"
    deal = lru_cache(_DEALS)(dealer.deal)
    seen = None if checkpoint is None else files.load(Path(checkpoint), key, server, clock, sent)
    if seen is None:
        local.set_weights(server.weights)
        seen = [[local.score(data.test_x, data.test_y), 0.0, 0.0]]
        begin = range(len(active))
        server.give(sent.down(server.weights, 0, len(begin)), begin)

    def work(place: int) -> None:
        k, cycle = int(active[place]), int(clock.done[place])
        received, rows = server.received[server.holds[place]], deal(cycle)[k]
        local.set_weights(received)
        rng = np.random.Generator(np.random.PCG64([seed, TRAINED, cycle, k]))
        local.train(data.train_x[rows], data.train_y[rows], int(own[k]), rng)
        server.returned(place, sent.up(k, cycle, received, local.get_weights()))

    times = [0.0]
    for _ in range(max(cycles, len(seen) - 1)):
        times.append(times[-1] + float(clock.seconds.max()))
    shows = bar(progress, "global cycles", cycles) if isinstance(progress, bool) else nullcontext()
    with shows as tell:
        for cycle in range(len(seen), cycles + 1):
            if max(row[0] for row in seen) >= target:
                break
            down = sent.bits_down
            while clock.next_s <= times[cycle]:
                event = clock.step()
                for place in event.arrived:
                    work(place)
                if event.begins:
                    server.publish()
                    received = sent.down(server.weights, server.version, len(event.begins))
                    server.give(received, event.begins)
                if event.time_s < times[cycle]:  # at the end itself the next cycle's are sent
                    down = sent.bits_down
            local.set_weights(server.merged())
            accuracy = local.score(data.test_x, data.test_y)
            seen.append([accuracy, float(down), float(sent.bits_up)])
            if checkpoint is not None:
                files.save(Path(checkpoint), key, seen, server, clock, sent)
            if tell is not None:
                tell(cycle)
            if callable(progress):
                progress(cycle, cycles, accuracy)
    weights = server.merged()
    local.set_weights(weights)
    reached = next((at for at, row in enumerate(seen) if row[0] >= target), cycles)
    table = np.array(seen[: min(cycles, reached) + 1])
    updates = np.zeros(len(counts), np.int64)
    updates[active] = clock.done
    return Training(
        accuracy=table[:, 0],
        time_s=np.array(times[: len(table)]),
        tau=tau,
        samples=counts,
        bits_down=table[:, 1].astype(np.int64),
        bits_up=table[:, 2].astype(np.int64),
        largest_down=sent.largest_down,
        largest_up=sent.largest_up,
        local_cycles=own,
        updates=updates,
        weights=[np.array(part) for part in weights],
    )


def _bound(synchronisation: str, staleness: int | None) -> int | None:
    if synchronisation == "ssp":
        return 1 if staleness is None else integer("staleness", staleness, low=0)
    if staleness is not None:
        raise ValueError(f"staleness = {shown(staleness)}: only with synchronisation 'ssp'")
    return 0 if synchronisation == "bsp" else None


def _cycles(
    plan: Plan | int, tau: int, counts: NDArray[np.int64], cycle_s: float, asked: Any
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each learner's local cycles, and how long its cycle takes."""
    if isinstance(asked, str):
        choice("local_cycles", asked, ("most",))
        if not isinstance(plan, Plan):
            raise ValueError("local_cycles = 'most': needs a plan, whose problem says what fits")
        asked = most(plan.problem, samples=counts)
    if isinstance(asked, MostCycles):
        return _most_cycles(asked, counts)
    own = count_column("local_cycles", tau if asked is None else asked, len(counts))
    times = plan.times if isinstance(plan, Plan) else None
    if times is None:
        return own, np.full(len(own), cycle_s)
    return own, np.asarray(times.send_s + times.compute_s * (own / tau) + times.return_s)


def _most_cycles(
    found: MostCycles, counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if not np.array_equal(found.samples, counts):
        raise ValueError("local_cycles: a MostCycles of other samples than those that are trained")
    if found.cycles is None:
        raise ValueError(f"local_cycles: a MostCycles that is {found.status}, without cycles")
    times = evaluate(found.problem, 1, counts, found.bandwidth_hz, found.power_w)
    return found.cycles, np.asarray(times.send_s + times.compute_s * found.cycles + times.return_s)


def _on_a_grid(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times to 9 digits: learners that a plan lets return together then do.

    They differ by what a plan leaves of the deadline, which would make updates stale. On a binary
    grid the sums of a million cycles are exact, so that they stay together.
    """
    if np.ptp(seconds) == 0.0:
        return seconds
    unit = 2.0 ** (int(np.frexp(seconds.max())[1]) - _GRID)
    return np.asarray(np.maximum(np.rint(seconds / unit), 1.0) * unit)


def _model(
    model: Any,
    data: Dataset,
    hidden: Sequence[int],
    optimiser: str | None,
    learning_rate: float | None,
    batch: int,
    seed: int,
) -> LocalModel:
    if isinstance(model, LocalModel):
        if optimiser is not None or learning_rate is not None:
            raise ValueError(
                f"optimiser = {shown(optimiser)}, learning_rate = {shown(learning_rate)}: "
                f"a {type(model).__name__} has its own"
            )
        return model
    name = "sgd" if optimiser is None else optimiser
    if model is None:
        labels = int(max(data.train_y.max(), data.test_y.max())) + 1
        return NumpyMLP(
            data.train_x.shape[1],
            labels,
            hidden=hidden,
            optimiser=name,
            learning_rate=learning_rate,
            batch=batch,
            seed=seed,
        )
    if is_module(model):
        return of_module(model, name, learning_rate, integer("batch", batch, low=1))
    raise TypeError(f"model is a {type(model).__name__}: must be a LocalModel or a torch module")
