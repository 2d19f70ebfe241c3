"""`mel-fast explain`: what blocks one more local cycle."""

from typing import Any

import click

from mel_fast.cli.scenario import scenario_options, solved


@click.command("explain")
@scenario_options
def command(**words: Any) -> int:
    """Plan SCENARIO and say what blocks one more local cycle, or any.

    How much each budget alone would have to grow is checked by solving again with the change.
    SCENARIO is a TOML file; without one, the paper's Table I.
    """
    try:
        limits = {name: words[name] for name in ("time_limit_s", "threads")}
        found = solved(words).explain(**limits)
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(found))
    return 0
