"""`mel-fast loop`: logs drawn, promises and strategies measured in small."""

from pathlib import Path
from typing import Any

import pytest

import mel_fast as mel
from mel_fast.experiments.loop.calibrate import promised, simple_margins
from mel_fast.experiments.loop.compare import MOTION, compared
from mel_fast.experiments.loop.world import drawn
from mel_fast.orchestrate import Fleet, Orchestrator

TABLE = mel.scenarios.table1(learners=6, cycle_s=30.0, seed=0, samples=15_000)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "rounds.jsonl"
    loop = Orchestrator(Fleet(TABLE.learners), TABLE.task, TABLE.radio, 30.0, log=path)
    for _ in range(3):
        for name, job in loop.plan_round().assignments.items():
            loop.observe(name, send_s=job.send_s, compute_s=31.0, return_s=job.return_s)
        loop.close_round()
    return path


def test_a_log_is_printed_and_drawn(log: Path, tmp_path: Path, command: Any) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    picture = tmp_path / "rounds.png"
    done = command("loop", "draw", str(log), "--plot", str(picture))
    assert done.out.split()[:3] == ["round", "extra", "tau"]
    assert len(done.out.splitlines()) == 4
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_is_no_log_is_wrong_usage_in_one_line(tmp_path: Path, command: Any) -> None:
    (tmp_path / "no.jsonl").write_text("nothing\n")
    for path, said in ((tmp_path / "no.jsonl", "holds no round"), (tmp_path / "none", "none")):
        done = command("loop", "draw", str(path))
        assert done.status == 2
        assert said in done.err
        assert done.err.count("\n") == 1


def test_strategies_meet_with_the_same_world_and_margins_lose_less() -> None:
    rows, ended = compared(2, 2, names=("equal shares", "plan once", "confidence 0.95"))
    by_name = {row.name: row for row in rows}
    assert by_name["confidence 0.95"].lost[0] < by_name["plan once"].lost[0]
    assert by_name["plan once"].work[0] > by_name["equal shares"].work[0]
    assert all(len(played) == 2 for played in ended.values())
    one, other = (drawn(TABLE, MOTION, 3, seed=4) for _ in range(2))
    assert (one.gain == other.gain).all()


def test_simple_margins_are_as_published_and_a_promise_is_kept_at_more_cycles() -> None:
    margins = {row.what: row for row in simple_margins(2, (2.0,))}
    promise = promised(2, 1, 2.0, confidence=0.95, every_round=True)
    assert margins["6 dB"].tau <= promise.tau
    assert promise.kept >= 0.94
    assert promise.kept > margins["0.8 T"].kept > margins["no margin"].kept
