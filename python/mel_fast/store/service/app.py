"""The store over HTTP: GraphQL for what there is, plain HTTP with ranges for the weights.

    POST /graphql                                 queries, see `_graphql`
    GET  /weights/MODEL?have=3&want=7             a change (a whole version without `have`)
    POST /weights/MODEL?production=true           publish; the body is a change as `Delta` writes it
    GET  /health                                  "ok", to anybody

A caller shows a token: ``Authorization: Bearer mel_...``. It says whose reader answers.
"""

from __future__ import annotations

import math
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.asgi import GraphQL

from mel_fast.store.blocks.delta import Delta
from mel_fast.store.service.graphql import Caller, schema
from mel_fast.store.service.limits import Buckets, Limits
from mel_fast.store.service.spool import Download, Spool
from mel_fast.store.store import Store

CALLER = "mel_fast.caller"


class _Guard:
    """Lets nobody through without a token, too often, or with too long a body."""

    def __init__(self, app: ASGIApp, store: Store, spool: Spool, limits: Limits) -> None:
        self._app, self._store, self._spool, self._limits = app, store, spool, limits
        self._requests = Buckets(limits.requests_per_s, limits.burst)
        self._failures = Buckets(limits.failures_per_s, limits.failure_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope.get("path") == "/health":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            request = Request(scope)
            refused = await self._refusal(request)
            await (refused or self._app)(scope, receive, send)
        else:  # no websockets here
            await send({"type": "websocket.close", "code": 1008})

    async def _refusal(self, request: Request) -> Response | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        token = None
        if scheme.lower() == "bearer":
            try:
                token = await to_thread.run_sync(self._store.tokens.find, secret.strip())
            except OSError:
                return _refused(503, "the store cannot answer now")
        if token is None:  # who has a token is not held up by those who guess from one address
            host = request.client.host if request.client else "unknown"
            if wait_s := self._failures.wait_s(host):
                return _later(wait_s)
            self._failures.take(host)
            headers = {"www-authenticate": "Bearer"}
            return _refused(401, "a token that is accepted is needed", headers)
        if wait_s := self._requests.wait_s(token.name):
            return _later(wait_s)
        self._requests.take(token.name)
        reader = self._store.reader(token.license)
        caller = Caller(token, reader, self._store, self._spool, self._limits)
        request.scope[CALLER] = caller
        longest = self._limits.query_bytes
        if request.url.path.startswith("/weights/") and token.role == "owner":
            longest = self._limits.upload_bytes
        length = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers:
            return _refused(411, "a body needs a content-length")
        if not length.isdecimal() or len(length) > 18 or int(length) > longest:
            return _refused(413, f"a body of at most {longest} bytes is taken")
        return None


class _Sent(FileResponse):
    """A download that is released when it was sent or the device has gone."""

    def __init__(self, spool: Spool, download: Download) -> None:
        super().__init__(
            download.path,
            headers={"etag": download.etag, "cache-control": "private, no-store"},
            media_type="application/octet-stream",
        )
        self._spool, self._download = spool, download

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._spool.release(self._download)


class _GraphQL(GraphQL[Any, Any]):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"caller": request.scope[CALLER]}


async def _weights(request: Request) -> Response:
    caller: Caller = request.scope[CALLER]
    name = request.path_params["model"]
    if request.method == "POST":
        return await _published(request, caller, name)
    have, want = _number(request, "have"), _number(request, "want")

    def held() -> Download:
        prepared = caller.reader.prepare(name, have, want)
        return caller.spool.hold(prepared.key, lambda: prepared.build().to_bytes())

    return _Sent(caller.spool, await to_thread.run_sync(held))


async def _published(request: Request, caller: Caller, name: str) -> Response:
    store = caller.owned()
    try:
        body = await request.body()
    except ClientDisconnect:
        return Response(status_code=400)
    production = request.query_params.get("production") == "true"
    message = request.query_params.get("message", "")

    def publish() -> int:
        change = Delta.from_bytes(body, caller.limits.upload_bytes)
        if change.model != name:
            raise ValueError("the change is of another model than the address")
        before = None if change.have is None else store.pull(name, change.have)
        arrays = change.apply(before)
        parent = change.have if before is not None else _number(request, "parent")
        return store.publish(name, arrays, parent, production, message=message)

    return JSONResponse({"version": await to_thread.run_sync(publish)})


def _number(request: Request, field: str) -> int | None:
    text = request.query_params.get(field)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 10:
        raise ValueError(f"{field}: must be the number of a version")
    return int(text)


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status, headers)


def _later(wait_s: float) -> Response:
    seconds = math.ceil(wait_s)
    return _refused(429, "too many requests", {"retry-after": str(seconds)})


async def _wrong(request: Request, error: Exception) -> Response:
    return _refused(403 if isinstance(error, PermissionError) else 400, str(error))


async def _unable(request: Request, error: Exception) -> Response:
    return _refused(503, "the store cannot answer now")


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok\n")


def application(store: Store, spool: Spool, limits: Limits) -> ASGIApp:
    """Return the service as an ASGI application; store and spool are the caller's to close."""
    graphql = _GraphQL(schema(), graphql_ide=None, allow_queries_via_get=False)
    app = Starlette(
        routes=[
            Route("/health", _health),
            Route("/graphql", graphql, methods=["POST"]),
            Route("/weights/{model:path}", _weights, methods=["GET", "POST"]),
        ],
        exception_handlers={
            ValueError: _wrong,
            TypeError: _wrong,
            PermissionError: _wrong,
            OSError: _unable,
        },
    )
    return _Guard(app, store, spool, limits)
