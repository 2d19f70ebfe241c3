"""The tables. `migrations` makes them; a test compares the two.

``weights`` is the paper's: a row a non-zero weight with its flattened index, value, date, layer and
version. ``chunk`` holds the same as compressed blocks found by their content. Whichever layout a
model has, ``block`` knows the digest of every block of every version.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _to(
    table: str, name: str | None = None, *, null: bool = False, index: bool = False
) -> Column[int]:
    key = ForeignKey(f"{table}.id")
    return Column(name or f"{table}_id", Integer, key, nullable=null, index=index or None)


def _created(name: str = "created") -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


model = Table(
    "model",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    Column("layout", String(10), nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("current_number", Integer, nullable=False),
    _created(),
    sqlite_autoincrement=True,  # a number once given means one thing for ever
)

layer = Table(
    "layer",
    metadata,
    _id(),
    _to("model"),
    Column("position", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("dtype", String(10), nullable=False),
    Column("shape", String(700), nullable=False),
    UniqueConstraint("model_id", "position"),
    UniqueConstraint("model_id", "name"),
    sqlite_autoincrement=True,  # a number once given means one thing for ever
)

version = Table(
    "version",
    metadata,
    _id(),
    _to("model"),
    Column("number", Integer, nullable=False),
    _to("version", "parent_id", null=True),
    Column("production", Boolean, nullable=False),
    Column("message", String(1000), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("changed", BigInteger, nullable=False),
    _created(),
    UniqueConstraint("model_id", "number"),
    sqlite_autoincrement=True,  # a number once given means one thing for ever
)

block = Table(
    "block",
    metadata,
    _to("version"),
    _to("layer"),
    Column("position", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("version_id", "layer_id", "position"),
)

weights = Table(
    "weights",
    metadata,
    _id(),
    Column("index", Integer, nullable=False),
    Column("value", Float(53), nullable=False),
    _created("date_added"),
    _to("layer", index=True),
    _to("version", index=True),
)

chunk = Table(
    "chunk",
    metadata,
    _to("model"),
    Column("digest", LargeBinary(32), nullable=False),
    Column("base", LargeBinary(32)),
    Column("generation", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("model_id", "digest"),
)

accuracy = Table(
    "accuracy",
    metadata,
    _id(),
    _to("model"),
    Column("version_number", Integer, nullable=False),
    Column("asked", Float(53)),
    Column("reached", Float(53)),
    Column("held_out", Float(53)),
    Column("hidden", BigInteger, nullable=False),
    _created(),
    sqlite_autoincrement=True,  # a number once given means one thing for ever
)

interval = Table(
    "interval",
    metadata,
    _id(),
    _to("accuracy", index=True),
    _to("layer"),
    Column("low", Float(53), nullable=False),
    Column("high", Float(53), nullable=False),
)

license = Table(
    "license",
    metadata,
    _id(),
    _to("model"),
    Column("name", String(200), nullable=False),
    _to("accuracy"),
    UniqueConstraint("model_id", "name"),
    sqlite_autoincrement=True,  # a number once given means one thing for ever
)

token = Table(
    "token",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("license", String(200)),
    _created(),
    _created("changed"),
    Column("revoked", Boolean, nullable=False),
    sqlite_autoincrement=True,  # a number once given means one thing for ever
)
