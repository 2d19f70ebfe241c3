"""Serves the page on this machine: loopback only, and to whoever has the token of the address."""

import hmac
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from mel_fast._base.untrusted import plain
from mel_fast.explore.answers import Answers
from mel_fast.explore.page import assembled, wasm
from mel_fast.model.problem import Problem

HOST = "127.0.0.1"
MOST_BYTES = 2**24  # of a question
_MOST_UNKNOWN = 2**16  # bytes that are read of who has no token
_IDLE_S = 60  # a connection that says nothing is closed
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Server(ThreadingHTTPServer):
    """The page at `url`, from when it is made; ``serve_forever`` answers.

    Parameters
    ----------
    problem, name
        What the page begins with, and what it calls that; None for the paper's Table I.
    port
        0: one that is free.
    in_page
        Whether the core runs in the page. None: where this package has it as WebAssembly.

    Raises
    ------
    ValueError
        When the page cannot carry that problem, or has no core to carry.
    OSError
        When the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        problem: Problem | None = None,
        name: str = "a scenario",
        *,
        port: int = 0,
        in_page: bool | None = None,
    ) -> None:
        core = None if in_page is False else wasm()
        if in_page and core is None:
            raise ValueError("the page's WebAssembly is not part of this installation")
        self.token = secrets.token_urlsafe(24)
        self.page = assembled(core, problem, name).encode()
        self.answers = Answers()
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """The address with its token."""
        return f"http://{HOST}:{self.server_address[1]}/?token={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that break off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        token = parse_qs(url.query).get("token", [""])[0]
        if not self._knows(token):
            self._refuse()
            return
        if url.path != "/":
            self._send(404, "text/plain", b"there is only the page\n")
            return
        self._send(200, "text/html; charset=utf-8", self._server().page)

    def do_POST(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length[:9]) <= MOST_BYTES):
            self.close_connection = True
            self._say(413, "a question of a stated length, 16 MiB at most, is needed")
            return
        if not self._knows(token):
            if int(length) <= _MOST_UNKNOWN:
                self.rfile.read(int(length))
            self._refuse()
            return
        content = self.rfile.read(int(length))
        if self.path != "/ask":
            self._say(404, "questions go to /ask")
            return
        try:
            answer = self._server().answers(content)
        except (ValueError, TypeError) as error:
            self._say(400, plain(str(error)))
            return
        self._send(200, "application/json", json.dumps(answer, allow_nan=False).encode())

    def _knows(self, token: str) -> bool:
        """Tell strangers, and pages of others that reach here by a name of their own."""
        here = f"{HOST}:{self._server().server_address[1]}"
        right = hmac.compare_digest(token.encode(), self._server().token.encode())
        return right and self.headers.get("Host", "") == here

    def _refuse(self) -> None:
        self.close_connection = True
        self._say(403, "a wrong token: use the whole address that mel-fast explore printed")

    def _server(self) -> Server:
        return cast(Server, self.server)

    def _say(self, status: int, text: str) -> None:
        self._send(status, "application/json", json.dumps({"error": text}).encode())

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        """Tell nothing of what serves."""
        return "mel-fast"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no log: addresses hold the token."""
