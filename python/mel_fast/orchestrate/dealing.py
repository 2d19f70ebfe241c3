"""From a plan to a round: who has what to do, and who sits out and why."""

import time
from collections.abc import Collection, Mapping

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.payload import WholePayload
from mel_fast.orchestrate.estimates.standing import Standing
from mel_fast.orchestrate.fleet import Fleet
from mel_fast.orchestrate.margins.reliability import Beliefs
from mel_fast.orchestrate.margins.search import Trial
from mel_fast.orchestrate.planner import Settings
from mel_fast.orchestrate.rounds import NOBODY, Dealt, Planned, Round, SittingOut
from mel_fast.orchestrate.versions import Versions
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

OUTAGE = "its channel is in outage"
LEFT_OUT = "left out of this round as asked"
NOT_NEEDED = "the plan has no samples for it: the others are done without it"
NOT_SERVED = "not everybody can be served in time: the plan is for the others"
NO_PLAN = "no plan with any samples was found for the learners that there are"
EMPTY = "the fleet is empty"


def excluded(
    fleet: Fleet, standing: Standing, number: int, without: Collection[str]
) -> dict[int, str]:
    """Return the places of those who cannot take part in a round, and why."""
    found = dict[int, str]()
    gain = fleet.column("gain")
    if gain is not None:
        found.update(dict.fromkeys(np.flatnonzero(gain == 0.0).tolist(), OUTAGE))
    for learner, reason in standing.all_against(number).items():
        found[int(np.searchsorted(fleet.ids, learner))] = reason
    found.update({fleet.place(name): LEFT_OUT for name in without})
    return found


def dealt_round(
    number: int,
    settings: Settings,
    fleet: Fleet,
    places: IntColumn,
    trial: Trial | None,
    beliefs: Beliefs,
    sitting_out: Mapping[int, str],
    begun: float,
    versions: Versions,
    *,
    extra: bool = False,
) -> Round:
    """Return the round that a plan for the learners at some places means."""
    names = fleet.listed
    out = {names[place]: why for place, why in sitting_out.items()}
    if trial is None:
        nobody = SittingOut(out, Planned(names, places), NO_PLAN)
        reasons = (NO_PLAN,) if places.size else (EMPTY if not names else "everybody sits out",)
        return Round(
            number, 0, None, (), NOBODY, nobody, Status.INFEASIBLE, settings.task.samples,
            None, None, reasons, settings.cycle_s, time.perf_counter() - begun,
        )  # fmt: skip
    found, plan, given = trial.found, trial.found.plan, trial.found.plan.allocation
    served = found.asked.settings.idle == "served"
    works = np.ones(places.size, dtype=bool) if served else given.samples > 0
    busy, idle = np.flatnonzero(works), places[~works]
    reason = NOT_NEEDED if settings.idle == "excused" else NOT_SERVED
    chosen = places[busy]
    called = tuple(names[place] for place in chosen.tolist())
    cycle, known = trial.cycle.take(busy), beliefs.take(busy)
    nothing = np.zeros(busy.size)
    dealt = Dealt(
        names=called,
        ids=fleet.ids[chosen],
        places={name: k for k, name in enumerate(called)},
        tau=plan.tau,
        deadline_s=settings.cycle_s,
        samples=given.samples[busy],
        bandwidth_hz=given.bandwidth_hz[busy],
        power_w=given.power_w[busy],
        expected=cycle.times(known.gains(nothing), known.speeds(nothing)),
        in_time=None if trial.in_time is None else trial.in_time[busy],
        cycle=cycle,
        payload=payload_at(plan.problem.payload, busy),
        held=dict(versions.held),
        want=versions.current,
        flops_per_s=_speeds(plan, busy),
        compute_j=_computing(plan, busy),
    )
    return Round(
        number=number,
        tau=plan.tau,
        plan=plan,
        planned=Planned(names, places),
        assignments=dealt,
        sitting_out=SittingOut(out, Planned(names, idle), reason),
        status=plan.status,
        left_out=settings.task.samples - int(given.samples.sum()),
        kept=None if trial.in_time is None else trial.kept,
        work=None if trial.in_time is None else trial.work,
        reasons=found.reasons,
        cycle_s=settings.cycle_s,
        planning_s=time.perf_counter() - begun,
        extra=extra,
    )


def _speeds(plan: Plan, busy: IntColumn) -> FloatColumn | None:
    """Return the speeds that are asked for, None where none are chosen."""
    if not plan.problem.chooses_speed or plan.flops_per_s is None:
        return None
    return plan.flops_per_s[busy]


def _computing(plan: Plan, busy: IntColumn) -> FloatColumn | None:
    """Return the joules of computing, None where it is not known what a flop takes."""
    learners, speeds = plan.problem.learners, plan.flops_per_s
    per_flop = learners.energy_per_flop_j
    if learners.energy_coefficient is not None and speeds is not None:
        per_flop = learners.energy_coefficient * speeds**2
    if per_flop is None:
        return None
    flops = plan.tau * plan.allocation.samples * np.asarray(plan.problem.payload.flops_per_sample)
    return np.asarray(per_flop * flops)[busy]


def payload_at(payload: WholePayload, places: IntColumn) -> WholePayload:
    """Return a whole payload of some of the learners."""
    taken = payload.take(places)
    whole = object.__new__(WholePayload)
    for name, value in taken.given().items():
        whole._set(name, value)
    return whole
