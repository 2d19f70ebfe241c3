"""`mel-fast show-config`: what a report of a fault should carry."""

from dataclasses import fields

import click

from mel_fast.cli.shared.report import emit, format_option


@click.command("show-config")
@format_option()
def command(form: str) -> None:
    """Print version, compiler, flags, instruction set, threads and extras.

    In brackets: instruction sets that this machine lacks, extras of which a package is missing.
    Exit status: 0, 2 wrong usage.
    """
    from mel_fast.cli.about.config import show_config

    found = show_config()
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    lines = (line.partition(":") for line in str(found).splitlines())
    said = [(name.replace(" ", "_"), text.strip()) for name, _, text in lines]
    rows = {"name": [name for name, _ in said], "value": [text for _, text in said]}
    emit(form, "show-config", {"config": values}, rows, str(found))
