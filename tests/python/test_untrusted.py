"""What files say is printed as short, plain ASCII on one line, by everything that prints it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import mel_fast as mel
from mel_fast._base import untrusted
from mel_fast.plans.words.text import html
from mel_fast.scenarios.file import load_scenario
from mel_fast.scenarios.text import table1_text

HOSTILE = {
    "terminal": "\x1b[2J\x1b]0;x\x07",
    "surrogate": "\ud800",
    "direction": "\u202e\u2066",
    "no width": "\u200b\ufeff\u3164\u034f",
    "lines": "a\nb\r\u2028\x85c",
    "long": "y" * 100_000,
    "markup": "[link=file:///x]<script>",
    "NUL": "\x00",
}


@pytest.fixture(scope="module")
def data():
    return mel.solve(mel.scenarios.table1(learners=3, cycle_s=60.0)).to_dict()


def is_harmless(text, longest=2000):
    return text.isascii() and text.isprintable() and len(text) <= longest


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_shown_values_are_short_and_plain(text):
    values = [
        text,
        [text] * 10**5,
        {text: text},
        {"a": {"b": {"c": {"d": {"e": text}}}}},
        text.encode("utf-8", "replace"),
    ]
    for value in values:
        assert is_harmless(untrusted.shown(value), 60)
    assert is_harmless(untrusted.plain(text), 1000)
    assert is_harmless(untrusted.few([text] * 1000), 400)
    assert untrusted.visible(text).isprintable()


def test_ordinary_values_look_as_they_do_in_python():
    for value in ("0x1p+0", 3, 2.5, None, [1, 2], {"a": 1}, True):
        assert untrusted.shown(value) == repr(value)
    assert untrusted.shown(np.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert untrusted.shown(10**100_000) == "an integer of 332193 bits"
    assert untrusted.few(["a", "b"]) == "'a', 'b'"
    assert untrusted.few(range(7)) == "0, 1, 2, 3, 4 and 2 more"
    assert untrusted.visible("größe µ") == "größe µ"
    assert untrusted.repeated(["a", "b", "a", "c", "b", "a"]) == ["a", "b"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_plan_file_cannot_print_what_it_likes(text, data, tmp_path, command):
    path = tmp_path / "plan.json"
    changes = [
        {text: 1},
        {"status": text},
        {"scheme": text},
        {"format": text},
        {"tau": text},
        {"power_w": [text] * 3},
        {"blocks": {text: text}},
        {"certificate": {**data["certificate"], text: text}},
        {"certificate": {**data["certificate"], "rule": text}},
        {"certificate": {**data["certificate"], "tree": [{text: text}]}},
        {"problem": {**data["problem"], "idle": text}},
        {"problem": {**data["problem"], text: text}},
        {"problem": {**data["problem"], "task": {**data["problem"]["task"], "setting": text}}},
    ]
    for change in changes:
        path.write_text(json.dumps({**data, **change}))
        with pytest.raises(ValueError, match=r"plan\.json: ") as refusal:
            mel.Plan.load(path)
        assert is_harmless(str(refusal.value))
        for words in (("check", path), ("solve", "--start", path)):
            outcome = command(*words)
            assert outcome.status in (1, 2)
            assert is_harmless((outcome.out + outcome.err).replace("\n", ""))
            # One line; on stdout it is folded at 80 columns, and goes on indented.
            assert (outcome.out + outcome.err).replace("\n  ", " ").count("\n") == 1
    twice = json.dumps(text)
    path.write_text(json.dumps(data)[:-1] + f", {twice}: 1, {twice}: 2}}")
    with pytest.raises(ValueError, match="keys given twice") as refusal:
        mel.Plan.load(path)
    assert is_harmless(str(refusal.value))
    outcome = command("check", path)
    assert outcome.status == 1
    assert is_harmless(outcome.out.replace("\n", ""))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_reasons_in_a_file_are_kept_and_printed_harmlessly(text, data):
    plan = mel.Plan.from_dict({**data, "reasons": [text] * 100})
    assert plan.reasons == (text,) * 100
    lines = plan.summary().split("\n")
    assert all(map(str.isascii, lines))
    assert all(map(str.isprintable, lines))
    assert len(lines) < 40
    assert "<script>" not in html(plan)
    assert html(plan).isascii()


@pytest.mark.parametrize("text", [text for text in HOSTILE.values() if text != "\ud800"])
def test_a_scenario_cannot_print_what_it_likes(text, tmp_path):
    whole = table1_text(mel.scenarios.table1(learners=3, seed=1), learners=3, seed=1)
    quoted = json.dumps(text).replace("\x7f", "\\u007f")
    path = tmp_path / "scenario.toml"
    for change in (
        f"{quoted} = 1\n{whole}",
        f"task = {quoted}\n",
        whole.replace("[task]", f"[task]\n{quoted} = {quoted}"),
        whole.replace('"parallelized"', quoted),
        whole.replace("[radio]", f"[radio]\n{quoted} = {{ {quoted} = 1 }}"),
        whole.replace("fading =", f"fading = {quoted} #"),
        whole.replace("placement =", f"placement = {{ shape = {quoted} }} #"),
        whole.replace("placement =", f"placement = {{ shape = 'disc', {quoted} = {quoted} }} #"),
        whole.replace("attenuation =", f"attenuation = {{ {quoted} = 1 }} #"),
        f"{text} = 1\n",
    ):
        path.write_text(change, encoding="utf-8")
        with pytest.raises(ValueError, match="scenario") as refusal:
            load_scenario(path)
        assert is_harmless(str(refusal.value), 4000), str(refusal.value)[:300]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_encoding_of_the_terminal_ends_in_a_traceback(encoding, data, tmp_path):
    path = tmp_path / "größe\u202e.json"
    path.write_text(json.dumps({**data, "reasons": ["µ\ud800"], "größe": 1}))
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for name in (str(path), "größe \udcff"):
        run = subprocess.run(
            [sys.executable, "-m", "mel_fast", "check", name],
            capture_output=True,
            env=environment,
            check=False,
        )
        told = run.stdout + run.stderr
        assert run.returncode in (1, 2), told
        assert b"Traceback" not in told
        assert "\u202e".encode() not in told


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_names_of_files_and_of_axes_do_not_act_on_the_terminal(ending, tmp_path, command):
    path = tmp_path / f"a\nb\x1b[2J\u202e.{ending}"
    outcome = command("sweep", "-q", "--over", "learners=3", "--output", path)
    assert outcome.status == 0
    assert path.exists()
    assert is_harmless(outcome.err.removesuffix("\n"))
    for text in ("a\nb", "\x1b[2J", "\ud800", "\u202e"):
        other = tmp_path / f"other.{ending}"
        with pytest.raises(ValueError, match=r"an axis '.*': must be printable") as refusal:
            mel.sweep(lambda **_: mel.scenarios.table1(learners=3), {text: [1]}, output=other)
        assert is_harmless(str(refusal.value))
        assert not other.exists()
