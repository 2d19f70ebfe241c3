"""Databases for the store's tests: SQLite files, and a PostgreSQL server that the tests start."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NEEDED = "MEL_FAST_NEEDS_POSTGRESQL"
HOW = "PostgreSQL is not installed (Debian: apt-get install postgresql)"


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs: Debian's newest, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    on_path = shutil.which("initdb")
    if not found and on_path:
        found = [Path(on_path).resolve()]
    return found[-1].parent if found else None


class Server:
    """A PostgreSQL server on a socket in a folder of its own; root lends it to user postgres."""

    def __init__(self) -> None:
        self._bin = binaries()
        user = "postgres" if os.geteuid() == 0 else None
        self._how = {"check": True, "cwd": "/", "stdout": subprocess.DEVNULL}
        if user:
            self._how |= {"user": user, "group": user, "extra_groups": []}
        self.folder = Path(tempfile.mkdtemp(prefix="mel_fast-pg-"))
        if user:
            shutil.chown(self.folder, user)
        self._data = self.folder / "data"
        init = [self._bin / "initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "-N"]
        subprocess.run(init, **self._how)
        self.start()
        self.made = False

    def _control(self, *words: str) -> None:
        command = [self._bin / "pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log"]
        subprocess.run([*command, *words], **self._how)

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
        self._control("-o", options, "start")

    def kill(self) -> None:
        """Stop at once, as a crash would."""
        self._control("-m", "immediate", "stop")

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def execute(self, *commands: str) -> None:
        import psycopg

        place = f"host={self.folder} user=postgres dbname=postgres"
        with psycopg.connect(place, autocommit=True) as connection:
            for command in commands:
                connection.execute(command)

    def separate(self, name: str) -> str:
        """Return the URL of a database of its own, which has nothing in it."""
        self.execute(f"create database {name}")
        return self.url(name)

    def fresh(self) -> str:
        """Return the URL of the database that the tests share, its tables empty."""
        import psycopg

        import mel_fast as mel
        from mel_fast.store.tables.schema import metadata

        if not self.made:
            self.made = True
            mel.store.open(self.separate("shared")).close()
        names = ", ".join(table.name for table in metadata.sorted_tables)
        place = f"host={self.folder} user=postgres dbname=shared"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(f"truncate {names} restart identity")
        return self.url("shared")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    if binaries() is None:
        if os.environ.get(NEEDED):
            pytest.fail(HOW)
        pytest.skip(HOW)
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import mel_fast as mel

    path = tmp_path_factory.mktemp("store") / "pattern.db"
    mel.store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(sqlite_pattern: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_pattern, tmp_path / "models.db")
    return f"sqlite:///{tmp_path / 'models.db'}"


PAIRS = ("sqlite rows", "postgresql chunks")
"""Each database and each layout once; what is random meets all four."""


def url_for(request: pytest.FixtureRequest, database: str) -> str:
    if database == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    return str(request.getfixturevalue("postgres").fresh())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store on each database."""
    return url_for(request, request.param)
