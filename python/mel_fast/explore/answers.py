"""The page's questions, answered by the installed package: what page/endpoint.js puts."""

import math
from typing import Any, cast

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast.bracket.selected import Answer, selection
from mel_fast.explore.page import check_problem
from mel_fast.model import grammar
from mel_fast.model.problem import Problem
from mel_fast.planning import prices_at
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme, Status
from mel_fast.solve.single import solve

KINDS = ("solve", "decide", "worth")
MOST_SECONDS = 10.0
_BLAMES = ("none", "slow_return", "computing", "radio")
_BUDGETS = ("cycle_s", "bandwidth_hz", "power_w")
_REST = ("tau", "budgets", "scheme", "seconds", "spare")


class Answers:
    """Answers questions; remembers the problem of the last one, which the next mostly has too."""

    def __init__(self) -> None:
        self._last: tuple[object, Problem] | None = None

    def __call__(self, content: bytes) -> Any:
        """Return what is to be sent back for a question in JSON, ready for JSON.

        Raises
        ------
        ValueError
            For what is no question, or a problem that is refused.
        """
        question = grammar.loads(content)
        asked = grammar.members("question", question, ("problem", "kind", *_REST), _REST)
        kind = grammar.word("kind", asked["kind"], KINDS)
        problem = self._problem(asked["problem"])
        seconds = grammar.real("seconds", asked.get("seconds", 1.0), 0.0, MOST_SECONDS)
        budgets = grammar.members("budgets", asked.get("budgets", {}), (), _BUDGETS)
        if budgets:
            problem = problem.with_budgets(
                **{name: grammar.number(name, value) for name, value in budgets.items()}
            )
        scheme = cast(Scheme, grammar.word("scheme", asked.get("scheme", "joint"), SCHEMES))
        if kind == "solve":
            then: Any = "time" if asked.get("spare") is True else "none"
            return _told(solve(problem, scheme=scheme, time_limit_s=seconds, then=then))
        tau = grammar.integer("tau", asked.get("tau"), 1, grammar.LARGEST)
        if kind == "worth":
            return _worth(problem, tau)
        if problem.has_choice:
            return _chosen(problem, tau, seconds)
        core = problem.core_for(scheme)
        found = _core.decide(core, tau, SCHEMES.index(scheme), seconds, 1, None)
        return _told(Plan._from_core(problem, scheme, found))

    def _problem(self, stated: object) -> Problem:
        last = self._last
        if last is not None and last[0] == stated:
            return last[1]
        problem = Problem.from_dict(cast(Any, stated))
        check_problem(problem)
        self._last = stated, problem
        return problem


def _worth(problem: Problem, tau: int) -> dict[str, float] | None:
    plan = Plan(problem, status="undecided", tau=0, bound=tau)
    prices = prices_at(plan, tau)
    if prices is None:
        return None
    names = ("samples", "per_s", "per_hz", "per_w")
    worth = {name: float(getattr(prices, name)) for name in names}
    return worth if all(map(math.isfinite, worth.values())) else None


def _chosen(problem: Problem, tau: int, seconds: float) -> dict[str, Any]:
    """Say whether a tau fits where somebody may choose to sit out."""
    found = selection(problem, tau, seconds, 1, samples=True)
    said = Answer(found, tau)
    plan = Plan(
        problem,
        status=Status.FEASIBLE if said.tau else Status.UNDECIDED,
        tau=said.tau,
        bound=min(said.bound, grammar.LARGEST),
        samples=said.samples,
        bandwidth_hz=said.bandwidth_hz,
        power_w=said.power_w,
        blocks=said.blocks,
        certificate=said.certificate(),
        nodes=found.nodes,
        passes=found.passes,
        elapsed_s=found.elapsed_s,
    )
    return {**_told(plan), "stopped": found.stopped}


def _told(plan: Plan) -> dict[str, Any]:
    tree = (plan.certificate or {}).get("tree", [])
    result = plan._result  # None where somebody chose: no single question says who is to blame
    return {
        "status": str(plan.status),
        "tau": plan.tau,
        "bound": min(plan.bound, grammar.LARGEST),
        "nodes": plan.nodes,
        "passes": plan.passes,
        "elapsed_s": plan.elapsed_s,
        "stopped": plan.status is Status.FEASIBLE if result is None else result.stopped,
        "blame": "choice" if result is None else _BLAMES[result.blame],
        "blamed": 0 if result is None else result.blame_learner,
        "plan": _columns(plan),
        "tree": tree,
    }


def _columns(plan: Plan) -> dict[str, list[Any] | None] | None:
    if plan.samples is None:
        return None
    given = plan.allocation
    speeds = plan.flops_per_s if plan.problem.chooses_speed else None
    columns = {
        "samples": given.samples,
        "bandwidth_hz": given.bandwidth_hz,
        "power_w": given.power_w,
        "blocks": plan.blocks,
        **given.times._asdict(),
        "flops_per_s": speeds,
    }
    return {name: None if c is None else c.tolist() for name, c in columns.items()}


guard(__name__)
