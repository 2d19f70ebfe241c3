"""What the page reads and writes, against the package: draws, scenarios, plans, numbers."""

import json
import re
import shutil
import struct
import subprocess
import warnings
from pathlib import Path

import numpy as np

import mel_fast as mel
from exploring import PAGE, modules, needs_node, node
from mel_fast._base.drawing import palette
from mel_fast.explore.page import assembled, bundle
from mel_fast.scenarios.file import load_scenario
from mel_fast.scenarios.text import table1_text

LAWS = (
    '{ shape = "disc", radius_m = 50.0 }|{ law = "free_space", carrier_hz = 2.4e9 }|"none"',
    '{ shape = "annulus", inner_m = 5, outer_m = 80 }|'
    '{ law = "indoor_office", carrier_hz = 5e9 }|"rician:6"',
    '{ shape = "fixed", at_m = 700.0 }|{ law = "urban_micro", carrier_hz = 3.5e9 }|"nakagami:2.5"',
    '{ shape = "disc", radius_m = 400.0 }|{ law = "log_distance", at_one_metre_db = 38.5, '
    'slope_db = 29.0, shadowing_db = 7.0, closest_m = 3.0 }|"rayleigh"',
)


def read(text: str) -> mel.Problem:
    return mel.Problem.from_dict(json.loads(text))


@needs_node
def test_a_draw_of_the_page_is_that_of_the_package_to_the_bit(tmp_path: Path) -> None:
    pairs = [(2, 0), (20, 0), (37, 5), (100, 99), (7, 2**40 + 3)]
    for (count, seed), (problem, scenario) in zip(pairs, node("table1", pairs), strict=True):
        expected = mel.scenarios.table1(count, seed=seed)
        assert read(problem) == expected
        path = tmp_path / "scenario.toml"
        path.write_text(scenario)
        assert load_scenario(path) == expected
        assert "[learners.draw]" in scenario


@needs_node
def test_scenario_files_are_read_as_the_package_reads_them(tmp_path: Path) -> None:
    usual = table1_text(mel.scenarios.table1(9, seed=4), learners=9, seed=4)
    texts = [usual]
    for words in LAWS:
        placement, attenuation, fading = words.split("|")
        text = re.sub(r"(?m)^placement = .*", f"placement = {placement}", usual)
        text = re.sub(r"(?m)^attenuation = .*", f"attenuation = {attenuation}", text)
        texts.append(
            re.sub(r"(?m)^fading = .*", f"fading = {fading}", text).replace("draw = 0", "draw = 3")
        )
    listed = usual.split("[learners.draw]")[0]
    texts.append(
        listed
        + "flops_per_s = [2.4e9, 7e8,\n  1_000_000_000, # the third\n]\n"
        + 'gain = 1e-10\nnames = [ "roof", \'van "2"\', "K\\u00fcche" ]\n'
        + "max_samples = [60000, 30000, 20000]\nmax_power_w = [inf, 0.1, 0]\n"
        + '[payload]\nreturn_bits = [1e6, 2e6, 3e6]\nsend_bits = 5'
    )  # fmt: skip
    for text, found in zip(texts, node("scenarios", texts), strict=True):
        path = tmp_path / "scenario.toml"
        path.write_text(text, encoding="utf-8")
        assert read(found) == load_scenario(path)


@needs_node
def test_units_of_files_are_those_of_the_package_to_the_bit(tmp_path: Path) -> None:
    usual = table1_text(mel.scenarios.table1(3, seed=1), learners=3, seed=1)
    listed = usual.split("[learners.draw]")[0]
    rng = np.random.default_rng(4)
    texts = []
    for _ in range(40):
        band, power, noise, *gain = rng.uniform(-90, 30, 6).tolist()
        text = re.sub(r"(?m)^bandwidth_hz = [^#\n]*", f"bandwidth_mhz = {100 + band!r}", listed)
        text = re.sub(r"(?m)^power_w = [^#\n]*", f"power_dbm = {power!r}", text)
        noise_key = f"noise_density_dbm_per_hz = {noise!r}"
        text = re.sub(r"(?m)^noise_density_w_per_hz = [^#\n]*", noise_key, text)
        text = re.sub(r"(?m)^cycle_s = [^#\n]*", "cycle_ms = 31250.7", text)
        texts.append(f"{text}\ngain_db = {gain!r}\ngflops_per_s = [2.4, 0.7, 1.1]\n")
    for text, found in zip(texts, node("scenarios", texts), strict=True):
        path = tmp_path / "scenario.toml"
        path.write_text(text)
        with warnings.catch_warnings(action="ignore"):
            assert read(found) == load_scenario(path)


@needs_node
def test_a_scenario_that_is_written_again_means_the_same(tmp_path: Path) -> None:
    base = mel.scenarios.table1(4, seed=2, law="fixed", idle="excused", setting="federated")
    problems = [
        base,
        base.replace(radio=base.radio.replace(block_hz=180e3), payload=mel.Payload(send_bits=1e5)),
        base.replace(
            learners=base.learners.replace(
                names=["a", "b\\", 'c"', "ä"],
                max_samples=[1000, 2**53, 5, 60000],
                max_bandwidth_hz=[1e6, np.inf, 0.1, 1e60],
                energy_j=[1.0, 2.5e-7, 3e300 / 1e250, np.inf],
                energy_per_flop_j=[0.0, 1e-10, 1e-11, 1e-9],
            )
        ),
    ]
    given = [json.dumps(problem.to_dict()) for problem in problems]
    for problem, text in zip(problems, node("rewritten", given), strict=True):
        path = tmp_path / "scenario.toml"
        path.write_text(text, encoding="utf-8")
        assert load_scenario(path) == problem


@needs_node
def test_hexadecimal_numbers_are_those_of_python() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**64, 3000, dtype=np.uint64).tolist()
    numbers = [struct.unpack("<d", struct.pack("<Q", x))[0] for x in bits]
    numbers = [x for x in numbers if np.isfinite(x)]
    numbers += [0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, 0.1, -2.0]
    words = [x.hex() for x in numbers]
    found = node("hex", words)
    assert [(word, float(x)) for word, x in found] == list(zip(words, numbers, strict=True))
    wrong = ["0X1.8p+1", "0x1.8p+1", "inf", "nan", "0x1.0000000000000p+1024", "", "0x0.0p+1"]
    assert [x for _, x in node("hex", wrong)] == [None] * len(wrong)


@needs_node
def test_hostile_files_are_refused_soon_and_in_words() -> None:
    plan = mel.solve(mel.scenarios.table1(3)).to_dict()
    usual = table1_text(mel.scenarios.table1(3), learners=3, seed=0)

    def changed(**words: object) -> str:
        return json.dumps({**plan, **words})

    many = {**plan["problem"]["learners"], "gain": ["0x1.0000000000000p-30"] * 6000}
    files = [
        ("json", "["),
        ("json", "[" * 200_000),
        ("json", "{}"),
        ("json", '{"__proto__": {"format": "mel_fast.plan"}}'),
        ("json", changed(format="<img src=x onerror=alert(1)>")),
        ("json", changed(version=3)),
        ("json", changed(extra=1)),
        ("json", changed(tau=1e300)),
        ("json", changed(problem={**plan["problem"], "learners": many})),
        ("json", changed(problem={**plan["problem"], "cycle_s": "nan"})),
        ("json", changed(problem={**plan["problem"], "task": {}})),
        ("toml", "a" * 3_000_000),
        ("toml", "x = " + "[" * 100_000),
        ("toml", "a." * 100_000 + "b = 1"),
        ("toml", "\n".join(f"k{i} = 1" for i in range(50_000))),
        ("toml", "[task]\n[task]"),
        ("toml", "[task]\nsamples = 1\nsamples = 2"),
        ("toml", '[task]\nsetting = """x"""'),
        ("toml", "__proto__ = 1"),
        ("toml", "\0\x1b[31m = 1"),
        ("toml", usual.replace("count = 3", "count = 10_000_000")),
        ("toml", usual.replace("cycle_s = 30.0", 'cycle_s = "<script>"')),
        ("toml", usual.replace("seed = 0", "seed = -1")),
        ("toml", usual.replace("return_power_w", 'table = "../../etc/passwd"\nreturn_power_w', 1)),
        ("toml", usual + "\n[learners]\noptional = 1\n"),
        ("toml", usual.replace("return_power_w", "optional = 1\nreturn_power_w", 1)),
        ("toml", usual.replace("return_power_w", "min_flops_per_s = 1\nreturn_power_w", 1)),
        ("toml", usual.replace('"rayleigh"', '"rician:nan"')),
    ]
    for (kind, text), (said, milliseconds) in zip(files, node("refusals", files), strict=True):
        assert said != "accepted", text[:80]
        assert said.isprintable(), said
        assert len(said) < 700, said
        assert milliseconds < 4000, (kind, text[:80])


@needs_node
def test_the_bundle_is_one_script_that_parses() -> None:
    path = modules() / "bundle.mjs"
    path.write_text(bundle())
    done = subprocess.run([shutil.which("node") or "nodejs", "--check", str(path)], check=False)
    assert done.returncode == 0
    assert not re.search(r"^(import|export) ", bundle(), re.MULTILINE)


def test_the_page_allows_its_own_script_and_nothing_else() -> None:
    text = assembled(b"\0asm", mel.scenarios.table1(2), "</script><img src=x>")
    assert text.count("<script") == text.count("</script>") == 3
    assert "default-src 'none'" in text
    assert "unsafe-inline" not in text
    assert "unsafe-eval'" in text.replace("'wasm-unsafe-eval'", "unsafe-eval'")
    assert not re.search(r"(src|href)=\"(?!#|data:)", text)
    for name in PAGE.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|eval\(|document\.write", name.read_text()
        )


def test_the_colours_of_times_are_those_of_the_figures() -> None:
    light = (PAGE / "page.css").read_text().split("@media")[0]
    for name in ("send", "compute", "return", "deadline"):
        colour = getattr(palette, name.upper())
        assert f"--{name}: {colour.lower()}" in light
