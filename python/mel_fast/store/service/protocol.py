"""What a client says and hears, without a connection: the blocking and the async client drive it.

Each conversation is a generator: it yields an `Ask` or a number of seconds to wait, is sent a
`Reply`, and returns its result.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from mel_fast._base.untrusted import plain
from mel_fast.store.blocks.arrays import (
    Arrays,
    blocks_of,
    checked,
    content_digest,
    digests_of,
    layers_of,
)
from mel_fast.store.blocks.coding import encode
from mel_fast.store.blocks.delta import Delta
from mel_fast.store.tables.database import StoreError
from mel_fast.store.tables.versions import Version

MOST_TRIES = 8
_SLACK = 2**20
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 30.0

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """A request; `most` is how many bytes of an answer are read."""

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    most: int = _SLACK


@dataclass(frozen=True)
class Reply:
    """An answer, or the part of it that came before the connection broke; status 0 for none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: bool = False


Talk = Generator[Ask | float, Reply | None, T]


def _answered(ask: Ask) -> Talk[Reply]:
    """Ask until there is an answer: again where none came, later where it is too often."""
    wait_s = _FIRST_WAIT_S
    reply = Reply(0, {}, b"")
    for _ in range(MOST_TRIES):
        said = yield ask
        assert said is not None
        reply = said
        if reply.status in (429, 503):
            wait_s = max(wait_s, _retry_after(reply))
        elif reply.status and not (reply.broken and ask.method != "GET"):
            return reply
        yield min(wait_s, _LONGEST_WAIT_S)
        wait_s *= 2
    if reply.status in (429, 503):
        _refuse(reply)
    raise StoreError("the service does not answer")


def _retry_after(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0


def _refuse(reply: Reply) -> None:
    if reply.status in (200, 206):
        return
    try:
        why = str(json.loads(reply.body)["error"])
    except (ValueError, KeyError, TypeError):
        why = f"status {reply.status}"
    why = plain(why, 300)
    if reply.status in (401, 403):
        raise PermissionError(f"the service refuses: {why}")
    if reply.status == 400:
        raise ValueError(why)
    raise StoreError(f"the service refuses: {why}")


def query(text: str, **variables: Any) -> Talk[Any]:
    """Ask a GraphQL query and return its data."""
    body = json.dumps({"query": text, "variables": variables}).encode()
    headers = {"content-type": "application/json"}
    reply = yield from _answered(Ask("POST", "/graphql", {}, headers, body, 16 * _SLACK))
    _refuse(reply)
    try:
        answer = json.loads(reply.body)
        errors = answer.get("errors")
    except (ValueError, AttributeError):
        raise StoreError("the service's answer is not one") from None
    if errors:
        raise ValueError(plain(str(errors[0].get("message", "")), 300))
    return answer["data"]


def download(name: str, have: int | None, want: int | None, most_bytes: int) -> Talk[Delta]:
    """Download a change; a connection that breaks is taken up at the byte where it broke."""
    params = {k: v for k, v in (("have", have), ("want", want)) if v is not None}
    path = f"/weights/{quote(name, safe='')}"
    got, etag, tries = b"", "", 0
    while True:
        headers = {"range": f"bytes={len(got)}-", "if-range": etag} if got else {}
        left = most_bytes + _SLACK - len(got)
        reply = yield from _answered(Ask("GET", path, params, headers, None, left))
        if reply.status not in (200, 206):
            _refuse(reply)
        if reply.status == 200:  # from the beginning, for whatever reason
            got = b""
        etag = reply.headers.get("etag", "")
        got += reply.body
        if not reply.broken:
            break
        tries = 0 if reply.body else tries + 1
        if tries >= MOST_TRIES or not etag:
            raise StoreError("the download broke off again and again")
        yield _FIRST_WAIT_S * 2**tries
    found = Delta.from_bytes(got, most_bytes)
    if found.model != name or found.have != have or (want is not None and found.want != want):
        raise StoreError("the service sent another change than was asked for")
    return found


def pull(name: str, version: int | None, most_bytes: int) -> Talk[Arrays]:
    """Download a whole version."""
    change = yield from download(name, None, version, most_bytes)
    return change.apply()


def update(
    name: str, arrays: Any, have: int, want: int | None, most_bytes: int
) -> Talk[tuple[int, Arrays]]:
    """Download what changed since `have`, or the whole where that is no longer to be had."""
    try:
        change = yield from download(name, have, want, most_bytes)
        return change.want, change.apply(arrays)
    except ValueError:  # the version was pruned, or the licence has changed since
        change = yield from download(name, None, want, most_bytes)
        return change.want, change.apply()


def publish(
    name: str, arrays: Any, parent: int | None, production: bool, message: str
) -> Talk[int]:
    """Upload a whole version."""
    new = checked(arrays)
    layers = layers_of(new)
    parts = tuple(
        (number, position, encode(block))
        for number, array in enumerate(new.values())
        for position, block in enumerate(blocks_of(array))
    )
    result = content_digest(layers, digests_of(new))
    change = Delta(name, None, 0, tuple(layers), None, result, parts)
    params: dict[str, str | int] = {"production": "true" if production else "false"}
    params |= {"message": message} if message else {}
    params |= {} if parent is None else {"parent": parent}
    path = f"/weights/{quote(name, safe='')}"
    reply = yield Ask("POST", path, params, {}, change.to_bytes())  # once: it might be done twice
    assert reply is not None
    if not reply.status or reply.broken:
        raise StoreError("the connection broke: the history says whether it was published")
    _refuse(reply)
    return int(json.loads(reply.body)["version"])


def versions(name: str) -> Talk[list[Version]]:
    """Ask for the whole history, page by page."""
    text = """query ($name: String!, $after: Int!) { model(name: $name) { versions(after: $after) {
        next items { number parent current production created message } } } }"""
    found: list[Version] = []
    after: int | None = 0
    while after is not None:
        data = yield from query(text, name=name, after=after)
        page = data["model"]["versions"]
        for one in page["items"]:
            created = datetime.fromisoformat(one.pop("created"))
            found.append(Version(changed=None, created=created, **one))
        after = page["next"]
    return found


def models() -> Talk[list[str]]:
    """Ask for the names of all models, page by page."""
    found: list[str] = []
    while True:
        data = yield from query(
            "query ($after: String!) { models(after: $after) { name } }",
            after=found[-1] if found else "",
        )
        page = [one["name"] for one in data["models"]]
        found += page
        if not page:
            return found


def bits(name: str, have: int | None, want: int | None) -> Talk[int]:
    """Ask how many bits a change has."""
    text = """query ($name: String!, $have: Int, $want: Int) {
        model(name: $name) { change(have: $have, want: $want) { bits } } }"""
    data = yield from query(text, name=name, have=have, want=want)
    return int(data["model"]["change"]["bits"])


def roll_back(name: str, version: int) -> Talk[None]:
    """Make an older version the current one."""
    text = "mutation ($m: String!, $v: Int!) { rollBack(model: $m, version: $v) }"
    yield from query(text, m=name, v=version)
