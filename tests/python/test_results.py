"""Results in every form: on a line, in 80 columns, in a notebook, as tables for other programs."""

import importlib.util
from functools import cache
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast._base.units import with_unit
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


def spenders() -> mel.Problem:
    """Return a problem whose energy may be least."""
    learners = mel.Learners(
        flops_per_s=2.4e9, gain=[1e-10, 1e-11], send_bandwidth_hz=5e6, send_power_w=0.2,
        max_power_w=0.2, energy_coefficient=1e-28,
    )  # fmt: skip
    radio = mel.Radio(20e6, None, noise_density_w_per_hz=4e-21, shared="return")
    return mel.Problem(small().task.replace(samples=6000), learners, radio, cycle_s=20.0)


def jobs() -> list[Any]:
    """Return what is asked of a job over tiers."""
    end = mel.tiers.Tier("end", 4, 0.5, accuracy=0.5)
    upper = [mel.tiers.Tier(name, 1, 0.3, accuracy=0.7) for name in ("edge", "cloud")]
    return [
        mel.tiers.schedule(mel.tiers.Job(20), [end, upper[0]], "end_edge"),
        mel.tiers.schedule(mel.tiers.Job(20), [end, *upper]),
        mel.tiers.frontier(mel.tiers.Job(20), [end, *upper]),
        mel.tiers.simulate(mel.tiers.Job(20), [end], "reassign", failures={0: 2}),
    ]


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
        *jobs(),
        mel.least(spenders(), 2, "energy_j"),
        mel.frontier(spenders(), "energy_j"),
        mel.frontier(spenders().replace(cycle_s=1e-6), "energy_j"),
        mel.trade(spenders(), 2, [2.0, 20.0]),
        mel.trade(spenders(), 2, [20.0, 30.0], time_limit_s=0.0),
        mel.within(spenders(), 1.0),
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
        "LeastEnergy": (mel.least(spenders(), 2, "energy_j"), 1),
        "EnergyTrade": (mel.trade(spenders(), 2, [20.0, 30.0]), 2),
        "WithinEnergy": (mel.within(spenders(), 1.0), 1),
        "EnergyFrontier": (mel.frontier(spenders(), "energy_j"), 12),
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


def test_energies_have_the_same_columns_everywhere_with_their_unit() -> None:
    for name in ("LeastEnergy", "EnergyTrade", "EnergyFrontier"):
        assert {"energy_j", "no_less_than_j", "status"} <= set(tables()[name][0].columns())


def test_a_curve_of_energies_prints_a_line_a_step() -> None:
    curve, steps = tables()["EnergyFrontier"]
    assert len(str(curve).split("\n")) == 1 + steps
    assert str(curve).split("\n")[1].startswith("  tau = 1    29.8328021 mJ")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "500 ms"), (999.0, "999 s"), (2050.80418, "2,051 s"), (123_456.0, "123,500 s")],
)
def test_seconds_have_no_kiloseconds(value: float, said: str) -> None:
    assert with_unit(value, "s") == said


def test_one_shard_is_no_shards() -> None:
    problem = small()
    found = mel.solve_sharded([problem.learners], problem.task, problem.radio, 30.0)
    assert "4 learners in 1 shard;" in str(found)


def test_a_loop_says_where_it_is() -> None:
    problem = small()
    fleet = mel.orchestrate.Fleet(problem.learners)
    loop = mel.orchestrate.Orchestrator(fleet, problem.task, problem.radio, 30.0)
    assert repr(loop) == f"Orchestrator(4 learners, cycle_s=30, number={loop.number})"


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
