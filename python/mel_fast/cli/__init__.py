"""The command line: `mel-fast solve`, `check`, `least`, `frontier`, `explain`, and so on.

Each command lives in a module of its own, which is imported when the command is used. Whatever the
user can get wrong ends as one line on stderr and exit status 2, never as a traceback; what the
program gets wrong as one line and exit status 70.
"""

import errno
import io
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import click

from mel_fast._base.arithmetic import usual_arithmetic
from mel_fast._base.untrusted import visible
from mel_fast._core import __version__
from mel_fast.cli.registry import LazyGroup, renamed
from mel_fast.cli.streams import Output, lead_nowhere, let_go_of_messages, open_closed_streams

USAGE_STATUS = 2
FAULT_STATUS = 70
LOST_STATUS = 74
INTERRUPTED_STATUS = 130
NO_READER_STATUS = 141  # what a shell says of a program that SIGPIPE ended


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show where in the program an unexpected error arose.")
@click.version_option(__version__, prog_name="mel-fast")
def group(debug: bool) -> None:
    """Proved-optimal task, bandwidth and power allocation for mobile edge learning."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the entry point of `mel-fast`."""
    open_closed_streams()
    status = run(arguments)
    let_go_of_messages()
    sys.exit(status)


@usual_arithmetic
def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # whatever is printed can be encoded
        sys.stdout.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words  # wherever it stands
    stdout, stderr = sys.stdout, sys.stderr
    output = Output(stdout)
    sys.stdout = cast("TextIO", output)
    try:
        with remarks():
            status = _run([word for word in words if word != "--debug"])
        output.flush()
    except OSError as error:
        return _unwritten(error, output.failure)
    except Exception as error:
        return _fault(error, debug=debug)
    except SystemExit as stop:  # shell completion is done, or click's answer to a broken pipe
        if output.failure is None:
            return NO_READER_STATUS if stop.code else 0
        return _unwritten(output.failure, output.failure)
    finally:
        sys.stdout, sys.stderr = stdout, stderr
    return status


def _run(words: list[str]) -> int:
    try:
        status = group.main(args=words, prog_name="mel-fast", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        return USAGE_STATUS
    except click.NoSuchOption as error:
        return fail(renamed(error) or error.format_message())
    except click.ClickException as error:
        return fail(error.format_message())
    except ImportError as error:
        return fail(str(error))
    except MemoryError:
        return fail("not enough memory for so many learners")
    except (KeyboardInterrupt, click.Abort):
        return fail("interrupted", INTERRUPTED_STATUS)
    return status if isinstance(status, int) else 0


@contextmanager
def remarks() -> Iterator[None]:
    """Print what looks like a slip of units as a line each, while the block runs."""
    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.filterwarnings("always", message="implausible: ")

        def show(message: Warning | str, *where: Any, **words: Any) -> None:
            if str(message).startswith("implausible: "):
                say(str(message))
            else:
                usual(message, *where, **words)

        warnings.showwarning = show
        yield


def fail(message: str, status: int = USAGE_STATUS) -> int:
    """Print one line on stderr and return the exit status, that of wrong usage by default."""
    say(message)
    return status


def say(message: str) -> None:
    """Print one line on stderr, whatever the names in it hold, if that can be written."""
    with suppress(OSError):  # the status and the files tell it, too
        click.echo(f"mel-fast: {visible(' '.join(message.split()))}", err=True)


def _fault(error: Exception, *, debug: bool) -> int:
    if debug:
        with suppress(OSError):
            traceback.print_exception(error)
    where = "" if debug else "; --debug shows where"
    return fail(f"unexpected {type(error).__name__}: {error}{where}", FAULT_STATUS)


def _unwritten(error: OSError, failure: OSError | None) -> int:
    """Tell a stdout that took no more from a file that could not be read or written."""
    if failure is None:
        name = f"{error.filename}: " if error.filename else ""
        return fail(f"{name}{error.strerror or error}")
    # Keep the interpreter from saying so again at its end.
    lead_nowhere(1)
    if failure.errno == errno.EPIPE:  # the reader (such as head) has seen enough
        return NO_READER_STATUS
    return fail(f"standard output: {failure.strerror or failure}", LOST_STATUS)
