"""Plan files of shared returns are changed in every field: refused, or still true."""

import copy
import functools

import pytest

pytest.importorskip("flint")
pytest.importorskip("jsonschema")

import mel_fast as mel
from mel_fast.verify import verify, verify_dict
from test_verify_schema import VALIDATOR
from test_verify_tampering import GONE, at, changed, is_true, paths, problem, same, tampered
from test_verify_tampering_limited import said
from uplinks import cell

OWN = [0.05, 0.09, 0.02]


def uplink(**changes):
    """The tampering tests' problem with its return planned, everybody with its own power."""
    plain = problem(**changes)
    columns = plain.learners.columns()
    columns["send_bandwidth_hz"] = columns.pop("return_bandwidth_hz")
    columns["send_power_w"] = columns.pop("return_power_w")
    return plain.replace(
        learners=mel.Learners(**columns, max_power_w=OWN),
        radio=plain.radio.replace(shared="return", power_w=None),
    )


def common():
    """The same with a common power budget, and the columns of the link that is planned."""
    own = uplink(law="fixed", idle="excused")
    return own.replace(
        radio=own.radio.replace(power_w=0.1),
        learners=own.learners.replace(
            max_power_w=None, return_bandwidth_hz=[1e5, 2e5, 3e5], return_power_w=0.1
        ),
    )


def with_energy(**changes):
    """Energies for computing and sending, near what the plan without them spends."""
    other = uplink(**changes)
    return other.replace(
        learners=other.learners.replace(
            energy_j=[0.5, float("inf"), 0.25], energy_per_flop_j=[1e-10, 1e-10, 0.0]
        )
    )


FILES = {
    "own power": lambda: mel.solve(uplink()),
    "energy": lambda: mel.solve(with_energy()),
    "energy, fixed, excused": lambda: mel.solve(with_energy(law="fixed", idle="excused")),
    "energy, task_only": lambda: mel.solve(with_energy(cycle_s=60.0), scheme="task_only"),
    "fixed, excused, common power": lambda: mel.solve(common()),
    "task_only": lambda: mel.solve(uplink(cycle_s=60.0), scheme="task_only"),
    "infeasible": lambda: mel.solve(uplink(cycle_s=3.0)),
}


@functools.cache
def made(name):
    return FILES[name]().to_dict()


def file(name):
    return copy.deepcopy(made(name))


def is_new(path):
    """Whether a place only exists where the return is shared."""
    return path[-1:] == ("shared",) or any(
        str(word).startswith("send_") or word == "max_power_w" for word in path
    )


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "name",
    ["infeasible", *(pytest.param(n, marks=pytest.mark.long) for n in FILES if n != "infeasible")],
)
def test_every_field(name):
    data = file(name)
    assert data["version"] == 2
    verdict = verify_dict(data)
    assert verdict.ok, verdict.reasons
    assert is_true(data)
    assert VALIDATOR.is_valid(data), next(VALIDATOR.iter_errors(data))
    refused = 0
    for path in paths(data):
        top = path[:1] in {("problem",), ("certificate",)}
        if not is_new(path) and (top or (len(path) > 1 and path[0] != "power_w")):
            continue
        for new in tampered(at(data, path)):
            other = changed(data, path, new) if path or new is not GONE else None
            if other is None or same(other, data):
                continue
            verdict = verify_dict(other)
            if verdict.ok:
                assert is_true(other), (path, new)
                assert VALIDATOR.is_valid(other), (path, new)
            else:
                refused += 1
                assert verdict.reasons, (path, new)
                assert all(verdict.reasons), (path, new)
    assert refused > 100


BROKEN = {
    "shared is 'send'": {"problem__radio__shared": "send"},
    "shared is 'both'": {"problem__radio__shared": "both"},
    "missing ['power_w'], unknown ['send": {"problem__radio__shared": GONE, "version": 1},
    "keys missing ['power_w']": {"problem__radio__shared": GONE},
    "send_bandwidth_hz": {"problem__learners__send_bandwidth_hz": GONE},
    "some learner's own limit": {"problem__learners__max_power_w": [0.05, "inf", 0.02]},
    "above its max_power_w 1e-09": {"problem__learners__max_power_w": [0.05, 1e-9, 0.02]},
    "return_bandwidth_hz and return_power_w only": {
        "problem__learners__return_bandwidth_hz": [1.0] * 3
    },
    "neither for power_w nor for block_hz": {
        "problem__learners__energy_j": [1.0] * 3,
        "problem__learners__energy_per_flop_j": [0.0] * 3,
        "problem__radio__power_w": 1.0,
    },
    "J more than energy_j = 0.001 J": {
        "problem__learners__energy_j": [0.001] * 3,
        "problem__learners__energy_per_flop_j": [0.0] * 3,
    },
    "to return over rate zero": {"power_w": [0.0, 0.0, 0.0]},
    "late for T": {"power_w": [1e-6, 1e-6, 1e-6]},
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_is_no_uplink_or_breaks_it_is_refused_by_name(words):
    changes = BROKEN[words]
    if words.startswith("missing"):
        words = "radio"
    assert words in said(file("own power"), **changes)


def test_a_plan_of_one_direction_is_none_of_the_other():
    data = file("fixed, excused, common power")
    data["problem"]["learners"]["return_power_w"] = [1e-9] * 3  # of no matter while it is planned
    assert verify_dict(data).ok
    del data["problem"]["radio"]["shared"]
    assert not verify_dict(data).ok


def test_power_that_nobody_shares_has_no_price():
    """Any price of it would prove less: the checker leaves it out."""
    data = file("own power")
    leaf = data["certificate"]["tree"][0]
    for mu in (0.0, 1e6):
        data["certificate"]["tree"] = [{**leaf, "mu_per_w": mu}]
        assert verify_dict(data).ok
        assert is_true(data)
    data["certificate"]["tree"] = [{**leaf, "lambda_per_hz": 0.0}]
    assert not verify_dict(data).ok


def test_many_learners_are_checked():
    plan = mel.solve(cell(200))
    assert plan.status == "optimal"
    assert verify(plan.problem, plan).ok
