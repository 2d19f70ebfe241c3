"""Bring a database to the tables of today, by Alembic's migrations."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect, select, table, text
from sqlalchemy.sql import column

TABLE = "mel_fast_store_revision"
HEAD = "0001"
_KEY = 0x6D656C53746F7265


_ALONE = Lock()  # Alembic's context is one for the process


class RevisionError(ValueError):
    """The database's tables are of a revision that this package does not know."""


def revision(connection: Connection) -> str | None:
    """Return the revision of the database's tables, None for a database without them."""
    if not inspect(connection).has_table(TABLE):
        return None
    found = connection.scalar(select(column("version_num")).select_from(table(TABLE)))
    return str(found)


def upgrade(connection: Connection) -> None:
    """Create or migrate the tables within the caller's transaction, one process at a time.

    Raises
    ------
    RevisionError
        If a newer package made them.
    """
    if connection.dialect.name == "postgresql":  # SQLite's writer is alone already
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _KEY})
    found = revision(connection)
    if found == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    here = Path(__file__).parent
    config.set_main_option("script_location", str(here).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(here.parent / "migrations").replace("%", "%%"))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if found is not None and found not in known:
        raise RevisionError(
            f"its tables are of revision {found!r}, which this version of mel_fast does not know"
        )
    config.attributes["connection"] = connection
    with _ALONE:
        command.upgrade(config, "head")
