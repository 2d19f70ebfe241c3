"""`mel-fast store`: publish, pull, roll back, license, serve."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from mel_fast._base.untrusted import visible
from mel_fast.cli import say
from mel_fast.cli.registry import Group
from mel_fast.cli.shared.report import emit, emit_rows, format_option
from mel_fast.cli.shared.scenario import refusals

DAMAGED_STATUS = 1
_FILE = click.Path(path_type=Path)


@click.group("store", cls=Group)
@click.option(
    "--url",
    envvar="MEL_FAST_STORE",
    default="sqlite:///models.db",
    show_default=True,
    help="The database: sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE; also in the "
    "environment as MEL_FAST_STORE, where a password is not seen by others.",
)
@click.pass_context
def command(context: click.Context, url: str) -> None:
    """Keep models: versions, changes between them, roll-back, licences of lower accuracy."""
    context.obj = url


class _Told(NamedTuple):
    """What a command found: its rows, and lines of text; with it, the exit status."""

    rows: dict[str, list[Any]]
    lines: list[str]
    status: int = 0


def _on_store(function: Callable[..., _Told | None]) -> Callable[..., int | None]:
    """Hand the open store to a command, print what it returns, and let refusals end as one line."""

    @format_option()
    @wraps(function)
    def opened(form: str, **words: Any) -> int | None:
        from mel_fast.store import open as open_store

        layout = words.pop("layout", "chunks")
        context = click.get_current_context()
        with refusals(), open_store(context.obj, layout) as store:
            told = function(store, **words)
        if told is None:
            return 0
        group = context.parent.info_name if context.parent is not None else ""
        kind = " ".join(["store", *(["token"] * (group == "token")), str(context.info_name)])
        emit(form, kind, {}, told.rows, "\n".join(map(visible, told.lines)))
        return told.status

    return opened


def _print(line: str) -> None:
    click.echo(visible(line))


def _one(**values: Any) -> dict[str, list[Any]]:
    """Return a row of its own."""
    return {name: [value] for name, value in values.items()}


_have = click.option("--have", type=click.IntRange(1), help="The version that is there already.")
_license = click.option("--license", help="As the holder of this licence sees it.")
_version = click.option("--version", type=click.IntRange(1), help="The current one by default.")


@command.command("publish")
@click.argument("model")
@click.argument("file", type=_FILE)
@click.option("--parent", type=click.IntRange(1), help="The version that it changes.")
@click.option("--production", is_flag=True, help="Put it into production.")
@click.option("--message", default="", help="Words for the history.")
@click.option("--layout", type=click.Choice(["chunks", "rows"]), default="chunks")
@_on_store
def publish(store: Any, model: str, file: Path, **words: Any) -> _Told:
    """Store the arrays of FILE (.npz) as a new version and print its number."""
    from mel_fast.store.blocks.npz import read_npz

    number = store.publish(model, read_npz(file), **words)
    return _Told(_one(model=model, version=number), [str(number)])


@command.command("pull")
@click.argument("model")
@click.argument("file", type=_FILE)
@_version
@_license
@_on_store
def pull(store: Any, model: str, file: Path, **words: Any) -> _Told:
    """Write a version's arrays to FILE (.npz)."""
    from mel_fast.store.blocks.npz import write_npz

    arrays = store.pull(model, **words)
    write_npz(file, arrays)
    weights = sum(array.size for array in arrays.values())
    return _Told(_one(model=model, file=str(file), layers=len(arrays), weights=weights), [])


@command.command("delta")
@click.argument("model")
@_have
@click.option("--want", type=click.IntRange(1), help="The current one by default.")
@_license
@click.option("--output", type=_FILE, help="Write the change here.")
@_on_store
def delta(store: Any, model: str, output: Path | None, **words: Any) -> _Told:
    """Print how many bits turn one version into another; a whole version without --have."""
    from mel_fast._base.atomic import beside

    change = store.delta(model, **words)
    if output is not None:
        with beside(output) as temporary:
            temporary.write_bytes(change.to_bytes())
    have, want = words["have"], words["want"]
    return _Told(_one(model=model, have=have, want=want, bits=change.bits), [f"{change.bits}"])


@command.command("history")
@click.argument("model", required=False)
@_on_store
def history(store: Any, model: str | None) -> _Told:
    """List the versions of MODEL, or all models."""
    if model is None:
        every: list[str] = []
        while names := store.models(1000, every[-1] if every else ""):
            every += names
        return _Told({"model": every}, every)
    versions, lines = store.history(model), []
    for one in versions:
        words = ["current"] * one.current + ["production"] * one.production + [one.message]
        upon = f"upon {one.parent}" if one.parent else "the first"
        text = ", ".join(word for word in words if word)
        lines.append(
            f"{one.number}  {one.created:%Y-%m-%d %H:%M:%S}  {upon}, {one.changed} changed  {text}"
        )
    names = ["number", "parent", "changed", "current", "production", "message"]
    rows = {name: [getattr(one, name) for one in versions] for name in names}
    return _Told({**rows, "created": [one.created.isoformat() for one in versions]}, lines)


@command.command("diff")
@click.argument("model")
@click.argument("one", type=click.IntRange(1))
@click.argument("other", type=click.IntRange(1))
@_license
@_on_store
def diff(store: Any, **words: Any) -> _Told:
    """Say how the layers of version OTHER differ from those of version ONE."""
    found = store.diff(**words)
    lines = [f"{n}: {c.changed} changed, by at most {c.largest:.6g}" for n, c in found.items()]
    rows = {"layer": list(found), "changed": [change.changed for change in found.values()]}
    return _Told({**rows, "largest": [change.largest for change in found.values()]}, lines)


@command.command("roll-back")
@click.argument("model")
@click.argument("version", type=click.IntRange(1))
@_on_store
def roll_back(store: Any, **words: Any) -> _Told:
    """Make VERSION the current one, until the next is published."""
    store.roll_back(**words)
    return _Told(_one(**words), [])


@command.command("prune")
@click.argument("model")
@click.option(
    "--newest", type=click.IntRange(1), default=10, show_default=True, help="How many stay."
)
@_on_store
def prune(store: Any, model: str, newest: int) -> _Told:
    """Remove all but the newest versions, the current one and the one in production."""
    gone = list(store.prune_history(model, newest))
    return _Told({"removed": gone}, [f"{len(gone)} versions removed"])


@command.command("verify")
@click.argument("model", required=False)
@_on_store
def verify(store: Any, model: str | None) -> _Told:
    """Read everything and name what is damaged. Exit status: 0 nothing, 1 something."""
    report = store.verify(model)
    rows = {"damaged": list(report.damaged)}
    return _Told(rows, str(report).splitlines(), 0 if report.ok else DAMAGED_STATUS)


@command.command("license")
@click.argument("model")
@click.argument("name", required=False)
@click.option(
    "--hide",
    multiple=True,
    metavar="LAYER:LOW:HIGH",
    help="Hide magnitudes from LOW to just below HIGH (inf: all above). Repeat.",
)
@click.option("--accuracy", type=click.FloatRange(0.0, 1.0), help="A mask found before, by this.")
@click.option("--withdraw", is_flag=True, help="Take the licence away.")
@_on_store
def license(
    store: Any,
    model: str,
    name: str | None,
    hide: tuple[str, ...],
    accuracy: float | None,
    withdraw: bool,
) -> _Told:
    """Make, replace or withdraw the licence NAME of MODEL, and list all of them.

    Masks for a wanted accuracy are found in Python, where the model can be evaluated.
    """
    if name is None and (hide or accuracy is not None or withdraw):
        raise click.UsageError("NAME is needed")
    if withdraw:
        store.withdraw(model, name)
    elif hide:
        store.license(model, name, intervals=_intervals(hide))
    elif accuracy is not None:
        store.license(model, name, accuracy)
    found, lines = list(store.licenses(model)), []
    for one in found:
        parts = {"asked": one.asked, "reached": one.reached, "on held-out data": one.held_out}
        said = [f"{word} {value:.4f}" for word, value in parts.items() if value is not None]
        lines.append(", ".join([f"{one.name}: hides {one.hidden} of version {one.version}", *said]))
    names = ("name", "version", "hidden", "asked", "reached", "held_out")
    return _Told({key: [getattr(one, key) for one in found] for key in names}, lines)


def _intervals(hide: tuple[str, ...]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for text in hide:
        layer, _, span = text.rpartition(":")
        layer, _, low = layer.rpartition(":")
        try:
            found.setdefault(layer, []).append((float(low), float(span)))
        except ValueError:
            raise click.UsageError(f"--hide {text!r}: must be LAYER:LOW:HIGH") from None
    return found


@command.group("token", cls=Group)
def token() -> None:
    """Make, rotate and revoke the tokens of a served store."""


@token.command("create")
@click.argument("name")
@click.option("--license", help="Its holder sees models through this licence only.")
@click.option("--owner", is_flag=True, help="It may publish and roll back.")
@_on_store
def create(store: Any, name: str, license: str | None, owner: bool) -> _Told:
    """Print a new token, the only time that it is shown."""
    made = store.tokens.create(name, license, "owner" if owner else "device")
    return _Told(_one(name=name, token=made), [made])


@token.command("rotate")
@click.argument("name")
@_on_store
def rotate(store: Any, name: str) -> _Told:
    """Print a token in place of the one of this name."""
    made = store.tokens.rotate(name)
    return _Told(_one(name=name, token=made), [made])


@token.command("revoke")
@click.argument("name")
@_on_store
def revoke(store: Any, name: str) -> _Told:
    """Accept a token no longer."""
    store.tokens.revoke(name)
    return _Told(_one(name=name), [])


@token.command("list")
@_on_store
def tokens(store: Any) -> _Told:
    """List the tokens, without what is secret."""
    found, lines = list(store.tokens.list()), []
    for one in found:
        state = "revoked" if one.revoked else f"license {one.license}" if one.license else "all"
        lines.append(f"{one.name}: {one.role}, {state}, since {one.changed:%Y-%m-%d}")
    names = ("name", "role", "license", "revoked")
    rows = {key: [getattr(one, key) for one in found] for key in names}
    return _Told({**rows, "changed": [one.changed.isoformat() for one in found]}, lines)


@command.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="This machine only.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--requests-per-s", type=click.FloatRange(min=1e-3), default=100.0, show_default=True)
@click.option("--burst", type=click.IntRange(1), default=500, show_default=True)
@click.option("--tls-certificate", type=_FILE, help="PEM file; with --tls-key.")
@click.option("--tls-key", type=_FILE)
@_on_store
def serve(
    store: Any,
    host: str,
    port: int,
    requests_per_s: float,
    burst: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve the store over HTTP until interrupted; print the address.

    Devices show tokens (mel-fast store token create). Port 0 takes any that is free.
    """
    from mel_fast._base.optional import require

    for module in ("starlette", "strawberry", "uvicorn"):
        require(module, extra="store")
    from mel_fast.store.service.limits import Limits
    from mel_fast.store.service.serve import is_loopback
    from mel_fast.store.service.serve import serve as run_service

    if (tls_certificate is None) != (tls_key is None):
        raise click.UsageError("--tls-certificate and --tls-key belong together")
    if tls_certificate is None and not is_loopback(host):
        say(f"{host} can be reached from other machines, and tokens travel unencrypted")

    def ready(address: str) -> None:
        emit(form, "store serve", {}, _one(address=address), address)
        sys.stdout.flush()

    form = click.get_current_context().params["form"]
    limits = Limits(requests_per_s=requests_per_s, burst=burst)
    run_service(store, host, port, ready, limits=limits, certificate=tls_certificate, key=tls_key)


@command.command("bench")
@click.option("--part", "parts", multiple=True, type=click.Choice(["sizes", "speed", "tiers"]))
@click.option("--data", type=_FILE, help="Folder with MNIST's IDX files, for tiers.")
@format_option()
@click.pass_context
def bench(context: click.Context, parts: tuple[str, ...], data: Path | None, form: str) -> None:
    """Measure: sizes (the paper's Table 1), speed, tiers (what licences are worth).

    In the database of --url, whose store must be empty, or in a SQLite file that goes away. Exit
    status: 0, 2 wrong usage.
    """
    from mel_fast._base.optional import require

    for module in ("sqlalchemy", "alembic", "zstandard", "psycopg", "httpx"):
        require(module, extra="store")
    from mel_fast import learning
    from mel_fast.experiments.store import sizes, speed, tiers
    from mel_fast.experiments.store.scratch import scratch

    url = context.obj if context.obj.startswith("postgresql") else None
    found: dict[str, list[dict[str, Any]]] = {}
    with refusals(), scratch(url) as empty:
        if "sizes" in parts or not parts:
            found["sizes (MiB)"] = [asdict(one) for one in sizes.measure(empty)]
        if "speed" in parts or not parts:
            where = {"database": "PostgreSQL" if url else "SQLite"}
            found["speed"] = [{**where, **asdict(speed.measure(empty))}]
        if "tiers" in parts or not parts:
            images = learning.read_mnist(data) if data else learning.digits()
            found["tiers"] = [{"": line} for line in tiers.measure(empty, images)]
    emit_rows(form, "store bench", {}, found)
