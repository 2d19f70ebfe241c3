"""Writers that are killed at any moment: what is there is whole, and the next one goes on."""

import csv
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.learning import loop

HERE = str(Path(__file__).parent)
SEEDS = {"seed": range(700)}


def in_a_child(work: Callable[[], object], kill_after_s: float | None) -> float:
    """Fork, work, and kill the child after a while; return how long it lived."""
    begin = time.perf_counter()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    assert kill_after_s is not None or status == 0
    return time.perf_counter() - begin


def killed_often(
    work: Callable[[], object], times: int, check: Callable[[], object] = lambda: None
) -> None:
    """Kill `work` at moments all over its length, and look at what it leaves."""
    lasts = in_a_child(work, None)
    rng = random.Random(7)
    for _ in range(times):
        in_a_child(work, rng.uniform(0.0, 1.1 * lasts))
        in_a_child(check, None)
    in_a_child(work, None)


def plan(path: str, times: int) -> None:
    plans = [mel.solve(mel.scenarios.table1(learners=3000, seed=seed)) for seed in (0, 1)]
    done = iter(range(10**9))

    def work():
        for _ in range(3):
            plans[next(done) % 2].save(path)

    killed_often(work, times, lambda: mel.Plan.load(path))


def checkpoint(path: str, times: int) -> None:
    weights = [np.full(100_000, 0.5)]

    def check():
        accuracy, (found,) = loop._resumed(path, "key")
        assert accuracy == [0.25]
        assert np.array_equal(found, weights[0])

    killed_often(lambda: loop._save(path, "key", [0.25], weights), times, check)


def figure(path: str, times: int) -> None:
    import matplotlib.backends.backend_svg  # noqa: F401  # not again in every child

    table = mel.sweep("table1", {"learners": [3, 4]})

    def check():
        assert Path(path).read_text().rstrip().endswith("</svg>")

    killed_often(lambda: table.plot(path), times, check)


def swept(path: str, times: int) -> None:
    """The file goes from kill to kill, is finished, and begun again."""

    def work():
        mel.sweep("table1", SEEDS, output=path)

    lasts = in_a_child(work, None)
    rng = random.Random(7)
    for _ in range(times):
        if rng.random() < 0.3:
            in_a_child(lambda: mel.sweep("table1", {"seed": [0]}, output=path, resume=False), None)
        in_a_child(work, rng.uniform(0.0, 0.8 * lasts))
    in_a_child(work, None)


WRITERS = {plan: "p.json", checkpoint: "c.npz", figure: "f.svg", swept: "s.csv"}


def run(folder: Path, writer: Callable, name: str, times: int) -> None:
    code = f"import sys; sys.path.insert(0, {HERE!r}); import test_files_killed as t; t."
    done = subprocess.run(
        [sys.executable, "-c", f"{code}{writer.__name__}(sys.argv[1], {times})", name],
        cwd=folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert os.listdir(folder) == [name]


TIMES = pytest.mark.parametrize("times", [3, pytest.param(300, marks=pytest.mark.long)])


@TIMES
@pytest.mark.parametrize("writer", [plan, checkpoint, figure], ids=lambda each: each.__name__)
def test_what_a_killed_writer_leaves_is_whole_and_the_next_one_tidies_up(tmp_path, writer, times):
    if writer is figure:
        pytest.importorskip("matplotlib")
    run(tmp_path, writer, WRITERS[writer], times)


@TIMES
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_sweep_that_is_killed_and_resumed_has_each_row_once(tmp_path, ending, times):
    pytest.importorskip("pyarrow")
    name = f"s.{ending}"
    run(tmp_path, swept, name, times)
    truth = mel.sweep("table1", SEEDS)
    found = mel.sweep(
        "table1", SEEDS, output=tmp_path / name, callback=lambda *_: pytest.fail("a row was lost")
    )
    assert found["tau"].tolist() == truth["tau"].tolist()
    if ending == "csv":
        rows = list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        assert sorted(int(row["seed"]) for row in rows) == list(SEEDS["seed"])
