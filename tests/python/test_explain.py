"""Explanations: every sentence that they print is held against solving again."""

import re

import numpy as np
import pytest

import mel_fast as mel
from limited import LIMITS, LimitedCase
from mel_fast.planning._leave_out import without
from mel_fast.planning._limits import without_limit
from patience import in_time
from strategies import IDLES, LAWS, SCHEMES, SETTINGS, Case

PREFIXES = {"p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
RESOURCES = {"cycle": "cycle_s", "bandwidth": "bandwidth_hz", "power": "power_w"}
AMOUNT = r"([\d.e+-]+) ([pnumkMGTP]?)(?:s|Hz|W)"


def amount(number: str, prefix: str) -> float:
    return float(f"{number}e{PREFIXES[prefix]}") if "e" not in number else float(number)


def fits(problem: mel.Problem, tau: int, scheme: str) -> bool | None:
    """Say whether tau fits; None where double precision cannot tell."""
    plan = mel.solve(problem, scheme=scheme, then="none")
    return True if plan.tau >= tau else False if plan.bound < tau else None


class Judge:
    """Holds the sentences of one explanation against the problem."""

    def __init__(self, why: mel.planning.Explanation) -> None:
        self.why, self.problem, self.scheme = why, why.plan.problem, why.plan.scheme
        self.held: set[str] = set()

    def fits(self, problem: mel.Problem, tau: int) -> bool | None:
        return fits(problem, tau, self.scheme)

    def least(self, enough: str, unit: str, name: str, tau: str, less: str, less_unit: str) -> None:
        given = self.problem.with_budgets(**{RESOURCES[name]: amount(enough, unit)})
        assert self.fits(given, int(tau)) is not False
        if less:
            given = self.problem.with_budgets(**{RESOURCES[name]: amount(less, less_unit)})
            assert self.fits(given, int(tau)) is not True

    def never(self, name: str, tau: str) -> None:
        has = {"cycle": self.problem.cycle_s, "bandwidth": self.problem.radio.bandwidth_hz}
        much = 1e6 * has.get(name, self.problem.radio.power_w)
        assert self.fits(self.problem.with_budgets(**{RESOURCES[name]: much}), int(tau)) is not True

    def relieved(self, limit: str, tau: str) -> None:
        assert self.fits(without_limit(self.problem, limit), int(tau)) is not False

    def not_relieved(self, limit: str, tau: str) -> None:
        assert self.fits(without_limit(self.problem, limit), int(tau)) is not True

    def at_most(self, tau: str, most: str) -> None:
        if self.scheme == "resource_only":
            return  # another number of samples has other equal shares
        task = self.problem.task.replace(samples=int(most.replace(",", "")) + 1)
        assert self.fits(self.problem.replace(task=task), int(tau)) is not True

    def left_out(self, learners: str, tau: str) -> None:
        out = np.array([int(k) for k in learners.split(", ")])
        assert self.fits(without(self.problem, out), int(tau)) is not False

    def no_set(self) -> None:
        assert self.fits(self.problem.replace(idle="excused"), 1) is not True or (
            self.problem.learners.min_samples is not None
        )

    def known(self, tau: str, beyond: str) -> None:
        assert self.fits(self.problem, int(tau)) is not False
        assert self.fits(self.problem, int(beyond)) is not True

    def never_one(self) -> None:
        assert self.fits(self.problem, 1) is not True

    def listen(self) -> None:
        rules = (
            (
                rf"{AMOUNT} of (\w+) alone .* make tau = (\d+) fit(?:, {AMOUNT} do not)?\.",
                self.least,
            ),
            (r"More (\w+) alone, however large, does not make tau = (\d+) fit\.", self.never),
            (r"Without (\w+)(?: \(reached.*\))? tau = (\d+) fits\.", self.relieved),
            (r"Lifting (\w+) alone.* does not make tau = (\d+) fit\.", self.not_relieved),
            (r"With tau = (\d+) at most ([\d,]+) of .*", self.at_most),
            (r"Without \d+ learners? \(([\d, ]+)\) the others reach tau = (\d+).*", self.left_out),
            (r"Leaving learners out does not help, whoever they are\.", self.no_set),
            (r"tau = (\d+) fits, tau = (\d+) does not.*", self.known),
            (r"Not even tau = 1 fits .*", self.never_one),
        )
        for line in self.why.lines():
            for rule, judge in rules:
                said = re.fullmatch(rule, line)
                if said:
                    judge(*(part or "" for part in said.groups()))
                    self.held.add(judge.__name__)


def drawn(rng: np.random.Generator) -> tuple[mel.Problem, str]:
    case = Case(
        int(rng.integers(2**31)),
        int(rng.integers(1, 7)),
        int(10 ** rng.uniform(0.3, 2.5)),
        str(rng.choice(LAWS)),
        str(rng.choice(SETTINGS)),
        str(rng.choice(IDLES)),
        None,
    )
    limits = tuple(name for name in LIMITS if rng.random() < 0.3)
    blocks = int(rng.integers(4, 30)) if rng.random() < 0.3 else None
    problem = LimitedCase(case, limits, blocks).problem()
    return problem.replace(cycle_s=problem.cycle_s * 10 ** rng.uniform(-0.7, 0.2)), str(
        rng.choice(SCHEMES)
    )


@pytest.mark.parametrize(
    "draws", [pytest.param(40, id="ci"), pytest.param(1_500, id="long", marks=pytest.mark.long)]
)
def test_every_sentence_holds_when_solved_again(draws: int) -> None:
    rng = np.random.default_rng(draws)
    held: set[str] = set()
    for _ in range(draws):
        problem, scheme = drawn(rng)
        plan = mel.solve(problem, scheme=scheme, then="none")
        judge = Judge(plan.explain(time_limit_s=600.0))
        judge.listen()
        held |= judge.held
    assert held >= {"least", "never", "not_relieved", "at_most", "known", "never_one"}


def test_a_plan_stopped_at_once_proves_nothing() -> None:
    problem = mel.scenarios.table1()
    plan = mel.solve(problem, time_limit_s=0.0)
    why = mel.explain(plan)
    first = why.lines()[0]
    assert "Not even" not in str(why)
    assert first.startswith(
        f"No plan was found; tau = {plan.bound + 1} does not fit; whether tau = 1 "
    )
    assert why.tau == plan.bound + 1
    assert mel.solve(problem).bound < why.tau


@pytest.mark.parametrize("open_taus", [1, 3])
def test_what_lies_between_plan_and_bound_is_open(open_taus: int) -> None:
    best = mel.solve(mel.scenarios.table1())
    bound = best.tau - 1 + open_taus
    plan = mel.Plan(
        best.problem,
        status="feasible",
        tau=best.tau - 1,
        bound=bound,
        samples=best.samples,
        bandwidth_hz=best.bandwidth_hz,
        power_w=best.power_w,
        reasons=["stopped"],
    )
    why = plan.explain()
    between = f"tau = {best.tau} to {bound} fit" if open_taus > 1 else f"tau = {best.tau} fits"
    assert why.lines()[0] == (
        f"tau = {best.tau - 1} fits, tau = {bound + 1} does not; whether {between} is open "
        "(feasible)."
    )
    assert why.tau == bound + 1
    for need in why.needs.values():
        assert need.tau == bound + 1
        assert need.plan is None or need.factor > 1.0


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_without_time_everything_is_said_to_be_open(idle: str) -> None:
    problem = mel.scenarios.table1(learners=5, cycle_s=1.0, idle=idle)
    problem = problem.replace(learners=problem.learners.replace(max_samples=50_000))
    plan = mel.solve(problem)
    why = plan.explain(time_limit_s=0.0)
    said = str(why)
    for claim in (" does not make ", " make tau", "Without max_samples"):
        assert claim not in said
    assert said.count("is open") == 3
    assert "what lifting max_samples would bring" in said
    assert set(why.needs) == {"cycle_s", "bandwidth_hz", "power_w"}
    assert why.unasked


@pytest.mark.parametrize("limit_s", [0.0, 0.005, 0.05])
def test_an_explanation_keeps_to_its_limit(limit_s: float) -> None:
    plan = mel.solve(mel.scenarios.table1(learners=100_000, seed=1, idle="excused"))
    why = in_time(limit_s + 0.2, lambda: plan.explain(time_limit_s=limit_s))
    assert why.unasked
    assert str(why).startswith("tau = 653 fits, tau = 654 does not (optimal).")


def test_reasons_name_no_scheme_that_was_not_asked_for() -> None:
    problem = mel.scenarios.table1(learners=4)
    kept = mel.solve(problem, keep={0: 60_001})
    assert kept.status is mel.Status.INFEASIBLE
    assert "resource_only" not in "".join(kept.reasons)
    assert "min_samples" in kept.reasons[0]
    tight = problem.replace(learners=problem.learners.replace(max_samples=10_000))
    held = mel.solve(tight, scheme="resource_only")
    assert held.status is mel.Status.INFEASIBLE
    assert "resource_only" in held.reasons[0]


def test_reasons_name_no_limit_that_was_not_given() -> None:
    problem = mel.scenarios.table1(learners=6, setting="federated", cycle_s=2.0)
    tight = problem.replace(learners=problem.learners.replace(max_samples=30_000))
    plan = mel.solve(tight)
    assert plan.status is mel.Status.INFEASIBLE
    said = " ".join(plan.reasons)
    for name in ("energy_j", "the caps", "max_bandwidth_hz", "max_power_w", "min_samples"):
        assert name not in said


def test_equal_shares_that_cannot_be_computed_are_not_blamed_on_the_budgets() -> None:
    problem = mel.scenarios.table1(learners=4)
    flops = problem.learners.flops_per_s.copy()
    flops[0] = 1.4 * problem.task.flops_per_sample / problem.cycle_s
    few = problem.replace(
        task=problem.task.replace(samples=7), learners=problem.learners.replace(flops_per_s=flops)
    )
    # One learner can compute one sample, the equal shares of seven are one or two.
    plan = mel.solve(few, scheme="resource_only")
    if plan.status is mel.Status.INFEASIBLE:
        assert "budgets" not in plan.reasons[0]
