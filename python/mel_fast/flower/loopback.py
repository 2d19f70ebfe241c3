"""A SuperLink and its SuperNodes as processes of this machine, reachable from it alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mel_fast._base.optional import require
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer, real

HOST = "127.0.0.1"
CONNECTION = "loopback"
"""What `flwr run DIR loopback` calls the SuperLink."""

_STARTS_S = 300.0
_ENDS_S = 10.0
_ASK_S = 0.1
_FAILED = "finished:failed"

# Flower reports its use to its makers and asks them for newer versions unless told not to. What
# runs on one machine is nobody else's business, and must work where no network is.
_QUIET = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1"}
# Several processes share the machine's cores: one thread each in NumPy and PyTorch.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Run:
    """How a run of a project ended.

    Attributes
    ----------
    lines
        What its ServerApp logged and printed.
    failed
        Whether the ServerApp failed; the exit status of ``flwr run`` does not tell.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.flower.Run(["round 1 ..."], failed=False).failed
    False
    """

    lines: list[str]
    failed: bool


class Loopback:
    """A SuperLink on 127.0.0.1, with SuperNodes that come and go.

    Parameters
    ----------
    folder
        For logs (``link.log``, ``NAME.log``) and Flower's own files; made where it is missing.
        Nothing of the user's Flower settings is read or changed.
    environment
        Variables for all processes, beside those of this one.
    simulated
        So many clients of Flower's simulation engine, which needs ``flwr[simulation]``, in place of
        SuperNodes; 0: no simulation, and clients that `join`.

    Raises
    ------
    ImportError
        Naming the extra, without Flower; without Ray, for simulated clients.

    Notes
    -----
    Telemetry and the look for updates are switched off: runs need no network and tell nobody. The
    connection is not encrypted, which is why it never leaves the machine. Dependencies of projects
    are not installed at run time; processes see what this one sees.

    Examples
    --------
    >>> with mel_fast.flower.Loopback("run") as link:                   # doctest: +SKIP
    ...     nodes = [link.join(f"phone-{i}", speed=1e9) for i in range(4)]
    ...     run = link.run("my_project", rounds=10)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        environment: Mapping[str, str] | None = None,
        simulated: int = 0,
    ) -> None:
        require("flwr", extra="flower")
        self._simulated = integer("simulated", simulated, low=0, high=100_000)
        if self._simulated and not find_spec("ray"):
            raise ImportError("ray is needed to simulate clients: pip install 'flwr[simulation]'")
        self.folder = Path(folder).absolute()
        self._environment = dict(environment or {})
        self._running: list[subprocess.Popen[bytes]] = []
        self.port = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        home = self._home("link")
        config = (
            f'[superlink]\ndefault = "{CONNECTION}"\n\n[superlink.{CONNECTION}]\n'
            f'address = "{HOST}:{self.port}"\ninsecure = true\n'
        )
        words = ["--host", HOST, "--port", str(self.port), "--insecure"]
        words.append("--disable-runtime-dependency-installation")
        if self._simulated:
            config += f"options.num-supernodes = {self._simulated}\n"
            words.append("--simulation")
        (home / "config.toml").write_text(config, encoding="utf-8")
        try:
            link = self._start("link", "flower-superlink", *words)
            self._until(self._answers, link)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def join(self, name: str, **config: str | float) -> subprocess.Popen[bytes]:
        """Start a SuperNode; its process leads a group of its own, which ``os.killpg`` reaches.

        Parameters
        ----------
        name
            Told to its ClientApp as ``context.node_config["name"]``.
        config
            More of the node's configuration; an underscore becomes a hyphen.
        """
        listed = " ".join(f"{key.replace('_', '-')}={_toml(v)}" for key, v in config.items())
        return self._start(
            name,
            "flower-supernode",
            *("--insecure", "--superlink", f"{HOST}:{self.port}"),
            *("--host", HOST, "--port", str(_free_port())),
            *("--node-config", f"name={_toml(name)} {listed}".rstrip()),
        )

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """Kill a SuperNode with all that it runs, without a word to anybody."""
        with suppress(ProcessLookupError):  # the group lives on while any of its processes does
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def run(
        self,
        project: str | os.PathLike[str],
        *,
        time_limit_s: float = 600.0,
        line: Callable[[str], Any] | None = None,
        **config: Any,
    ) -> Run:
        """Run a project's ServerApp to its end.

        Parameters
        ----------
        project
            Folder of the project.
        time_limit_s
            Seconds after which it is given up.
        line
            Called with each line of the log as it comes.
        config
            Of the run, over what stands in the project; an underscore becomes a hyphen.

        Raises
        ------
        TimeoutError
            Past the limit; the processes go on until the block ends.
        """
        until = time.monotonic() + real("time_limit_s", time_limit_s)
        words = ["run", str(Path(project).absolute()), CONNECTION, "--stream"]
        for key, value in config.items():
            words += ["--run-config", f"{key.replace('_', '-')}={_toml(value)}"]
        out = self.folder / "run.log"
        process = self._start("run", "flwr", *words)
        lines: list[str] = []
        with out.open(encoding="utf-8", errors="replace") as log:
            rest, ended = "", False
            while not ended:
                ended = process.poll() is not None  # looked at before what is left is read
                *whole, rest = (rest + log.read()).split("\n")
                for text in whole:
                    lines.append(text)
                    if line is not None:
                        line(text)
                if time.monotonic() > until:
                    raise TimeoutError(f"flwr run: not done after {time_limit_s:g} s, see {out}")
                if not ended:
                    time.sleep(_ASK_S)
        return Run(lines, process.returncode != 0 or self._failed())

    def close(self) -> None:
        """End all processes; only the SuperLink is asked to, for it has more to end itself."""
        for process in reversed(self._running):
            if process is self._running[0]:
                with suppress(ProcessLookupError):
                    process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_ENDS_S)
            self.kill(process)
        self._running = []

    def _failed(self) -> bool:
        """Ask how the last run ended, for `flwr run` exits 0 whatever its ServerApp did."""
        listed = subprocess.run(
            [_program("flwr"), "list", CONNECTION, "--format", "json"],
            env=self._variables("link"),
            capture_output=True,
            text=True,
            check=False,
        )
        return _FAILED in listed.stdout or listed.returncode != 0

    def _start(self, name: str, program: str, *words: str) -> subprocess.Popen[bytes]:
        home = "link" if program == "flwr" else name
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [_program(program), *words],
                env=self._variables(home),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def _home(self, name: str) -> Path:
        home = self.folder / "flwr" / name
        home.mkdir(parents=True, exist_ok=True)
        return home

    def _variables(self, name: str) -> dict[str, str]:
        scripts = str(Path(sys.executable).parent)
        return {
            **os.environ,
            **_ONE_THREAD,
            **self._environment,
            **_QUIET,
            "FLWR_HOME": str(self._home(name)),
            "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
            "PYTHONUNBUFFERED": "1",
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/health", timeout=1.0):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _until(self, ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + _STARTS_S
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                log = (self.folder / "link.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"flower-superlink did not start: {log[-1000:]}")
            time.sleep(_ASK_S)


def _program(name: str) -> str:
    """Return the script beside this interpreter, whatever PATH says."""
    return str(Path(sys.executable).parent / name)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    quote = '"' if not set('"\\') & set(text) else "'"
    if quote in text or not text.isprintable():
        raise ValueError(f"configuration {shown(text)}: must be printable, with one kind of quotes")
    return f"{quote}{text}{quote}"
