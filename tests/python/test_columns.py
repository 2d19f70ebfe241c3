"""The table of the learners' columns: whatever goes through the columns follows it."""

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.cli import run
from mel_fast.model.columns import ALWAYS, COLUMNS, LIMITS
from mel_fast.plans.file import plan_to_dict
from mel_fast.scenarios.text import table1_text

DOCS = Path(__file__).parents[2] / "docs"
NAMES = ["roof", "van", "Gdańsk 7"]


def problem(**columns: object) -> mel.Problem:
    drawn = mel.scenarios.table1(learners=3, cycle_s=60.0, seed=2)
    return drawn.replace(learners=drawn.learners.replace(**columns))


def test_learners_and_batches_take_every_column_of_the_table() -> None:
    words = list(inspect.signature(mel.Learners).parameters)
    assert words == [*COLUMNS, "count"]
    assert mel.Learners._fields == tuple(COLUMNS)
    full = dict.fromkeys(COLUMNS, 1.0) | {"names": ["a", "b"]}
    speeds = {name: full.pop(name) for name in ("energy_coefficient", "min_flops_per_s")}
    learners = mel.Learners(**full)
    assert list(learners.columns()) == list(full)
    other = learners.replace(energy_per_flop_j=None, **speeds)
    assert {*other.columns(), *full} == set(COLUMNS)
    batch = mel.Batch.vary(problem().replace(learners=learners), cycle_s=[50.0, 60.0])
    assert batch.problem(1).learners == learners
    with pytest.raises(TypeError, match="no argument 'gian'; did you mean 'gain'"):
        mel.Batch.vary(problem(), gian=[1.0])


def test_docs_and_template_show_every_column_of_the_table() -> None:
    rows = [
        f"| `{name}` | {column.symbol} | {column.unit} | {column.meaning} |"
        for name, column in COLUMNS.items()
    ]
    assert "\n".join(rows) in (DOCS / "model.md").read_text(encoding="utf-8")
    text = table1_text(problem(), learners=3, seed=2)
    for name, column in COLUMNS.items():
        if column.template is not None:
            assert re.search(rf"^# {name} = {re.escape(column.template)} +# ", text, re.M)


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["a", "b", "a"], r"names\[2\] = 'a': is names\[0\] too"),
        (["a", "", "c"], r"names\[1\] = '': must be"),
        (["a", "b\n", "c"], r"names\[1\] = 'b\\n': must be"),
        (["a", " b", "c"], r"names\[1\] = ' b': must be"),
        (["a", "b" * 101, "c"], r"names\[1\] = 'bbb"),
        (["a", 3, "c"], r"names\[1\] = 3: must be"),
        ("abc", "names = 'abc': must be a list"),
        (["a", "b"], "columns differ in length"),
    ],
)
def test_names_that_name_nobody_are_refused(names: object, error: str) -> None:
    with pytest.raises((ValueError, TypeError), match=error):
        problem(names=names)


def test_names_decide_nothing_and_survive_files(tmp_path: Path) -> None:
    plain, named = mel.solve(problem()), mel.solve(problem(names=NAMES))
    assert plain.problem != named.problem
    assert (plain.tau, plain.certificate) == (named.tau, named.certificate)
    assert np.array_equal(plain.samples, named.samples)
    assert mel.verify(named.problem, named)
    named.save(tmp_path / "plan.json")
    again = mel.Plan.load(tmp_path / "plan.json")
    assert again == named
    assert again.problem.learners.names.tolist() == NAMES
    assert json.loads(named.to_json())["problem"]["learners"]["names"] == NAMES


def test_files_have_the_first_version_that_knows_their_columns() -> None:
    plain, named = (plan_to_dict(mel.solve(problem(**w))) for w in ({}, {"names": NAMES}))
    assert (plain["version"], named["version"]) == (1, 2)
    named["version"] = 1
    with pytest.raises(ValueError, match="version 1: the problem has entries of version 2"):
        mel.Plan.from_dict(named)
    verify_dict = pytest.importorskip("mel_fast.verify").verify_dict
    assert "names" in verify_dict(named).reasons[0]
    plain["version"] = 2
    assert verify_dict(plain).ok
    for wrong in (["a", "b"], ["a", "b", "a"], ["a", "b", "\t"], ["a", "b", 3]):
        named["version"], named["problem"]["learners"]["names"] = 2, wrong
        assert "names" in verify_dict(named).reasons[0]
        with pytest.raises(ValueError, match="names"):
            mel.Plan.from_dict(named)


def test_learners_are_called_by_name_wherever_they_are_named() -> None:
    slow = problem(names=NAMES, flops_per_s=[2e9, 2e9, 1.0], min_samples=[0, 0, 5])
    plan = mel.solve(slow)
    assert any("learner 'Gdańsk 7'" in reason for reason in plan.reasons)
    assert "'Gdańsk 7'" in str(plan.explain(time_limit_s=600.0))
    full = mel.solve(problem(names=NAMES, max_samples=[100, 60_000, 60_000]))
    assert "max_samples reached at learner 'roof'" in full.summary()
    assert "<td>roof</td>" in full._repr_html_()
    assert full.to_dataframe()["name"].tolist() == NAMES


def test_learners_can_be_asked_for_by_name() -> None:
    asked = problem(names=NAMES)
    assert asked.learners.take(["van"]).names.tolist() == ["van"]
    held = mel.solve(asked, keep={"roof": 100})
    assert held.samples[0] == 100
    batch = mel.solve_many(mel.Batch.vary(asked, cycle_s=[60.0, 70.0]), keep={"roof": 100})
    assert batch.samples[:, 0].tolist() == [100, 100]
    outcome = mel.simulate(held, failures=["van"])
    assert outcome.failed.tolist() == [False, True, False]
    with pytest.raises(ValueError, match="keep: there is no learner 'rof'; did you mean 'roof'"):
        mel.solve(asked, keep={"rof": 100})
    with pytest.raises(ValueError, match="the learners have no names"):
        mel.solve(problem(), keep={"roof": 100})


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_names_come_and_go_with_tables(kind: str, tmp_path: Path, capsys) -> None:
    learners = problem(names=NAMES).learners
    columns = {COLUMNS[name].head: column for name, column in learners.columns().items()}
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    path = tmp_path / f"learners.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        pytest.importorskip("pyarrow")
        frame.to_parquet(path, index=False)
    head, _, _ = table1_text(problem(), learners=3, seed=2).partition("[learners]")
    (tmp_path / "s.toml").write_text(f'{head}[learners]\ntable = "{path.name}"\n')
    read = mel.load_scenario(tmp_path / "s.toml")
    assert read.learners == learners
    assert run(["solve", str(tmp_path / "s.toml"), "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("0,roof,")


def test_a_column_without_the_one_that_it_needs_is_refused() -> None:
    assert set(ALWAYS) | set(LIMITS) < set(COLUMNS)
    for one, other in (("energy_j", "energy_per_flop_j"), ("energy_per_flop_j", "energy_j")):
        with pytest.raises(ValueError, match=f"{one} is given without {other}"):
            problem(**{one: 1.0})
        with pytest.raises(ValueError, match=f"{one} is given without {other}"):
            mel.Batch.vary(problem(), **{one: np.ones((2, 3))})
