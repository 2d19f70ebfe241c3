"""A loop on disk: killed at random moments, resumed, its files tampered with."""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.orchestrate import Fleet, Orchestrator, read_log

TABLE = mel.scenarios.table1(learners=6, cycle_s=30.0, seed=0, samples=20_000)


def a_loop(**words: Any) -> Orchestrator:
    return Orchestrator(
        Fleet(TABLE.learners), TABLE.task, TABLE.radio, 30.0, "served", 0.9, **words
    )


def play(loop: Orchestrator, rounds: int) -> None:
    rng = np.random.default_rng(loop.number)
    for _ in range(rounds):
        for name, job in loop.plan_round().assignments.items():
            send, back = rng.uniform(0.95, 1.05, 2) * (job.send_s, job.return_s)
            loop.observe(name, send_s=send, compute_s=job.compute_s, return_s=back)
        loop.close_round()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loop") / "state.json"
    loop = a_loop(payload=mel.Payload(return_bits=1e6), late="reassign")
    loop.fleet.join(mel.Learners(1e9, 1e-9, 5e6, 0.2, max_samples=9, optional=True, names=["last"]))
    play(loop, 3)
    loop.plan_round()
    loop.observe("0", send_s=-1.0)
    play(loop, 1)
    loop.save(path)
    return path


def test_a_loop_that_is_loaded_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    one = a_loop()
    play(one, 4)
    one.save(tmp_path / "loop.json")
    other = Orchestrator.load(tmp_path / "loop.json")
    assert other.number == 4
    assert other.fleet.learners == one.fleet.learners
    for _ in range(3):
        first, second = one.plan_round(), other.plan_round()
        assert (first.number, first.tau) == (second.number, second.tau)
        assert dict(first.sitting_out) == dict(second.sitting_out)
        assert first.kept == pytest.approx(second.kept, abs=0.05)
        for loop in (one, other):
            for name in loop.round.assignments:  # type: ignore[union-attr]
                loop.observe(name, compute_s=5.0)


def test_a_round_under_way_is_planned_again(tmp_path: Path) -> None:
    loop = a_loop()
    play(loop, 2)
    number = loop.plan_round().number
    loop.save(tmp_path / "loop.json")
    assert Orchestrator.load(tmp_path / "loop.json").plan_round().number == number == 3


WORKER = """
import sys
import time
from pathlib import Path
from test_orchestrate_state import a_loop, play
from mel_fast.orchestrate import Orchestrator
folder = Path(sys.argv[1])
words = {"log": folder / "log.jsonl", "state": folder / "loop.json"}
there = words["state"].exists()
loop = Orchestrator.load(words["state"], **words) if there else a_loop(**words)
while True:
    play(loop, 1)
    print(loop.number, flush=True)
"""


def test_killed_at_random_moments_it_loses_at_most_the_round_under_way(tmp_path: Path) -> None:
    rng, told = random.Random(7), 0
    path = os.pathsep.join(sys.path)
    for _ in range(3):
        begun = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert begun.stdout is not None
        for _ in range(rng.randrange(1, 8)):
            told = int(begun.stdout.readline())
        time.sleep(rng.uniform(0.0, 0.05))  # within the next rounds, or the writing of one
        begun.kill()
        rest = begun.stdout.read().split()
        begun.stdout.close()
        begun.wait()
        told = int(rest[-1]) if rest else told
        loop = Orchestrator.load(tmp_path / "loop.json")
        assert told <= loop.number <= told + 1
        numbers = [entry["round"] for entry in read_log(tmp_path / "log.jsonl").rounds]
        assert numbers == list(range(1, len(numbers) + 1))
        assert loop.number <= len(numbers) <= loop.number + 1
    assert told >= 3


def test_a_full_disk_leaves_the_state_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = a_loop(state=tmp_path / "loop.json")
    play(loop, 1)
    before = (tmp_path / "loop.json").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        play(loop, 1)
    assert (tmp_path / "loop.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["loop.json"]


def tampered(content: Any, draw: Any) -> Any:
    """Return the content with something in it replaced by something else."""
    bad = draw(
        st.one_of(
            st.none(), st.booleans(), st.integers(-3, 2**70), st.floats(), st.text(max_size=4),
            st.just([]), st.just({}), st.just("0x1.8p+1"), st.just([["x"]]), st.just("AAAA"),
        )
    )  # fmt: skip
    if isinstance(content, dict) and content and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(content)))
        return {**content, key: tampered(content[key], draw)}
    if isinstance(content, list) and content and draw(st.integers(0, 9)):
        at = draw(st.integers(0, len(content) - 1))
        return [*content[:at], tampered(content[at], draw), *content[at + 1 :]]
    return bad


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_state_that_was_tampered_with_is_refused_or_a_loop_that_plans(
    saved: Path, data: Any
) -> None:
    content = tampered(json.loads(saved.read_text()), data.draw)
    path = saved.with_name("tampered.json")
    path.write_text(json.dumps(content))
    try:
        loop = Orchestrator.load(path)
    except ValueError:
        return
    assert loop.plan_round().number >= 1


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10**9), bytes_=st.binary(max_size=6))
def test_bytes_of_a_state_that_were_changed_are_refused_or_read(
    saved: Path, at: int, bytes_: bytes
) -> None:
    content = saved.read_bytes()
    at %= len(content)
    path = saved.with_name("bytes.json")
    path.write_bytes(content[:at] + bytes_ + content[at + len(bytes_) :])
    with contextlib.suppress(ValueError):
        Orchestrator.load(path)


def test_a_log_of_a_killed_writer_is_read_and_one_of_a_stranger_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    loop = a_loop(log=log)
    play(loop, 2)
    whole = log.read_bytes()
    log.write_bytes(whole[:-40])
    assert [entry["round"] for entry in read_log(log).rounds] == [1]
    play(loop, 1)
    found = read_log(log)
    assert [entry["round"] for entry in found.rounds] == [1, 3]
    assert found.broken == 1
    for content in (b"", b"[]\n", b"\xff\xfe\n", b"{" * 100_000, b'{"round": 1}\n'):
        log.write_bytes(content)
        with pytest.raises(ValueError, match="holds no round"):
            read_log(log)
    log.write_bytes(b"x" * (1 << 23))
    with pytest.raises(ValueError, match="larger than a log"):
        read_log(log)


def test_names_and_reasons_of_clients_do_no_harm_in_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    learners = TABLE.learners.replace(names=['"', "\\n", "ä", "</script>", "{}", "é\u0301"])
    loop = Orchestrator(Fleet(learners), TABLE.task, TABLE.radio, 30.0, log=log)
    loop.plan_round()
    loop.observe('"', send_s="\x1b[2J" * 1000)  # type: ignore[arg-type]
    loop.close_round()
    assert log.read_bytes().isascii()
    assert set(read_log(log).rounds[0]["each"]) <= set(map(str, learners.names))  # type: ignore[arg-type]
