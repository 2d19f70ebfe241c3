"""The store's service as a process of its own, killed and met again by real clients."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("strawberry", reason="needs the extra [store]")
pytest.importorskip("uvicorn", reason="needs the extra [store]")

from test_store_service import HIDDEN, model, same


class Process:
    """`mel-fast store serve` as a process of its own."""

    def __init__(self, url: str, port: int = 0) -> None:
        words = [sys.executable, "-W", "error", "-m", "mel_fast", "store", "--url", url]
        self.process = subprocess.Popen(
            [*words, "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self.process.stdout.readline().strip()

    def end(self, number: int) -> str:
        self.process.send_signal(number)
        out, error = self.process.communicate(timeout=600)
        return out + error


def again_at(address: str, url: str) -> Process:
    """Serve at the address of a service that was killed, as soon as nobody's connection has it."""
    for _ in range(50):
        found = Process(url, int(address.rpartition(":")[2]))
        if found.address:
            return found
        found.process.communicate()
    pytest.fail("the port stays taken")


def served_half(address: str, token: str, body: bytes) -> int:
    """Begin to publish and hang up half-way; return how many bytes were sent."""
    host, port = address.removeprefix("http://").split(":")
    lines = (
        "POST /weights/new HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(body)}",
    )
    with socket.create_connection((host, int(port))) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body[: len(body) // 2])
    return len(body) // 2


def test_a_service_is_killed_in_mid_transfer_and_the_download_goes_on(
    sqlite_url, tmp_path, monkeypatch, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    temporary = str(tmp_path / "temporary")
    Path(temporary).mkdir()
    monkeypatch.setenv("TMPDIR", temporary)
    big = {"w": np.random.default_rng(0).standard_normal(3_000_000).astype(np.float32)}
    with mel.store.open(sqlite_url) as store:
        store.publish("big", big)
        store.publish("small", model(0))
        store.license("small", "free", intervals=HIDDEN)
        token, owner = store.tokens.create("device"), store.tokens.create("me", role="owner")
        free = store.tokens.create("trial", license="free")
    first = Process(sqlite_url)
    assert first.address.startswith("http://127.0.0.1:")
    second: list[Process] = []

    from mel_fast.store.service import client as module

    class Slow(module._Body):
        def add(self, data: bytes) -> None:
            super().add(data)
            if not second and len(self.got) > 500_000:
                os.kill(first.process.pid, signal.SIGKILL)
                first.process.communicate()
                second.append(again_at(first.address, sqlite_url))

    monkeypatch.setattr(module, "_Body", Slow)
    with mel.store.Client(first.address, token) as client:
        pulled = client.pull("big")
        assert second
        assert second[0].address == first.address
        assert (pulled["w"] == big["w"]).all()

        assert client.models() == ["big", "small"]
        assert [one.number for one in client.versions("small")] == [1]
        with pytest.raises(ValueError, match="is not in the store"):
            client.pull("none")
        with pytest.raises(ValueError, match="only an owner"):
            client.roll_back("small", 1)
    with mel.store.Client(first.address, owner) as client:
        assert client.publish("small", model(1), message="from afar") == 2
        assert client.publish("new", {"x": np.ones(2)}, production=True) == 1
        client.roll_back("small", 1)
        begun = served_half(first.address, owner, client.delta("new").to_bytes())
        assert [one.number for one in client.versions("new")] == [1], begun
    with mel.store.Client(first.address, token + "x") as client, pytest.raises(PermissionError):
        client.models()
    with mel.store.Client(first.address, free) as client:
        held = client.pull("small", 1)
        assert (held["w"] == 0).any()
        number, arrays = client.update("small", held, have=1, want=2)
        assert number == 2
        assert client.bits("small", 1, 2) == client.delta("small", 1, 2).bits
        number, again = client.update("small", model(0), have=1, want=2)  # not what it was served
        assert same(arrays, again)
    with (
        mel.store.Client(first.address, token, most_bytes=10_000) as client,
        pytest.raises(ValueError, match="more than"),
    ):
        client.pull("big")

    async def crowd() -> list:
        async with mel.store.AsyncClient(first.address, token) as device:
            await device.versions("small")
            return await asyncio.gather(*(device.pull("small") for _ in range(100)))

    pulls = asyncio.run(crowd())
    assert len(pulls) == 100
    assert all(same(pull, model(0)) for pull in pulls)
    printed = second[0].end(signal.SIGTERM)
    assert second[0].process.returncode == 0
    assert not list(Path(temporary).glob("mel_fast-serve-*"))
    printed += caplog.text + str(capfd.readouterr())
    assert "Traceback" not in printed
    assert not any(secret[4:] in printed for secret in (token, owner, free))
