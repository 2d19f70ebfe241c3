"""The service's GraphQL schema: what there is, and how large a change would be.

Every resolver asks the caller's own `Reader`, which applies the caller's licence. Intervals of
magnitudes are in no type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import strawberry
from anyio import to_thread
from graphql import GraphQLError
from strawberry.extensions import MaskErrors, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter

from mel_fast.store.reader import Reader
from mel_fast.store.service.limits import Limits
from mel_fast.store.service.spool import Spool
from mel_fast.store.store import Store
from mel_fast.store.tokens import Token

T = TypeVar("T")

_DEPTH, _ALIASES, _TOKENS = 8, 10, 1000


@dataclass(frozen=True)
class Caller:
    """Who asks, and all that they may reach."""

    token: Token
    reader: Reader
    store: Store
    spool: Spool
    limits: Limits

    def owned(self) -> Store:
        """Return the store, for its owner only."""
        if self.token.role != "owner":
            raise PermissionError("only an owner's token may change the store")
        return self.store

    def page(self, first: int) -> int:
        """Return how many entries a page may have."""
        if not 1 <= first <= self.limits.page:
            raise ValueError(f"first = {first}: must be in [1, {self.limits.page}]")
        return first


def _caller(info: strawberry.Info) -> Caller:
    found: Caller = info.context["caller"]
    return found


async def _asked(function: Callable[[], T]) -> T:
    return await to_thread.run_sync(function)


@strawberry.type(description="An array of a model.")
class Array:
    """Name, dtype and shape."""

    name: str
    dtype: str
    shape: list[int]


@strawberry.type(description="A published state of a model.")
class Version:
    """What the history says."""

    number: int
    parent: int | None
    current: bool
    production: bool
    created: datetime
    message: str


@strawberry.type(description="Versions, and the number to continue after.")
class Versions:
    """A page."""

    items: list[Version]
    next: int | None


@strawberry.type(description="What has to be sent for a version, and where it is.")
class Change:
    """A download."""

    have: int | None
    want: int
    bytes: int
    bits: int
    etag: str


@strawberry.type(description="The caller's tier of a model.")
class License:
    """The accuracies only."""

    name: str
    asked: float | None
    reached: float | None
    held_out: float | None


@strawberry.type(description="A model.")
class Model:
    """Fields that are read when they are asked for."""

    name: str

    @strawberry.field
    async def current(self, info: strawberry.Info) -> int:
        """Return the number of the current version."""
        return await _asked(lambda: _caller(info).reader.current(self.name))

    @strawberry.field
    async def arrays(self, info: strawberry.Info) -> list[Array]:
        """Return what the model consists of."""
        found = await _asked(lambda: _caller(info).reader.layers(self.name))
        return [Array(name=one.name, dtype=one.dtype, shape=list(one.shape)) for one in found]

    @strawberry.field
    async def versions(self, info: strawberry.Info, first: int = 50, after: int = 0) -> Versions:
        """Return a page of the history, the oldest first."""
        caller = _caller(info)
        most = caller.page(first)
        found = await _asked(lambda: caller.reader.history(self.name, most + 1, after))
        items = [
            Version(
                number=one.number,
                parent=one.parent,
                current=one.current,
                production=one.production,
                created=one.created,
                message=one.message,
            )
            for one in found[:most]
        ]
        return Versions(items=items, next=items[-1].number if len(found) > most else None)

    @strawberry.field
    async def change(
        self, info: strawberry.Info, have: int | None = None, want: int | None = None
    ) -> Change:
        """Return the size of what a device that has one version needs for another."""
        caller = _caller(info)

        def look() -> Change:
            prepared = caller.reader.prepare(self.name, have, want)
            held = caller.spool.hold(prepared.key, lambda: prepared.build().to_bytes())
            caller.spool.release(held)
            _, before, after, _ = prepared.key
            size = held.size
            return Change(have=before, want=after, bytes=size, bits=8 * size, etag=held.etag)

        return await _asked(look)

    @strawberry.field
    async def license(self, info: strawberry.Info) -> License | None:
        """Return the caller's tier; nothing for who may see everything."""
        caller = _caller(info)
        found = await _asked(lambda: caller.store.licenses(self.name))
        for one in found:
            if one.name == caller.token.license:
                return License(
                    name=one.name, asked=one.asked, reached=one.reached, held_out=one.held_out
                )
        return None


@strawberry.type
class Query:
    """What may be read."""

    @strawberry.field
    async def models(self, info: strawberry.Info, first: int = 50, after: str = "") -> list[Model]:
        """Return models by name, those after a name."""
        caller = _caller(info)
        most = caller.page(first)
        names = await _asked(lambda: caller.reader.models(most, after))
        return [Model(name=name) for name in names]

    @strawberry.field
    async def model(self, info: strawberry.Info, name: str) -> Model:
        """Return one model."""
        await _asked(lambda: _caller(info).reader.current(name))
        return Model(name=name)


@strawberry.type
class Mutation:
    """What an owner may change; weights are published over plain HTTP."""

    @strawberry.mutation
    async def roll_back(self, info: strawberry.Info, model: str, version: int) -> int:
        """Make an older version the current one."""
        store = _caller(info).owned()
        await _asked(lambda: store.roll_back(model, version))
        return version

    @strawberry.mutation
    async def put_into_production(self, info: strawberry.Info, model: str, version: int) -> int:
        """Make a version the one in production."""
        store = _caller(info).owned()
        await _asked(lambda: store.put_into_production(model, version))
        return version


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Log nothing: what a caller got wrong is told to the caller."""


def _masked(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(
        error.original_error, ValueError | TypeError | PermissionError
    )


def schema() -> strawberry.Schema:
    """Return the schema with its limits on queries."""
    return _Schema(
        query=Query,
        mutation=Mutation,
        extensions=[
            lambda: QueryDepthLimiter(max_depth=_DEPTH),
            lambda: MaxAliasesLimiter(max_alias_count=_ALIASES),
            lambda: MaxTokensLimiter(max_token_count=_TOKENS),
            lambda: MaskErrors(_masked, "the store cannot answer now"),
        ],
    )
