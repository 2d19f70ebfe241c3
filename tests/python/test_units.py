"""Units other than SI: one table for all files, one quantity once, slips remarked upon."""

import math
import re
import warnings
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.scenarios.text import table1_text
from mel_fast.scenarios.units import UNITS

PAGE = Path(__file__).parents[2] / "docs" / "units.md"


@pytest.fixture
def scenario(tmp_path):
    """Write Table I with some lines changed, and return its file."""

    def write(*changes: tuple[str, str]) -> Path:
        text = table1_text(mel.scenarios.table1(3), learners=3, seed=0)
        for old, new in changes:
            text, found = re.subn(rf"^{old} = .*$", new, text, flags=re.M)
            assert found == 1, old
        path = tmp_path / "s.toml"
        path.write_text(text)
        return path

    return write


def test_decibels_of_table_one_are_its_numbers():
    assert mel.channel.dbm(23.0) == mel.scenarios.NODE_POWER_W
    assert mel.channel.dbm(-174) == mel.scenarios.NOISE_DENSITY_W_PER_HZ
    assert mel.channel.db(-100.0) == 1e-10
    assert type(mel.channel.dbm(np.float64(23))) is float


@given(st.floats(-600, 600))
def test_decibels_are_rounded_correctly_one_by_one_and_in_arrays(x):
    with localcontext() as context:
        context.prec = 60
        exact = float(Decimal(10) ** (Decimal(x) / 10))
    assert mel.channel.db(x) == exact
    assert mel.channel.db(np.array([0.0, x])).tolist() == [1.0, exact]


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e3, -700.0, "23", True, None, [[1.0]]])
def test_what_are_no_decibels_is_refused(bad):
    for function in (mel.channel.db, mel.channel.dbm):
        with pytest.raises((ValueError, TypeError)):
            function(bad)


def test_a_scenario_in_decibels_and_megahertz_is_the_same_to_the_bit(scenario):
    plain = mel.load_scenario(scenario())
    other = mel.load_scenario(
        scenario(
            ("bandwidth_hz", "bandwidth_mhz = 100"),
            ("power_w", "power_dbm = 23"),
            ("noise_density_w_per_hz", "noise_density_dbm_per_hz = -174"),
            ("return_bandwidth_hz", "return_bandwidth_khz = 5000"),
            ("return_power_w", "return_power_dbm = 23.0"),
            ("device_flops_per_s", "device_gflops_per_s = [2.4, 0.7]"),
            ("cycle_s", "cycle_ms = 30000"),
        )
    )
    assert other == plain


def test_a_table_in_decibels_is_the_same_to_the_bit(scenario, tmp_path):
    draw = scenario().read_text()
    listed = re.sub(r"\[learners\].*", '[learners]\ntable = "t.csv"\n', draw, flags=re.S)
    tables = {
        "flops_per_s,gain,max_power_w,name\n1e9,1e-10,0.1,roof\n2e9,1e-11,inf,van\n",
        "gflops_per_s,gain_db,max_power_w,name\n1,-100,0.1,roof\n2,-110,inf,van\n",
    }
    found = set()
    for table in tables:
        (tmp_path / "t.csv").write_text(table)
        path = tmp_path / "s.toml"
        path.write_text(
            listed.replace(
                'table = "t.csv"',
                """table = "t.csv"
return_bandwidth_mhz = 5
return_power_dbm = 23""",
            )
        )
        found.add(mel.load_scenario(path))
    assert len(found) == 1


def test_one_quantity_in_two_units_is_refused_by_both_names(scenario, tmp_path):
    path = scenario(("power_w", "power_w = 0.2\npower_dbm = 23"))
    with pytest.raises(ValueError, match=r"radio\.power_w and radio\.power_dbm are one quantity"):
        mel.load_scenario(path)
    (tmp_path / "t.csv").write_text("flops_per_s,gain,gain_db\n1e9,1e-10,-100\n")
    text = scenario().read_text()
    path.write_text(re.sub(r"\[learners\].*", '[learners]\ntable = "t.csv"\n', text, flags=re.S))
    with pytest.raises(ValueError, match="gain and gain_db are one quantity"):
        mel.load_scenario(path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("power_dbm = 5000", "radio.power_dbm = 5000: dbm = 5000.0: must be"),
        ('power_dbm = "high"', "radio.power_w = 'high'"),
        ("power_dbm = true", "radio.power_w"),
        ("power_dbm = nan", "radio.power_dbm"),
        ("power_dbw = -7", "power_dbw = -7: unknown key"),
    ],
)
def test_a_wrong_value_in_another_unit_is_named(scenario, line, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        mel.load_scenario(scenario(("power_w", line)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mel.Radio(1e6, 1.0, noise_density_w_per_hz=-174), "-174 looks like dBm/Hz"),
        (lambda: mel.Radio(1e6, -3, noise_power_w=1e-12), r"-3 looks like dBm: mel\.channel"),
        (lambda: mel.Learners([1e9], [-100.0]), r"gain\[0\].*-100 looks like dB: mel\.channel"),
        (lambda: mel.Learners([1e9], [1e-9], 1e6, [-7.0]), "return_power_w.*-7 looks like dBm"),
    ],
)
def test_a_refusal_says_what_unit_the_number_seems_to_be_in(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_sweep_and_an_option_change_what_stands_in_another_unit(scenario, command):
    path = scenario(("power_w", "power_dbm = 23"), ("cycle_s", "cycle_ms = 30000"))
    table = mel.sweep(path, {"radio.power_w": [0.1, 0.2]})
    assert mel.sweep(path, {"radio.power_dbm": [20.0]})["tau"][0] >= table["tau"].min()
    done = command("solve", path, "--cycle-s", "60", "--format", "json")
    assert '"cycle_s": 60.0' in done.out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("power_w", "power_w = 23.0"), "23 dBm would be 0.1995 W"),
        (("return_power_w", "return_power_w = 23.0"), "return_power_dbm = 23"),
        (("noise_density_w_per_hz", "noise_density_w_per_hz = 1e-6"), "-174 dBm/Hz"),
        (("bandwidth_hz", "bandwidth_hz = 100.0"), "in files bandwidth_mhz = 100"),
        (("return_bandwidth_hz", "return_bandwidth_hz = 5.0"), "in files return_bandwidth_mhz = 5"),
        (("device_flops_per_s", "device_flops_per_s = [2.4, 0.7]"), "gflops_per_s = 2.4"),
        (("extra_loss_db", "extra_loss_db = -200.0"), "more power arrives than is sent"),
    ],
)
def test_a_slip_of_units_is_remarked_upon_and_can_be_silenced(scenario, command, change, words):
    path = scenario(change)
    with pytest.warns(mel.ImplausibleWarning, match=re.escape(words)):
        problem = mel.load_scenario(path)
    assert any(words in remark for remark in mel.implausible(problem))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=mel.ImplausibleWarning)
        mel.load_scenario(path)
    said = command("solve", path)
    assert said.err.startswith("mel-fast: implausible: ")
    assert words in said.err
    assert command("solve", path, "--no-warnings").err == ""


def test_table_one_is_plausible_as_it_is(scenario):
    assert mel.implausible(mel.scenarios.table1()) == ()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mel.load_scenario(scenario())


def test_the_page_lists_the_table():
    page = PAGE.read_text(encoding="utf-8")
    for unit in UNITS:
        assert f"`{unit.ending}`" in page or f"gain{unit.ending}" in page
