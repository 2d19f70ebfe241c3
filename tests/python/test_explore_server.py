"""`mel-fast explore`: on loopback alone, for who has the token, ended by Ctrl-C."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import mel_fast as mel
import speeds
from chromium import PROGRAM, chromium
from exploring import CORE, needs_core
from mel_fast.explore import Server, export
from mel_fast.explore import page as page_module
from mel_fast.scenarios.text import table1_text

HOST = "127.0.0.1"


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command in a process of its own, and yield it with its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mel_fast", "explore", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(mel.scenarios.table1(4), in_page=False) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def asked(
    server: Server, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    port = server.server_address[1]
    connection = http.client.HTTPConnection(HOST, port, timeout=600)
    words = {"Host": f"{HOST}:{port}", **headers}
    connection.request(method, path, body, words)
    reply = connection.getresponse()
    found = reply.status, dict(reply.getheaders()), reply.read()
    connection.close()
    return found


def question(server: Server, content: object, **headers: str) -> tuple[int, Any]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    words = {"Authorization": f"Bearer {server.token}", **headers}
    status, _, reply = asked(server, "POST", "/ask", body, **words)
    return status, json.loads(reply)


def test_the_page_is_for_who_has_the_token(server: Server) -> None:
    right = f"/?token={server.token}"
    status, headers, page = asked(server, "GET", right)
    assert status == 200
    assert b'id="scenario"' in page
    assert server.token.encode() not in page
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Server"] == "mel-fast"
    for wrong in ("/", "/?token=", f"{right}x", f"/?token={server.token[:-1]}", "/?token=%00"):
        assert asked(server, "GET", wrong)[0] == 403
    assert asked(server, "GET", right.replace("/?", "/etc/passwd?"))[0] == 404
    assert asked(server, "GET", right, Host="evil.example")[0] == 403
    stated = {"problem": mel.scenarios.table1(4).to_dict(), "kind": "solve"}
    assert question(server, stated)[0] == 200
    for authorization in ("", "Bearer ", "Bearer x", server.token[1:], "Basic x"):
        assert question(server, stated, Authorization=authorization)[0] == 403
    assert question(server, stated, Host=f"localhost.evil:{server.server_address[1]}")[0] == 403


def test_only_this_machine_is_listened_to(server: Server) -> None:
    assert server.server_address[0] == HOST
    assert server.url.startswith(f"http://{HOST}:")
    others = {entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None)}
    for address in sorted(others - {HOST}):
        if not str(address).startswith("127."):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, server.server_address[1]), timeout=2).close()


def test_answers_are_those_of_the_package(server: Server) -> None:
    problem = mel.scenarios.table1(4, idle="excused")
    stated = {"problem": problem.to_dict(), "seconds": 5}
    plan = mel.solve(problem)
    status, found = question(server, {**stated, "kind": "solve", "spare": True})
    assert (status, found["tau"], found["bound"]) == (200, plan.tau, plan.bound)
    assert found["plan"]["samples"] == plan.samples.tolist()
    assert found["plan"]["total_s"] == plan.total_s.tolist()
    assert found["tree"] == plan.certificate["tree"]
    budgets = {"cycle_s": (60.0).hex()}
    status, found = question(server, {**stated, "kind": "solve", "budgets": budgets})
    assert found["tau"] == mel.solve(problem.with_budgets(cycle_s=60.0)).tau
    status, found = question(server, {**stated, "kind": "decide", "tau": plan.tau + 1})
    assert (found["tau"], found["bound"]) == (0, plan.tau)
    status, found = question(server, {**stated, "kind": "worth", "tau": plan.tau + 1})
    assert found["samples"] == pytest.approx(plan.explain().prices.samples, rel=1e-9)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"{}",
        b'{"kind": "solve", "problem": 1}',
        b'{"kind": "run", "problem": {}}',
        b"\xff\xfe",
        b'{"kind": NaN}',
        b'{"kind": "solve", "kind": "solve"}',
    ],
)
def test_what_is_no_question_is_refused_in_words(server: Server, content: bytes) -> None:
    status, found = question(server, content)
    assert status == 400
    assert found["error"].isprintable()
    stated = {"problem": mel.scenarios.table1(4).to_dict(), "kind": "decide"}
    for words in ({"tau": 0}, {"tau": "1"}, {"tau": 1, "seconds": 1e9}, {"budgets": {"x": 1}}):
        assert question(server, {**stated, **words})[0] == 400


def test_lengths_that_are_missing_or_too_large_are_refused_unread(server: Server) -> None:
    for length in ("99999999999999999999", "-1", "x", "16777217"):
        words = {"Authorization": f"Bearer {server.token}", "Content-Length": length}
        assert asked(server, "POST", "/ask", None, **words)[0] == 413


@pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")
def test_without_webassembly_the_page_asks_the_package_until_that_is_killed(tmp_path: Path) -> None:
    scenario = tmp_path / "cell.toml"
    text = table1_text(mel.scenarios.table1(5, seed=2), learners=5, seed=2)
    scenario.write_text(text)
    with (
        serving(str(scenario), "--core", "package", "--no-browser") as (process, url),
        chromium(tmp_path) as page,
    ):
        page.open(url)
        page.until("document.documentElement.dataset.settled")
        plan = mel.solve(mel.scenarios.table1(5, seed=2))
        assert page.text("#tau") == str(plan.tau)
        assert page.text("#source") == "From cell.toml"
        assert "in the package" in page.text("#facts")
        page.click("#save-plan")
        assert mel.Plan.load(page.downloaded("plan.json")) == plan
        assert page.errors == []
        assert all(url.split("?")[0] in asked or "/ask" in asked for asked in page.requests[:9])
        process.kill()
        page.value("document.getElementById('slider-cycle_s').focus()")
        page.key("ArrowRight")
        page.until("document.getElementById('message').textContent.includes('answers no more')")


def test_ctrl_c_ends_it_with_status_0() -> None:
    with serving("--no-browser") as (process, url):
        port = int(url.split(":")[2].split("/")[0])
        socket.create_connection((HOST, port), timeout=600).close()
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(600) == 0


def test_a_taken_port_and_a_page_without_its_core_are_one_line_and_status_2(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        outcome = command("explore", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert outcome.status == 2
    assert "in use" in outcome.err
    monkeypatch.setattr(page_module, "wasm", lambda: None)
    outcome = command("explore", "--export", str(tmp_path / "page.html"))
    assert outcome.status == 2
    assert "python cpp/wasm/build.py" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_choices_and_speeds_are_answered_as_by_the_package(server: Server) -> None:
    problem = mel.scenarios.table1(4, seed=1, cycle_s=40.0)
    learners = problem.learners.replace(optional=True, min_samples=[9000, 9000, 30000, 1])
    problem = problem.replace(learners=learners)
    stated = {"problem": problem.to_dict(), "seconds": 5, "kind": "solve"}
    plan = mel.solve(problem)
    found = question(server, stated)[1]
    assert (found["tau"], found["bound"]) == (plan.tau, plan.bound)
    assert found["plan"]["samples"] == plan.samples.tolist()
    found = question(server, {**stated, "kind": "decide", "tau": plan.tau})[1]
    assert sum(found["plan"]["samples"]) == 60000
    assert question(server, {**stated, "kind": "decide", "tau": plan.tau + 1})[1]["tau"] == 0
    worth = question(server, {**stated, "kind": "worth", "tau": plan.tau + 1})[1]
    assert worth["samples"] == pytest.approx(plan.explain().prices.samples, rel=1e-9)
    problem = speeds.random_problem(1, 3, 40)
    plan = mel.solve(problem)
    found = question(server, {**stated, "problem": problem.to_dict(), "spare": True})[1]
    assert found["plan"]["flops_per_s"] == plan.flops_per_s.tolist()
    assert found["plan"]["compute_s"] == plan.compute_s.tolist()


def test_what_the_page_does_not_plan_is_refused_before_it_is_served() -> None:
    with pytest.raises(ValueError, match="5,001 learners: the page takes at most 5,000"):
        Server(mel.scenarios.table1(5001))


@needs_core
def test_the_exported_page_is_whole_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no such folder"):
        export(tmp_path / "missing" / "page.html")
    export(tmp_path / "page.html", mel.scenarios.table1(3), "x")
    size, core = (tmp_path / "page.html").stat().st_size, CORE.stat().st_size
    assert core < 3_000_000
    assert size - core * 4 / 3 < 200_000  # nothing outweighs the core, which is written in base64
