"""A real job on real worker processes: digits, three sizes of networks, coarse and fine labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast.experiments.tables import Row
from mel_fast.learning import Dataset, ScikitMLP
from mel_fast.tiers import (
    Cluster,
    Job,
    LiveRun,
    Network,
    Tier,
    cluster,
    run,
    schedule,
    simulate,
)
from mel_fast.tiers.runs.running import DASK

#: Coarse labels: digits with a round part (0 6 8 9), of straight lines (1 4 7), and the others.
COARSE = np.array([0, 1, 2, 2, 1, 2, 0, 1, 0, 0])
HIDDEN = {"end": (8,), "edge": (32,), "cloud": (128, 64)}
SCHEMES = ("optimal", "end_edge", "mapping", "end_cloud", DASK)
QUERY_S = 0.05
_PIXEL = 255.0


@dataclass(frozen=True)
class Trained:
    """The tiers' networks, and the accuracy of each on the test samples."""

    networks: Mapping[str, Network]
    accuracy: Mapping[str, float]


def trained(data: Dataset, *, cycles: int = 5, samples: int = 10_000, seed: int = 0) -> Trained:
    """Train one network a tier: the end devices' on coarse labels, the others' on fine ones."""
    x, fine = data.train_x[:samples], data.train_y[:samples]
    networks, accuracy = {}, {}
    for number, (tier, hidden) in enumerate(HIDDEN.items()):
        labels, tested = (COARSE[fine], COARSE[data.test_y]) if number == 0 else (fine, data.test_y)
        model = ScikitMLP(x.shape[1], int(labels.max()) + 1, hidden=hidden, seed=seed)
        model.train(x, labels, cycles, np.random.Generator(np.random.PCG64([seed, number])))
        weights = model.get_weights()
        half = len(weights) // 2
        networks[tier] = Network(weights[:half], weights[half:], scale=1.0 / _PIXEL)
        accuracy[tier] = model.score(data.test_x, tested)
    return Trained(networks, accuracy)


def batches(data: Dataset, tasks: int, items: int) -> tuple[list[NDArray[np.uint8]], Any]:
    """Return `tasks` batches of test images as bytes, over and over, and their fine labels."""
    rows = np.arange(tasks * items).reshape(tasks, items) % len(data.test_y)
    pixels = (data.test_x * _PIXEL).round().astype(np.uint8)
    return [pixels[row] for row in rows], data.test_y[rows]


def tiers(found: Trained, ends: int = 4, edges: int = 2) -> list[Tier]:
    """Return the devices: unequal end devices, and latencies as far apart as the report's."""
    return [
        Tier("end", ends, np.linspace(0.10, 0.16, ends), 0.0, found.accuracy["end"]),
        Tier("edge", edges, 0.06, 0.10, found.accuracy["edge"]),
        Tier("cloud", 1, 0.03, 0.20, found.accuracy["cloud"]),
    ]


def row(live: Cluster, answered: LiveRun, labels: Any, killed_after: int | None = None) -> Row:
    """Return a run beside its plan, its simulation and the truth of its answers."""
    job = Job(len(labels), labels.shape[1])
    simulated = planned = ""
    if answered.planned_s is not None:
        planned = f"{answered.planned_s:.3f}"
        plan = schedule(job, live.tiers, answered.scheme)
        failures = {} if killed_after is None else {0: killed_after}
        policy = "monitor" if failures else "none"
        ran = simulate(
            job,
            live.tiers,
            policy,
            scheme=plan,
            failures=failures,
            assign_s=answered.assign_s,
            query_s=QUERY_S,
        )
        simulated = f"{ran.makespan_s:.3f}"
    coarse, fine = np.array(answered.coarse), np.array(answered.fine)
    return {
        "run": answered.scheme + ("" if killed_after is None else ", end-0 killed"),
        "planned (s)": planned,
        "simulated (s)": simulated,
        "wall (s)": f"{answered.wall_s:.3f}",
        "coarse right": f"{(coarse == COARSE[labels]).mean():.3f}",
        "fine right": f"{(fine == labels).mean():.3f}",
        "on the cloud": sum(name.startswith("cloud") for name in answered.device[1]),
        "repeated": answered.repeated if answered.repeated >= 0 else "?",
    }


def rows(
    data: Dataset, *, tasks: int, items: int, kill_after: int, tell: Callable[[str], Any]
) -> list[Row]:
    """Run every scheme, then ours and Dask's own with the first end device killed."""
    tell(f"training three networks on {data.name}")
    found = trained(data)
    here = tiers(found)
    images, labels = batches(data, tasks, items)
    table = []
    tell(f"starting {sum(tier.devices for tier in here)} worker processes, twice")
    with cluster(here, found.networks) as live:
        for scheme in SCHEMES:
            table.append(row(live, run(live, images, scheme), labels))
        failed = run(live, images, "optimal", kill={"end-0": kill_after})
        table.append(row(live, failed, labels, kill_after))
    with cluster(here, found.networks) as live:
        failed = run(live, images, DASK, kill={"end-0": kill_after})
        table.append(row(live, failed, labels, kill_after))
    return table
