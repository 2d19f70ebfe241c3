"""The store over HTTP: who gets what, how much, how often, and what breaks on the way."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("strawberry", reason="needs the extra [store]")
pytest.importorskip("uvicorn", reason="needs the extra [store]")

import httpx

from mel_fast.store.service.app import application
from mel_fast.store.service.limits import Buckets, Limits
from mel_fast.store.service.protocol import Ask, Reply, download
from mel_fast.store.service.serve import is_loopback
from mel_fast.store.service.spool import Spool

HIDDEN = {"w": [(0.5, 0.8)]}


def model(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"w": rng.uniform(-1, 1, (300, 20)).astype(np.float32), "b": rng.uniform(-1, 1, 20)}


def same(one, other) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


class Served:
    """A store, its tokens, and requests to its application without a network."""

    def __init__(self, store: mel.store.Store, limits: Limits | None = None) -> None:
        self.store = store
        self.tokens = {
            "owner": store.tokens.create("owner", role="owner"),
            "full": store.tokens.create("full"),
            "free": store.tokens.create("free", license="free"),
        }
        self.spool = Spool(10**6)
        self.app = application(store, self.spool, limits or Limits())

    def request(self, method: str, path: str, who: str | None = "full", **words) -> httpx.Response:
        token = self.tokens.get(who, who)
        headers = {"authorization": f"Bearer {token}"} if who else {}

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                mine = {**headers, **words.pop("headers", {})}
                return await client.request(method, path, headers=mine, **words)

        return asyncio.run(call())

    def query(self, text: str, who: str = "full", **variables):
        body = {"query": text, "variables": variables}
        answer = self.request("POST", "/graphql", who, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def served(sqlite_url) -> Iterator[Served]:
    with mel.store.open(sqlite_url) as store:
        for seed in range(3):
            store.publish("digits", model(seed))
        store.publish("unlicensed", model(9))
        store.license("digits", "free", intervals=HIDDEN)
        made = Served(store)
        yield made
        made.spool.close()


PATHS = (("GET", "/weights/digits"), ("POST", "/weights/digits"), ("POST", "/graphql"))


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_gets_in_without_a_token(served, method, path):
    for who in (None, "mel_wrong", "", "full x"):
        answer = served.request(method, path, who)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    served.store.tokens.revoke("full")
    assert served.request(method, path, "full").status_code == 401
    served.tokens["full"] = served.store.tokens.rotate("full")
    assert served.request(method, path, "full").status_code != 401
    assert served.request("GET", "/health", None).text == "ok\n"


def test_graphql_tells_models_versions_and_sizes_in_pages(served):
    assert served.query("{ models { name current } }")["data"]["models"] == [
        {"name": "digits", "current": 3},
        {"name": "unlicensed", "current": 1},
    ]
    text = """query ($after: Int!) { model(name: "digits") { arrays { name dtype shape }
        versions(first: 2, after: $after) { next items { number parent current } } } }"""
    first = served.query(text, after=0)["data"]["model"]
    assert first["arrays"][0] == {"name": "w", "dtype": "float32", "shape": [300, 20]}
    assert first["versions"]["next"] == 2
    assert served.query(text, after=2)["data"]["model"]["versions"] == {
        "next": None,
        "items": [{"number": 3, "parent": 2, "current": True}],
    }
    text = '{ model(name: "digits") { change(have: 1, want: 3) { have want bits bytes etag } } }'
    change = served.query(text)["data"]["model"]["change"]
    body = served.request("GET", "/weights/digits?have=1&want=3")
    assert change["bits"] == 8 * len(body.content) == served.store.delta("digits", 1, 3).bits
    assert change["etag"] == body.headers["etag"]


def test_a_device_sees_its_licence_and_nothing_else(served):
    assert served.query("{ models { name } }", "free")["data"]["models"] == [{"name": "digits"}]
    tier = served.query('{ model(name: "digits") { license { name asked } } }', "free")
    assert tier["data"]["model"]["license"] == {"name": "free", "asked": None}
    refused = served.query('{ model(name: "unlicensed") { name } }', "free")
    assert "has none of this name" in refused["errors"][0]["message"]
    for have in ("", "&have=1", "&have=2"):
        for want in (1, 2, 3):
            path = f"/weights/digits?want={want}{have}"
            sent = served.request("GET", path, "free").content
            expected = served.store.delta("digits", int(have[-1:] or 0) or None, want, "free")
            assert sent == expected.to_bytes()
            full = served.request("GET", path, "full").content
            assert full != sent or have == f"&have={want}"
    assert served.request("GET", "/weights/unlicensed", "free").status_code == 400


def test_the_schema_has_no_interval_and_no_secret(served):
    text = "{ __schema { types { name fields { name } } } }"
    types = served.query(text)["data"]["__schema"]["types"]
    names = {one["name"].lower() for one in types if not one["name"].startswith("__")}
    names |= {
        field["name"].lower()
        for one in types
        if not one["name"].startswith("__")
        for field in one["fields"] or ()
    }
    forbidden = ("interval", "low", "high", "hidden", "token", "digest", "secret", "changed")
    assert not {name for name in names if any(word in name for word in forbidden)}


def test_only_an_owner_changes_anything(served):
    text = 'mutation { rollBack(model: "digits", version: 1) }'
    for who in ("free", "full"):
        assert "only an owner" in served.query(text, who)["errors"][0]["message"]
        body = served.store.delta("digits").to_bytes()
        answer = served.request("POST", "/weights/digits", who, content=body)
        assert answer.status_code in (403, 413)
    assert served.store.history("digits")[-1].current
    assert served.query(text, "owner")["data"] == {"rollBack": 1}
    text = 'mutation { putIntoProduction(model: "digits", version: 2) }'
    assert served.query(text, "owner")["data"] == {"putIntoProduction": 2}
    assert [one.current for one in served.store.history("digits")] == [True, False, False]
    assert served.store.history("digits")[1].production


def test_an_owner_publishes_a_whole_version_or_a_change(served, sqlite_url, tmp_path):
    change = served.store.delta("digits", 1, 2)
    answer = served.request("POST", "/weights/digits", "owner", content=change.to_bytes())
    assert answer.json() == {"version": 4}
    assert same(served.store.pull("digits"), model(1))
    assert served.store.history("digits")[-1].parent == 1
    for body, status in (
        (change.to_bytes()[:-1], 400),
        (b"", 400),
        (served.store.delta("unlicensed").to_bytes(), 400),
    ):
        answer = served.request("POST", "/weights/digits", "owner", content=body)
        assert answer.status_code == status, answer.text
    assert len(served.store.history("digits")) == 4


def test_wrong_questions_are_answered_plainly(served):
    for path in (
        "/weights/nothing",
        "/weights/digits?want=9",
        "/weights/digits?have=9",
        "/weights/digits?want=x",
        "/weights/digits?want=-1",
        "/weights/digits?want=99999999999",
        "/weights/" + "x" * 5000,
    ):
        answer = served.request("GET", path)
        assert answer.status_code == 400, path
        assert len(answer.json()["error"]) < 500
    assert served.request("GET", "/nothing").status_code == 404
    assert served.request("GET", "/graphql").status_code == 405
    assert served.request("POST", "/graphql", content=b"{").status_code == 400


def test_queries_have_limits(served):
    deep = "{ models { name " + "versions { items { number " * 1 + "} } } }"
    assert "errors" not in served.query(deep)
    many = "{" + " ".join(f"a{i}: models {{ name }}" for i in range(50)) + "}"
    assert "errors" in served.query(many)
    assert "errors" in served.query("{ models(first: 1000) { name } }")
    assert "errors" in served.query('{ model(name: "digits") { versions(first: 0) { next } } }')
    long = served.request("POST", "/graphql", json={"query": "#" * 40_000})
    assert long.status_code == 413
    chunked = served.request("POST", "/graphql", content=iter_bytes())
    assert chunked.status_code == 411


async def iter_bytes():
    yield b"{}"


def test_requests_have_a_rate_and_so_have_wrong_tokens(sqlite_url):
    with mel.store.open(sqlite_url) as store:
        limits = Limits(requests_per_s=0.01, burst=3, failures_per_s=0.01, failure_burst=2)
        served = Served(store, limits)
        statuses = [served.request("GET", "/weights/x").status_code for _ in range(5)]
        assert statuses == [400, 400, 400, 429, 429]
        late = served.request("GET", "/weights/x")
        assert 1 <= int(late.headers["retry-after"]) <= 100
        assert served.request("GET", "/weights/x", "free").status_code == 400
        statuses = [served.request("GET", "/weights/x", "mel_no").status_code for _ in range(3)]
        assert statuses == [401, 401, 429]
        assert served.request("GET", "/weights/x", "owner").status_code == 400  # not held up
        served.spool.close()


def test_a_bucket_fills_again_at_its_rate():
    now = [0.0]
    bucket = Buckets(2.0, 3, clock=lambda: now[0])
    for _ in range(3):
        assert bucket.wait_s("a") == 0.0
        bucket.take("a")
    assert bucket.wait_s("a") == pytest.approx(0.5)
    assert bucket.wait_s("b") == 0.0
    now[0] = 0.5
    assert bucket.wait_s("a") == 0.0
    for caller in range(20_000):
        bucket.take(str(caller))
    assert len(bucket._left) == 10_000


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"burst": 0}, "burst = 0"),
        ({"requests_per_s": 0}, "requests_per_s"),
        ({"page": 1.5}, "page"),
    ],
)
def test_limits_are_checked(limits, words):
    with pytest.raises(ValueError, match=words):
        Limits(**limits)


def test_downloads_start_at_any_byte(served):
    whole = served.request("GET", "/weights/digits")
    etag = whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    part = served.request(
        "GET", "/weights/digits", headers={"range": "bytes=100-", "if-range": etag}
    )
    assert part.status_code == 206
    assert part.content == whole.content[100:]
    assert part.headers["etag"] == etag
    middle = served.request("GET", "/weights/digits", headers={"range": "bytes=5-9"})
    assert middle.content == whole.content[5:10]
    other = {"range": "bytes=100-", "if-range": '"another"'}
    assert served.request("GET", "/weights/digits", headers=other).content == whole.content
    beyond = {"range": f"bytes={len(whole.content)}-"}
    assert served.request("GET", "/weights/digits", headers=beyond).status_code == 416


def test_what_is_prepared_is_kept_within_its_room(tmp_path):
    spool = Spool(most_bytes=250)
    built = []

    def build(name: str) -> bytes:
        built.append(name)
        return name.encode() * 100

    first = spool.hold("a", lambda: build("a"))
    assert spool.hold("a", lambda: build("a")).path == first.path
    for name in "bcd":
        spool.release(spool.hold(name, lambda name=name: build(name)))
    assert first.path.read_bytes() == b"a" * 100  # it is held
    spool.release(first)
    spool.release(first)
    spool.release(spool.hold("e", lambda: build("e")))
    assert not first.path.exists()
    assert sum(path.stat().st_size for path in first.path.parent.iterdir()) <= 250
    assert built == ["a", "b", "c", "d", "e"]
    with pytest.raises(ZeroDivisionError):
        spool.hold("f", lambda: bytes(1 // 0))
    spool.release(spool.hold("f", lambda: b"f"))
    folder = first.path.parent
    spool.close()
    assert not folder.exists()


def test_many_who_ask_for_one_thing_wait_for_one_build():
    spool = Spool(10**6)
    begun = threading.Event()
    builds = []

    def build() -> bytes:
        builds.append(1)
        begun.wait(5)
        return b"x"

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(spool.hold, "key", build) for _ in range(8)]
        begun.set()
        assert len({one.result().path for one in found}) == 1
    assert builds == [1]
    spool.close()


def test_the_client_resumes_where_the_connection_broke(served):
    data = served.store.delta("digits").to_bytes()
    etag = {"etag": '"tag"'}
    said = []

    def answer(ask) -> Reply | None:
        if isinstance(ask, float):
            return None
        said.append(dict(ask.headers))
        start = int(ask.headers.get("range", "bytes=0-")[6:-1])
        status = 206 if start else 200
        if len(said) == 2:
            return Reply(0, {}, b"", True)
        if len(said) == 4:
            return Reply(429, {"retry-after": "1"}, b"{}")
        end = start + 1000
        return Reply(status, etag, data[start:end], broken=end < len(data))

    talk = download("digits", None, None, 2**20)
    ask, result = next(talk), None
    while result is None:
        try:
            ask = talk.send(answer(ask))
        except StopIteration as end:
            result = end.value
    assert result.to_bytes() == data
    assert said[2] == {"range": "bytes=1000-", "if-range": '"tag"'}
    assert isinstance(ask, Ask)


def test_a_service_that_sends_something_else_is_not_believed(served):
    talk = download("other", None, None, 2**20)
    next(talk)
    with pytest.raises(OSError, match="another change than was asked for"):
        talk.send(Reply(200, {}, served.store.delta("digits").to_bytes()))
    talk = download("digits", None, None, 2**20)
    next(talk)
    with pytest.raises(ValueError, match="begins otherwise"):
        talk.send(Reply(200, {}, b"<html>"))


def test_the_default_is_this_machine_only():
    from mel_fast.cli.store import command

    serve = command.commands["serve"]
    assert {one.name: one.default for one in serve.params}["host"] == "127.0.0.1"
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_nothing_is_known_of_another_model_by_its_json(served):
    answer = served.query('{ model(name: "unlicensed") { name current } }', "free")
    assert json.dumps(answer).count("unlicensed") <= 2
    assert answer["data"] is None
