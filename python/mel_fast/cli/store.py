"""`mel-fast store`: publish, pull, roll back, license, serve."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from mel_fast._base.untrusted import visible
from mel_fast.cli import say
from mel_fast.cli.shared.scenario import refusals

DAMAGED_STATUS = 1
_FILE = click.Path(path_type=Path)


@click.group("store")
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


def _on_store(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Hand the open store to a command, and let what it cannot do end as one line."""

    @wraps(function)
    def opened(**words: Any) -> int | None:
        from mel_fast.store import open as open_store

        layout = words.pop("layout", "chunks")
        with refusals(), open_store(click.get_current_context().obj, layout) as store:
            return function(store, **words)

    return opened


def _print(line: str) -> None:
    click.echo(visible(line))


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
def publish(store: Any, model: str, file: Path, **words: Any) -> None:
    """Store the arrays of FILE (.npz) as a new version and print its number."""
    from mel_fast.store.blocks.npz import read_npz

    _print(str(store.publish(model, read_npz(file), **words)))


@command.command("pull")
@click.argument("model")
@click.argument("file", type=_FILE)
@_version
@_license
@_on_store
def pull(store: Any, model: str, file: Path, **words: Any) -> None:
    """Write a version's arrays to FILE (.npz)."""
    from mel_fast.store.blocks.npz import write_npz

    write_npz(file, store.pull(model, **words))


@command.command("delta")
@click.argument("model")
@_have
@click.option("--want", type=click.IntRange(1), help="The current one by default.")
@_license
@click.option("--out", type=_FILE, help="Write the change here.")
@_on_store
def delta(store: Any, model: str, out: Path | None, **words: Any) -> None:
    """Print how many bits turn one version into another; a whole version without --have."""
    from mel_fast._base.atomic import beside

    change = store.delta(model, **words)
    if out is not None:
        with beside(out) as temporary:
            temporary.write_bytes(change.to_bytes())
    _print(f"{change.bits}")


@command.command("history")
@click.argument("model", required=False)
@_on_store
def history(store: Any, model: str | None) -> None:
    """List the versions of MODEL, or all models."""
    if model is None:
        after = ""
        while names := store.models(1000, after):
            for after in names:
                _print(after)
        return
    for one in store.history(model):
        words = ["current"] * one.current + ["production"] * one.production + [one.message]
        upon = f"upon {one.parent}" if one.parent else "the first"
        text = ", ".join(word for word in words if word)
        _print(
            f"{one.number}  {one.created:%Y-%m-%d %H:%M:%S}  {upon}, {one.changed} changed  {text}"
        )


@command.command("diff")
@click.argument("model")
@click.argument("one", type=click.IntRange(1))
@click.argument("other", type=click.IntRange(1))
@_license
@_on_store
def diff(store: Any, **words: Any) -> None:
    """Say how the layers of version OTHER differ from those of version ONE."""
    for name, change in store.diff(**words).items():
        _print(f"{name}: {change.changed} changed, by at most {change.largest:.6g}")


@command.command("roll-back")
@click.argument("model")
@click.argument("version", type=click.IntRange(1))
@_on_store
def roll_back(store: Any, **words: Any) -> None:
    """Make VERSION the current one, until the next is published."""
    store.roll_back(**words)


@command.command("prune")
@click.argument("model")
@click.option("--keep", type=click.IntRange(1), default=10, show_default=True)
@_on_store
def prune(store: Any, model: str, keep: int) -> None:
    """Remove all but the newest versions, the current one and the one in production."""
    _print(f"{len(store.prune_history(model, keep))} versions removed")


@command.command("verify")
@click.argument("model", required=False)
@_on_store
def verify(store: Any, model: str | None) -> int:
    """Read everything and name what is damaged. Exit status: 0 nothing, 1 something."""
    report = store.verify(model)
    _lines(str(report))
    return 0 if report.ok else DAMAGED_STATUS


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
) -> None:
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
    for one in store.licenses(model):
        parts = {"asked": one.asked, "reached": one.reached, "on held-out data": one.held_out}
        said = [f"{word} {value:.4f}" for word, value in parts.items() if value is not None]
        _print(", ".join([f"{one.name}: hides {one.hidden} of version {one.version}", *said]))


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


@command.group("token")
def token() -> None:
    """Make, rotate and revoke the tokens of a served store."""


@token.command("create")
@click.argument("name")
@click.option("--license", help="Its holder sees models through this licence only.")
@click.option("--owner", is_flag=True, help="It may publish and roll back.")
@_on_store
def create(store: Any, name: str, license: str | None, owner: bool) -> None:
    """Print a new token, the only time that it is shown."""
    _print(store.tokens.create(name, license, "owner" if owner else "device"))


@token.command("rotate")
@click.argument("name")
@_on_store
def rotate(store: Any, name: str) -> None:
    """Print a token in place of the one of this name."""
    _print(store.tokens.rotate(name))


@token.command("revoke")
@click.argument("name")
@_on_store
def revoke(store: Any, name: str) -> None:
    """Accept a token no longer."""
    store.tokens.revoke(name)


@token.command("list")
@_on_store
def tokens(store: Any) -> None:
    """List the tokens, without what is secret."""
    for one in store.tokens.list():
        state = "revoked" if one.revoked else f"license {one.license}" if one.license else "all"
        _print(f"{one.name}: {one.role}, {state}, since {one.changed:%Y-%m-%d}")


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
        click.echo(address)
        sys.stdout.flush()

    limits = Limits(requests_per_s=requests_per_s, burst=burst)
    run_service(store, host, port, ready, limits=limits, certificate=tls_certificate, key=tls_key)


@command.command("bench")
@click.option("--part", "parts", multiple=True, type=click.Choice(["sizes", "speed", "tiers"]))
@click.option("--data", type=_FILE, help="Folder with MNIST's IDX files, for tiers.")
@click.pass_context
def bench(context: click.Context, parts: tuple[str, ...], data: Path | None) -> None:
    """Measure: sizes (the paper's Table 1), speed, tiers (what licences are worth).

    In the database of --url, whose store must be empty, or in a SQLite file that goes away.
    """
    from mel_fast._base.optional import require

    for module in ("sqlalchemy", "alembic", "zstandard", "psycopg", "httpx"):
        require(module, extra="store")
    from mel_fast import learning
    from mel_fast.experiments.store import sizes, speed, tiers
    from mel_fast.experiments.store.scratch import scratch

    url = context.obj if context.obj.startswith("postgresql") else None
    with refusals(), scratch(url) as empty:
        if "sizes" in parts or not parts:
            _lines(sizes.table(list(sizes.measure(empty))))
        if "speed" in parts or not parts:
            _lines(speed.table("PostgreSQL" if url else "SQLite", speed.measure(empty)))
        if "tiers" in parts or not parts:
            images = learning.read_mnist(data) if data else learning.digits()
            for line in tiers.measure(empty, images):
                _print(line)


def _lines(text: str) -> None:
    for line in text.splitlines():
        _print(line)
