"""Whole answers within limits and in blocks, made without the solver and then by it."""

import pytest

pytest.importorskip("flint")

from handmade import answer, certificate
from limited import LIMITS, LimitedCase
from mel_fast.verify import verify_dict
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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_answers_made_without_the_solver(words, kind):
    for seed, scheme in enumerate(SCHEMES):
        check(words, kind, seed + 3 * len(kind), scheme)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_more_answers_made_without_the_solver(words, kind):
    for seed in range(12):
        for scheme in SCHEMES:
            check(words, kind, seed, scheme)
