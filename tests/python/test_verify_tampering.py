"""A plan file is changed in every field: refused with a reason, or still a true proof.

What the checker lets pass is judged again with 50 digits and by enumeration (`naive_judge`). The
solver's remarks (reasons, nodes, passes, elapsed_s) are no part of the proof.
"""

import copy
import functools
import itertools
import json
import math

import pytest

pytest.importorskip("flint")

import mel_fast as mel
from mel_fast.verify import verify, verify_dict, verify_file
from naive_judge import plan_holds, proof_holds
from test_verify import plans_with_trees

REMARKS = {"reasons", "nodes", "passes", "elapsed_s"}
GONE = object()


def problem(law="density", idle="served", cycle_s=20.0, samples=12, parameters_per_sample=0):
    """Two identical learners and a slower, farther one."""
    noise = {"noise_density_w_per_hz": 4e-15} if law == "density" else {"noise_power_w": 1e-10}
    return mel.Problem(
        mel.LearningTask(
            samples=samples,
            features=100,
            feature_bits=32,
            fixed_parameters=3000,
            parameters_per_sample=parameters_per_sample,
            parameter_bits=32,
            flops_per_sample=1e6,
        ),
        mel.Learners(
            flops_per_s=[1e7, 4e6, 1e7],
            gain=[1e-9, 5e-10, 1e-9],
            return_bandwidth_hz=1e5,
            return_power_w=0.1,
        ),
        mel.Radio(bandwidth_hz=1e5, power_w=0.1, **noise),
        cycle_s=cycle_s,
        idle=idle,
    )


def grown(data, *splits):
    """The same proof over a finer tree: the root's prices hold in every part of its box."""
    (leaf,) = data["certificate"]["tree"]
    nodes = [{"learner": learner, "at": at} for learner, at in splits]
    tree = [part for node in nodes for part in (node, dict(leaf))] + [dict(leaf)]
    return {**data, "certificate": {**data["certificate"], "tree": tree}}


def solved(scheme="joint", **changes):
    return mel.solve(problem(**changes), scheme=scheme).to_dict()


FILES = {
    "density": lambda: solved(),
    "fixed,excused,tree": lambda: grown(
        solved(law="fixed", idle="excused", cycle_s=23.0), (0, 3), (1, 5), (0, 9)
    ),
    "tree and model bits per sample": lambda: grown(
        solved(parameters_per_sample=40), (2, 1), (2, 3), (0, 7), (1, 0)
    ),
    "tree of the solver": lambda: next(plans_with_trees()).to_dict(),
    "infeasible": lambda: solved(cycle_s=3.0),
    "task_only": lambda: solved("task_only", cycle_s=60.0),
    "resource_only": lambda: grown(solved("resource_only", samples=13), (0, 4), (1, 4)),
    "feasible": lambda: {**(data := solved()), "status": "feasible", "tau": data["tau"] - 1},
    "undecided": lambda: {
        **solved(),
        "status": "undecided",
        "tau": 0,
        "samples": None,
        "bandwidth_hz": None,
        "power_w": None,
    },
}


def paths(data, prefix=()):
    """Every place of a JSON document, containers included."""
    yield prefix
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, entry in items if isinstance(data, dict | list) else ():
        if isinstance(entry, dict | list):
            yield from paths(entry, (*prefix, key))
        else:
            yield (*prefix, key)


def at(data, path):
    for key in path:
        data = data[key]
    return data


def changed(data, path, new):
    if not path:
        return new
    data = copy.deepcopy(data)
    place = at(data, path[:-1])
    if new is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return data


def tampered(old):
    """Other values for one place."""
    yield from (
        GONE,
        None,
        True,
        "x",
        [],
        {},
        [old],
        {"value": old},
        math.nan,
        math.inf,
        "nan",
        "inf",
    )
    if isinstance(old, str):
        yield from (old.upper(), old + " ", "")
        if "0x" in old:
            number = float.fromhex(old)
            yield from (-number, number + 1, number * 1.001, number / 1.001, number * 2, 0.0)
            yield from ((number * factor).hex() for factor in (-1, 1.001, 1 / 1.001))
            yield from (old.replace("p", "00p"), f"{number!r}", math.nextafter(number, math.inf))
    elif isinstance(old, int | float) and not isinstance(old, bool):
        yield from (-old, old + 1, old - 1, old + 0.5, str(old), 2**63, 10**400, old * 1.001)
    elif isinstance(old, list):
        yield from (old[:-1], old[1:], old + old[:1], old[::-1], old + old)
        for i in range(len(old) - 1):
            yield [*old[:i], old[i + 1], old[i], *old[i + 2 :]]
            yield [*old[:i], old[i], old[i], *old[i + 2 :]]
            yield [*old[: i + 1], *old[i:]]
    elif isinstance(old, dict):
        yield {**old, "unknown": 1}


def same(a, b):
    """Equal as JSON: true is not 1, and 1.0 is not 1."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def equal_numbers(path, new, data):
    """Whether only the spelling of numbers was changed, hexadecimal or plain."""

    def plain(x):
        if isinstance(x, list):
            return [plain(entry) for entry in x]
        return float.fromhex(x) if isinstance(x, str) and "0x" in x else x

    return plain(new) == plain(at(data, path))


def is_true(data):
    status, tau, bound = data["status"], data["tau"], data["bound"]
    logic = {
        "optimal": 1 <= tau == bound,
        "infeasible": 0 == tau == bound,
        "feasible": tau <= bound,
        "undecided": tau <= bound,
    }
    given = [data[name] is not None for name in ("samples", "bandwidth_hz", "power_w")]
    proof = {name: data[name] for name in ("scheme", "bound", "problem", "certificate")}
    return (
        logic[status] and given == [tau > 0] * 3 and plan_holds(data) and judged(json.dumps(proof))
    )


@functools.cache
def judged(proof):
    return proof_holds(json.loads(proof))


class Written:
    """Something whose `to_dict` is what a file says."""

    def __init__(self, data):
        self.data = data

    def to_dict(self):
        return self.data


def every_field(data, nth=1):
    """The document with one place changed, `(path, new value, document)`: each `nth` change.

    Each place begins with another one, so that every kind of change comes somewhere.
    """
    for place, path in enumerate(paths(data)):
        for new in itertools.islice(tampered(at(data, path)), place % nth, None, nth):
            other = changed(data, path, new) if path or new is not GONE else None
            if other is None or not same(other, data):
                yield path, new, other


def check_every_field(data, nth):
    verdict = verify_dict(data)
    assert verdict.ok, verdict.reasons
    assert is_true(data)
    given = Written(data["problem"])
    refused = 0
    for path, new, other in every_field(data, nth):
        verdict = verify_dict(other)
        if verdict.ok:
            assert verdict.reasons == []
            assert path[0] in REMARKS or is_true(other), (path, new)
            of_another_problem = path[0] == "problem" and not equal_numbers(path, new, data)
            assert verify(given, Written(other)).ok is not of_another_problem
        else:
            refused += 1
            assert all(verdict.reasons), (path, new)
            assert verdict.reasons, (path, new)
    assert refused > 500 / nth


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FILES)
def test_every_field(name):
    check_every_field(FILES[name](), nth=4)


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_every_change_of_every_field(name):
    check_every_field(FILES[name](), nth=1)


COLUMNS = ("samples", "bandwidth_hz", "power_w")


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_swapped_columns_are_refused(law):
    data = solved(law=law)
    for first, second in (("bandwidth_hz", "power_w"), ("samples", "bandwidth_hz")):
        assert not verify_dict({**data, first: data[second], second: data[first]})
    learners = data["problem"]["learners"]
    for first in learners:
        for second in learners:
            if first != second:
                mixed = {**learners, first: learners[second], second: learners[first]}
                other = {**data, "problem": {**data["problem"], "learners": mixed}}
                assert not verify_dict(other) or is_true(other)


def test_plan_that_breaks_each_constraint_says_which_and_where():
    data = solved()
    samples = data["samples"]
    cases = {
        "samples: the sum is +1": {"samples": [samples[0] + 1, *samples[1:]]},
        "samples: the sum is -1": {"samples": [samples[0] - 1, *samples[1:]]},
        # A served learner without samples must still receive the model.
        "learner 0: has 96000 bits": {
            "samples": [0, *samples[1:]],
            "power_w": [0.0, *data["power_w"][1:]],
        },
        "s late for T": {"tau": data["tau"] + 1, "bound": data["bound"] + 1},
        "bandwidth_hz: the sum": {"bandwidth_hz": [1e5, *data["bandwidth_hz"][1:]]},
        "power_w: the sum": {"power_w": [0.1, *data["power_w"][1:]]},
        "learner 0: has": {"power_w": [0.0, *data["power_w"][1:]]},
    }
    for words, change in cases.items():
        other = {**data, **change}
        other["certificate"] = {**data["certificate"], "tau": other["bound"] + 1}
        assert any(words in reason for reason in verify_dict(other).reasons), words


def test_tree_faults_are_named():
    data = grown(solved(), (0, 3), (1, 5))
    split, leaf, other, *_ = data["certificate"]["tree"]
    trees = {
        "boxes are missing": [split, leaf, other, leaf],
        "complete before": [split, leaf, leaf, leaf],
        "cannot split learner 0": [split, split, leaf, leaf, leaf],
        "there is no learner 3": [{"learner": 3, "at": 1}, leaf, leaf],
        "tree[1].lambda_per_hz": [split, {**leaf, "lambda_per_hz": -1.0}, leaf],
        "tree[0]: the bound": [{"lambda_per_hz": 0.0, "mu_per_w": 0.0}],
    }
    for words, tree in trees.items():
        verdict = verify_dict({**data, "certificate": {**data["certificate"], "tree": tree}})
        assert any(words in reason for reason in verdict.reasons), (words, verdict)


def exhausted(samples):
    """Two learners that can compute three samples each; the claim that tau = 1 is impossible."""
    task = mel.LearningTask(samples, 1, 1, 0, 0, 1, flops_per_sample=1.0)
    learners = mel.Learners([1.0, 1.0], 1.0, 1.0, 1.0)
    given = mel.Problem(task, learners, mel.Radio(1e9, 1e9, noise_density_w_per_hz=1e-9), 4.0)
    proof = {"tau": 1, "rule": "prices", "tree": [{"lambda_per_hz": 0.0, "mu_per_w": 0.0}]}
    return given, mel.Plan(given, status="infeasible", tau=0, bound=0, certificate=proof)


def test_a_bound_equal_to_all_samples_proves_nothing():
    given, claim = exhausted(samples=6)
    assert mel.solve(given).tau == 1
    (reason,) = verify(given, claim).reasons
    assert "is not below D = 6" in reason
    assert verify(*exhausted(samples=7)).ok


def test_order_of_identical_learners_is_only_used_when_they_are_identical():
    """Below a split of learner 0 its twin is bounded too; without twins that box stays open."""
    data = solved()
    leaf = data["certificate"]["tree"][0]
    tree = [{"learner": 0, "at": 2}, {"learner": 2, "at": 2}, leaf, leaf, leaf]
    verdict = verify_dict({**data, "certificate": {**data["certificate"], "tree": tree}})
    assert "cannot split learner 2, 0 to 2, at 2" in verdict.reasons[0]
    gain = data["problem"]["learners"]["gain"]
    gain[2] = math.nextafter(float.fromhex(gain[2]), 0.0).hex()
    verdict = verify_dict({**data, "certificate": {**data["certificate"], "tree": tree}})
    assert not any("cannot split" in reason for reason in verdict.reasons)


def test_few_samples_of_the_later_twin_do_not_bind_the_earlier_one():
    data = solved()
    leaf = data["certificate"]["tree"][0]
    tree = [{"learner": 2, "at": 1}, {"learner": 0, "at": 5}, leaf, leaf, leaf]
    assert verify_dict({**data, "certificate": {**data["certificate"], "tree": tree}}).ok


def test_keys_given_twice_are_refused(tmp_path):
    path = tmp_path / "plan.json"
    text = json.dumps(solved())
    path.write_text(text.replace('"tau": ', '"tau": 1, "tau": ', 1))
    assert verify_file(path).reasons == ["keys given twice: tau"]
    path.write_text(text.replace('"lambda_per_hz"', '"mu_per_w"', 1))
    assert verify_file(path).reasons == ["keys given twice: mu_per_w"]
    path.write_text(text.replace('"nodes": ', '"nodes": NaN, "x": ', 1))
    assert not verify_file(path)
