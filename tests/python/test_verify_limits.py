"""Whole answers within limits and in blocks, made without the solver and then by it."""

import pytest

pytest.importorskip("flint")

import mel_fast as mel
from handmade import answer, certificate
from limited import LIMITS, LimitedCase
from mel_fast.verify import verify_dict, verify_file
from naive_judge import plan_holds, proof_holds
from strategies import SCHEMES, VARIANTS, Case

KINDS = {
    **{name: ((name,), None) for name in LIMITS},
    "all": (LIMITS, None),
    "blocks": ((), 5),
    "all and blocks": (LIMITS, 6),
}


def small(seed, words, kind, learners=3, samples=9):
    names, blocks = KINDS[kind]
    case = Case(seed, 1 + seed % learners, 2 + seed % samples, *words, [None, 1, 2][seed % 3])
    return LimitedCase(case, names, blocks).problem()


def belittled(data, problem, scheme):
    """The false claim that the best tau is impossible, with the best prices for it."""
    proof = certificate(problem, scheme, data["tau"])
    columns = ("samples", "bandwidth_hz", "power_w")
    other = {**data, **dict.fromkeys(columns), "certificate": proof}
    other.pop("blocks", None)
    return other | {"status": "undecided", "tau": 0, "bound": data["tau"] - 1}


def check(words, kind, seed, scheme):
    problem = small(seed, words, kind)
    data = answer(problem, scheme)
    verdict = verify_dict(data)
    assert verdict.ok, verdict.reasons
    assert plan_holds(data)
    assert proof_holds(data)
    if data["tau"]:
        assert not verify_dict(belittled(data, problem, scheme)).ok


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_answers_made_without_the_solver(words, kind):
    seed = VARIANTS.index(words) + list(KINDS).index(kind)
    check(words, kind, seed, SCHEMES[seed % 3])


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_more_answers_made_without_the_solver(words, kind):
    for seed in range(12):
        for scheme in SCHEMES:
            check(words, kind, seed, scheme)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_answers_of_the_solver(words, kind, tmp_path):
    path = tmp_path / "plan.json"
    seen = set()
    for seed in range(12):
        problem = small(seed, words, kind, learners=6, samples=60)
        plan = mel.solve(problem, scheme=SCHEMES[seed % 3])
        seen.add(str(plan.status))
        plan.save(path)
        for verdict in (mel.verify(problem, plan), verify_file(path)):
            assert verdict.ok, (seed, verdict.reasons)
            assert verdict.margin > 0
            assert verdict.spare_s >= 0
    assert "optimal" in seen
