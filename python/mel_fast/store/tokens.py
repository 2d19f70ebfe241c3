"""Who may ask a served store: tokens, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import choice
from mel_fast.store.blocks.arrays import checked_name
from mel_fast.store.tables.database import Database
from mel_fast.store.tables.schema import token
from mel_fast.store.tables.versions import now

ROLES = ("device", "owner")
_PREFIX = "mel_"
_LONGEST = 200


@dataclass(frozen=True)
class Token:
    """What is known of a token; the token itself is nowhere.

    Attributes
    ----------
    name
        Whose it is.
    role, license
        An ``owner`` may publish and roll back; a ``device`` reads, through a licence's mask if
        there is one.
    created, changed, revoked
        When it was made and last rotated, and whether it is still accepted.

    Examples
    --------
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     secret = store.tokens.create("phone-1")
    ...     [(token.name, token.role) for token in store.tokens.list()]
    [('phone-1', 'device')]
    """

    name: str
    role: str
    license: str | None
    created: datetime
    changed: datetime
    revoked: bool


class Tokens:
    """The tokens of a store: 256 random bits each, kept as their SHA-256."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, license: str | None = None, role: str = "device") -> str:
        """Return a new token, the only time that it is shown.

        Raises
        ------
        ValueError
            If there is one of this name, or an owner is to have a licence.
        """
        whose = checked_name("name", name)
        choice("role", role, ROLES)
        if license is not None:
            checked_name("license", license)
            if role == "owner":
                raise ValueError(f"license = {shown(license)}: an owner has none")
        secret = _secret()
        with self._database.writing() as connection:
            if connection.scalar(select(token.c.id).where(token.c.name == whose)) is not None:
                raise ValueError(f"token {shown(whose)} is there; rotate it, or take another name")
            row = {"name": whose, "role": role, "license": license, "revoked": False}
            when = now()
            connection.execute(
                insert(token).values(digest=_digest(secret), created=when, changed=when, **row)
            )
        return secret

    def rotate(self, name: str) -> str:
        """Return a new token in place of the one of this name, which is no longer accepted."""
        secret = _secret()
        self._change(name, digest=_digest(secret), revoked=False)
        return secret

    def revoke(self, name: str) -> None:
        """Accept the token of this name no longer."""
        self._change(name, revoked=True)

    def _change(self, name: str, **values: Any) -> None:
        with self._database.writing() as connection:
            command = update(token).where(token.c.name == name).values(changed=now(), **values)
            if not connection.execute(command).rowcount:
                raise ValueError(f"token {shown(name)} is not there")

    def list(self) -> list[Token]:
        """Return all tokens by name, without their secrets."""
        with self._database.reading() as connection:
            rows = connection.execute(select(token).order_by(token.c.name)).mappings()
            return [_described(row) for row in rows]

    def find(self, secret: str) -> Token | None:
        """Return what is known of a token that somebody shows, None if it is not accepted."""
        if not secret.startswith(_PREFIX) or len(secret) > _LONGEST or not secret.isascii():
            return None
        query = select(token).where(token.c.digest == _digest(secret), token.c.revoked.is_(False))
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _described(row)


def _secret() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _described(row: RowMapping) -> Token:
    return Token(
        row["name"], row["role"], row["license"], row["created"], row["changed"], row["revoked"]
    )
