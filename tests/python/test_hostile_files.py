"""Files made to take time, memory or the stack: refused in one short line, in linear time."""

import json
import random
import time

import pytest

import mel_fast as mel
from mel_fast.model import grammar
from mel_fast.scenarios import file as scenario_file
from mel_fast.scenarios.file import load_scenario
from mel_fast.scenarios.text import table1_text
from mutated import seeded, text_mutant

LONG_S = 20.0  # of processor time: what takes a second at most, and a minute where it goes wrong


@pytest.fixture(scope="module")
def data():
    return mel.solve(mel.scenarios.table1(learners=3, cycle_s=60.0)).to_dict()


@pytest.fixture(scope="module")
def scenario():
    return table1_text(mel.scenarios.table1(learners=3, seed=1), learners=3, seed=1)


def seconds(call, *words):
    """CPU time of a refusal that must be one short line."""
    begin = time.process_time()
    with pytest.raises(ValueError, match=r".") as refusal:
        call(*words)
    took = time.process_time() - begin
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 2000
    return took


def refused_plan(text, tmp_path):
    pytest.importorskip("flint")
    from mel_fast.verify import verify_file

    path = tmp_path / "plan.json"
    path.write_text(text)
    took = seconds(mel.Plan.load, path)
    begin = time.process_time()
    try:
        verdict = verify_file(path)
    except ValueError as error:
        assert len(str(error)) < 2000  # noqa: PT017
    else:
        assert not verdict
        assert verdict.status is None
        assert len(str(verdict)) < 2000
    return took + time.process_time() - begin


def test_many_unknown_or_repeated_keys_take_linear_time(data, tmp_path):
    many = {f"k{i}": 0 for i in range(60_000)}
    for place in (data, data["problem"], data["problem"]["learners"], data["certificate"]):
        place.update(many)
        assert refused_plan(json.dumps(data), tmp_path) < LONG_S
        for key in many:
            del place[key]
    keys = ", ".join(f'"k{i}": 0' for i in range(60_000))
    assert refused_plan(f"{{{keys}, {keys}}}", tmp_path) < LONG_S


def test_a_file_of_one_kind_of_bracket_number_or_string_is_refused(data, tmp_path):
    text = json.dumps(data)
    for part in ("[" * 200_000, '{"a":' * 200_000, "9" * 200_000, "1e" + "9" * 200_000, '"' * 9):
        assert refused_plan(part, tmp_path) < LONG_S
        assert refused_plan(text.replace('"nodes": ', f'"nodes": {part}, "x": '), tmp_path) < LONG_S
    digits = "0." + "1" * 200_000
    assert refused_plan(text.replace('"nodes": ', f'"nodes": {digits}, "x": '), tmp_path) < LONG_S


def test_too_large_a_plan_file_is_refused_unread(data, tmp_path, monkeypatch):
    pytest.importorskip("flint")
    from mel_fast.verify import verify_file
    from mel_fast.verify.claim import _file

    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))
    size = path.stat().st_size
    monkeypatch.setattr(grammar, "MOST_BYTES", size)
    monkeypatch.setattr(_file, "_MOST_BYTES", size)
    assert mel.Plan.load(path) == mel.Plan.from_dict(data)
    assert verify_file(path).ok
    with path.open("a") as file:
        file.write(" ")
    for read in (mel.Plan.load, verify_file):
        with pytest.raises(ValueError, match=f"more than {size:,} bytes"):
            read(path)


def test_a_scenario_made_to_take_long_is_refused(scenario, tmp_path):
    path = tmp_path / "scenario.toml"
    cases = {
        "unknown key": "".join(f"k{i} = 0\n" for i in range(20_000)) + scenario,
        "and 4,990 more": scenario + "".join(f"k{i} = 0\n" for i in range(5000)),
        "more than 8 parts": ".".join("a" * 20_000) + " = 1\n" + scenario,
        "a key has more": '"\\"" . ' + " . ".join(["'a'"] * 20_000) + ' = "x"\n' + scenario,
        "must be a table": f"task = [{'1, ' * 100_000}]\n",
        "nested too": f"x = {'[' * 100_000}",
        "too deeply": f"x = {'{a = ' * 100_000}",
        "not TOML": f"x = {'1' * 100_000}\n{scenario}",
        "bits: unknown key": f"x = 0x{'1' * 100_000}\n{scenario}",
        "Unterminated string": 'x = "' + '\\"' * 100_000,
    }
    for message, text in cases.items():
        path.write_text(text)
        assert seconds(load_scenario, path) < LONG_S
        with pytest.raises(ValueError, match=message):
            load_scenario(path)


def test_too_large_a_scenario_is_refused_unread(scenario, tmp_path, monkeypatch):
    path = tmp_path / "scenario.toml"
    path.write_text(scenario)
    monkeypatch.setattr(scenario_file, "MOST_BYTES", len(scenario))
    assert load_scenario(path)
    path.write_text(scenario + "#")
    with pytest.raises(ValueError, match="too large for a scenario"):
        load_scenario(path)


def test_dots_in_values_and_comments_are_no_keys(scenario, tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_text(scenario + "# 1.2.3.4.5.6.7.8.9.10.11.12\n")
    assert load_scenario(path)


def scenario_mutants(first, last, text, folder):
    """Break a scenario's text; count those that are read all the same, and whole."""
    read = 0
    path = folder / "scenario.toml"
    for seed in range(first, last):
        rng = seeded("scenario", seed)
        path.write_text(
            text_mutant(text, rng, "0123456789.-+_e=[]{}\"'#\n ,:_xé\x00\x1b\u202e"), "utf-8"
        )
        try:
            problem = load_scenario(path)
        except ValueError as error:
            assert "scenario.toml" in str(error)  # noqa: PT017
            assert str(error).isascii()  # noqa: PT017
            assert str(error).isprintable()  # noqa: PT017
            assert len(str(error)) < 4000  # noqa: PT017
            continue
        read += 1
        assert mel.Problem.from_dict(problem.to_dict()) == problem
    return read


@pytest.mark.no_cover
def test_a_broken_scenario_is_refused_in_one_line_or_read(scenario, tmp_path):
    assert scenario_mutants(0, 750, scenario, tmp_path) > 50


@pytest.mark.long
def test_a_broken_scenario_is_refused_in_one_line_or_read_at_length(scenario, tmp_path):
    assert scenario_mutants(1500, 60_000, scenario, tmp_path) > 5000


def test_the_mutants_are_the_same_every_time():
    assert seeded("a", 1).random() == seeded("a", 1).random()
    assert text_mutant("x" * 50, random.Random(1), "y") == text_mutant(
        "x" * 50, random.Random(1), "y"
    )
