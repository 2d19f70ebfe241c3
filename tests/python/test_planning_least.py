"""The least deadline and budgets: bracketed, proved at both ends, and right by enumeration."""

import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from mel_fast import reference
from mel_fast.bracket.least_search import LeastSearch
from strategies import SCHEMES, VARIANTS, Case, cases, holds_for_all

RESOURCES = ("cycle_s", "bandwidth_hz", "power_w")
WIDTH = 1e-9


def amount_of(problem: mel.Problem, over: str) -> float:
    return problem.cycle_s if over == "cycle_s" else getattr(problem.radio, over)


def assert_is_bracketed(found: mel.Least) -> None:
    """Check the bracket's two ends with the independent checker and by solving again."""
    assert found.status == "optimal"
    assert found.lower < found.amount
    assert found.plan is not None
    assert found.plan.tau >= found.tau
    assert violations(found.plan) == []
    assert amount_of(found.plan.problem, found.over) == found.amount
    assert mel.verify(found.plan.problem, found.plan)
    if found.proof is not None:
        assert found.width <= WIDTH
        assert amount_of(found.proof.problem, found.over) == found.lower
        assert found.proof.bound == found.tau - 1
        assert mel.verify(found.proof.problem, found.proof)
        again = mel.solve(found.proof.problem, scheme=found.scheme)
        assert again.tau < found.tau


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_ends_are_proved_in_every_variant(law: str, setting: str, idle: str, scheme: str) -> None:
    for seed in range(3):
        problem = Case(seed, 2 + 2 * seed, 5 + 90 * seed, law, setting, idle, None).problem()
        tau = max(1, mel.solve(problem, scheme=scheme).tau)
        for over in RESOURCES:
            found = mel.least(problem, tau, over, scheme=scheme)
            if found.status != "infeasible":
                assert_is_bracketed(found)


@holds_for_all(
    st.tuples(cases(learners=30, samples=3_000), st.sampled_from(RESOURCES)), ci=30, long=3_000
)
def test_what_a_plan_has_is_no_less_than_the_least(drawn: tuple[Case, str]) -> None:
    problem, over = drawn[0].problem(), drawn[1]
    plan = mel.solve(problem)
    if not plan.tau:
        return
    found = mel.least(problem, plan.tau, over)
    assert_is_bracketed(found)
    assert found.amount <= amount_of(problem, over)
    more = mel.least(problem, plan.tau + 1, over)
    if more.plan is not None:
        assert more.amount > amount_of(problem, over) * (1 - WIDTH)
        assert more.amount >= found.lower


@holds_for_all(cases(learners=5, samples=20), ci=20, long=1_000)
def test_both_ends_agree_with_enumeration(case: Case) -> None:
    problem = case.problem()
    tau = max(1, mel.solve(problem).tau)
    found = mel.fastest(problem, tau)
    assert_is_bracketed(found)
    assert found.proof is not None
    # Double precision decides no closer than this in the reference.
    shorter = problem.with_budgets(cycle_s=found.lower_s * (1 - 1e-7))
    longer = problem.with_budgets(cycle_s=found.cycle_s * (1 + 1e-7))
    assert reference.best_split(longer, tau).scale < 1 + 1e-9
    assert reference.best_split(shorter, tau).scale > 1 - 1e-9


def test_fastest_is_an_alias_of_least_over_the_cycle() -> None:
    problem = mel.scenarios.table1(learners=5)
    alias, least = mel.fastest(problem, 2), mel.least(problem, 2, "cycle_s")
    assert (alias.over, alias.lower, alias.amount) == (least.over, least.lower, least.amount)
    assert alias.plan == least.plan


def test_nothing_to_send_needs_no_radio() -> None:
    task = mel.LearningTask(100, 10, 8, 0, 0, 8, 1e6, setting="federated")
    learners = mel.Learners([1e9, 2e9], 1e-9, 1e6, 0.1)
    problem = mel.Problem(task, learners, mel.Radio(1e6, 1.0, noise_power_w=1e-12), 1.0)
    found = mel.least(problem, 3, "bandwidth_hz")
    assert (found.status, found.lower, found.proof) == ("optimal", 0.0, None)
    assert found.plan is not None
    assert mel.verify(None, found.plan)
    assert_is_bracketed(mel.fastest(problem, 3))


def test_bandwidth_alone_cannot_replace_power() -> None:
    # Density law: B log2(1 + P h / (N0 B)) stays below P h / (N0 ln 2) however large B is.
    task = mel.LearningTask(10, 1000, 32, 1000, 0, 32, 1e6)
    learners = mel.Learners([1e9, 2e9], 1e-12, 1e6, 1e3)
    problem = mel.Problem(task, learners, mel.Radio(1e6, 1e-3, noise_density_w_per_hz=1e-20), 1.0)
    found = mel.least(problem, 1, "bandwidth_hz")
    assert found.status == "infeasible"
    assert found.plan is None
    assert found.proof is not None
    assert mel.verify(None, found.proof)
    assert mel.least(problem, 1, "power_w").status == "optimal"


def test_a_limit_leaves_a_valid_enclosure() -> None:
    problem = mel.scenarios.table1(learners=300, cycle_s=30.0, idle="excused", law="fixed")
    found = mel.fastest(problem, 3, time_limit_s=0.01)
    assert found.status in ("feasible", "undecided", "optimal")
    assert found.lower <= found.amount
    for claim in (found.plan, found.proof):
        assert claim is None or mel.verify(None, claim)


@pytest.mark.parametrize("stops", [False, True])
def test_a_lower_end_that_a_plan_contradicts_is_dropped(
    stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should a bound ever prove too little, no answer states it."""
    looked = LeastSearch._bracket_prices

    def wrong(self: LeastSearch, *words: object) -> None:
        looked(self, *words)
        self.lower = self.upper * (1 + 3e-10)
        self.stopped = stops

    monkeypatch.setattr(LeastSearch, "_bracket_prices", wrong)
    found = mel.least(mel.scenarios.table1(12), 5, "cycle_s")
    if stops:
        assert (found.lower, found.proof, found.status) == (0.0, None, "feasible")
    else:
        assert_is_bracketed(found)


def test_wrong_arguments_are_named() -> None:
    problem = mel.scenarios.table1(learners=3, cycle_s=30.0)
    with pytest.raises(ValueError, match="tau = 0"):
        mel.fastest(problem, 0)
    with pytest.raises(ValueError, match="did you mean 'power_w'"):
        mel.least(problem, 1, "power")  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="lower"):
        _ = mel.least(problem, 1, "power_w").lower_s


@pytest.mark.parametrize(
    ("case", "over", "tau"),
    [
        (Case(3032038262, 32, 265, "density", "parallelized", "excused", None), "power_w", 6),
        (Case(1829661819, 30, 194, "fixed", "parallelized", "excused", None), "bandwidth_hz", 1),
        (Case(613108019, 61, 3378, "density", "parallelized", "served", None), "bandwidth_hz", 9),
    ],
)
def test_a_learner_that_cannot_take_its_share_is_not_passed_over(
    case: Case, over: str, tau: int
) -> None:
    found = mel.least(case.problem(), tau, over, scheme="resource_only")
    assert (found.status, found.plan) == ("infeasible", None)
    assert mel.verify(None, found.proof)
