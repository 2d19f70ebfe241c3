"""`mel-fast flower`: a project that Flower starts."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("flower")
def command() -> None:
    """Federated learning with Flower, every round planned (extra [flower])."""


@command.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a project into FOLDER that `flwr run FOLDER` starts, and print its files."""
    from mel_fast.cli.shared.scenario import refusals
    from mel_fast.flower import new_project

    with refusals():
        for path in new_project(folder):
            click.echo(str(path))
