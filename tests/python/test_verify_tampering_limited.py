"""Plan files with limits and with blocks are changed in every field: refused, or still true."""

import copy
import functools

import pytest

pytest.importorskip("flint")
pytest.importorskip("jsonschema")

from handmade import answer
from mel_fast.verify import verify_dict
from test_verify_schema import VALIDATOR
from test_verify_tampering import (
    GONE,
    at,
    every_field,
    is_true,
    problem,
)

LIMITS = {
    "min_samples": [1, 0, 1],
    "max_samples": [9, 4, 9],
    "max_bandwidth_hz": [6e4, float("inf"), 6e4],
    "max_power_w": [0.05, 0.09, float("inf")],
    "energy_j": [1.0, float("inf"), 1.0],
    "energy_per_flop_j": [1e-9, 1e-9, 0.0],
}


def limited(names=tuple(LIMITS), blocks=None, **changes):
    plain = problem(**changes)
    limits = {name: LIMITS[name] for name in names}
    return plain.replace(
        learners=plain.learners.replace(**limits),
        radio=plain.radio.replace(block_hz=blocks and plain.radio.bandwidth_hz / blocks),
    )


def silent(other):
    """The problem with nothing to send or return: computing and its energy are all."""
    task = other.task.replace(setting="federated", fixed_parameters=0, parameters_per_sample=0)
    limits = {"energy_j": [1.0, 0.05, 2.0], "energy_per_flop_j": [1e-8, 1e-9, 0.0]}
    return other.replace(task=task, learners=other.learners.replace(**limits))


FILES = {
    "density": lambda: answer(limited()),
    "fixed, excused": lambda: answer(limited(law="fixed", idle="excused", cycle_s=23.0)),
    "density in blocks": lambda: answer(limited((), blocks=6.5)),
    "fixed in blocks, with limits": lambda: answer(limited(blocks=5, law="fixed", cycle_s=30.0)),
    "task_only in blocks": lambda: answer(limited(blocks=6.5, cycle_s=60.0), "task_only"),
    "resource_only": lambda: answer(limited(samples=11, cycle_s=30.0), "resource_only"),
    "infeasible": lambda: answer(limited(cycle_s=3.0)),
    "nothing to send, in blocks": lambda: answer(silent(limited(blocks=5))),
    "nothing to send": lambda: answer(silent(limited(law="fixed", idle="excused"))),
}


@functools.cache
def made(name):
    return FILES[name]()


def file(name):
    return copy.deepcopy(made(name))


def is_new(path):
    """Whether a place only exists with limits or blocks."""
    return (
        path[:1] == ("blocks",) or path[-1:] == ("block_hz",) or not LIMITS.keys().isdisjoint(path)
    )


def check_every_field(name, nth):
    data = file(name)
    verdict = verify_dict(data)
    assert verdict.ok, verdict.reasons
    assert is_true(data)
    assert VALIDATOR.is_valid(data), next(VALIDATOR.iter_errors(data))
    refused = 0
    for path, new, other in every_field(data, nth):
        if other is None or (
            not is_new(path)
            and (len(path) > 2 or path[:1] not in {("problem",), ("certificate",), ("samples",)})
        ):
            continue
        verdict = verify_dict(other)
        if verdict.ok:
            assert verdict.reasons == []
            assert is_true(other), (path, new)
            assert VALIDATOR.is_valid(other), (path, new)
        else:
            refused += 1
            assert all(verdict.reasons), (path, new)
            assert verdict.reasons, (path, new)
    assert refused > 100 / nth


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FILES)
def test_every_field(name):
    check_every_field(name, nth=3)


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_every_change_of_every_field(name):
    check_every_field(name, nth=1)


def said(data, **changes):
    """The checker's reasons against a file with other values at `a.b.c` written `a__b__c`."""
    for path, value in changes.items():
        *before, last = path.split("__")
        place = at(data, before)
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    verdict = verify_dict(data)
    assert not verdict.ok
    return " | ".join(verdict.reasons)


READ = {
    "min_samples[1] is -1": {"min_samples": [1, -1, 1]},
    "min_samples[0] is 1.0": {"min_samples": [1.0, 0, 1]},
    "min_samples[2] is True": {"min_samples": [1, 0, True]},
    "min_samples[1] = 5 is above max_samples[1] = 4": {"min_samples": [1, 5, 1]},
    "max_samples[1] is 4.5": {"max_samples": [9, 4.5, 9]},
    "max_samples[0] is 9007199254740993": {"max_samples": [2**53 + 1, 4, 9]},
    "max_samples[2] is 'inf'": {"max_samples": [9, 4, "inf"]},
    "max_samples has 2 entries": {"max_samples": [9, 4]},
    "max_bandwidth_hz[0] is nan": {"max_bandwidth_hz": [float("nan"), "inf", 6e4]},
    "max_bandwidth_hz[1] is inf": {"max_bandwidth_hz": [6e4, float("inf"), 6e4]},
    "max_bandwidth_hz[2] is -60000.0": {"max_bandwidth_hz": [6e4, "inf", -6e4]},
    "max_bandwidth_hz[2] is 'Infinity'": {"max_bandwidth_hz": [6e4, "inf", "Infinity"]},
    "max_power_w[0] is -0.05": {"max_power_w": [-0.05, 0.09, "inf"]},
    "max_power_w[1] is '-inf'": {"max_power_w": [0.05, "-inf", "inf"]},
    "max_power_w has 4 entries": {"max_power_w": [0.05, 0.09, "inf", "inf"]},
    "energy_j[0] is 1e+61": {"energy_j": [1e61, "inf", 1.0]},
    "energy_per_flop_j[2] is 'inf'": {"energy_per_flop_j": [1e-9, 1e-9, "inf"]},
    "energy_per_flop_j[2] is -0.5": {"energy_per_flop_j": [1e-9, 1e-9, -0.5]},
    "energy_per_flop_j[0] is 1e-61": {"energy_per_flop_j": [1e-61, 1e-9, 0]},
    "energy_j and energy_per_flop_j only come together": {"energy_j": GONE},
    "energy_per_flop_j only come together": {"energy_per_flop_j": GONE},
    "keys unknown ['min_bandwidth_hz']": {"min_bandwidth_hz": [1.0, 1.0, 1.0]},
}


@pytest.mark.parametrize("words", READ)
def test_what_is_no_limit_is_refused_by_name(words):
    changes = {f"problem__learners__{name}": value for name, value in READ[words].items()}
    assert words in said(file("density"), **changes)


BROKEN = {
    "min_samples": ([11, 0, 1], "learner 0: has {d} samples, its limits are 11 to"),
    "max_samples": ([1, 4, 9], "learner 0: has {d} samples, its limits are 1 to 1"),
    "max_bandwidth_hz": (["inf", 1.5, "inf"], "above its max_bandwidth_hz 1.5"),
    "max_power_w": (["inf", "inf", 1e-9], "above its max_power_w 1e-09"),
    "energy_j": ([1e-3, 1.0, 1.0], "J more than energy_j = 0.001 J"),
    "energy_per_flop_j": ([1e-9, 1e-9, 1.0], "learner 2: spends"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_plan_beyond_a_limit_says_which_and_whose(name):
    data = file("density")
    column, words = BROKEN[name]
    if name == "min_samples":
        data["problem"]["learners"]["max_samples"] = [12, 12, 12]
    assert words.format(d=data["samples"][0]) in said(
        data, **{f"problem__learners__{name}": column}
    )


def test_blocks_that_do_not_fit_are_refused_by_name():
    name = "fixed in blocks, with limits"
    counts = file(name)["blocks"]
    first, *others = counts
    width = float.fromhex(file(name)["problem"]["radio"]["block_hz"])
    more = [first + 5, *others]
    cases = [
        ("blocks are missing", {"blocks": GONE}),
        ("blocks is None", {"blocks": None}),
        ("blocks[0] is 1.5", {"blocks": [1.5, *others]}),
        ("blocks[0] is -1", {"blocks": [-1, *others]}),
        ("blocks has 2 entries", {"blocks": others}),
        ("blocks: the sum is", {"blocks": more}),
        (f"learner 0: bandwidth_hz {first * width!r} is not {first + 5} blocks", {"blocks": more}),
        ("blocks are above max_bandwidth_hz", {"problem__learners__max_bandwidth_hz": [1.0] * 3}),
        ("blocks are given, without", {"problem__radio__block_hz": GONE}),
        ("problem.radio.block_hz = 100001.0: must fit", {"problem__radio__block_hz": 100001.0}),
        ("problem.radio.block_hz = 1e-30: must fit", {"problem__radio__block_hz": 1e-30}),
        ("problem.radio.block_hz is nan", {"problem__radio__block_hz": float("nan")}),
        ("problem.radio.block_hz is None", {"problem__radio__block_hz": None}),
    ]
    for words, changes in cases:
        assert words in said(file(name), **changes), words
    assert "blocks are given, without a plan" in said(file("infeasible"), blocks=[0, 0, 0])
    assert "learner 0: blocks" in said(file("task_only in blocks"), blocks=[3, 2, 1])


def test_limits_belong_to_the_order_of_identical_learners():
    """Twins but for one limit are no twins: below a split of the first the second stays open."""
    data = file("density")
    data["problem"]["learners"] |= {"max_samples": [9, 4, 9], "max_power_w": [0.05, 0.09, 0.05]}
    data["problem"]["learners"]["energy_per_flop_j"] = [1e-9] * 3
    leaf = {"lambda_per_hz": 1e-4, "mu_per_w": 1.0}
    split = [{"learner": 0, "at": 5}, {"learner": 2, "at": 5}, leaf, leaf, leaf]
    data["certificate"]["tree"] = split
    assert "cannot split learner 2, 1 to 5, at 5" in said(data)
    for name, column in (("max_samples", [9, 4, 8]), ("energy_j", [1.0, "inf", 2.0])):
        other = copy.deepcopy(data)
        other["problem"]["learners"][name] = column
        assert "cannot split" not in said(other)


def test_split_must_cut_inside_the_limits():
    data = file("density")
    leaf = {"lambda_per_hz": 1e-4, "mu_per_w": 1.0}
    for at_, words in ((0, "learner 0, 1 to 9, at 0"), (9, "learner 0, 1 to 9, at 9")):
        data["certificate"]["tree"] = [{"learner": 0, "at": at_}, leaf, leaf]
        assert words in said(data)
