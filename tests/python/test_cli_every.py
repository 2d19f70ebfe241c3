"""Every command in every form: 80 columns, one schema, a stdout that is full or read no more."""

import csv
import errno
import io
import json
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

import mel_fast as mel
from mel_fast.cli import group, run
from mel_fast.cli.registry import leaves
from mel_fast.scenarios.text import table1_text
from test_energy import cell

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "cli.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
EVERY = dict(leaves(group))
NUMBER = re.compile(r"\d+(?:\.\d+)?")
NEEDS = {"store": "sqlalchemy", "flower": "flwr"}

# {n}: a word that is another in each run. What takes long is played by a stand-in of its result.
RUNS = (
    ("solve", "--learners 3"),
    ("check", "{plan}"),
    ("least", "--learners 3 --tau 2"),
    ("within", "--energy-budget-j 0.01 {uplink}"),
    ("most", "--learners 3 --tau 2"),
    ("cycles", "{plan}"),
    ("cells", "{scenario} {scenario}"),
    ("cells", "--associate {scenario} {scenario}"),
    ("campaign", "--learners 3 --needs 1=100,2=60,4=45"),
    ("frontier", "--learners 3"),
    ("frontier", "--over energy_j --cycle-s 0.05 {uplink}"),
    ("trade", "--tau 1 --deadlines 0.1,0.2 {uplink}"),
    ("explain", "--learners 3"),
    ("simulate", "--learners 5 --failures 0.5"),
    ("simulate", "--learners 3 --cycle-s 1"),
    ("explore", "--no-browser"),
    ("sweep", "--over seed=0:2 --over cycle_s=1,30 --over learners=3"),
    ("tiers plan", ""),
    ("tiers plan", "--frontier --tasks 5"),
    ("tiers run", ""),
    ("reproduce", "fig1 --out {folder}"),
    ("store publish", "m {folder}/two.npz --message {n}"),
    ("store pull", "m {folder}/pulled{n}.npz"),
    ("store history", "m"),
    ("store diff", "m 1 2"),
    ("store delta", "m --have 1 --want 2"),
    ("store roll-back", "m 1"),
    ("store license", "m free --hide w:0.5:0.8"),
    ("store prune", "m --newest 20"),
    ("store verify", ""),
    ("store token create", "new{n}"),
    ("store token list", ""),
    ("store token rotate", "old"),
    ("store token revoke", "old{n}"),
    ("store serve", ""),
    ("store bench", "--part tiers"),
    ("flower new", "{folder}/project{n}"),
    ("loop draw", "{folder}/log.jsonl"),
    ("loop compare", "--seeds 2"),
    ("loop calibrate", "--seeds 2"),
    ("loop batteries", "--seeds 1 --rounds 1"),
    ("bench", "--quick --part single"),
    ("show-config", ""),
)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Files for the commands: a plan, a scenario whose learners have long names, a log, a store."""
    folder = tmp_path_factory.mktemp("files")
    problem = mel.scenarios.table1(4)
    names = ["roof", "van", "x" * 100, "the third one from the left"]
    named = problem.replace(learners=problem.learners.replace(names=names))
    mel.solve(named).save(folder / "plan.json")
    columns = named.learners.columns()
    with (folder / "four.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name.replace("names", "name") for name in columns])
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    text = table1_text(problem, learners=4, seed=0)
    text = re.sub(r"\[learners\].*", '[learners]\ntable = "four.csv"\n', text, flags=re.S)
    (folder / "scenario.toml").write_text(text)
    cell(3, energy_j=None).with_budgets(cycle_s=0.1).to_toml(folder / "uplink.toml")
    loop = mel.orchestrate.Orchestrator(
        mel.orchestrate.Fleet(problem.learners), problem.task, problem.radio, 30.0,
        log=folder / "log.jsonl",
    )  # fmt: skip
    loop.plan_round()
    loop.close_round()
    weights = {"w": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)}
    np.savez(folder / "one.npz", **weights)
    np.savez(folder / "two.npz", w=weights["w"] * 1.5)
    return {
        "folder": folder,
        "plan": folder / "plan.json",
        "scenario": folder / "scenario.toml",
        "uplink": folder / "uplink.toml",
        "url": f"sqlite:///{folder}/models.db",
    }


@pytest.fixture(scope="module")
def store(places):
    """Keep two versions of a model and some tokens for the commands of the store."""
    pytest.importorskip("sqlalchemy")
    url = ["store", "--url", places["url"]]
    run([*url, "publish", "m", f"{places['folder']}/one.npz"])
    run([*url, "publish", "m", f"{places['folder']}/two.npz"])
    for name in ("old", *(f"old{n}" for n in range(5))):
        run([*url, "token", "create", name])


@pytest.fixture
def stands_in(monkeypatch):
    """Replace what takes long, or for ever, by what it returns."""

    def put(name, module, attribute, value):
        if name.split()[0] != "store" or pytest.importorskip("sqlalchemy"):
            monkeypatch.setattr(f"mel_fast.{module}.{attribute}", value)

    def play(name):
        share, row = (0.95, 0.01), {"name": "a", "seconds": 1.5}
        one = {"name": "plain", "tau": 4.0, "kept": share, "lost": share, "work": share}
        promise = {"what": "plan", "drift_db": 1.0, "asked": 0.9, "kept": 0.95, "lost": 0.01}
        many = [SimpleNamespace(**one)]
        match name:
            case "explore":
                put(name, "explore.Server", "serve_forever", lambda self: None)
            case "store serve":
                serve = lambda store, host, port, ready, **words: ready("http://127.0.0.1:1")  # noqa: E731
                put(name, "store.service.serve", "serve", serve)
            case "store bench":
                put(name, "learning", "digits", lambda: None)
                put(name, "experiments.store.scratch", "scratch", nullcontext)
                put(name, "experiments.store.tiers", "measure", lambda *words: ["free: 0.5"])
            case "tiers run":
                put(name, "_base.optional", "require", lambda *words, **more: None)
                put(name, "learning", "digits", lambda: None)
                put(name, "experiments.tiers.live", "rows", lambda *words, **more: [row])
            case "reproduce":
                written = lambda options, bars: [options.out / "fig1.csv"]  # noqa: E731
                put(name, "experiments.reproduce", "reproduce", written)
            case "loop compare":
                put(name, "experiments.loop.compare", "compared", lambda *words: (many, None))
            case "loop calibrate":
                kept = SimpleNamespace(**promise, tau=4.0, work=100.0)
                put(name, "experiments.loop.calibrate", "promised", lambda *words, **more: kept)
            case "bench":
                report = {"machine": {"date": "today", "cpu": "one"}, "single": [row]}
                put(name, "cli.bench", "run", lambda *words, **more: report)
                put(name, "bench._report", "targets", lambda report: [row])

    return play


class Failing(io.StringIO):
    """A stdout that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, "no")


def test_no_command_is_left_out():
    assert {name for name, _ in RUNS} == set(EVERY)


@pytest.mark.parametrize(("name", "rest"), RUNS, ids=[" ".join(run).strip() for run in RUNS])
def test_it_prints_text_json_and_csv_and_bears_a_stdout_that_does_not(
    name, rest, places, command, stands_in, request, monkeypatch, capsys
):
    for prefix, module in NEEDS.items():
        if name.startswith(prefix):
            pytest.importorskip(module)
    words = name.split()
    if words[0] == "store":
        request.getfixturevalue("store")
        words[1:1] = ["--url", places["url"]]
    stands_in(name)

    def asked(form, number):
        filled = [word.format(**places, n=number) for word in rest.split()]
        return [*words, *filled, "--format", form]

    text = command(*asked("text", 0))
    assert text.status in (0, 3), text
    long = any(str(places["folder"]) in line for line in text.out.splitlines() if len(line) > 80)
    assert max(map(len, text.out.splitlines()), default=0) <= 80 or long
    data = json.loads(command(*asked("json", 1)).out)
    assert name == "solve" or list(VALIDATOR.iter_errors(data)) == []
    if name == "explain":  # the sentences are whole there
        assert NUMBER.findall(text.out) == NUMBER.findall(" ".join(data["sentences"]))
    rows = list(csv.DictReader(io.StringIO(command(*asked("csv", 2)).out)))
    assert len(rows) == len(data["samples" if name == "solve" else "rows"])
    for row, entry in zip(rows, data.get("rows", []), strict=False):
        assert list(row) == list(entry)
    monkeypatch.setattr("os.dup2", lambda *handles: None)
    for number, status, lines in ((errno.ENOSPC, 74, 1), (errno.EPIPE, 141, 0)):
        monkeypatch.setattr(sys, "stdout", Failing(number))
        assert run(asked("json", 3 + lines)) == status
        monkeypatch.undo()
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert said.count("standard output: no") == lines
        monkeypatch.setattr("os.dup2", lambda *handles: None)
        stands_in(name)


def test_learners_are_called_by_name_wherever_they_are_listed(places, command):
    for words in (("solve",), ("simulate", "--failures", "0.9"), ("cycles",)):
        file = places["plan"] if words == ("cycles",) else places["scenario"]
        assert "roof" in command(*words, file, "--format", "json").out
    for words in (("solve", "{scenario}"), ("cycles", "{plan}")):
        said = command(*(word.format(**places) for word in words)).out
        assert "the third" in said
        assert "xxxx.." in said  # cut, where whole it would be 100 characters wide
    kept = command("solve", places["scenario"], "--start", places["plan"], "--keep", "roof,van")
    assert kept.status in (0, 4)
