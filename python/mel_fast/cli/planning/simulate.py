"""`mel-fast simulate`: one global cycle with dropouts and drifting channels."""

from typing import Any

import click
import numpy as np

from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import EXIT_STATUS, refusals, scenario_options, solved
from mel_fast.planning import simulate
from mel_fast.plans.status import Status

_COLUMNS = ("policy", "tau", "samples", "lost", "ends_s", "status", "missing")


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
@format_option()
def command(failures: float, drift_db: float, event_seed: int, form: str, **words: Any) -> int:
    """Plan SCENARIO, let learners drop out and channels drift, and compare three policies.

    Do nothing, reassign after the time-out, monitor and re-plan. SCENARIO is a TOML file; without
    one, the paper's Table I. The time limit is for all together. Exit status: that of the plan, 0
    optimal, 3 infeasible (there is nothing to carry out), 4 stopped by a limit or undecided, also
    where only a policy's outcome was left open, 2 wrong usage.
    """
    with refusals():
        plan = solved(words)
        if plan.samples is None:
            known = {"status": plan.status, "tau": plan.tau, "cycle_s": plan.problem.cycle_s}
            emit(
                form, "simulate", {**known, "failed": []}, dict.fromkeys(_COLUMNS, ()), plan.summary
            )
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
    known = {
        "status": plan.status,
        "tau": plan.tau,
        "cycle_s": plan.problem.cycle_s,
        "failed": [plan.problem.learners.name(k) for k in np.flatnonzero(found.failed).tolist()],
    }
    emit(form, "simulate", known, found.columns(), found.summary)
    statuses = {plan.status, *(outcome.status for outcome in found.outcomes.values())}
    return max(EXIT_STATUS[status] for status in statuses - {Status.INFEASIBLE})
