"""Search for hyper-parameters by Optuna, on samples held out of the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.optional import require
from mel_fast._base.progress import shown as bar
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer, real
from mel_fast.learning.data import Dataset, checked_data
from mel_fast.learning.idx import DataError
from mel_fast.learning.loop import unpacked
from mel_fast.learning.networks.optimisers import RULES
from mel_fast.learning.train import train
from mel_fast.plans.plan import Plan

Range = tuple[float, float]
Space = Mapping[str, Sequence[Any] | Range]

SPACE: Space = {
    "optimiser": tuple(RULES),
    "learning_rate": (1e-4, 1.0),
    "batch": (8, 16, 32, 64, 128),
}
"""What is tried unless told otherwise."""

_NAME = "mel_fast"
_HELD_OUT = 6  # stream of which samples are held out
_UNPRUNED = 5  # trials before any is pruned


@dataclass(frozen=True)
class Trial:
    """One setting and how it did.

    Attributes
    ----------
    parameters
        As given to :func:`train`.
    accuracy
        On the held-out samples, after each cycle that was run.
    pruned
        Whether it was given up because others did better after as many cycles, or diverged.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.learning.Trial({"learning_rate": 0.1}, (0.8, 0.9), False).accuracy[-1]
    0.9
    """

    parameters: dict[str, Any]
    accuracy: tuple[float, ...]
    pruned: bool


@dataclass(frozen=True)
class Search:
    """The best setting and all that were tried.

    Attributes
    ----------
    best
        Arguments for :func:`train`.
    accuracy
        Of the best, on the held-out samples after the last cycle: chosen as the largest, so on new
        data rather less.
    trials
        In the order in which they were run.

    Examples
    --------
    >>> import mel_fast as mel
    >>> sorted(mel.learning.Search({"learning_rate": 0.1}, 0.93, ()).best)
    ['learning_rate']
    """

    best: dict[str, Any]
    accuracy: float
    trials: tuple[Trial, ...]


def search(
    plan: Plan | int,
    data: Dataset,
    *,
    trials: int = 20,
    cycles: int = 3,
    space: Space | None = None,
    held_out: float = 0.1,
    samples: ArrayLike | None = None,
    cycle_s: float | None = None,
    storage: str | PathLike[str] | None = None,
    seed: int = 0,
    progress: bool = False,
    **words: Any,
) -> Search:
    """Look for the setting that is most accurate after a few global cycles of a plan.

    Parameters
    ----------
    plan, data, samples, cycle_s
        As of :func:`train`. The test data is never looked at; a share of the training data is held
        out, and d_k shrink in proportion to what is left.
    trials, cycles
        Settings to try in all, and global cycles of each.
    space
        Arguments of :func:`train` to their choices: a list, or a range (low, high) of two floats,
        searched by its logarithm. Default: optimiser, rate and batch of the default network.
    held_out
        Share of the training data that scores the settings.
    storage
        A file that keeps the trials while they run: called again, the search goes on from there
        and ends as if it had never stopped. One of another search is an error.
    seed
        Of what is held out, of the settings tried and of the training.
    progress
        Show a bar.
    words
        Further arguments of :func:`train`, the same in all trials.

    Returns
    -------
    Search

    Raises
    ------
    ValueError, TypeError
        For numbers out of range, names that :func:`train` lacks, a storage of another search, and
        when all trials diverged.

    Notes
    -----
    Tree-structured Parzen estimators, a trial's own seed each; after five trials one is given up
    when it is below the median of the others after as many cycles. Extra ``[search]``.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(100, 50)
    >>> space = {"learning_rate": (0.01, 0.3)}
    >>> found = mel.learning.search(
    ...     1, data, trials=2, cycles=1, samples=[45, 45], cycle_s=1.0, space=space, hidden=(8,)
    ... )
    >>> len(found.trials), sorted(found.best)
    (2, ['learning_rate'])
    """
    optuna = require("optuna", extra="search")
    trials, cycles = integer("trials", trials, low=1), integer("cycles", cycles, low=1)
    seed = integer("seed", seed, low=0, high=2**32 - 1)
    tried = _checked(SPACE if space is None else space)
    tau, counts, cycle_s, partition = unpacked(plan, samples, cycle_s, words.pop("partition", None))
    part, least = _without(checked_data(data), real("held_out", held_out, high=0.9), seed)
    counts = np.floor(counts * min(1.0, least / counts.sum())).astype(np.int64)
    words = {"samples": counts, "cycle_s": cycle_s, "partition": partition, **words}
    key = repr([tau, counts.tolist(), sorted(tried.items()), cycles, held_out, seed, data.name])
    key += repr(sorted((name, repr(value)) for name, value in words.items() if name != "samples"))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = _study(optuna, storage, key)

    def objective(trial: Any) -> float:
        chosen = {name: _suggested(trial, name, options) for name, options in tried.items()}

        def report(cycle: int, total: int, accuracy: float) -> None:
            trial.report(accuracy, cycle)
            if cycle < total and trial.should_prune():
                raise optuna.TrialPruned

        try:
            with np.errstate(all="ignore"):  # what diverges is the worst
                made = train(
                    tau, part, cycles=cycles, seed=seed, progress=report, **words, **chosen
                )
        except ValueError as error:
            if "not finite" not in str(error):
                raise
            raise optuna.TrialPruned from None
        return float(made.accuracy[-1])

    with bar(progress, "trials", trials) as tell:
        while (done := sum(trial.state.is_finished() for trial in study.trials)) < trials:
            # A seed of its own each, so that a search that goes on draws what it would have drawn;
            # hashed, for with seeds in steps the first settings came out alike.
            own = int(np.random.SeedSequence([seed, done]).generate_state(1)[0])
            study.sampler = optuna.samplers.TPESampler(seed=own)
            study.optimize(objective, n_trials=1)
            if tell is not None:
                tell(done + 1)
    return _result(optuna, study, trials)


def _checked(space: Space) -> dict[str, Any]:
    if not space:
        raise ValueError("space is empty: nothing to search")
    found: dict[str, Any] = {}
    for name, options in space.items():
        if isinstance(options, str) or not isinstance(options, Sequence) or not len(options):
            raise TypeError(f"space[{shown(name)}] = {shown(options)}: must be choices or a range")
        if _is_range(options):
            low, high = (real(f"space[{shown(name)}]", end) for end in options)
            if not low < high:
                raise ValueError(f"space[{shown(name)}] = {shown(options)}: low must be below high")
            found[str(name)] = (low, high)
        else:
            found[str(name)] = list(options)
    return found


def _is_range(options: Sequence[Any]) -> bool:
    return (
        isinstance(options, tuple)
        and len(options) == 2
        and all(isinstance(end, float) for end in options)
    )


def _suggested(trial: Any, name: str, options: Any) -> Any:
    if isinstance(options, tuple):
        return trial.suggest_float(name, *options, log=True)
    return trial.suggest_categorical(name, options)


def _without(data: Dataset, share: float, seed: int) -> tuple[Dataset, int]:
    """Return data whose test samples are some of the training's, and how many are left to train."""
    total = len(data.train_y)
    held = max(1, round(share * total))
    if held >= total:
        raise ValueError(f"held_out = {share}: nothing of {total} samples is left to train on")
    order: NDArray[np.int64] = np.random.default_rng([seed, _HELD_OUT]).permutation(total)
    rest, out = np.sort(order[held:]), np.sort(order[:held])
    part = Dataset(
        f"{data.name}, {held} held out",
        data.train_x[rest],
        data.train_y[rest],
        data.train_x[out],
        data.train_y[out],
    )
    return part, total - held


def _study(optuna: Any, storage: str | PathLike[str] | None, key: str) -> Any:
    kept = None
    if storage is not None:
        journal = optuna.storages.journal
        kept = optuna.storages.JournalStorage(journal.JournalFileBackend(str(Path(storage))))
    study = optuna.create_study(
        storage=kept,
        study_name=_NAME,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED),
    )
    theirs = study.user_attrs.get("key")
    if theirs is None and not study.trials:
        study.set_user_attr("key", key)
    elif theirs != key:
        raise DataError(f"{storage} belongs to another search: remove it to start afresh")
    return study


def _result(optuna: Any, study: Any, most: int) -> Search:
    finished = [trial for trial in study.trials if trial.state.is_finished()][:most]
    complete = [t for t in finished if t.state == optuna.trial.TrialState.COMPLETE]
    if not complete:
        raise ValueError("no setting trained to the end: all diverged")
    best = max(complete, key=lambda trial: (trial.value, -trial.number))
    return Search(
        best=dict(best.params),
        accuracy=float(best.value),
        trials=tuple(
            Trial(
                dict(trial.params),
                tuple(
                    trial.intermediate_values[step] for step in sorted(trial.intermediate_values)
                ),
                trial.state != optuna.trial.TrialState.COMPLETE,
            )
            for trial in finished
        ),
    )
