"""Flower for real: a SuperLink and SuperNodes as processes on loopback, no network.

Who is late is decided by the seconds of a simulated radio, so that a busy machine changes nothing.
The longer run takes MNIST from the folder in MEL_FAST_MNIST, else scikit-learn's digits.
"""

import gzip
import json
import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("flwr", reason="needs the extra [flower]")
pytest.importorskip("sklearn", reason="needs the extra [learn]")

from mel_fast import learning
from mel_fast.flower import Loopback, new_project


def write_idx(path, array):
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes(), 1))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A small part of MNIST, or the digits, as IDX files, which a client reads quickly."""
    folder = tmp_path_factory.mktemp("images")
    given = os.environ.get("MEL_FAST_MNIST")
    data = (learning.read_mnist(given) if given else learning.digits()).limited(4000, 1000)
    side = round(data.train_x.shape[1] ** 0.5)
    for part, x, y in (
        ("train", data.train_x, data.train_y),
        ("t10k", data.test_x, data.test_y),
    ):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", np.rint(255 * x.reshape(-1, side, side)))
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", y)
    return folder


def rounds(path):
    """The lines that the ServerApp wrote, one a round."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


PATIENT = {"ttl_s": 1500.0, "wait_s": 1500.0, "time_limit_s": 7500.0}
"""A busy machine changes how long a run takes, and nothing else."""


def gone(process, within_s=30.0):
    """Whether a process and all of its group are gone; who was killed may have to be reaped."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_two_processes_train_and_the_slow_one_is_left_out(images, tmp_path):
    new_project(tmp_path / "planned")
    result = tmp_path / "result.jsonl"
    with Loopback(tmp_path / "run") as link:
        link.join("steady", partition_id=0)
        link.join("tired", partition_id=1, slow_round=2, slow_factor=0.1)
        run = link.run(
            tmp_path / "planned", clients=2, rounds=2, samples=400, data=str(images),
            result=str(result), **PATIENT,
        )  # fmt: skip
        started = list(link._running)
    assert not run.failed, run.lines[-40:]
    first, second = rounds(result)
    assert first["samples"].keys() == {"steady", "tired"}
    assert first["lost"] == 0
    assert first["tau"] >= 1
    assert second["samples"].keys() == {"steady"}
    assert "of 10 s" in second["missing"]["tired"]
    assert second["measured_s"]["tired"] > 10.0
    assert second["measured_s"]["steady"] == pytest.approx(second["planned_s"]["steady"], rel=0.05)
    assert first["accuracy"] > 0.3
    assert all(map(gone, started))


@pytest.mark.long
def test_a_server_app_that_fails_is_told_although_flwr_run_exits_0(images, tmp_path):
    new_project(tmp_path / "broken")
    server = tmp_path / "broken" / "broken" / "server_app.py"
    server.write_text(
        server.read_text().replace("data = task", "raise RuntimeError('no')\n    data = task")
    )
    with Loopback(tmp_path / "run") as link:
        run = link.run(tmp_path / "broken")
    assert run.failed
    assert any("no" in line for line in run.lines)


@pytest.mark.long
def test_ten_rounds_with_one_killed_one_slowed_and_one_that_joins_late(images, tmp_path):
    new_project(tmp_path / "planned")
    result = tmp_path / "result.jsonl"
    nodes = {}

    def watch(line):
        if "[ROUND 3/10]" in line:
            nodes["late"] = link.join("late", partition_id=4)
        if "[ROUND 5/10]" in line:
            time.sleep(1.0)  # its message is on its way
            link.kill(nodes["doomed"])

    with Loopback(tmp_path / "run") as link:
        for number, name in enumerate(("a", "b", "doomed")):
            nodes[name] = link.join(name, partition_id=number)
        nodes["tired"] = link.join("tired", partition_id=3, slow_round=6, slow_factor=0.6)
        run = link.run(
            tmp_path / "planned", line=watch, clients=4, rounds=10, confidence=0.9, samples=1500,
            data=str(images), result=str(result), **(PATIENT | {"ttl_s": 90.0}),
        )  # fmt: skip
    assert not run.failed, run.lines[-40:]
    seen = rounds(result)
    assert len(seen) == 10
    everybody = {"a", "b", "doomed", "tired"}
    assert seen[0]["samples"].keys() == seen[1]["samples"].keys() == everybody
    assert "late" in seen[-1]["samples"]
    assert "late" not in seen[2]["samples"]
    died = next(one["number"] for one in seen if "doomed" in one["missing"])
    assert died == 5
    for one in seen[died:]:
        assert "doomed" not in one["samples"]
    assert "doomed" in seen[-1]["sitting_out"]
    assert "of 10 s" in seen[5]["missing"]["tired"]
    assert "tired" in seen[-1]["samples"]
    assert seen[-1]["missing"] == {}
    for one in seen[1:]:  # the first is planned before the bits are measured
        for name in one["samples"]:
            if name != "tired":
                assert one["measured_s"][name] == pytest.approx(one["planned_s"][name], rel=0.05)
                assert one["measured_s"][name] <= one["deadline_s"]
    assert seen[-1]["accuracy"] > max(0.8, seen[0]["accuracy"] - 0.05)


@pytest.mark.long
def test_the_project_runs_in_flowers_simulation_engine(images, tmp_path):
    pytest.importorskip("ray", reason="needs flwr[simulation]")
    new_project(tmp_path / "planned")
    result = tmp_path / "result.jsonl"
    with Loopback(tmp_path / "run", simulated=5) as link:
        run = link.run(
            tmp_path / "planned", clients=5, rounds=3, samples=1000, data=str(images),
            result=str(result), **PATIENT,
        )  # fmt: skip
    assert not run.failed, run.lines[-40:]
    seen = rounds(result)
    assert len(seen) == 3
    assert all(len(one["samples"]) == 5 for one in seen)
    assert all(one["lost"] == 0 for one in seen)
    assert seen[-1]["accuracy"] > 0.5
