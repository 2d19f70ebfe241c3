"""The model classes: derived quantities, value semantics, and the dict form."""

import copy
import pickle

import numpy as np
import pytest

import mel_fast as mel


def task(**changes):
    arguments = {
        "samples": 60_000,
        "features": 784,
        "feature_bits": 32,
        "fixed_parameters": 280_440,
        "parameters_per_sample": 2,
        "parameter_bits": 32,
        "flops_per_sample": 1_123_736,
    }
    return mel.LearningTask(**{**arguments, **changes})


def learners(count=3):
    speeds = np.linspace(1e9, 2e9, count)
    return mel.Learners(flops_per_s=speeds, gain=1e-10, return_bandwidth_hz=5e6, return_power_w=0.2)


def problem(**changes):
    radio = mel.Radio(1e8, 0.2, noise_density_w_per_hz=4e-21)
    return mel.Problem(task(), learners(), radio, cycle_s=30.0).replace(**changes)


def test_bits_are_those_of_the_paper():
    assert task().model_bits == 8_974_080
    assert task().model_bits_per_sample == 64
    assert task().sample_bits == 784 * 32
    assert task().alpha_bits == 784 * 32 + 64


def test_federated_learning_sends_no_samples():
    federated = task(setting="federated")
    assert federated.sample_bits == 0
    assert federated.alpha_bits == federated.model_bits_per_sample


def test_the_noise_that_is_given_chooses_the_law():
    assert mel.Radio(1.0, 1.0, noise_density_w_per_hz=2.0).law == "density"
    fixed = mel.Radio(1.0, 1.0, noise_power_w=3.0)
    assert (fixed.law, fixed.noise) == ("fixed", 3.0)
    assert problem(radio=fixed).law == "fixed"


def test_a_scalar_stands_for_every_learner():
    three = learners(3)
    assert len(three) == 3
    assert three.gain.tolist() == [1e-10] * 3
    assert len(mel.Learners(1e9, 1e-10, 5e6, 0.2, count=4)) == 4
    assert len(mel.Learners([1e9], 1e-10, 5e6, 0.2)) == 1


def test_columns_are_read_only_contiguous_float64_copies():
    given = np.arange(2.0, 8.0)[::2]
    made = mel.Learners(given, 1e-10, 5e6, 0.2)
    given[0] = -1.0
    assert made.flops_per_s.tolist() == [2.0, 4.0, 6.0]
    for name in ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w"):
        column = getattr(made, name)
        assert column.dtype == np.float64
        assert column.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1.0


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.float32),
        lambda x: x.astype(np.int16),
        lambda x: x.astype(">f8"),
        lambda x: np.repeat(x, 2)[::2],
        lambda x: x[::-1].copy()[::-1],
        lambda x: x.tolist(),
        lambda x: tuple(x.tolist()),
        lambda x: x.astype(object),
        lambda x: memoryview(x),
    ],
    ids=["float32", "int16", "big", "strided", "reversed", "list", "tuple", "object", "memoryview"],
)
def test_any_real_column_is_taken_at_its_value(convert):
    column = np.array([3.0, 1.0, 2.0])
    made = mel.Learners(convert(column), 1e-10, 5e6, 0.2)
    assert made.flops_per_s.tolist() == [3.0, 1.0, 2.0]


def test_a_read_only_column_is_taken_and_left_alone():
    column = np.array([1.0, 2.0])
    column.flags.writeable = False
    before = column.copy()
    assert mel.Learners(column, 1e-10, 5e6, 0.2).flops_per_s.tolist() == [1.0, 2.0]
    assert np.array_equal(column, before)


@pytest.mark.parametrize("count", [6e4, np.float32(6e4), np.int8(60), np.array(60_000), 2**53])
def test_integers_are_taken_in_every_exact_form(count):
    assert task(samples=count).samples == int(count)
    assert type(task(samples=count).samples) is int


MADE = {"task": task(), "learners": learners(), "problem": problem(), "radio": problem().radio}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE.keys())
def test_models_are_values(made):
    twin = pickle.loads(pickle.dumps(made))
    assert twin == made
    assert copy.copy(made) is made
    assert copy.deepcopy(made) is made
    assert made != object()
    assert type(made).__name__ in repr(made)
    with pytest.raises(AttributeError, match="immutable"):
        made.cycle_s = 3.0
    with pytest.raises(AttributeError, match="immutable"):
        del made.samples


def test_columns_stay_read_only_through_pickle():
    assert not pickle.loads(pickle.dumps(learners())).gain.flags.writeable


def test_values_differ_when_one_number_does():
    assert task(samples=1) != task(samples=2)
    assert learners(3) != learners(4)
    assert problem(cycle_s=30.0) != problem(cycle_s=31.0)
    assert problem(idle="served") != problem(idle="excused")


def test_replace_validates_what_it_changes():
    assert problem().replace(cycle_s=7).cycle_s == 7.0
    assert task().replace(samples=5) == task(samples=5)
    with pytest.raises(ValueError, match=r"cycle_s = -1.0"):
        problem().replace(cycle_s=-1)


@pytest.mark.parametrize("silent", [False, True], ids=["all reached", "one in outage"])
def test_quicker_copies_answer_as_replaced_ones(silent):
    gain = np.full(5, 1e-9)
    gain[2] = 0.0 if silent else 2e-9
    learners = mel.Learners(1e9, gain, 1e6, 0.1, min_samples=[0, 1, 0, 2, 0], max_samples=900)
    radio = mel.Radio(1e7, 0.5, noise_density_w_per_hz=4e-21)
    problem = mel.Problem(mel.scenarios.table1(2).task, learners, radio, 40.0, "excused")
    bare = problem.replace(learners=learners.replace(min_samples=None, max_samples=None))
    for base, samples in ((problem, 700), (bare, 70_000), (bare, 7)):
        quick = base.with_samples(samples)
        slow = base.replace(task=base.task.replace(samples=samples))
        assert quick == slow
        ours, theirs = mel.solve(quick), mel.solve(slow)
        assert (ours.tau, ours.bound) == (theirs.tau, theirs.bound)
        assert np.array_equal(ours.samples, theirs.samples)
    for low, high in ((0, 40), (3, 10**6)):
        quick = bare.with_samples(90).with_bounds(low, high)
        limited = learners.replace(min_samples=low, max_samples=high)
        slow = bare.replace(learners=limited, task=bare.task.replace(samples=90))
        assert quick == slow
        ours, theirs = mel.solve(quick), mel.solve(slow)
        assert (ours.tau, ours.bound, ours.status) == (theirs.tau, theirs.bound, theirs.status)
    with pytest.raises(ValueError, match=r"samples = 0: must be"):
        problem.with_samples(0)
    with pytest.raises(ValueError, match="max_samples"):
        problem.with_bounds(4, 3)


@pytest.mark.parametrize("noise", ["noise_density_w_per_hz", "noise_power_w"])
def test_a_problem_survives_its_dict_to_the_last_bit(noise):
    radio = mel.Radio(0.1 + 0.2, 1e-60, **{noise: 1 / 3})
    original = problem(radio=radio, cycle_s=np.nextafter(30.0, 31.0), idle="excused")
    assert mel.Problem.from_dict(original.to_dict()) == original


def test_a_problem_is_read_from_plain_numbers_too():
    data = problem().to_dict()
    data["cycle_s"] = 30
    data["learners"]["gain"] = [1e-10] * 3
    assert mel.Problem.from_dict(data) == problem()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("cycle_s",), "30 s", "cycle_s = '30 s'"),
        (("extra",), 1, "unknown keys"),
        (("learners", "gain"), "1e-10", "must be a list"),
        (("learners", "gain"), ["x"], r"gain\[0\] = 'x'"),
        (("task",), None, "must be an object"),
        (("radio", "noise_power_w"), 1.0, "exactly one"),
    ],
)
def test_a_wrong_dict_is_refused(path, value, message):
    data = problem().to_dict()
    *parents, last = path
    part = data
    for parent in parents:
        part = part[parent]
    part[last] = value
    with pytest.raises((ValueError, TypeError), match=message):
        mel.Problem.from_dict(data)
