"""Plans with margins: margins give a plan, its prices give better margins, a few times over."""

import math
from dataclasses import dataclass, replace

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.orchestrate.estimates.links import Cycle
from mel_fast.orchestrate.margins.choose import (
    Costs,
    Margins,
    costs_of,
    for_confidence,
    for_work,
    no_margins,
)
from mel_fast.orchestrate.margins.reliability import Beliefs, in_time
from mel_fast.orchestrate.planner import Asked, Found, Start, plan_for
from mel_fast.plans.plan import Plan

LEAST_KEPT = 0.3
"""However much a loop is owed, no round is planned to be kept less often."""

_FINE_TAU = 40  # from here on one local cycle more or less is no matter
_WORK = 3e4  # learners times trials of one round
_FEWEST, _MOST = 2, 5
_CORRECTIONS = 3  # trials more where what was aimed at was not met
_HALVINGS = 5
_LESS = (0.75, 0.5, 0.25, 0.0)  # of the margins, where all of them cannot be had
_PRICES = np.geomspace(0.35, 3e-4, 9)  # densities: margins of half a standard deviation to four


@dataclass(frozen=True, slots=True)
class Trial:
    """A plan with margins, and how likely it is kept."""

    found: Found
    margins: Margins | None
    """None where they were not looked for."""
    cycle: Cycle
    in_time: FloatColumn | None
    """Each learner's probability; None where it was not asked for."""
    kept: float
    work: float

    @property
    def tau(self) -> int:
        """Local cycles of the plan."""
        return self.found.plan.tau


class Search:
    """Looks for the best plan of a round, trial by trial.

    Parameters
    ----------
    asked, beliefs
        What is asked, and what is known.
    start
        Where the first search begins.
    known
        What margins cost in the last round, of the same learners.
    """

    def __init__(
        self,
        asked: Asked,
        beliefs: Beliefs,
        start: Plan | Start | None,
        known: Costs | None = None,
    ) -> None:
        self.asked = asked
        self.beliefs = beliefs
        self.start = start
        self.known = known
        self.size = beliefs.gain.level.size
        self.trials = int(np.clip(_WORK / self.size, _FEWEST, _MOST))

    def expected(self) -> Trial | None:
        """Return the plan for what is expected, without margins or probabilities."""
        return self.tried(no_margins(self.size), judged=False)

    def tried(self, margins: Margins, *, judged: bool = True) -> Trial | None:
        """Return the plan with some margins; None where there is none."""
        beliefs = self.beliefs
        found = plan_for(
            self.asked, beliefs.gains(margins.u), beliefs.speeds(margins.v), self.start
        )
        if found is None:
            return None
        self.start = found.plan
        trial = Trial(found, margins, found.asked.cycle(found.plan), None, 0.0, 0.0)
        return self.judged(trial) if judged else trial

    def judged(self, trial: Trial) -> Trial:
        """Return a trial with its probabilities."""
        plan, margins = trial.found.plan, trial.margins
        assert margins is not None
        samples = plan.allocation.samples
        served = trial.found.asked.settings.idle == "served"
        busy = np.flatnonzero(np.ones(samples.size, bool) if served else samples > 0)
        likely = np.zeros(samples.size)
        likely[busy] = in_time(
            trial.cycle.take(busy), self.beliefs.take(busy), margins.u[busy], margins.v[busy]
        )
        kept = float(np.exp(np.sum(np.log(np.maximum(likely[busy], 1e-300)))))
        work = float(plan.tau * np.sum(samples * likely))
        return replace(trial, in_time=likely, kept=kept, work=work)

    def costs(self, trial: Trial) -> Costs:
        """Return what margins cost at a plan's prices."""
        given, end = trial.found.plan.allocation, trial.found.plan._end
        prices = (1.0, 1.0) if end is None else end[1:]
        samples = given.samples.astype(np.float64)
        assert trial.margins is not None
        return costs_of(prices, trial.cycle, self.beliefs, trial.margins, samples)

    def with_confidence(self, confidence: float, least: float) -> Trial | None:
        """Return a plan of the most cycles with which all are in time with a probability.

        Where one more local cycle can be had with a probability of at least `least`, that one; a
        `least` above `confidence` takes its place.
        """
        confidence = max(confidence, least)
        costs, trials = self.known, 1
        if costs is None:
            begun = self.expected()
            if begun is None:
                return None
            costs, trials = self.costs(begun), self.trials
        best = self._refined(costs, confidence, trials) or self._surest(costs, confidence)
        if (
            best is None
            or best.kept < confidence
            or least >= confidence
            or not 0 < best.tau < _FINE_TAU
        ):
            return best
        more = self._refined(self.costs(best), max(least, LEAST_KEPT), 1)
        if more is None or more.tau <= best.tau:
            return best
        return self._likeliest(more, best, best.tau + 1) if more.kept >= least else best

    def _refined(self, costs: Costs, confidence: float, trials: int) -> Trial | None:
        """Return a plan that is kept with a probability, or nearly so, margins at least cost."""
        goal = aim = math.log(-math.log(confidence))
        trial: Trial | None = None
        for number in range(trials + _CORRECTIONS):
            last = trial
            margins = for_confidence(costs, math.exp(-math.exp(aim)))
            trial = self.tried(margins, judged=number >= trials - 1)
            if trial is None:
                return last
            costs = self.costs(trial)
            if number >= trials - 1:
                if trial.kept >= confidence:
                    break
                aim += min(goal - math.log(-math.log(max(trial.kept, 1e-9))), -0.02)
        return trial

    def _surest(self, costs: Costs, confidence: float) -> Trial | None:
        """Return what can be had where the margins that are asked for leave nothing to plan."""
        whole = for_confidence(costs, confidence)
        for share in _LESS:
            margins = Margins(share * whole.beta, share * whole.u, share * whole.v)
            trial = self.tried(margins)
            if trial is not None:
                return trial
        return None

    def _likeliest(self, low: Trial, high: Trial, tau: int) -> Trial:
        """Return a plan of `tau` cycles as likely to be kept as was found, between two plans."""
        best = low
        ends = [math.log(-math.log(min(t.kept, 1.0 - 1e-12))) for t in (low, high)]
        for _ in range(_HALVINGS):
            aim = 0.5 * (ends[0] + ends[1])
            margins = for_confidence(self.costs(best), math.exp(-math.exp(aim)))
            trial = self.tried(margins, judged=False)
            if trial is None or trial.tau < tau:
                ends[1] = aim
                continue
            ends[0], trial = aim, self.judged(trial)
            if trial.kept > best.kept:
                best = trial
        return best

    def most_work(self) -> Trial | None:
        """Return a plan with the most expected samples in time times tau."""
        best = trial = self.tried(no_margins(self.size))
        if trial is None or best is None:
            return None
        price, width = float(_PRICES[0]), _PRICES[0] / _PRICES[1]
        few = self.trials < _MOST
        for at in _PRICES[:: 3 if few else 1]:
            found = self.tried(for_work(self.costs(trial), float(at)))
            if found is None:
                break
            trial = found
            if trial.work > best.work:
                best, price = trial, float(at)
        for _ in range(0 if few else self.trials):
            width = math.sqrt(width)
            for at in (price * width, price / width):
                found = self.tried(for_work(self.costs(best), float(at)))
                if found is not None and found.work > best.work:
                    best, price = found, float(at)
        return best
