"""A database by its URL: transactions for readers and writers, and errors in plain words.

SQLite keeps a write-ahead log, so that readers go on while somebody writes; a writer holds the
database's only write lock from its first statement on. PostgreSQL's readers see one snapshot, and
its writers lock the row of the model that they change.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from random import uniform
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mel_fast._base.untrusted import plain, shown
from mel_fast.store.tables.migrate import HEAD as TODAY
from mel_fast.store.tables.migrate import RevisionError, revision, upgrade

_RULE = "must be sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
_BUSY_S = 60
_AGAIN_S = 0.01  # about: not all at the same time


class StoreError(OSError):
    """The database could not do it (unreachable, full, locked); nothing of it is kept.

    Examples
    --------
    >>> import mel_fast as mel
    >>> issubclass(mel.store.StoreError, Exception)
    True
    """


class Database:
    """Connections to one database, its tables up to date."""

    def __init__(self, url: str) -> None:
        self._url = _checked_url(url)
        self.shown = plain(self._url.render_as_string(hide_password=True))
        self.sqlite = self._url.get_backend_name() == "sqlite"
        self._process = os.getpid()
        self._engine = self._made()
        self._read: Engine = (
            self._engine
            if self.sqlite
            else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def _made(self) -> Engine:
        if not self.sqlite:
            return create_engine(self._url, pool_size=8, max_overflow=32, pool_pre_ping=True)
        engine = create_engine(self._url, connect_args={"timeout": _BUSY_S}, max_overflow=-1)

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, record: Any) -> None:
            connection.isolation_level = None  # transactions begin where `begin` says so
            connection.execute("pragma foreign_keys = on")
            _log_ahead(connection)
            connection.execute("pragma synchronous = full")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("writes", False)
            connection.exec_driver_sql("begin immediate" if writes else "begin")

        return engine

    def _migrate(self) -> None:
        with self.reading() as connection:
            found = revision(connection)
        if found != TODAY:
            try:
                with self.writing() as connection:
                    upgrade(connection)
            except RevisionError as error:
                raise ValueError(f"{self.shown}: {error}") from None

    def _here(self, engine: Engine) -> Engine:
        """Return the engine, without connections of a process that this one was forked from."""
        if os.getpid() != self._process:
            self._engine.dispose(close=False)
            self._process = os.getpid()
        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database throughout."""
        with self._plainly(), self._here(self._read).connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose changes come to be together at the block's end, or never."""
        engine = self._engine.execution_options(writes=True) if self.sqlite else self._engine
        with self._plainly(), self._here(engine).connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            reason = plain(" ".join(str(error.orig).split()), 300)
            if "malformed" in reason or "not a database" in reason:
                raise ValueError(f"{self.shown}: damaged, or no database ({reason})") from None
            raise StoreError(f"{self.shown}: {reason}") from None
        except PoolTimeout:
            raise StoreError(f"{self.shown}: too many connections at a time") from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, which is a state of the file, once it is nobody else's turn.

    Of several connections that read a new file and would all switch it, SQLite refuses some at
    once, whatever time they have: each waits for the others without its own lock.
    """
    until = monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(uniform(0.5, 1.5) * _AGAIN_S)
        else:
            return


def _checked_url(url: Any) -> Any:
    if not isinstance(url, str):
        raise TypeError(f"url = {shown(url)}: {_RULE}")
    try:
        made = make_url(url)
        backend = made.get_backend_name()
        if backend == "postgresql" and made.drivername == "postgresql":
            made = made.set(drivername="postgresql+psycopg")
    except (ArgumentError, NoSuchModuleError, ValueError):
        # Not shown: what is no URL may still hold a password.
        raise ValueError(f"url is not one: {_RULE}") from None
    if made.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ValueError(f"url begins with {shown(made.drivername)}: {_RULE}")
    if backend == "sqlite" and (made.database or ":memory:") == ":memory:":
        raise ValueError(f"url names no file: {_RULE}; a store outlives its process")
    return made
