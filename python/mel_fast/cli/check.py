"""`mel-fast check`: an independent look at a plan file."""

import math
from dataclasses import fields
from pathlib import Path

import click

from mel_fast.cli.shared.files import hinted, source
from mel_fast.cli.shared.report import emit, format_option

REFUTED_STATUS = 1
UNCHECKED_STATUS = 4
_COLUMNS = ("ok", "checked", "status", "tau", "bound", "learners", "leaves", "spare_s", "margin")


@click.command("check")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit status tells.")
@click.option(
    "--time-limit-s",
    type=click.FloatRange(min=0.0),
    help="Give up after so many seconds.  [default: after 10^8 steps, some ten minutes]",
)
@format_option()
def command(plan: Path, quiet: bool, time_limit_s: float | None, form: str) -> int:
    """Check the plan file PLAN, or - for standard input, in rigorous arithmetic (extra [verify]).

    Prints OK and what was proved, or the first reasons why it is refused. Exit status: 0 OK,
    1 refused, 2 not readable, 4 not checked: a limit ended the check before its verdict.
    """
    from mel_fast.verify import verify_file

    if time_limit_s is not None and math.isnan(time_limit_s):
        raise click.BadParameter("must be a number of at least 0", param_hint="--time-limit-s")
    try:
        with hinted(plan, "plan"):
            verdict = verify_file(source(plan), time_limit_s=time_limit_s)
    except OSError as error:
        raise click.ClickException(f"{plan}: {error.strerror or error}") from None
    except ValueError as error:
        raise click.ClickException(f"{plan} is not a JSON file: {error}") from None
    if not quiet:
        refused = verdict.checked and not verdict.ok
        text = (
            "\n".join(verdict.reasons) if refused else f"{'OK: ' * verdict.ok}{verdict.summary()}"
        )
        found = {field.name: getattr(verdict, field.name) for field in fields(verdict)}
        emit(form, "check", found, {name: [found[name]] for name in _COLUMNS}, text)
    if not verdict.checked:
        return UNCHECKED_STATUS
    return 0 if verdict.ok else REFUTED_STATUS
