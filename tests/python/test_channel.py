"""The channel laws against their formulas, and the portable arithmetic against mpmath."""

import math

import mpmath
import numpy as np
import pytest

from mel_fast import channel
from mel_fast.channel import portable


def worst_ulp(got, exact):
    return max(
        abs((mpmath.mpf(float(g)) - e) / mpmath.mpf(math.ulp(float(e))))
        for g, e in zip(got, exact, strict=True)
    )


def test_portable_logarithm_is_within_two_ulp():
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [rng.random(500), 10 ** rng.uniform(-60, 60, 500), rng.uniform(0.99, 1.01, 500)]
    )
    with mpmath.workdps(40):
        assert worst_ulp(portable.ln(x), [mpmath.log(mpmath.mpf(float(v))) for v in x]) < 2


def test_portable_exponential_is_within_two_ulp():
    x = np.random.default_rng(2).uniform(-300, 300, 1000)
    with mpmath.workdps(40):
        assert worst_ulp(portable.exp(x), [mpmath.exp(mpmath.mpf(float(v))) for v in x]) < 2


def test_portable_turn_lies_on_the_right_place_of_the_circle():
    u = np.append(np.random.default_rng(3).random(1000), [0.0, 0.125, 0.25, 0.5, 0.75])
    cosine, sine = portable.turn(u)
    np.testing.assert_allclose(cosine, np.cos(2 * np.pi * u), rtol=0, atol=4e-15)
    np.testing.assert_allclose(sine, np.sin(2 * np.pi * u), rtol=0, atol=4e-15)


def test_paper_law_reads_the_printed_numbers_in_bels_or_decibels():
    assert channel.paper().loss_db(np.array([10.0]))[0] == pytest.approx(91.0)
    assert channel.paper("decibels").loss_db(np.array([10.0]))[0] == pytest.approx(9.1)
    with pytest.raises(ValueError, match="nepers"):
        channel.paper("nepers")


def test_free_space_is_friis():
    expected = 20 * math.log10(4 * math.pi * 100.0 * 2.4e9 / 299_792_458.0)
    assert channel.free_space(2.4e9).loss_db(np.array([100.0]))[0] == pytest.approx(expected)


def test_indoor_office_follows_the_standard():
    law = channel.IndoorOffice(3.5e9, height_m=2.0)
    d3 = math.hypot(20.0, 2.0)
    expected = 32.4 + 17.3 * math.log10(d3) + 20 * math.log10(3.5)
    assert law.loss_db(np.array([20.0]))[0] == pytest.approx(expected)
    assert law.shadowing_db == 3.0
    with pytest.raises(ValueError, match=r"at most 150.*learner 1"):
        law.loss_db(np.array([10.0, 151.0]))


def test_urban_micro_follows_the_standard_on_both_sides_of_the_break_point():
    law = channel.UrbanMicro(2e9)
    assert law.break_point_m == pytest.approx(4 * 9.0 * 0.5 * 2e9 / 3e8)
    near = 32.4 + 21 * math.log10(math.hypot(100.0, 8.5)) + 20 * math.log10(2)
    far = 32.4 + 40 * math.log10(math.hypot(1000.0, 8.5)) + 20 * math.log10(2)
    far -= 9.5 * math.log10(law.break_point_m**2 + 8.5**2)
    np.testing.assert_allclose(law.loss_db(np.array([100.0, 1000.0])), [near, far])
    assert law.loss_db(np.array([1.0]))[0] == law.loss_db(np.array([10.0]))[0]


@pytest.mark.parametrize(
    ("word", "variance"),
    [("none", 0.0), ("rayleigh", 1.0), ("nakagami:0.5", 2.0), ("nakagami:2.5", 0.4)],
)
def test_fading_has_mean_one_and_its_variance(word, variance):
    law = channel.fading_law(word)
    power = law.power(np.random.default_rng(4).random((100_000, law.uniforms)))
    assert power.mean() == pytest.approx(1.0, abs=0.02)
    assert power.var() == pytest.approx(variance, abs=0.08)


def test_rician_variance_falls_with_the_line_of_sight():
    law = channel.fading_law("rician:6")
    k = 10**0.6
    power = law.power(np.random.default_rng(5).random((100_000, 2)))
    assert power.mean() == pytest.approx(1.0, abs=0.01)
    assert power.var() == pytest.approx((1 + 2 * k) / (1 + k) ** 2, abs=0.02)


@pytest.mark.parametrize("word", ["rice", "rician", "nakagami:0.7", "rayleigh:1", "rician:nan"])
def test_unknown_fading_is_refused_by_its_word(word):
    with pytest.raises(ValueError, match=word):
        channel.fading_law(word)


def test_annulus_keeps_within_its_radii_and_is_uniform_over_the_area():
    distance = channel.Annulus(10.0, 20.0).distance_m(np.random.default_rng(6).random((50_000, 1)))
    assert distance.min() >= 10.0
    assert distance.max() <= 20.0
    assert np.mean(distance**2) == pytest.approx((100.0 + 400.0) / 2, rel=0.01)


def test_shadowing_is_normal_in_decibels():
    parts = {
        "placement": channel.Fixed(10.0),
        "attenuation": channel.LogDistance(40.0, 20.0, shadowing_db=6.0),
        "fading": channel.NoFading(),
    }
    u = np.random.default_rng(7).random((50_000, channel.uniforms_needed(**parts)))
    loss = -10 * np.log10(channel.gains(u, **parts))
    assert loss.mean() == pytest.approx(60.0, abs=0.15)
    assert loss.std() == pytest.approx(6.0, abs=0.1)


def test_gains_are_read_from_files(tmp_path):
    np.save(tmp_path / "g.npy", np.array([1e-9, 2e-9]))
    (tmp_path / "a.csv").write_text("learner,gain\n0,1e-9\n1,2e-9\n")
    (tmp_path / "b.csv").write_text("1e-9\n2e-9\n")
    (tmp_path / "d.csv").write_bytes(b"\xef\xbb\xbfgain\r\n1e-9\r\n2e-9\r\n")
    (tmp_path / "c.csv").write_text("gain_db\n-90\n-100\n")
    for name in ("g.npy", "a.csv", "b.csv", "d.csv"):
        np.testing.assert_array_equal(channel.read_gain(tmp_path / name), [1e-9, 2e-9])
    np.testing.assert_allclose(channel.read_gain(tmp_path / "c.csv"), [1e-9, 1e-10])


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x93NUMPY\x01\x00", b"\xff\xfe1\0"])
@pytest.mark.parametrize("name", ["g.npy", "g.csv"])
def test_what_is_no_gain_file_at_all_is_one_line_with_its_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"g\.(npy|csv)[^\n]*$"):
        channel.read_gain(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gain\n1e-9\nabc\n", "line 3"),
        ("gain\n1e-9\n0\n", r"\[1\]"),
        ("x,y\n1,2\n", "no column named gain"),
        ("", "no rows"),
        ("gain\n", "empty"),
        ("gain\n\x1b[2J\n", r"line 2: not a number: '\\x1b"),
        ("x,y" * 100_000, "no column named gain.{0,400}$"),
        ("gain\n" + "x" * 100_000, "line 2: not a number: .{0,80}$"),
    ],
)
def test_a_bad_gain_file_is_refused_with_its_place(tmp_path, text, message):
    path = tmp_path / "gain.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        channel.read_gain(path)
