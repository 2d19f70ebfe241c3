"""`mel-fast simulate`: one global cycle with dropouts and drifting channels."""

from typing import Any

import click

from mel_fast.cli.scenario import read_problem, scenario_options
from mel_fast.planning import simulate
from mel_fast.solving import solve


@click.command("simulate")
@scenario_options
@click.option(
    "--failures",
    type=click.FloatRange(0.0, 1.0),
    default=0.1,
    show_default=True,
    help="Probability with which each learner drops out.",
)
@click.option(
    "--drift-db",
    type=click.FloatRange(min=0.0),
    default=0.0,
    show_default=True,
    help="Standard deviation of the gains' drift in dB.",
)
@click.option("--event-seed", type=click.IntRange(min=0), default=0, show_default=True)
def command(
    scheme: Any,
    time_limit_s: float | None,
    threads: int,
    failures: float,
    drift_db: float,
    event_seed: int,
    **words: Any,
) -> int:
    """Plan SCENARIO, let learners drop out and channels drift, and compare three policies.

    Do nothing, reassign after the time-out, monitor and re-plan. SCENARIO is a TOML file; without
    one, the paper's Table I.
    """
    try:
        problem = read_problem(words)
        plan = solve(problem, scheme=scheme, time_limit_s=time_limit_s, threads=threads)
        found = simulate(plan, failures=failures, gain_drift=drift_db, seed=event_seed)
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(found))
    return 0
