"""The breakpoints of a frontier one after the other, within one time limit."""

from dataclasses import dataclass, replace

from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.search import amount_of
from mel_fast.model.problem import Problem
from mel_fast.planning._least import Least, Resource, search_least
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Scheme
from mel_fast.solve.single import solve


@dataclass(slots=True, eq=False, repr=False)
class Work:
    """What `frontier` asks, one question after the other; once stopped, nothing more."""

    problem: Problem
    over: Resource
    scheme: Scheme
    threads: int
    agenda: Agenda
    interrupted: bool = False
    cause: BaseException | None = None

    def at(self, amount: float, share: float) -> Plan:
        """Solve with so much of the resource, within a share of what is left of the time."""
        problem = self.problem.with_budgets(**{self.over: amount})
        try:
            plan = solve(
                problem,
                scheme=self.scheme,
                threads=self.threads,
                time_limit_s=share * self.agenda.left(),
                callback=self.agenda.callback,
                then="none",
            )
        except Interrupted as error:
            self._interrupt(error.__cause__)
            plan = error.plan
        self.agenda.passes += plan.passes
        return plan

    def steps(self, first: int, last: Plan) -> list[Least]:
        """Bracket the breakpoints of each tau above `first` up to that of the plan `last`."""
        steps: list[Least] = []
        where = last._end
        self.agenda.total = last.tau - first
        for tau in range(first + 1, last.tau + 1):
            limit = self.agenda.share(last.tau + 1 - tau)
            if limit == 0.0:
                self.agenda.stopped = True
                steps.append(Least(self.problem, self.over, tau, self.scheme))
                continue
            try:
                step = search_least(
                    self.problem,
                    tau,
                    self.over,
                    self.scheme,
                    limit,
                    self.threads,
                    where,
                    self.agenda.callback,
                )
            except Interrupted as error:
                self._interrupt(error.__cause__)
                step = error.found
            steps.append(step)
            where = step.end or where
            try:
                self.agenda.answered(step.passes)
            except KeyboardInterrupt as stop:
                self._interrupt(stop)
        return _known(steps, last, self.over)

    def _interrupt(self, cause: BaseException | None) -> None:
        self.cause = cause
        self.agenda.stopped = self.interrupted = True


def _known(steps: list[Least], last: Plan, over: Resource) -> list[Least]:
    """Add what follows from the neighbours: what suffices for more cycles suffices for fewer."""
    known = list(steps)
    amount, plan = amount_of(last.problem, over), last
    blocks = last.problem.radio.blocks if over == "bandwidth_hz" else None
    for at in reversed(range(len(known))):
        if known[at].plan is None or known[at].amount > amount:
            known[at] = replace(known[at], amount=amount, plan=plan, blocks=blocks)
        amount, blocks = known[at].amount, known[at].blocks
        plan = known[at].plan or last
    for at in range(1, len(known)):
        before = known[at - 1]
        if before.lower > known[at].lower:
            known[at] = replace(known[at], lower=before.lower, proof=before.proof)
    return known
