"""`mel-fast explain`: what blocks one more local cycle."""

from typing import Any

import click

from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import EXIT_STATUS, refusals, scenario_options, solved


@click.command("explain")
@scenario_options
@format_option()
def command(form: str, **words: Any) -> int:
    """Plan SCENARIO and say what blocks one more local cycle, or any.

    How much each budget alone would have to grow is checked by solving again with the change.
    SCENARIO is a TOML file; without one, the paper's Table I. A time limit is for both. Exit
    status: that of the plan, 0 optimal, 3 infeasible, 4 stopped by a limit or undecided, 2 wrong
    usage.
    """
    limit = words["time_limit_s"]
    with refusals():
        plan = solved(words)
        left = None if limit is None else max(limit - plan.elapsed_s, 0.0)
        found = plan.explain(time_limit_s=left, threads=words["threads"])
    known = {
        "status": plan.status,
        "tau": plan.tau,
        "bound": plan.bound,
        "asked_tau": found.tau,
        "sentences": found.lines(),
    }
    emit(form, "explain", known, found.columns(), found.summary)
    return EXIT_STATUS[plan.status]
