"""`mel-fast flower`: a project that Flower starts."""

from __future__ import annotations

from pathlib import Path

import click

from mel_fast.cli.registry import Group
from mel_fast.cli.shared.report import emit_files, format_option


@click.group("flower", cls=Group)
def command() -> None:
    """Federated learning with Flower, every round planned (extra [flower])."""


@command.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@format_option()
def new(folder: Path, form: str) -> None:
    """Write a project into FOLDER that `flwr run FOLDER` starts, and print its files.

    Exit status: 0 written, 2 wrong usage.
    """
    from mel_fast.cli.shared.scenario import refusals
    from mel_fast.flower import new_project

    with refusals():
        written = new_project(folder)
    emit_files(form, "flower new", list(written))
