"""Where models live: versions, changes between them, roll-back, licences of lower accuracy.

>>> import mel_fast as mel
>>> store = mel.store.open("sqlite:///models.db")                       # doctest: +SKIP
>>> number = store.publish("digits", {"w": weights})                    # doctest: +SKIP
>>> arrays = store.pull("digits")                                       # doctest: +SKIP
>>> store.delta("digits", have=number, want=None).bits                  # doctest: +SKIP

A relational database (SQLite by default, PostgreSQL by URL) keeps the weights in one of two
layouts: ``chunks``, compressed blocks found by their content, or ``rows``, a row a non-zero weight
as in "Efficient Low-Latency Dynamic Licensing for Deep Neural Network Deployment on Edge Devices"
(Toan et al., CIIS 2020). docs/store.md has the schema, the formats and the measured numbers.

Needs the extra ``[store]``. `publish(recipe=)` uses the sibling room `mel_fast.payload`, which is
imported then and only then.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mel_fast._base.optional import require

if TYPE_CHECKING:
    from mel_fast.store.blocks.delta import Delta
    from mel_fast.store.licences import License
    from mel_fast.store.reader import LayerChange, Reader
    from mel_fast.store.service.client import AsyncClient, Client
    from mel_fast.store.store import Store
    from mel_fast.store.tables.database import StoreError
    from mel_fast.store.tables.versions import DamagedError, Version
    from mel_fast.store.tokens import Token
    from mel_fast.store.verifying import Report

_LAZY = {
    "AsyncClient": "service.client",
    "Client": "service.client",
    "DamagedError": "tables.versions",
    "Delta": "blocks.delta",
    "LayerChange": "reader",
    "License": "licences",
    "Reader": "reader",
    "Report": "verifying",
    "Store": "store",
    "StoreError": "tables.database",
    "Token": "tokens",
    "Version": "tables.versions",
}

__all__ = [
    "AsyncClient",
    "Client",
    "DamagedError",
    "Delta",
    "LayerChange",
    "License",
    "Reader",
    "Report",
    "Store",
    "StoreError",
    "Token",
    "Version",
    "open",
]


def open(url: str, layout: str = "chunks") -> "Store":
    """Open a store, and make or migrate its tables where needed.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` (four slashes for a path from the root) or
        ``postgresql+psycopg://USER@HOST/DATABASE``.
    layout
        ``"chunks"`` or ``"rows"``: how models that are first published from here are kept.

    Returns
    -------
    Store
        To be closed, or used as a context.

    Raises
    ------
    ValueError
        If the URL is none of these, the file is no database, or a newer package made the tables.
    StoreError
        If the database cannot be reached or written.
    ImportError
        Naming the extra, if SQLAlchemy or the database's driver is missing.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     store.publish("net", {"w": np.zeros(10)})
    1
    """
    for module in ("sqlalchemy", "alembic", "zstandard"):
        require(module, extra="store")
    if isinstance(url, str) and url.startswith("postgresql"):
        require("psycopg", extra="store")
    made: Store = import_module("mel_fast.store.store").Store(url, layout)
    return made


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        require("sqlalchemy", extra="store")
        return getattr(import_module(f"mel_fast.store.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'mel_fast.store' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
