"""A Dask cluster of which every device is a worker process of its own, tagged by its tier.

Needs the extra ``[dask]``. Everything listens on 127.0.0.1 only.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require
from mel_fast._base.untrusted import shown
from mel_fast.tiers.jobs import Job, Tier, asked_tiers
from mel_fast.tiers.runs import working

UPPER = "upper"
"""The resource of every device above the end devices."""
MOST_DEVICES = 256
_STOP_S = 5.0


class Cluster:
    """A scheduler in this process, its client, and a worker process for each device.

    Attributes
    ----------
    tiers : tuple of Tier
        The end devices first. Device 0 of tier ``"end"`` is the worker ``"end-0"``.
    client
        Dask's client of the cluster.
    processes : dict of str to subprocess.Popen
        The worker processes by name.

    Examples
    --------
    >>> import mel_fast as mel
    >>> with mel.tiers.cluster(tiers, networks) as live:  # doctest: +SKIP
    ...     live.kill("end-0")
    """

    def __init__(
        self, tiers: tuple[Tier, ...], client: Any, processes: dict[str, subprocess.Popen[bytes]]
    ) -> None:
        self.tiers, self.client, self.processes = tiers, client, processes

    def kill(self, device: str) -> None:
        """Kill a worker at once, as a device that breaks down (SIGKILL)."""
        self.processes[device].send_signal(signal.SIGKILL)

    def dead(self) -> set[str]:
        """Return the names of the workers that have ended."""
        return {name for name, process in self.processes.items() if process.poll() is not None}


def names(tier: Tier) -> list[str]:
    """Return the names of a tier's workers."""
    return [f"{tier.name}-{device}" for device in range(tier.devices)]


@contextmanager
def cluster(
    tiers: Sequence[Tier],
    networks: Mapping[str, Callable[[NDArray[Any]], NDArray[Any]]],
    *,
    start_s: float = 120.0,
) -> Iterator[Cluster]:
    """Start one worker process a device, and end all of them with the block.

    Parameters
    ----------
    tiers : list of Tier
        The end devices first, at most 256 devices in all.
    networks : mapping of str to callable
        Under each tier's name what its devices do with a batch: a `Network`, or anything else that
        can be pickled, takes an array and returns one.
    start_s : float
        Seconds within which all workers must be there.

    Yields
    ------
    Cluster
        While the block lasts.

    Raises
    ------
    ValueError, TypeError
        Naming the argument: a tier without a network, too many devices.
    ImportError
        When dask.distributed is missing; the message names the extra.
    TimeoutError
        When not all workers come up in time.

    Examples
    --------
    >>> import mel_fast as mel
    >>> with mel.tiers.cluster(tiers, networks) as live:  # doctest: +SKIP
    ...     run = mel.tiers.run(live, batches)
    """
    listed = asked_tiers(Job(1), tiers)
    for tier in listed:
        if not callable(networks.get(tier.name)):
            raise ValueError(f"networks: nothing to call for tier {shown(tier.name)}")
    devices = sum(tier.devices for tier in listed)
    if not 1 <= devices <= MOST_DEVICES:
        raise ValueError(f"tiers have {devices} devices: must be in [1, {MOST_DEVICES}]")
    distributed = require("distributed", extra="dask")
    with (
        tempfile.TemporaryDirectory(prefix="mel_fast_tiers_") as folder,
        distributed.LocalCluster(
            n_workers=0,
            processes=False,
            host="127.0.0.1",
            protocol="tcp://",
            scheduler_port=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,  # a worker that is killed is no news here
        ) as scheduler,
        distributed.Client(scheduler, set_as_default=False) as client,
    ):
        address = scheduler.scheduler_address
        processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for number, tier in enumerate(listed):
                tags = [tier.name, UPPER] if number else [tier.name]
                for name in names(tier):
                    processes[name] = _process(address, name, tags, folder)
            _wait(client, processes, start_s)
            client.run(working.load, _places(listed), dict(networks))
            yield Cluster(listed, client, processes)
        finally:
            _stop(list(processes.values()))


def _places(tiers: Sequence[Tier]) -> dict[str, working.Place]:
    """Return what each worker is to know of its device."""
    return {
        name: working.Place(tier.name, latency_s, process_s)
        for tier in tiers
        for name, latency_s, process_s in zip(
            names(tier),
            np.broadcast_to(tier.latency_s, tier.devices).tolist(),
            np.broadcast_to(tier.process_s, tier.devices).tolist(),
            strict=True,
        )
    }


def _process(address: str, name: str, tags: Sequence[str], folder: str) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "distributed.cli.dask_worker", address),
        *("--no-nanny", "--no-dashboard", "--nthreads=1", "--memory-limit=0"),
        *("--host=127.0.0.1", f"--name={name}", f"--local-directory={folder}"),
        *("--resources", " ".join(f"{tag}=1" for tag in tags)),
    ]
    # One thread of linear algebra a device, as it has one processor.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=environment)


def _wait(client: Any, processes: Mapping[str, subprocess.Popen[bytes]], start_s: float) -> None:
    limit = time.monotonic() + start_s
    while len(client.nthreads()) < len(processes):
        ended = [name for name, process in processes.items() if process.poll() is not None]
        if ended:
            status = processes[ended[0]].returncode
            raise RuntimeError(f"worker {ended[0]} ended with status {status} before it was there")
        if time.monotonic() > limit:
            raise TimeoutError(f"not all of {len(processes)} workers were there in {start_s:g} s")
        time.sleep(0.05)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    limit = time.monotonic() + _STOP_S
    for process in processes:
        try:
            process.wait(max(0.0, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
