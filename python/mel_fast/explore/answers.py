"""The page's questions, answered by the installed package: what page/endpoint.js puts."""

import math
from typing import Any, cast

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast.explore.page import check_problem
from mel_fast.model import grammar
from mel_fast.model.problem import Problem
from mel_fast.model.times import evaluate_columns
from mel_fast.planning import prices_at
from mel_fast.plans.certificate import certificate_of
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, STATUSES, Scheme
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


def _told(plan: Plan) -> dict[str, Any]:
    result = plan._core_result
    tree: list[dict[str, Any]] = []
    if plan.scheme != "task_only":
        certificate = certificate_of(plan.scheme, plan.bound, result, plan.problem)
        tree = [] if certificate is None else certificate["tree"]
    return {
        "status": str(STATUSES[result.status]),
        "tau": plan.tau,
        "bound": plan.bound,
        "nodes": plan.nodes,
        "passes": plan.passes,
        "elapsed_s": plan.elapsed_s,
        "stopped": result.stopped,
        "blame": _BLAMES[result.blame],
        "blamed": result.blame_learner,
        "plan": _columns(plan),
        "tree": tree,
    }


def _columns(plan: Plan) -> dict[str, list[Any] | None] | None:
    samples, bandwidth, power = plan.samples, plan.bandwidth_hz, plan.power_w
    if samples is None or bandwidth is None or power is None:
        return None
    times = evaluate_columns(plan.problem, plan.tau, samples, bandwidth, power)
    return {
        "samples": samples.tolist(),
        "bandwidth_hz": bandwidth.tolist(),
        "power_w": power.tolist(),
        "blocks": None if plan.blocks is None else plan.blocks.tolist(),
        **{name: column.tolist() for name, column in times._asdict().items()},
    }


guard(__name__)
