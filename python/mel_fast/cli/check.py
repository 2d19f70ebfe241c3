"""`mel-fast check`: an independent look at a plan file."""

from pathlib import Path

import click

REFUTED_STATUS = 1


@click.command("check")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit status tells.")
def command(plan: Path, quiet: bool) -> int:
    """Check the plan file PLAN and its proof in rigorous arithmetic (extra [verify]).

    Prints OK and what was proved, or every reason why it is refused. Exit status: 0 OK,
    1 refused, 2 not readable.
    """
    from mel_fast.verify import verify_file

    try:
        verdict = verify_file(plan)
    except OSError as error:
        raise click.ClickException(f"{plan}: {error.strerror or error}") from None
    except ValueError as error:
        raise click.ClickException(f"{plan} is not a JSON file: {error}") from None
    if not quiet:
        click.echo(f"OK: {verdict}" if verdict.ok else "\n".join(verdict.reasons))
    return 0 if verdict.ok else REFUTED_STATUS
