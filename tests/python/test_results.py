"""Results in every form: on a line, in 80 columns, in a notebook, as tables for other programs."""

import importlib.util
from functools import cache
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.orchestrate.files.log import line_of
from mel_fast.planning import prices_of

HUGE = 10**15  # samples: the widest numbers that a result prints


def small() -> mel.Problem:
    return mel.scenarios.table1(learners=4)


def wide() -> mel.Problem:
    """Return a problem whose numbers are long, and have all limits at many learners."""
    task = small().task.replace(samples=HUGE)
    drawn = mel.scenarios.table1(learners=300)
    learners = drawn.learners.replace(max_samples=HUGE, max_power_w=0.03, energy_j=np.inf,
                                      energy_per_flop_j=1e-12)  # fmt: skip
    return drawn.replace(task=task, learners=learners, cycle_s=1.23456789e11)


def results(problem: mel.Problem) -> list[Any]:
    """Return one of every kind of result."""
    plan = mel.solve(problem)
    tau = plan.tau + 1
    simulated = mel.simulate(plan, failures=[0], gain_drift=1.0)
    found = [
        plan,
        mel.least(problem, tau, "bandwidth_hz", scheme="resource_only", time_limit_s=0.5),
        mel.frontier(problem, "bandwidth_hz", max_steps=HUGE, time_limit_s=0.1),
        mel.explain(plan, time_limit_s=1.0),
        simulated,
        *simulated.outcomes.values(),
        mel.solve_many([problem] * 25),
        mel.sweep(problem, {"cycle_s": [float(problem.cycle_s)] * 1, "scheme": ["joint"]}),
        mel.reference.Bracket(plan.tau, plan.bound, plan.samples),
        prices_of(plan),
        bracket(),
    ]
    if importlib.util.find_spec("flint") is not None:
        found += [mel.verify(problem, plan), mel.verify(small().replace(cycle_s=1.0), plan)]
    return found


def bracket() -> mel.cp_sat.Bracket:
    """Return what CP-SAT might say, without it."""
    asked = [("inner", (3, 3), "unknown", 0.5), ("outer", (3, 5), "infeasible", 0.1, 7)] * 40
    attempts = tuple(mel.cp_sat.Attempt(*words) for words in asked)
    return mel.cp_sat.Bracket(1, 2, None, None, attempts, "1 <= tau* <= 2: " + "open, " * 40)


@cache
def tables() -> dict[str, Any]:
    """Return one of every result that is a table, by name, with so many rows."""
    problem = small()
    tiers = [mel.tiers.Tier("end", 4, 0.5, accuracy=0.5), mel.tiers.Tier("cloud", 1, 0.3)]
    graded = [tier.replace(accuracy=0.6) for tier in [*tiers, mel.tiers.Tier("edge", 2, 0.4)]]
    level = mel.payload.Level(mel.payload.Recipe(), 9, 9, 1.0, 4.0, 0.9, 0.0, 0.9, None, 1)
    loop = mel.orchestrate.Orchestrator(
        mel.orchestrate.Fleet(problem.learners), problem.task, problem.radio, 30.0
    )
    rounds = [line_of(loop.plan_round(), {}, loop.close_round()) for _ in range(2)]
    plan = mel.solve(problem)
    return {
        "Learners": (problem.learners, 4),
        "Plan": (plan, 4),
        "infeasible Plan": (mel.solve(problem.replace(cycle_s=1e-3)), 4),
        "Least": (mel.least(problem, 9, "cycle_s"), 1),
        "Frontier": (mel.frontier(problem, start=29.0, stop=29.0), 0),
        "Explanation": (mel.explain(plan), 3),
        "Simulation": (mel.simulate(plan, failures=[0]), 3),
        "Plans": (mel.solve_many([problem, problem.replace(cycle_s=1e-3)]), 2),
        "Bracket": (bracket(), 80),
        "tiers.Schedule": (mel.tiers.schedule(mel.tiers.Job(20), tiers), 40),
        "tiers.Frontier": (mel.tiers.frontier(mel.tiers.Job(5), graded, points=3), 3),
        "payload.Levels": (mel.payload.Levels([level] * 2), 2),
        "orchestrate.Log": (mel.orchestrate.Log(tuple(rounds), 0), 2),
        "SweepTable": (mel.sweep("table1", {"learners": [3], "seed": range(3)}), 3),
    }


TABLES = tuple(tables())


@pytest.mark.parametrize("problem", [small, wide])
def test_every_result_has_a_short_repr_and_a_text_of_80_columns(problem) -> None:
    for result in results(problem()):
        assert len(repr(result)) < 120, result
        assert "\n" not in repr(result)
        assert repr(result).startswith(type(result).__name__ + "(")
        if not isinstance(result, mel.Plan):  # its text is its summary
            assert max(map(len, str(result).split("\n"))) <= 80, str(result)
        assert "<" in result._repr_html_()


def test_what_a_file_says_is_escaped_in_a_notebook() -> None:
    assert "<script>" not in mel.Verdict(False, ["<script>"])._repr_html_()


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_of_one_length_and_pandas_takes_them(name) -> None:
    pytest.importorskip("pandas")
    table, rows = tables()[name]
    columns = table.columns()
    assert {len(column) for column in columns.values()} == {rows}
    frame = table.to_dataframe()
    assert len(frame) == rows
    assert set(columns) <= {*frame.columns, frame.index.name}


@pytest.mark.parametrize("name", TABLES)
def test_arrow_has_the_same_numbers(name) -> None:
    arrow = pytest.importorskip("pyarrow")
    table, rows = tables()[name]
    found = arrow.table(table)
    assert found.num_rows == rows
    for column, values in table.columns().items():
        assert found[column].to_pylist() == [
            value.item() if isinstance(value, np.generic) else value for value in values
        ]


def test_polars_and_duckdb_take_them_through_the_c_stream() -> None:
    polars = pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    plan = mel.solve(small())
    samples = plan.columns()["samples"].tolist()
    assert polars.DataFrame(plan)["samples"].to_list() == samples
    assert duckdb.sql("SELECT samples FROM plan").fetchall() == [(d,) for d in samples]


def test_a_missing_pyarrow_is_named(monkeypatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"no {name} here")

    plan = mel.solve(small())
    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(ImportError, match=r"mel_fast\[parquet\]"):
        plan.__arrow_c_stream__()
