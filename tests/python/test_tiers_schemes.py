"""The report's equations by hand, what they leave open, and what is refused."""

import copy
import doctest
import importlib
import pickle

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.tiers import Job, Tier, check, frontier, privacy, schedule, simulate

JOB = Job(200, items=50)
END = Tier("end", 8, 0.52, accuracy=0.5, parameters=840_000)
EDGE = Tier("edge", 4, 0.415, 0.5, accuracy=0.61)
CLOUD = Tier("cloud", 1, 0.55, 1.0, accuracy=0.73)
TIERS = [END, EDGE, CLOUD]


def test_equations_1_to_3_by_hand():
    # 200 / 8 * 0.52 = 13; 200 / 1 * 1.55 = 310; 200 / 4 * 0.915 = 45.75
    for scheme, expected in (("end", 13.0), ("end_cloud", 323.0), ("end_edge", 58.75)):
        found = schedule(JOB, TIERS, scheme)
        assert found.ideal_s == pytest.approx(expected, rel=1e-15)
        assert found.makespan_s == pytest.approx(expected, rel=1e-15)
    assert schedule(JOB, TIERS, "end").counts["end"].tolist() == [25] * 8
    assert schedule(JOB, TIERS, "end").accuracy == 0.5
    assert schedule(JOB, TIERS, "end_cloud").counts["cloud"].tolist() == [200]


@pytest.mark.parametrize(
    ("edges", "mapped", "number", "theta", "ideal"),
    [
        (4, None, 2, 0.0, 58.75),  # ceil(0.915 / 0.52) = 2: all eight end devices have an edge
        (4, 1, 1, 0.5, 13.0 + 0.5 * 310.0 + 0.5 * 45.75),  # as the report's evaluation has it
        (3, None, 2, 0.25, 13.0 + 0.25 * 310.0 + 0.75 * 61.0),
        (6, None, 2, 0.0, 13.0 + 30.5),  # theta = -0.5 is taken as 0
    ],
)
def test_equations_4_to_6_by_hand(edges, mapped, number, theta, ideal):
    found = schedule(JOB, [END, EDGE.replace(devices=edges), CLOUD], "mapping", mapped=mapped)
    assert (found.mapped, found.cloud_share) == (number, theta)
    assert found.ideal_s == pytest.approx(ideal, rel=1e-14)
    assert found.counts["cloud"].sum() == round(200 * theta)
    # whole tasks: 150 over 3 and 100 over 4 divide, 200 over 6 does not
    expected = ideal if edges != 6 else 13.0 + 34 * 0.915
    assert found.makespan_s == pytest.approx(expected, rel=1e-14)
    assert ("theta below 0" in found.reading) == (edges == 6)
    assert ("whole tasks" in found.reading) == (edges in (3, 6))
    assert check(found).valid


def test_a_ratio_that_is_whole_but_for_rounding_counts_as_whole():
    tiers = [Tier("end", 6, 0.1), Tier("edge", 2, 0.1, 0.2), CLOUD]
    assert 0.30000000000000004 / 0.1 > 3.0
    assert schedule(JOB, tiers, "mapping").mapped == 3


def test_tasks_that_do_not_divide_are_dealt_whole_in_turn():
    found = schedule(Job(10), [Tier("end", 4, 1.0), Tier("edge", 3, 2.0)], "end_edge")
    assert found.ideal_s == pytest.approx(10 / 4 + 10 / 3 * 2)
    assert found.makespan_s == 3.0 + 8.0
    assert found.counts["end"].tolist() == [3, 3, 2, 2]
    assert found.counts["edge"].tolist() == [4, 3, 3]
    assert found.starts_s["edge"][0].tolist() == [3.0, 5.0, 7.0, 9.0]


def test_a_tier_keeps_the_pace_of_its_slowest_device():
    tiers = [Tier("end", 2, [1.0, 3.0]), Tier("edge", 2, [1.0, 2.0])]
    found = schedule(Job(5), tiers, "end_edge")
    assert found.ideal_s == pytest.approx(5 / 2 * 3 + 5 / 2 * 2)
    assert found.makespan_s == 6.0 + 4.0  # the fast devices have the odd task: 3 and 3
    assert schedule(Job(5), tiers).counts["end"].tolist() == [4, 1]


def test_mapping_deals_the_last_end_devices_tasks_to_the_cloud():
    found = schedule(Job(19), [Tier("end", 5, 1.0), Tier("edge", 2, 2.0), CLOUD], "mapping")
    assert (found.mapped, found.cloud_share) == (2, pytest.approx(0.2))
    assert found.counts["cloud"].tolist() == [3]  # the fifth of 4, 4, 4, 4, 3


def test_raw_data_go_to_trusted_tiers_only():
    cloud = CLOUD.replace(trusted=False)
    tiers = [END, EDGE, cloud]
    best = schedule(JOB, tiers)
    assert best.counts["cloud"].tolist() == [0]
    assert best.makespan_s == schedule(JOB, [END, EDGE]).makespan_s
    assert check(best).optimal
    for scheme in ("end_cloud", "mapping"):
        with pytest.raises(ValueError, match="'cloud' is not trusted"):
            schedule(JOB, tiers, scheme)
    schedule(JOB, tiers, "end_edge")
    with pytest.raises(ValueError, match="no upper tier"):
        schedule(JOB, [END, cloud])
    with pytest.raises(ValueError, match="'end' is not trusted"):
        schedule(JOB, [END.replace(trusted=False), EDGE])
    with pytest.raises(ValueError, match="may see the data"):
        schedule(JOB, tiers, cloud_tasks=3)
    assert schedule(JOB, tiers, cloud_tasks=(0, 3)).makespan_s == best.makespan_s


def test_encryption_admits_a_tier_and_adds_its_time():
    tiers = [END, EDGE, CLOUD.replace(trusted=False)]
    at_end = schedule(JOB, tiers, encrypt_s={"end": 0.46})
    assert at_end.counts["cloud"].sum() > 0
    assert check(at_end).optimal
    slower = [Tier("end", 8, 0.98), EDGE, CLOUD]
    assert at_end.makespan_s == pytest.approx(schedule(JOB, slower).makespan_s)
    assert schedule(JOB, tiers, "end_cloud", encrypt_s={"cloud": 0.379}).ideal_s == pytest.approx(
        13.0 + 200 * 1.929
    )
    assert simulate(JOB, tiers, scheme=at_end).makespan_s == pytest.approx(at_end.makespan_s)
    assert frontier(JOB, tiers, encrypt_s={"end": 0.46}).within(1e9).counts["cloud"] == [200]
    for bad, message in (
        ({"moon": 1.0}, "'moon' is no tier"),
        ({"end": -1.0}, r"encrypt_s\['end'\] = -1.0"),
        ({"end": [1.0, 2.0]}, "length 2"),
    ):
        with pytest.raises(ValueError, match=message):
            schedule(JOB, tiers, encrypt_s=bad)
    with pytest.raises(TypeError, match="must be a mapping"):
        schedule(JOB, tiers, encrypt_s=0.46)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"devices": -1}, ValueError, r"devices = -1: must be an integer in \[0"),
        ({"devices": 2.5}, ValueError, "devices = 2.5"),
        ({"process_s": -0.1}, ValueError, "process_s = -0.1"),
        ({"process_s": 0.0}, ValueError, "process_s = 0.0"),
        ({"process_s": np.inf}, ValueError, "process_s = inf"),
        ({"process_s": [1.0, np.nan]}, ValueError, r"process_s\[1\] = nan"),
        ({"process_s": [1.0, 2.0, 3.0]}, ValueError, "process_s has length 3"),
        ({"latency_s": -1.0}, ValueError, "latency_s = -1.0"),
        ({"latency_s": np.inf}, ValueError, "latency_s = inf"),
        ({"accuracy": 1.5}, ValueError, "accuracy = 1.5"),
        ({"trusted": 1}, TypeError, "trusted = 1"),
        ({"name": ""}, ValueError, "name = ''"),
        ({"name": 3}, TypeError, "name = 3"),
        ({"parameters": -1}, ValueError, "parameters = -1"),
    ],
)
def test_a_bad_tier_is_refused_by_field_value_and_range(words, error, message):
    with pytest.raises(error, match=message):
        Tier(**{"name": "end", "devices": 2, "process_s": 1.0, **words})


@pytest.mark.parametrize(
    ("arguments", "words", "error", "message"),
    [
        ((JOB, []), {}, ValueError, "tiers is empty"),
        ((JOB, END), {}, TypeError, "must be a list of Tier"),
        ((JOB, [END, 3]), {}, TypeError, r"tiers\[1\] = 3"),
        ((JOB, [END, END]), {}, ValueError, r"tiers\[1\] is named 'end'"),
        ((200, TIERS), {}, TypeError, "job = 200: must be a Job"),
        ((JOB, TIERS, "best"), {}, ValueError, "scheme = 'best': must be one of"),
        ((JOB, [END, CLOUD], "end_edge"), {}, ValueError, "needs a tier named 'edge'"),
        ((JOB, [END, EDGE], "mapping"), {}, ValueError, "needs a tier named 'cloud'"),
        ((JOB, [END.replace(devices=0), EDGE]), {}, ValueError, "'end' has no devices"),
        (
            (JOB, [END, EDGE.replace(devices=0)], "end_edge"),
            {},
            ValueError,
            "'edge' has no devices",
        ),
        ((JOB, TIERS, "end"), {"cloud_tasks": 3}, ValueError, "cloud_tasks is for"),
        ((JOB, TIERS, "end"), {"mapped": 3}, ValueError, "mapped is for"),
        ((JOB, TIERS, "mapping"), {"mapped": 0}, ValueError, "mapped = 0"),
        ((JOB, TIERS), {"cloud_tasks": 201}, ValueError, "cloud_tasks = 201"),
        ((JOB, TIERS), {"cloud_tasks": (5, 3)}, ValueError, "cloud_tasks = 3"),
        ((JOB, TIERS), {"cloud_tasks": (1, 2, 3)}, ValueError, "an integer or two"),
        ((JOB, [END, EDGE]), {"cloud_tasks": 1}, ValueError, "no tier named 'cloud'"),
        ((JOB, [END, CLOUD]), {"cloud_tasks": 1}, ValueError, "no other upper tier"),
    ],
)
def test_a_bad_call_is_refused_with_the_argument(arguments, words, error, message):
    with pytest.raises(error, match=message):
        schedule(*arguments, **words)


def test_bad_jobs_and_frontiers_are_refused():
    for tasks in (0, -1, 10**9, 2.5):
        with pytest.raises(ValueError, match="tasks = "):
            Job(tasks)
    with pytest.raises(TypeError, match="tasks = 'many'"):
        Job("many")
    with pytest.raises(ValueError, match="'edge' has no accuracy"):
        frontier(JOB, [END, EDGE.replace(accuracy=None), CLOUD])
    with pytest.raises(ValueError, match="no tier named 'cloud'"):
        frontier(JOB, [END, EDGE])
    with pytest.raises(ValueError, match="points = 1"):
        frontier(JOB, TIERS, points=1)


def test_objects_are_values_and_travel():
    for value in (JOB, END, EDGE):
        assert pickle.loads(pickle.dumps(value)) == value
        assert hash(copy.copy(value)) == hash(value)
    assert END.replace(devices=9).task_s.size == 9
    with pytest.raises(AttributeError, match="immutable"):
        END.devices = 3
    found = schedule(JOB, TIERS)
    again = pickle.loads(pickle.dumps(found))
    assert again.makespan_s == found.makespan_s
    assert check(again).optimal
    assert mel.tiers.Tier is Tier


def test_a_summary_says_what_is_proved_and_what_was_read():
    best, mapping = schedule(JOB, TIERS), schedule(JOB, TIERS, "mapping", mapped=1)
    assert "proved optimal: only 0 tasks can leave the end devices before 0.52 s" in best.summary()
    assert "N_map = 1 as given" in mapping.summary()
    assert mapping.accuracy == pytest.approx(0.67)
    assert schedule(JOB, [Tier("a", 1, 1.0), Tier("b", 1, 1.0)]).accuracy is None


def test_table_3_follows_from_the_layers():
    assert privacy.RESNET_FIRST.parameters == 9472
    assert privacy.RESNET_FIRST.output(32, 32) == (16, 16, 64)
    assert privacy.WRN_FIRST.parameters == 432
    assert privacy.WRN_FIRST.output(32, 32) == (32, 32, 16)
    assert privacy.WRN_FIRST.output_bits(32, 32) == 32 * 32 * 16 * 32
    assert privacy.Convolution(3, 1, 1, stride=2).output(33, 1) == (17, 1, 1)
    with pytest.raises(ValueError, match="kernel = 0"):
        privacy.Convolution(0, 3, 64)
    with pytest.raises(TypeError, match="bias = 1"):
        privacy.Convolution(1, 3, 64, bias=1)


def test_the_overhead_is_what_computing_and_sending_add():
    assert privacy.overhead_s(0.5, 0.1, 3e6, 1e6, 1e6) == pytest.approx(2.4)
    share = privacy.overhead_share(0.46, 0.368, [0.5, 2.0])
    assert share == pytest.approx([0.46 / 0.868, 0.46 / 2.368])
    assert privacy.fitted_s(share, 0.368, [0.5, 2.0]) == pytest.approx(0.46)


@pytest.mark.parametrize("suffix", [".svg", pytest.param(".pdf", marks=pytest.mark.long)])
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    made = []
    for name in ("a", "b"):
        schedule(Job(30), TIERS).plot(tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]


def test_pictures_of_many_devices_and_tasks_stay_small():
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    tiers = [Tier("end", 300, 1.0), Tier("edge", 2, 0.005), Tier("cloud", 1, 0.01)]
    figure = schedule(Job(30_000), tiers).plot()
    axes = figure.axes[0]
    # as many of each tier as there are, up to its third of the rows
    assert len(axes.get_yticks()) == 16 + 2 + 1
    assert "19 of 303 devices" in axes.get_title(loc="left")
    assert sum(len(bars.get_paths()) for bars in axes.collections) < 10_000
    with_accuracy = [tier.replace(accuracy=0.5) for tier in tiers]
    assert frontier(Job(50), with_accuracy).plot().axes[0].get_legend() is not None


@pytest.mark.parametrize(
    "module",
    ["", "checking", "frontiers", "jobs", "planning", "privacy", "runs.simulation", "runs.working"],
)
def test_the_examples_of_the_docstrings_print_what_they_say(module):
    found = doctest.testmod(importlib.import_module(f"mel_fast.tiers.{module}".rstrip(".")))
    assert found.attempted > 0
    assert found.failed == 0
