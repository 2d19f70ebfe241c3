"""`mel-fast simulate`: one global cycle with dropouts and drifting channels."""

from typing import Any

import click

from mel_fast.cli.scenario import EXIT_STATUS, scenario_options, solved
from mel_fast.planning import simulate


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
def command(failures: float, drift_db: float, event_seed: int, **words: Any) -> int:
    """Plan SCENARIO, let learners drop out and channels drift, and compare three policies.

    Do nothing, reassign after the time-out, monitor and re-plan. SCENARIO is a TOML file; without
    one, the paper's Table I. Exit status: that of the plan, 0 optimal, 3 infeasible (there is
    nothing to carry out), 4 stopped by a limit or undecided, 2 wrong usage.
    """
    try:
        plan = solved(words)
        if plan.samples is None:
            click.echo(plan.summary())
        else:
            click.echo(str(simulate(plan, failures=failures, gain_drift=drift_db, seed=event_seed)))
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    return EXIT_STATUS[plan.status]
