"""The end of a round: what it teaches, what is lost, and who takes over."""

import time
from dataclasses import replace

import numpy as np

from mel_fast.orchestrate.batteries.charges import Charges
from mel_fast.orchestrate.dealing import dealt_round, payload_at
from mel_fast.orchestrate.estimates.knowledge import Knowledge
from mel_fast.orchestrate.estimates.reports import Heard, Report, Reports
from mel_fast.orchestrate.fleet import Fleet
from mel_fast.orchestrate.margins.choose import equal_margin
from mel_fast.orchestrate.margins.reliability import Beliefs
from mel_fast.orchestrate.margins.search import Trial
from mel_fast.orchestrate.planner import Asked, Found, Settings
from mel_fast.orchestrate.rounds import Closed, Dealt, Round
from mel_fast.orchestrate.versions import Versions
from mel_fast.planning.policies import left_out, reassigned


def closed_round(ended: Round, reports: Reports, samples: int) -> Closed:
    """Return how a round of a task with so many samples ended."""
    dealt = ended.assignments
    told = [name in reports and reports[name].arrived for name in dealt.names]
    kept = left_out(dealt.samples, np.array(told, dtype=bool), samples)
    arrived = np.flatnonzero(kept.arrived).tolist()
    return Closed(
        number=ended.number,
        tau=ended.tau,
        arrived={dealt.names[k]: int(dealt.samples[k]) for k in arrived},
        missing={
            dealt.names[k]: _why(reports.get(dealt.names[k]), ended.cycle_s)
            for k in kept.missing.tolist()
        },
        samples=kept.samples,
        lost=kept.lost,
    )


def _why(heard: Heard | None, cycle_s: float) -> str:
    if heard is None:
        return "nothing was heard of it"
    if heard.wrong is not None:
        return heard.wrong
    total = heard.report.total_s()
    if total is None or total <= cycle_s:
        return "did not arrive"
    return f"took {total:.6g} s of {cycle_s:.6g} s"


def learn(knowledge: Knowledge, fleet: Fleet, dealt: Dealt, reports: Reports, number: int) -> None:
    """Learn from what was told of a round."""
    knowledge.follow(fleet)
    # Who left is forgotten, and so is who came under the name of one who left.
    known = {
        name: place
        for name, place in ((name, fleet.find(name)) for name in dealt.names)
        if place is not None and fleet.ids[place] == dealt.ids[dealt.places[name]]
    }
    told = [name for name in known if name in reports]
    if told:
        at = np.array([dealt.places[name] for name in told], dtype=np.int64)
        wrong = knowledge.learn(
            np.array([known[name] for name in told], dtype=np.int64),
            [reports[name].report for name in told],
            dealt.cycle.take(at),
            payload_at(dealt.payload, at),
            dealt.samples[at],
        )
        for place, reason in wrong.items():
            knowledge.standing.quarantine(int(fleet.ids[place]), number, reason)
    slow: list[str] = []
    for name, place in known.items():
        learner, heard = int(fleet.ids[place]), reports.get(name)
        if heard is None or (heard.report == Report() and not heard.arrived):
            if heard is None or heard.wrong is None:
                misses = knowledge.standing.silent(learner, number)
                if misses > 1:  # once is an accident
                    slow.append(name)
        else:
            knowledge.standing.answered(learner, number)
    if slow:
        at = np.array([dealt.places[name] for name in slow], dtype=np.int64)
        late = np.array([known[name] for name in slow], dtype=np.int64)
        knowledge.learn_late(late, dealt.cycle.take(at))


def delivered(versions: Versions, fleet: Fleet, dealt: Dealt, reports: Reports) -> None:
    """Note who has the round's model: whoever returned one, or said how long sending took."""
    got = [
        dealt.places[name]
        for name, heard in reports.items()
        if heard.arrived or heard.report.send_s is not None
    ]
    versions.delivered(dealt.ids[np.array(got, dtype=np.int64)])
    versions.keep(fleet.ids)


def extra_round(
    ended: Round,
    closed: Closed,
    knowledge: Knowledge,
    fleet: Fleet,
    settings: Settings,
    confidence: float | None,
    versions: Versions,
    charges: Charges | None = None,
) -> Round | None:
    """Return the round in which those who delivered take over what others did not.

    None where nothing is missing, nobody can take over, or the round was such a one itself.
    """
    begun, plan, dealt = time.perf_counter(), ended.plan, ended.assignments
    if plan is None or ended.extra or not closed.missing:
        return None
    places = {name: fleet.find(name) for name in ended.planned}
    here = {name for name in closed.arrived if places[name] is not None}
    helpers = np.flatnonzero([name in here for name in ended.planned])
    if not helpers.size:
        return None
    at = np.array([places[ended.planned[k]] for k in helpers.tolist()], dtype=np.int64)
    beliefs = Beliefs(*knowledge.beliefs()).take(at)
    margin = np.full(at.size, -equal_margin(at.size, confidence))
    learners = plan.problem.learners
    gain, speed = learners.gain.copy(), learners.flops_per_s.copy()
    gain[helpers], speed[helpers] = beliefs.gains(margin), beliefs.speeds(margin)
    slow = learners.min_flops_per_s
    learners = learners.replace(
        gain=gain,
        flops_per_s=speed,
        min_flops_per_s=None if slow is None else np.minimum(slow, speed),
    )
    if charges is not None:
        assert learners.energy_j is not None
        energy = learners.energy_j.copy()
        energy[helpers] = charges.allowed_of(dealt, [ended.planned[k] for k in helpers.tolist()])
        learners = learners.replace(energy_j=energy)
    now = plan.problem.replace(learners=learners)
    lost = sum(dealt[name].samples for name in closed.missing)
    words = {"threads": settings.threads, "time_limit_s": settings.time_limit_s}
    found = reassigned(plan, now, helpers, lost, words)
    if found.plan is None:
        return None
    shorter = replace(
        settings,
        task=settings.task.replace(samples=lost),
        cycle_s=found.plan.problem.cycle_s,
        idle="excused",
    )
    problem = found.plan.problem
    asked = Asked(shorter, problem.learners.columns(), problem._given)
    trial = Trial(Found(found.plan, asked, ()), None, asked.cycle(found.plan), None, 0.0, 0.0)
    return dealt_round(
        ended.number, shorter, fleet, at, trial, beliefs, {}, begun, versions, extra=True
    )
