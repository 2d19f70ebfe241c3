"""Client, edge, cloud: cells average among themselves, and now and then all together.

An edge round is a global cycle of every cell: its learners get the edge's model, do tau local
cycles, and the edge averages what comes back by equation (5). After `edge_rounds` of them the
cloud averages the edges' models by their samples and hands the result down. With one edge round
this is one average of all learners; with more, the cells drift apart between the cloud's averages,
and the way to the cloud is taken less often. The scheme is that of Liu, Zhang, Song and Letaief,
*Client-Edge-Cloud Hierarchical Federated Learning*, ICC 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer, real
from mel_fast.campaigns import Association, Cells
from mel_fast.learning.averaging import WeightedAverage
from mel_fast.learning.data import Dataset, checked_data
from mel_fast.learning.loop import TRAINED, History
from mel_fast.learning.model import LocalModel
from mel_fast.learning.networks.network import NumpyMLP
from mel_fast.learning.partition import Dealer, Partition


@dataclass(frozen=True, eq=False)
class Hierarchy(History):
    """Accuracy on the test data after each average of the cloud; entry 0 is the untrained model.

    Attributes
    ----------
    accuracy, time_s
        Shape (rounds + 1,): of the cloud's model, and the simulated clock.
    tau, samples
        Local cycles in common, and d_k of all learners, cell after cell as in `cell`.
    cell
        Shape (K,): the cell of each learner.
    edge_rounds
        Edge rounds in a round of the cloud.

    Examples
    --------
    >>> import mel_fast as mel
    >>> cells = [mel.scenarios.table1(2, seed=n, samples=200, idle="excused") for n in (1, 2)]
    >>> small = mel.learning.NumpyMLP(64, hidden=(8,))
    >>> data = mel.learning.digits().limited(200, 100)
    >>> run = mel.learning.train_cells(mel.cells(cells), data, rounds=2, model=small)
    >>> run.accuracy.shape, len(run.time_s)
    ((3,), 3)
    """

    cell: NDArray[np.int64]
    edge_rounds: int

    def time_to(self, accuracy: float) -> float | None:
        """Seconds after which the accuracy is first seen; None if never."""
        at = self.cycles_to(accuracy)
        return None if at is None else float(self.time_s[at])


def train_cells(
    found: Cells | Association,
    data: Dataset,
    *,
    edge_rounds: int = 1,
    cloud_s: float = 0.0,
    rounds: int = 10,
    until: float | None = None,
    partition: Partition | None = None,
    concentration: float = 0.5,
    model: LocalModel | None = None,
    seed: int = 0,
    progress: Callable[[int, int, float], Any] | None = None,
) -> Hierarchy:
    """Learn with the plans of several cells and a cloud above them.

    Parameters
    ----------
    found
        What `mel.cells` has found: fixed cells, or learners that chose theirs.
    data
        Training and test data.
    edge_rounds
        Averages of the cells' own models until the cloud averages those of the cells.
    cloud_s
        Seconds in which the edges' models reach the cloud and its average comes back.
    rounds, until
        Averages of the cloud; the run ends early after one at which the accuracy is `until`.
    partition, concentration, seed
        As of :func:`run`; what a learner gets is dealt anew in each edge round.
    model
        A :class:`LocalModel`; default a :class:`NumpyMLP` for the data's features and labels.
    progress
        Called with (round, edge round, accuracy of the cloud's model) after every edge round.

    Returns
    -------
    Hierarchy
        An edge round lasts as long as the longest cycle of a cell that takes part.

    Raises
    ------
    ValueError, TypeError
        For cells without a plan, numbers out of range, samples that the data cannot give.

    Examples
    --------
    >>> import mel_fast as mel
    >>> from mel_fast import learning
    >>> near, far = (mel.scenarios.table1(3, 10.0, seed=s, samples=600) for s in (1, 2))
    >>> small = learning.NumpyMLP(64, hidden=(8,))
    >>> made = learning.train_cells(mel.cells([near, far]), learning.digits(), edge_rounds=2,
    ...                             cloud_s=5.0, rounds=2, model=small)
    >>> made.time_s.tolist(), made.samples.shape
    ([0.0, 25.0, 50.0], (6,))
    """
    counts, cell = _who_is_where(found)
    edge_rounds = integer("edge_rounds", edge_rounds, low=1, high=1_000_000)
    cloud_s = real("cloud_s", cloud_s, low=0.0)
    rounds, seed = integer("rounds", rounds, low=1), integer("seed", seed, low=0)
    target = np.inf if until is None else real("until", until, high=1.0)
    concentration = real("concentration", concentration, high=np.inf)
    taking = [found.problems[e] for e in np.unique(cell[counts > 0]).tolist()]
    if partition is None:
        partition = "shard-iid" if taking[0].task.setting == "federated" else "random"
    dealer = Dealer(checked_data(data).train_y, counts, partition, seed, concentration)
    if model is None:
        labels = int(max(data.train_y.max(), data.test_y.max())) + 1
        model = NumpyMLP(data.train_x.shape[1], labels, seed=seed)
    elif not isinstance(model, LocalModel):
        raise TypeError(f"model is a {type(model).__name__}: must be a LocalModel")
    round_s = edge_rounds * max(problem.cycle_s for problem in taking) + cloud_s
    weights = list(model.get_weights())
    seen = [model.score(data.test_x, data.test_y)]
    while len(seen) <= rounds and seen[-1] < target:
        edges = dict.fromkeys(np.unique(cell[counts > 0]).tolist(), weights)
        for edge_round in range(edge_rounds):
            at = (len(seen) - 1) * edge_rounds + edge_round + 1
            dealt = dealer.deal(at)
            for e, start in edges.items():
                mean = WeightedAverage()
                for k in np.flatnonzero((cell == e) & (counts > 0)).tolist():
                    rows = dealt[k]
                    model.set_weights(start)
                    rng = np.random.Generator(np.random.PCG64([seed, TRAINED, at, k]))
                    model.train(data.train_x[rows], data.train_y[rows], found.tau, rng)
                    mean.add(model.get_weights(), len(rows))
                edges[e] = mean.result()
            if progress is not None:
                progress(len(seen), edge_round + 1, seen[-1])
        cloud = WeightedAverage()
        for e, own in edges.items():
            cloud.add(own, int(counts[cell == e].sum()))
        weights = cloud.result()
        model.set_weights(weights)
        seen.append(model.score(data.test_x, data.test_y))
    return Hierarchy(
        accuracy=np.array(seen),
        time_s=np.arange(len(seen)) * round_s,
        tau=found.tau,
        samples=counts,
        cell=cell,
        edge_rounds=edge_rounds,
    )


def _who_is_where(
    found: Cells | Association,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the samples and the cell of every learner."""
    if not isinstance(found, Cells | Association):
        raise TypeError(f"found = {shown(found)}: must be what mel.cells has found")
    if found.plans is None:
        raise ValueError(f"found is {found.status}: there are no plans to learn with")
    if isinstance(found, Association):
        assert found.learner_samples is not None
        assert found.cell is not None
        return found.learner_samples, found.cell
    samples, cell = [], []
    for e, (problem, plan) in enumerate(zip(found.problems, found.plans, strict=True)):
        own = None if plan is None else plan.samples
        samples.append(np.zeros(len(problem.learners), np.int64) if own is None else own)
        cell.append(np.full(len(problem.learners), e))
    return np.concatenate(samples), np.concatenate(cell)
