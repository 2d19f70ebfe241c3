"""A served store as a device sees it, blocking and asynchronous."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar, Self, TypeVar

from mel_fast._base.optional import require
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer, real
from mel_fast.store.blocks.arrays import Arrays
from mel_fast.store.blocks.delta import MOST_BYTES, Delta
from mel_fast.store.service import protocol
from mel_fast.store.tables.versions import Version

T = TypeVar("T")

_TIMEOUT_S = 60.0


class _Body:
    """Collects an answer, no more of it than is wanted."""

    def __init__(self, most: int) -> None:
        self._most, self.got = most, bytearray()

    def add(self, data: bytes) -> None:
        self.got += data
        if len(self.got) > self._most:
            raise ValueError(f"the service sends more than the {self._most} bytes that are wanted")


class _Connected:
    """What both clients have: an HTTP client of httpx, the token in every request."""

    _kind: ClassVar[str]

    def __init__(
        self, url: str, token: str, *, most_bytes: int = MOST_BYTES, timeout_s: float = _TIMEOUT_S
    ) -> None:
        for name, text in (("url", url), ("token", token)):
            if not isinstance(text, str):
                raise TypeError(f"{name} is a {type(text).__name__}: must be a text")
        if not url.startswith(("http://", "https://")) or not url.isprintable():
            raise ValueError(f"url = {shown(url)}: must begin with http:// or https://")
        if not token or not token.isprintable() or not token.isascii():
            raise ValueError("token: must be what `mel-fast store token create` printed")
        self._most = integer("most_bytes", most_bytes, low=1)
        timeout_s = real("timeout_s", timeout_s)
        self._httpx = require("httpx", extra="store")
        headers = {"authorization": f"Bearer {token}"}
        client = getattr(self._httpx, self._kind)
        self._http = client(base_url=url, headers=headers, timeout=timeout_s)

    def _stream(self, ask: protocol.Ask) -> Any:
        params, headers = dict(ask.params), dict(ask.headers)
        return self._http.stream(
            ask.method, ask.path, params=params, headers=headers, content=ask.content
        )


class Client(_Connected):
    """A store behind a service.

    Parameters
    ----------
    url
        Of the service, such as ``http://127.0.0.1:8080``.
    token
        What ``mel-fast store token create`` printed.
    most_bytes
        The largest model, and the longest download, that is taken.

    Examples
    --------
    >>> import mel_fast as mel
    >>> client = mel.store.Client("http://127.0.0.1:8080", token)  # doctest: +SKIP
    >>> arrays = client.pull("digits")  # doctest: +SKIP
    """

    _kind = "Client"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def models(self) -> list[str]:
        """Return the names of the models that the token may see."""
        return self._run(protocol.models())

    def versions(self, model: str) -> list[Version]:
        """Return a model's versions, the oldest first."""
        return self._run(protocol.versions(model))

    def pull(self, model: str, version: int | None = None) -> Arrays:
        """Return a version's arrays, the current one's by default."""
        return self._run(protocol.pull(model, version, self._most))

    def bits(self, model: str, have: int | None = None, want: int | None = None) -> int:
        """Return how many bits a change has, without downloading it."""
        return self._run(protocol.bits(model, have, want))

    def delta(self, model: str, have: int | None = None, want: int | None = None) -> Delta:
        """Return what turns one version into another."""
        return self._run(protocol.download(model, have, want, self._most))

    def update(
        self, model: str, arrays: Any, have: int, want: int | None = None
    ) -> tuple[int, Arrays]:
        """Return number and arrays of a version, given those of version `have`."""
        return self._run(protocol.update(model, arrays, have, want, self._most))

    def publish(
        self,
        model: str,
        arrays: Any,
        parent: int | None = None,
        production: bool = False,
        *,
        message: str = "",
    ) -> int:
        """Publish a version, with an owner's token; return its number."""
        return self._run(protocol.publish(model, arrays, parent, production, message))

    def roll_back(self, model: str, version: int) -> None:
        """Make an older version the current one, with an owner's token."""
        self._run(protocol.roll_back(model, version))

    def _run(self, talk: protocol.Talk[T]) -> T:
        said = next(talk)
        try:
            while True:
                if isinstance(said, float):
                    time.sleep(said)
                    said = talk.send(None)
                else:
                    said = talk.send(self._reply(said))
        except StopIteration as end:
            result: T = end.value
            return result

    def _reply(self, ask: protocol.Ask) -> protocol.Reply:
        body = _Body(ask.most)
        status, headers = 0, {}
        try:
            with self._stream(ask) as answer:
                status, headers = answer.status_code, answer.headers
                for data in answer.iter_raw():
                    body.add(data)
        except self._httpx.TransportError:
            return protocol.Reply(status, headers, bytes(body.got), True)
        return protocol.Reply(status, headers, bytes(body.got))


class AsyncClient(_Connected):
    """The same as `Client`, with methods to be awaited.

    Parameters
    ----------
    url, token, most_bytes, timeout_s
        As those of `Client`.

    Examples
    --------
    >>> import mel_fast as mel
    >>> client = mel.store.AsyncClient("http://127.0.0.1:8080", token)  # doctest: +SKIP
    >>> arrays = await client.pull("digits")  # doctest: +SKIP
    """

    _kind = "AsyncClient"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def models(self) -> list[str]:
        """Return the names of the models that the token may see."""
        return await self._run(protocol.models())

    async def versions(self, model: str) -> list[Version]:
        """Return a model's versions, the oldest first."""
        return await self._run(protocol.versions(model))

    async def pull(self, model: str, version: int | None = None) -> Arrays:
        """Return a version's arrays, the current one's by default."""
        return await self._run(protocol.pull(model, version, self._most))

    async def bits(self, model: str, have: int | None = None, want: int | None = None) -> int:
        """Return how many bits a change has, without downloading it."""
        return await self._run(protocol.bits(model, have, want))

    async def delta(self, model: str, have: int | None = None, want: int | None = None) -> Delta:
        """Return what turns one version into another."""
        return await self._run(protocol.download(model, have, want, self._most))

    async def update(
        self, model: str, arrays: Any, have: int, want: int | None = None
    ) -> tuple[int, Arrays]:
        """Return number and arrays of a version, given those of version `have`."""
        return await self._run(protocol.update(model, arrays, have, want, self._most))

    async def publish(
        self,
        model: str,
        arrays: Any,
        parent: int | None = None,
        production: bool = False,
        *,
        message: str = "",
    ) -> int:
        """Publish a version, with an owner's token; return its number."""
        return await self._run(protocol.publish(model, arrays, parent, production, message))

    async def roll_back(self, model: str, version: int) -> None:
        """Make an older version the current one, with an owner's token."""
        await self._run(protocol.roll_back(model, version))

    async def _run(self, talk: protocol.Talk[T]) -> T:
        said = next(talk)
        try:
            while True:
                if isinstance(said, float):
                    await asyncio.sleep(said)
                    said = talk.send(None)
                else:
                    said = talk.send(await self._reply(said))
        except StopIteration as end:
            result: T = end.value
            return result

    async def _reply(self, ask: protocol.Ask) -> protocol.Reply:
        body = _Body(ask.most)
        status, headers = 0, {}
        try:
            async with self._stream(ask) as answer:
                status, headers = answer.status_code, answer.headers
                async for data in answer.aiter_raw():
                    body.add(data)
        except self._httpx.TransportError:
            return protocol.Reply(status, headers, bytes(body.got), True)
        return protocol.Reply(status, headers, bytes(body.got))
