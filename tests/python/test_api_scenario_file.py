"""Scenario files: what is right means what it says, what is wrong is named, all of it at once."""

import contextlib
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.scenarios.file import ScenarioError, load_scenario, parse_scenario
from mel_fast.scenarios.text import table1_text

TEXT = """\
[task]
samples = 1_000
features = 784
feature_bits = 8
fixed_parameters = 6e3
parameters_per_sample = 0
parameter_bits = 32
flops_per_sample = 1e6
setting = "federated"
[radio]
bandwidth_hz = 1e8
power_w = 0.2
noise_power_w = 1e-13
[cycle]
cycle_s = 30
idle = "excused"
[learners]
flops_per_s = [2.4e9, 7e8, 7e8]
gain = [1e-10, 3e-11, 2e-12]
return_bandwidth_hz = 5e6
return_power_w = 0.2
"""
LISTED = TEXT[TEXT.index("flops_per_s =") :]


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="scenario.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


@pytest.fixture
def refuse(write):
    def message(text, overrides=None):
        with pytest.raises(ScenarioError) as caught:
            load_scenario(write(text), overrides)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return message


def test_a_file_means_what_it_says(write):
    problem = load_scenario(write(TEXT))
    assert problem == mel.Problem(
        mel.LearningTask(1000, 784, 8, 6000, 0, 32, 1e6, "federated"),
        mel.Learners([2.4e9, 7e8, 7e8], [1e-10, 3e-11, 2e-12], 5e6, 0.2),
        mel.Radio(1e8, 0.2, noise_power_w=1e-13),
        cycle_s=30.0,
        idle="excused",
    )


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("setting", ["parallelized", "federated"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_the_printed_scenario_is_table_one_to_the_last_bit(write, law, setting, idle):
    problem = mel.scenarios.table1(
        learners=7, cycle_s=12.5, seed=3, law=law, setting=setting, idle=idle
    )
    text = table1_text(problem, learners=7, seed=3)
    assert load_scenario(write(text)) == problem
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ("samples = 1_000", "samples = 2.5", "task.samples = 2.5: must be an integer in [1, "),
        ("samples = 1_000", "samples = true", "task.samples = True: must be an integer in [1, "),
        ("samples = 1_000", 'samples = "9"', "task.samples = '9': must be an integer in [1, "),
        ("features = 784", "", "task.features: missing key"),
        ("features = 784", "features = -1", "task.features = -1: must be an integer in [0, "),
        ("feature_bits = 8", "feature_bit = 8", "did you mean 'feature_bits'?"),
        ("fixed_parameters = 6e3", "fixed_parameters = 2e15", "task: parameter_bits * fixed"),
        ("= 1e8", "= -1e8", "radio.bandwidth_hz = -100000000.0: must be a finite number in [1e-60"),
        ("= 1e8", "= inf", "radio.bandwidth_hz = inf: must be a finite number in [1e-60"),
        ("= 1e8", "= 1979-05-27", "radio.bandwidth_hz = datetime.date(1979, 5, 27): must be"),
        ("bandwidth_hz = 1e8", "bandwidth = 1e8", "did you mean 'bandwidth_hz' (the unit is part"),
        (
            "noise_power_w = 1e-13",
            "",
            "radio: noise_density_w_per_hz = None and noise_power_w = No",
        ),
        (
            "cycle_s = 30",
            "cycle = 30",
            "cycle.cycle = 30: unknown key: must be one of cycle_s, idle",
        ),
        ("cycle_s = 30", "cycle_s = 0", "cycle.cycle_s = 0.0: must be a finite number in"),
        ('"excused"', '"excuse"', "cycle.idle = 'excuse': must be one of 'served', 'excused'; did"),
        ("[cycle]", "[cycles]", "cycle: missing table; cycles = {'cycle_s': 30"),
        ("3e-11,", "nan,", "learners.gain[1] = nan: must be a finite number in [1e-60, 1e+60]"),
        ("3e-11,", '"x",', "learners.gain has dtype"),
        ("3e-11,", "", "learners: learners: columns differ in length (flops_per_s 3, gain 2)"),
        ("gain = [", "gains = [", "learners.gains = [1e-10, 3e-11, 2e-12]: unknown key"),
        ("return_power_w = 0.2", "", "learners: missing return_power_w: must be given here"),
        ("return_power_w = 0.2", "return_power_w = 0.2\ncount = 2", "count 2, flops_per_s 3"),
        (LISTED, "", "learners: missing flops_per_s, gain, return_bandwidth_hz, return_power_w"),
    ],
)
def test_each_mistake_is_named_by_path_value_and_range(refuse, line, change, message):
    assert line in TEXT
    assert message in refuse(TEXT.replace(line, change, 1))


def test_all_mistakes_of_a_file_are_named_at_once(refuse):
    text = TEXT.replace("= 784", "= -1").replace("= 1e8", "= nan").replace("cycle_s = 30", "")
    message = refuse(text)
    assert message.count("; ") == 2
    for part in ("task.features = -1", "radio.bandwidth_hz = nan", "cycle.cycle_s: missing key"):
        assert part in message


@pytest.mark.parametrize("text", ["task", "task = 3", "[task", "a = 1\na = 2", "x = " + "[" * 9999])
def test_files_that_are_no_scenarios_are_refused(refuse, text):
    assert "scenario.toml" in refuse(text)


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(tmp_path / "none.toml")
    with pytest.raises(ScenarioError, match="Is a directory"):
        load_scenario(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ScenarioError, match="is not TOML"):
        load_scenario(tmp_path / "latin.toml")


DRAWN = """\
return_bandwidth_hz = 5e6
return_power_w = 0.2
[learners.draw]
count = 4
device_flops_per_s = [1e9, 2e9]
placement = { shape = "annulus", inner_m = 1.0, outer_m = 30.0 }
attenuation = { law = "free_space", carrier_hz = 2.4e9 }
fading = "rician:6"
"""


def test_learners_are_drawn_as_the_scenarios_module_draws_them(write):
    from mel_fast import channel

    problem = load_scenario(write(TEXT.replace(LISTED, DRAWN)))
    drawn = mel.scenarios.table1(
        learners=4,
        placement=channel.Annulus(1.0, 30.0),
        attenuation=channel.free_space(2.4e9),
        extra_loss_db=0.0,
        fading="rician:6",
    )
    assert problem.learners.gain.tolist() == drawn.learners.gain.tolist()
    assert problem.learners.flops_per_s.tolist() == [1e9, 2e9, 1e9, 2e9]


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ("count = 4", "count = 0", "learners.draw.count = 0"),
        ("count = 4", "count = 4\nseed = -1", "learners.draw.seed = -1: must be an integer in [0"),
        ("count = 4", "counts = 4", "learners.draw.counts = 4: unknown key"),
        ('"rician:6"', '"rician"', "learners.draw.fading 'rician'"),
        ('"rician:6"', "6", "learners.draw.fading = 6: must be a text"),
        ('"annulus"', '"disk"', "learners.draw.placement.shape = 'disk': must be one of 'disc'"),
        (", outer_m = 30.0", "", "learners.draw.placement: missing outer_m for shape = 'annulus'"),
        ("outer_m = 30.0", "outer = 3.0", "learners.draw.placement.outer = 3.0: unknown key"),
        ("30.0", "0.5", "learners.draw.placement: inner_m must lie in [0, 0.5]"),
        ("30.0", "'30'", "learners.draw.placement.outer_m = '30'"),
        ('{ law = "free_space", carrier_hz = 2.4e9 }', '"free_space"', "must be a table with the"),
        ("2.4e9 }", "2.4e9, shadowing = 3 }", "learners.draw.attenuation.shadowing = 3: unknown"),
        ("return_power_w = 0.2\n", "return_power_w = 0.2\ncount = 4\n", "beside 'draw' there must"),
        ("return_power_w = 0.2\n", "return_power_w = 0.2\ngain = 1\n", "both here and by 'draw'"),
    ],
)
def test_each_mistake_of_a_draw_is_named(refuse, line, change, message):
    assert line in DRAWN
    assert message in refuse(TEXT.replace(LISTED, DRAWN.replace(line, change, 1)))


COLUMNS = {"flops_per_s": [2.4e9, 7e8], "gain": [1e-10, 1 / 3]}
TABLED = 'return_bandwidth_hz = 5e6\nreturn_power_w = 0.2\ntable = "{}"\n'


def test_a_csv_beside_the_scenario_gives_the_learners(write):
    rows = zip(*COLUMNS.values(), strict=True)
    write("flops_per_s, gain\n" + "\n".join(f"{f},{h!r}" for f, h in rows) + "\n\n", "some.csv")
    problem = load_scenario(write(TEXT.replace(LISTED, TABLED.format("some.csv"))))
    assert problem.learners == mel.Learners(**COLUMNS, return_bandwidth_hz=5e6, return_power_w=0.2)


def test_a_parquet_file_beside_the_scenario_gives_the_learners(write, tmp_path):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(COLUMNS).astype({"flops_per_s": np.float32}).to_parquet(
        tmp_path / "some.parquet"
    )
    problem = load_scenario(write(TEXT.replace(LISTED, TABLED.format("some.parquet"))))
    assert problem.learners.gain.tolist() == COLUMNS["gain"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "flops_per_s,gain\n1,x\n", "a.csv: gain[0] = 'x': not a number"),
        ("a.csv", "flops_per_s,gain\n1,2\n1,-2\n", "a.csv: gain[1] = -2.0: must be a finite"),
        ("a.csv", "flops_per_s,gain\n1\n", "a.csv: learner 0 has 1 entries for 2 columns"),
        ("a.csv", "flops_per_s,gains\n1,2\n", "a.csv: unknown column 'gains'"),
        ("a.csv", "gain,gain\n1,2\n", "a.csv: column 'gain' is there twice"),
        ("a.csv", "flops_per_s,gain\n", "a.csv: must hold a header and at least one row"),
        ("a.csv", "flops_per_s\n1\n", "learners: missing gain"),
        ("a.csv", "gain,flops_per_s,return_power_w\n1,1,1\n", "both here and by 'table'"),
        ("a.csv", 'gain\n"1', "a.csv is not a CSV file"),
        ("a.parquet", "not parquet", "a.parquet is not a Parquet file"),
        ("a.txt", "", "must be a .csv or .parquet file"),
        (None, "", "No such file"),
    ],
)
def test_each_mistake_of_a_table_is_named(write, refuse, name, content, message):
    if name:
        write(content, name)
    assert message in refuse(TEXT.replace(LISTED, TABLED.format(name or "none.csv")))


def test_overrides_replace_what_the_file_says(write, refuse):
    path = write(TEXT.replace(LISTED, DRAWN))
    changes = {("cycle", "cycle_s"): 7.0, ("learners", "draw", "count"): 2}
    problem = load_scenario(path, changes)
    assert (problem.cycle_s, len(problem.learners)) == (7.0, 2)
    assert "no [learners.draw] in the scenario to set count" in refuse(
        TEXT, {("learners", "draw", "count"): 2}
    )


def test_the_printed_scenario_is_plain_toml():
    data = tomllib.loads(table1_text(mel.scenarios.table1(), learners=20, seed=0))
    assert list(data) == ["task", "radio", "cycle", "learners"]


WHOLE = tomllib.loads(TEXT.replace(LISTED, DRAWN))
ANYTHING = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.dates(),
        st.sampled_from([0, 1e300, 10**400, "none", "disc", "federated", "rician:1e999"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


def places(data, path=()):
    """All keys of a nested dict, and one beside each."""
    for key, value in data.items():
        yield (*path, key)
        yield (*path, "other")
        if isinstance(value, dict):
            yield from places(value, (*path, key))


@pytest.mark.no_cover
@given(place=st.sampled_from(sorted(set(places(WHOLE)))), value=ANYTHING)
def test_whatever_stands_anywhere_is_accepted_or_refused(place, value):
    data = tomllib.loads(TEXT.replace(LISTED, DRAWN))
    *parents, last = place
    part = data
    for parent in parents:
        part = part[parent]
    if isinstance(value, int) and last == "count":
        value = min(value, 1000)
    part[last] = value
    with contextlib.suppress(ScenarioError):
        assert isinstance(parse_scenario(data, Path("nowhere")), mel.Problem)
