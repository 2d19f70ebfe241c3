"""The commands of `mel-fast`: a name, the module that holds it, and a line of help.

A new command is one line in `COMMANDS` and a module with a click command called ``command``. Its
line of help is what `mel-fast --help` prints, so that nothing is imported for it; it fits 80
columns.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import did_you_mean


class Entry(NamedTuple):
    """Where a command lives, and what it does in a few words."""

    module: str
    """Below `mel_fast.cli`."""
    help: str


COMMANDS: Mapping[str, Entry] = {
    "solve": Entry("solve", "Plan a scenario, or Table I."),
    "check": Entry("check", "Check a plan file and its proof independently."),
    "least": Entry("planning.least", "The least deadline or budget for some local cycles."),
    "within": Entry("planning.within", "The most local cycles within an energy of all."),
    "most": Entry("campaign.most", "The most samples that fit at some local cycles."),
    "cycles": Entry("campaign.cycles", "Local cycles of each learner's own, most in all."),
    "cells": Entry("campaign.cells", "Several cells that share one task."),
    "campaign": Entry("campaign.campaign", "The local cycles that reach a target soonest."),
    "frontier": Entry("planning.frontier", "Where one more local cycle fits, step by step."),
    "trade": Entry("planning.trade", "The least energy, deadline by deadline."),
    "explain": Entry("planning.explain", "What blocks one more local cycle."),
    "simulate": Entry("planning.simulate", "One global cycle with dropouts and drifting gains."),
    "explore": Entry("explore", "A page that plans anew while you drag its sliders."),
    "sweep": Entry("sweep", "Solve a scenario for many values at once."),
    "tiers": Entry("tiers", "Jobs over end devices, edge and cloud."),
    "reproduce": Entry("reproduce", "The papers' figures and tables."),
    "store": Entry("store", "Keep models: versions, changes, roll-back, licences."),
    "flower": Entry("flower", "Federated learning with Flower, every round planned."),
    "loop": Entry("loop", "Rounds of a loop: logs drawn, promises measured."),
    "bench": Entry("bench", "Measure this machine."),
    "show-config": Entry("about", "Version, compiler, instruction set and extras."),
}

ALIASES = {"fastest": "least"}

RENAMED = {
    ("frontier", "--start"): "--from",
    ("frontier", "--stop"): "--to",
    ("compare", "--out"): "--plot",
    ("calibrate", "--out"): "--plot",
    ("delta", "--out"): "--output",
    ("prune", "--keep"): "--newest",
}
"""Options that once had a name which means something else in other commands."""


class Group(click.Group):
    """A group that knows what a mistyped command may have meant."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for.

        Raises
        ------
        click.UsageError
            Naming the word, the command that it resembles most, and all that there are.
        """
        word = args[0]
        if self.get_command(context, word) is None and not word.startswith("-"):
            names = self.list_commands(context)
            hint = did_you_mean(word, names)
            raise click.UsageError(
                f"no command {shown(word)}: must be one of {', '.join(names)}{hint}", context
            )
        return super().resolve_command(context, args)


class LazyGroup(Group):
    """The group of `COMMANDS`, each imported when it is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import and return a command, None if there is none of that name or alias."""
        entry = COMMANDS.get(ALIASES.get(name, name))
        if entry is None:
            return None
        command = import_module(f"mel_fast.cli.{entry.module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def leaves(command: click.Command, name: str = "") -> list[tuple[str, click.Command]]:
    """Return every command that does something, by its words: ``("store pull", ...)``."""
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command)
    found: list[tuple[str, click.Command]] = []
    for word in command.list_commands(context):
        below: Any = command.get_command(context, word)
        found += leaves(below, f"{name} {word}".strip())
    return found


def renamed(error: click.NoSuchOption) -> str:
    """Return what an option that is gone is called now, in words, or nothing."""
    name = error.ctx.info_name if error.ctx is not None else None
    now = RENAMED.get((name or "", error.option_name))
    return f"{name} has no {error.option_name}: here it is {now}" if now else ""
