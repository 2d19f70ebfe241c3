"""The command line: `mel-fast solve`, `check`, `fastest`, `frontier`, `explain`, and so on.

Each command lives in a module of its own, which is imported when the command is used. Whatever the
user can get wrong ends as one line on stderr and exit status 2, never as a traceback.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import click

from mel_fast import __version__

COMMANDS = (
    "solve",
    "check",
    "fastest",
    "frontier",
    "explain",
    "simulate",
    "sweep",
    "reproduce",
    "bench",
)

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130


class LazyGroup(click.Group):
    """A group whose command `name` is `mel_fast.cli.<name>:command`."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the commands whose modules are there."""
        return [name for name in COMMANDS if find_spec(f"mel_fast.cli.{name}")]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import and return a command, None if there is none of that name."""
        if name not in self.list_commands(context):
            return None
        command = import_module(f"mel_fast.cli.{name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mel-fast")
def group() -> None:
    """Proved-optimal task, bandwidth and power allocation for mobile edge learning."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the entry point of `mel-fast`."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        status = group.main(
            args=None if arguments is None else list(arguments),
            prog_name="mel-fast",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        return USAGE_STATUS
    except click.ClickException as error:
        return fail(error.format_message())
    except ImportError as error:
        return fail(str(error))
    except MemoryError:
        return fail("not enough memory for so many learners")
    except (KeyboardInterrupt, click.Abort):
        click.echo("mel-fast: interrupted", err=True)
        return INTERRUPTED_STATUS
    except BrokenPipeError:
        # The reader of a pipe (such as head) has gone; keep the interpreter from saying so again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status if isinstance(status, int) else 0


def fail(message: str) -> int:
    """Print one line on stderr and return the exit status of wrong usage."""
    click.echo(f"mel-fast: {' '.join(message.split())}", err=True)
    return USAGE_STATUS
