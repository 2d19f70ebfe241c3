"""Bad input is refused before any solving, naming field, index, value and allowed range."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import mel_fast as mel
from test_api_model import learners, problem, task

POSITIVE = "must be a finite number in [1e-60, 1e+60]"


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), 1e-61, 5e-324, 1e61])
@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("flops_per_sample", lambda x: task(flops_per_sample=x)),
        ("bandwidth_hz", lambda x: mel.Radio(x, 1.0, noise_power_w=1.0)),
        ("power_w", lambda x: mel.Radio(1.0, x, noise_power_w=1.0)),
        ("noise_power_w", lambda x: mel.Radio(1.0, 1.0, noise_power_w=x)),
        ("noise_density_w_per_hz", lambda x: mel.Radio(1.0, 1.0, noise_density_w_per_hz=x)),
        ("cycle_s", lambda x: problem(cycle_s=x)),
        ("flops_per_s", lambda x: mel.Learners(x, [1.0, 2.0], 1.0, 1.0)),
        ("flops_per_s[1]", lambda x: mel.Learners([1.0, x, 0.0], 1.0, 1.0, 1.0)),
        ("return_power_w[2]", lambda x: mel.Learners(1.0, 1.0, 1.0, np.array([1.0, 1.0, x]))),
    ],
)
def test_positive_numbers_are_named_when_refused(field, make, value):
    with pytest.raises(ValueError, match=f"^{re.escape(f'{field} = {value!r}: {POSITIVE}')}$"):
        make(value)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e-61, 5e-324, 1e61])
def test_a_gain_is_positive_or_zero(value):
    for field, gain in (("gain", value), ("gain[1]", [1.0, value, 0.0])):
        with pytest.raises(ValueError, match=re.escape(f"{field} = {value!r}: {POSITIVE} or 0")):
            mel.Learners([1.0, 2.0, 3.0], gain, 1.0, 1.0)


@pytest.mark.parametrize(
    "value", [True, np.True_, "1", b"1", 1j, None, [1.0], Decimal(1), {}, np.datetime64("2026")]
)
def test_numbers_of_the_wrong_kind_are_type_errors(value):
    with pytest.raises(TypeError, match=r"^cycle_s = .*must be"):
        problem(cycle_s=value)


@pytest.mark.parametrize(
    "value",
    [
        "1",
        b"1",
        True,
        None,
        1j,
        ["1", "2"],
        [1.0, True],
        (1.0, np.False_),
        [1.0, None],
        [1.0, 1j],
        np.array([True, False]),
        np.array([1j, 1.0]),
        np.array(["1", "2"]),
        np.array([1, 2], dtype="m8[s]"),
        {1.0, 2.0},
        {"a": 1.0},
    ],
)
def test_columns_of_the_wrong_kind_are_type_errors(value):
    with pytest.raises(TypeError, match=r"^gain(\[\d\])? .*must be a"):
        mel.Learners([1.0, 2.0], value, 1.0, 1.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"length 0: at least 1 learner"),
        ([[1.0, 2.0]], r"gain has shape \(1, 2\)"),
        ([1.0, [2.0]], r"gain is ragged"),
        ([1.0, 2.0, 3.0], r"differ in length \(flops_per_s 2, gain 3\)"),
        ([1.0, 10**400], r"gain\[1\] = 1000"),
        (10**400, r"gain = 1000"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), r"gain has masked entries"),
        (np.longdouble("1e4000") * np.ones(2, np.longdouble), r"gain\[0\] = inf"),
    ],
)
def test_columns_of_the_wrong_shape_or_range_are_value_errors(value, message):
    flops_per_s = [] if isinstance(value, list) and not value else [1.0, 2.0]
    with pytest.raises(ValueError, match=message):
        mel.Learners(flops_per_s, value, 1.0, 1.0)


def test_all_scalars_need_a_count():
    with pytest.raises(ValueError, match="count="):
        mel.Learners(1.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"count = 0"):
        mel.Learners(1.0, 1.0, 1.0, 1.0, count=0)
    with pytest.raises(ValueError, match=r"count 3, gain 2"):
        mel.Learners(1.0, [1.0, 1.0], 1.0, 1.0, count=3)


@pytest.mark.parametrize("value", [2.5, 0, -1, 2**53 + 1, 1e300, float("nan"), float("inf"), 2**70])
def test_samples_must_be_an_exact_positive_integer(value):
    with pytest.raises(
        ValueError, match=r"^samples = .*must be an integer in \[1, 9007199254740992"
    ):
        task(samples=value)


@pytest.mark.parametrize("value", [True, "1", None, 1j, Fraction(1, 2), np.array([1]), np.True_])
@pytest.mark.parametrize("field", ["samples", "features", "fixed_parameters", "parameter_bits"])
def test_counts_of_the_wrong_kind_are_type_errors(field, value):
    with pytest.raises(TypeError, match=rf"^{field} = "):
        task(**{field: value})


@pytest.mark.parametrize("field", ["features", "fixed_parameters", "parameters_per_sample"])
def test_three_counts_may_be_zero(field):
    assert getattr(task(**{field: 0}), field) == 0


@pytest.mark.parametrize("field", ["samples", "feature_bits", "parameter_bits"])
def test_the_other_counts_may_not(field):
    with pytest.raises(ValueError, match=rf"^{field} = 0: must be an integer in \[1, "):
        task(**{field: 0})


@pytest.mark.parametrize(
    "changes",
    [
        {"features": 2**40, "feature_bits": 2**14},
        {"fixed_parameters": 2**50},
        {"parameters_per_sample": 2**50},
        {"features": 2**48, "parameters_per_sample": 2**47},
    ],
)
def test_bits_beyond_exact_doubles_are_refused(changes):
    with pytest.raises(ValueError, match=r"bits: must be an integer in \[0, 9007199254740992\]"):
        task(**changes)


@pytest.mark.parametrize("noises", [{}, {"noise_power_w": 1.0, "noise_density_w_per_hz": 1.0}])
def test_exactly_one_noise_is_needed(noises):
    with pytest.raises(ValueError, match="exactly one"):
        mel.Radio(1.0, 1.0, **noises)


def test_words_are_refused_with_the_nearest_right_one():
    with pytest.raises(ValueError, match="did you mean 'federated'"):
        task(setting="federate")
    with pytest.raises(ValueError, match="did you mean 'excused'"):
        problem(idle="excuse")
    with pytest.raises(ValueError, match="did you mean 'task_only'"):
        mel.solve(problem(), scheme="task-only")
    with pytest.raises(TypeError, match="idle = 3"):
        problem(idle=3)


def test_parts_of_the_wrong_type_are_named():
    with pytest.raises(TypeError, match="learners is a list: must be a Learners"):
        problem(learners=[1.0])
    with pytest.raises(TypeError, match="problem is a str"):
        mel.solve("problem")
    with pytest.raises(TypeError, match="problem is a NoneType"):
        mel.evaluate(None, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"time_limit_s": -1.0},
            ValueError,
            r"time_limit_s = -1.0: must be a number in \[0, inf\]",
        ),
        ({"time_limit_s": float("nan")}, ValueError, "time_limit_s = nan"),
        ({"time_limit_s": "1"}, TypeError, "time_limit_s = '1'"),
        ({"threads": 0}, ValueError, r"threads = 0: must be an integer in \[1, 1024\]"),
        ({"threads": True}, TypeError, "threads = True"),
        ({"threads": 1.5}, ValueError, "threads = 1.5"),
        ({"callback": 3}, TypeError, "callback is a int"),
        ({"scheme": None}, TypeError, "scheme = None"),
    ],
)
def test_solve_refuses_wrong_options(arguments, kind, message):
    with pytest.raises(kind, match=message):
        mel.solve(problem(), **arguments)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0, 1, 1, 1), ValueError, r"tau = 0: must be an integer in \[1, "),
        ((1, [1, 2], 1, 1), ValueError, "samples has length 2: must be a number or of length 3"),
        ((1, [1, -2, 3], 1, 1), ValueError, r"samples\[1\] = -2"),
        ((1, [1, 2.5, 3], 1, 1), ValueError, r"samples\[1\] = 2.5"),
        ((1, [1, float("nan"), 3], 1, 1), ValueError, r"samples\[1\] = nan"),
        ((1, np.array([1, 2, 2**60], np.uint64), 1, 1), ValueError, r"samples\[2\] = 11529"),
        ((1, ["1", "2", "3"], 1, 1), TypeError, "samples has dtype"),
        ((1, 1, [1.0, -0.5, 1.0], 1), ValueError, r"bandwidth_hz\[1\] = -0.5.*\[0, 1e\+60\]"),
        ((1, 1, 1, [1.0, 1.0, float("inf")]), ValueError, r"power_w\[2\] = inf"),
        ((1, 1, 1, [True, True, True]), TypeError, r"power_w\[0\] = True"),
    ],
)
def test_evaluate_refuses_wrong_allocations(arguments, kind, message):
    with pytest.raises(kind, match=message):
        mel.evaluate(problem(), *arguments)


def test_nothing_is_solved_when_an_option_is_wrong():
    calls = []
    with pytest.raises(ValueError, match="threads"):
        mel.solve(problem(), threads=-1, callback=lambda *_: calls.append(1))
    assert not calls


def test_one_learner_and_the_ends_of_the_range_are_accepted():
    assert len(learners(1)) == 1
    assert mel.Learners([1e-60, 1e60], 1.0, 1.0, 1.0).flops_per_s.tolist() == [1e-60, 1e60]
