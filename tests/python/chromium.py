"""A headless Chromium, driven by its DevTools protocol over two pipes: no other package needed."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_S = 600.0  # machines may be busy
_KEYS = {"ArrowRight": 39, "ArrowDown": 40, "ArrowUp": 38, "Tab": 9, "Enter": 13, "Home": 36}


class Page:
    """One tab: what it logs is kept in `errors`, what it downloads in `downloads`."""

    def __init__(self, sent: int, received: int, downloads: Path) -> None:
        self._sent, self._received = sent, received
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self._loaded = False
        self._held = 0
        self.downloads = downloads
        self.errors: list[str] = []
        self.requests: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._sent, data) :]
        until = time.monotonic() + PATIENCE_S
        while True:
            reply = self._next(until)
            if reply.get("id") == self._number:
                assert "error" not in reply, (method, reply["error"])
                return reply["result"]

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._received], [], [], max(until - time.monotonic(), 0))
            assert ready, "Chromium answers no more"
            self._rest += os.read(self._received, 1 << 20)
        message, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        self._note(found.get("method", ""), found.get("params", {}))
        return found

    def _note(self, method: str, what: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(what["exceptionDetails"].get("exception", what)))
        elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.errors.append(what["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning"):
            self.errors.append(str(what["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True

    def open(self, url: str) -> None:
        """Go somewhere, and wait until it is loaded."""
        self._loaded = False
        self.ask("Page.navigate", url=url)
        until = time.monotonic() + PATIENCE_S
        while not self._loaded:
            self._next(until)

    def value(self, expression: str) -> Any:
        """Return what an expression is worth in the page, promises awaited."""
        found = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, expression: str, patience_s: float = PATIENCE_S) -> Any:
        """Wait until an expression is true in the page, and return it."""
        end = time.monotonic() + patience_s
        while not (found := self.value(expression)):
            assert time.monotonic() < end, f"never: {expression}"
            time.sleep(0.02)
        return found

    def text(self, css: str) -> str:
        """Return the text of the first element that a selector finds."""
        return str(self.value(f"document.querySelector({json.dumps(css)}).textContent"))

    def place(self, css: str) -> tuple[float, float, float, float]:
        """Return left, top, width and height of an element, scrolled into view."""
        found = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(css)});"
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            "return [r.left, r.top, r.width, r.height]; })()"
        )
        return tuple(found)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """Move the mouse, or press or release its left button."""
        self._held = {"Pressed": 1, "Released": 0}.get(kind, self._held)
        self.ask(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y,
            button="left" if kind != "Moved" or self._held else "none",
            clickCount=int(kind != "Moved"), buttons=self._held,
        )  # fmt: skip

    def click(self, css: str) -> None:
        """Click into the middle of an element."""
        left, top, width, height = self.place(css)
        for kind in ("Pressed", "Released"):
            self.mouse(kind, left + width / 2, top + height / 2)

    def key(self, name: str) -> None:
        """Press a key where the focus is."""
        for kind in ("rawKeyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=name, code=name,
                windowsVirtualKeyCode=_KEYS.get(name, 0),
            )  # fmt: skip

    def give(self, css: str, *files: Path) -> None:
        """Choose files in a file input."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=css)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def downloaded(self, name: str) -> Path:
        """Wait until a download is there, and return it."""
        path = self.downloads / name
        end = time.monotonic() + PATIENCE_S
        while not path.is_file() or not path.stat().st_size:
            assert time.monotonic() < end, f"no {name}: {list(self.downloads.iterdir())}"
            time.sleep(0.02)
        return path

    def look(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Take another size, and the system's dark colours or not."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=phone,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write a picture of what is seen, or of the whole page."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """Yield a page of a new browser whose files lie in `folder`."""
    assert PROGRAM is not None
    down, up = os.pipe(), os.pipe()
    downloads = folder / "downloads"
    downloads.mkdir()
    command = [
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions",
        f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe",
    ]  # fmt: skip

    # The browser reads from its descriptor 3 and writes to 4.
    shell = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", str(down[0]), str(up[1]), *command],
        pass_fds=(down[0], up[1]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(down[0])
    os.close(up[1])
    try:
        yield Page(down[1], up[0], downloads)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(down[1])
        os.close(up[0])
