"""`mel-fast explain`: what blocks one more local cycle."""

from typing import Any

import click

from mel_fast.cli.scenario import read_problem, scenario_options
from mel_fast.solving import solve


@click.command("explain")
@scenario_options
def command(scheme: Any, time_limit_s: float | None, threads: int, **words: Any) -> int:
    """Plan SCENARIO and say what blocks one more local cycle, or any.

    How much each budget alone would have to grow is checked by solving again with the change.
    SCENARIO is a TOML file; without one, the paper's Table I.
    """
    try:
        problem = read_problem(words)
        plan = solve(problem, scheme=scheme, time_limit_s=time_limit_s, threads=threads)
        found = plan.explain(time_limit_s=time_limit_s, threads=threads)
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(found))
    return 0
