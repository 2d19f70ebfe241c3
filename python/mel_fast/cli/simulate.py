"""`mel-fast simulate`: one global cycle with dropouts and drifting channels."""

from typing import Any

import click

from mel_fast.cli.shared.scenario import EXIT_STATUS, refusals, scenario_options, solved
from mel_fast.planning import simulate
from mel_fast.plans.status import Status


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
    one, the paper's Table I. The time limit is for all together. Exit status: that of the plan, 0
    optimal, 3 infeasible (there is nothing to carry out), 4 stopped by a limit or undecided, also
    where only a policy's outcome was left open, 2 wrong usage.
    """
    with refusals():
        plan = solved(words)
        if plan.samples is None:
            click.echo(plan.summary())
            return EXIT_STATUS[plan.status]
        limit = words["time_limit_s"]
        found = simulate(
            plan,
            failures=failures,
            gain_drift=drift_db,
            seed=event_seed,
            time_limit_s=None if limit is None else max(limit - plan.elapsed_s, 0.0),
            threads=words["threads"],
        )
    click.echo(found.summary())
    statuses = {plan.status, *(outcome.status for outcome in found.outcomes.values())}
    return max(EXIT_STATUS[status] for status in statuses - {Status.INFEASIBLE})
