"""Run the service until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import uvicorn

from mel_fast.store.service.app import application
from mel_fast.store.service.limits import Limits
from mel_fast.store.service.spool import Spool
from mel_fast.store.store import Store

_BACKLOG = 2048
_GRACE_S = 10


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _StoppedError(Exception):
    """The service was told to stop, and has: what was prepared can be removed."""


def _stop(number: int, frame: object) -> None:
    raise _StoppedError


def serve(
    store: Store,
    host: str,
    port: int,
    ready: Callable[[str], None],
    *,
    limits: Limits,
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve a store until SIGTERM or an interrupt, from the main thread.

    `ready` is told the address once connections are taken.

    Raises
    ------
    OSError
        If the address cannot be taken, or the certificate not be read.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_STREAM) as taken,
        closing(Spool(limits.spool_bytes)) as spool,
    ):
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(_BACKLOG)
        config = uvicorn.Config(
            application(store, spool, limits),
            access_log=False,  # requests are nobody's business, tokens least of all
            log_level="warning",
            server_header=False,
            ws="none",  # nothing here speaks over web sockets, whatever else is installed
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        config.load()
        scheme = "https" if certificate else "http"
        shown = f"[{host}]" if ":" in host else host
        server = uvicorn.Server(config)
        before = signal.signal(signal.SIGTERM, _stop)
        try:
            ready(f"{scheme}://{shown}:{taken.getsockname()[1]}")
            asyncio.run(server.serve(sockets=[taken]))
        except _StoppedError:
            pass
        finally:
            signal.signal(signal.SIGTERM, before)
