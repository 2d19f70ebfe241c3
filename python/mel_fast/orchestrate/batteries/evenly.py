"""The same round at the least share of everybody's charge."""

from dataclasses import replace

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.orchestrate.margins.search import Search, Trial
from mel_fast.orchestrate.planner import Asked, plan_for

_TRIALS = 12
_NEAR = 1.03  # as close as the least share is looked for


def spent_evenly(
    search: Search,
    trial: Trial,
    left_j: FloatColumn,
    needed_j: FloatColumn,
    least_kept: float,
) -> Trial:
    """Return a plan of as many local cycles and samples that asks the least of the batteries.

    Parameters
    ----------
    search, trial
        A search of a round, and what it found.
    left_j
        What each learner has left, infinite without a battery.
    needed_j
        Of which any part takes more than this.
    least_kept
        The probability with which everybody is to be in time, where that is known.
    """
    asked, margins = trial.found.asked, trial.margins
    spent = trial.found.plan.energy_j
    if margins is None or spent is None or not np.isfinite(left_j).any():
        return trial
    gains, speeds = search.beliefs.gains(margins.u), search.beliefs.speeds(margins.v)
    goal = trial.found.plan.tau, int(trial.found.plan.allocation.samples.sum())

    def at(share: float) -> Trial | None:
        found = plan_for(
            _limited(asked, np.maximum(share * left_j, needed_j)), gains, speeds, search.start
        )
        if found is None:
            return None
        plan = found.plan
        if (plan.tau, int(plan.allocation.samples.sum())) < goal or found.reasons:
            return None
        found = replace(found, reasons=trial.found.reasons)
        new = Trial(found, margins, found.asked.cycle(plan), None, 0.0, 0.0)
        if trial.in_time is not None:
            new = search.judged(new)
            if new.kept < min(trial.kept, least_kept):
                return None
        search.start = plan
        return new

    best, low = trial, 0.0
    high = _share_of(trial, left_j)
    for _ in range(_TRIALS):
        if not high > low * _NEAR:
            break
        share = float(np.sqrt(low * high)) if low > 0.0 else 0.5 * high
        found = at(share)
        if found is None:
            low = share
        else:
            best, high = found, min(share, _share_of(found, left_j))
    return best


def _share_of(trial: Trial, left_j: FloatColumn) -> float:
    """Return the largest share of its charge that a plan takes of anybody."""
    spent = trial.found.plan.energy_j
    assert spent is not None
    some = np.isfinite(left_j) & (left_j > 0.0)
    return float((spent[some] / left_j[some]).max(initial=0.0))


def _limited(asked: Asked, most_j: FloatColumn) -> Asked:
    columns = dict(asked.columns)
    columns["energy_j"] = np.minimum(columns["energy_j"], most_j)
    return replace(asked, columns=columns)
