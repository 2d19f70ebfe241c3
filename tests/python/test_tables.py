"""In and out: learners from any table, problems as TOML, plans as CSV and pictures, traces."""

import csv
import io
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings

import mel_fast as mel
from mel_fast.scenarios import read_availability, read_device_capacities
from strategies import cases

COLUMNS = {
    "name": ["roof", "van", "mast"],
    "flops_per_s": [1e9, 2e9, 0.7e9],
    "gain": [1e-9, 1e-10, 3e-11],
    "max_samples": [100, 200, 300],
    "optional": [True, False, True],
}
LINK = {"return_bandwidth_hz": 5e6, "return_power_w": 0.2}


def expected() -> mel.Learners:
    words = {name: column for name, column in COLUMNS.items() if name != "name"}
    return mel.Learners(**words, **LINK, names=COLUMNS["name"])


def of_pandas():
    return pytest.importorskip("pandas").DataFrame(COLUMNS)


def of_polars():
    return pytest.importorskip("polars").DataFrame(COLUMNS)


def of_arrow():
    return pytest.importorskip("pyarrow").table(COLUMNS)


class OnlyStream:
    def __arrow_c_stream__(self, schema=None):
        return of_arrow().__arrow_c_stream__(schema)


class OnlyInterchange:
    def __dataframe__(self, *_, **__):
        return of_arrow().__dataframe__()


def made(kind, tmp_path):
    if kind == "mapping":
        return COLUMNS
    if kind == "csv":
        rows = zip(*COLUMNS.values(), strict=True)
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows([[int(c) if isinstance(c, bool) else c for c in row] for row in rows])
        (tmp_path / "t.csv").write_text(out.getvalue())
        return tmp_path / "t.csv"
    if kind == "parquet":
        of_pandas().to_parquet(tmp_path / "t.parquet")
        return str(tmp_path / "t.parquet")
    return {
        "pandas": of_pandas,
        "polars": of_polars,
        "arrow": of_arrow,
        "stream": OnlyStream,
        "interchange": OnlyInterchange,
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    ["mapping", "csv", "parquet", "pandas", "polars", "arrow", "stream", "interchange"],
)
def test_learners_come_from_any_table(kind, tmp_path):
    if kind in ("stream", "interchange", "parquet"):
        pytest.importorskip("pyarrow")
    assert mel.Learners.from_table(made(kind, tmp_path), **LINK) == expected()


def test_a_frame_without_pyarrow_is_read_by_its_columns(monkeypatch):
    frame = of_pandas()
    monkeypatch.setattr("mel_fast.scenarios.any_table.installed", lambda _: False)
    assert mel.Learners.from_table(frame, **LINK) == expected()


def test_a_plans_learners_come_back_through_arrow(plan):
    pytest.importorskip("pyarrow")
    assert mel.Learners.from_table(plan.problem.learners) == plan.problem.learners


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gain_db": [-90, -90, -90]}, "gain and gain_db are one quantity"),
        ({"nonsense": [1, 2, 3]}, "unknown column 'nonsense'"),
        ({"gain": [1e-9, -2.0, 1e-9]}, r"gain\[1\] = -2\.0"),
        ({"gain": [1e-9, None, 1e-9]}, "gain"),
        ({"max_samples": [1.5, 2, 3]}, r"max_samples\[0\] = 1\.5"),
        ({"return_power_w": 0.1}, "return_power_w is given both here and by the table"),
        ({"gain": [1e-9, 1e-9]}, "differ in length"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(change, words):
    with pytest.raises((ValueError, TypeError), match=words):
        mel.Learners.from_table({**COLUMNS, **change}, **LINK)


def test_missing_entries_of_a_frame_are_refused():
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({**COLUMNS, "gain": [1e-9, None, 1e-9]})
    with pytest.raises(ValueError, match="gain: 1 entries are missing"):
        mel.Learners.from_table(table, **LINK)


@pytest.mark.parametrize("source", [7, None, [1, 2], object()])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(TypeError, match="is no table"):
        mel.Learners.from_table(source)


def test_a_gain_above_one_in_a_table_is_remarked_upon():
    with pytest.warns(mel.ImplausibleWarning, match="more power arrives"):
        mel.Learners.from_table({**COLUMNS, "gain": [1e-9, 90.0, 1e-9]}, **LINK)


@settings(max_examples=15, deadline=None)
@given(cases())
def test_a_problem_comes_back_from_toml_to_the_bit(tmp_path_factory, case):
    problem = case.problem()
    path = tmp_path_factory.mktemp("toml") / "s.toml"
    assert problem.to_toml(path) == path.read_text()
    assert mel.load_scenario(path) == problem


def test_a_problem_with_everything_comes_back_from_toml(tmp_path):
    learners = expected().replace(
        names=['a "quoted" one', "back\\slash", "Übung 𝔘"], max_bandwidth_hz=[np.inf, 1e6, 0.0]
    )
    problem = mel.scenarios.table1(3).replace(
        learners=learners, payload=mel.Payload(send_bits=[1.0, 2.0, 0.1 + 0.2]), idle="excused"
    )
    problem.to_toml(tmp_path / "s.toml")
    assert mel.load_scenario(tmp_path / "s.toml") == problem


def test_many_learners_go_into_a_table_beside_the_file(tmp_path):
    problem = mel.scenarios.table1(2000, idle="excused", samples=1_000_000)
    learners = problem.learners.replace(optional=True, names=[f"n{k}" for k in range(2000)])
    problem = problem.replace(learners=learners)
    assert len(problem.to_toml(tmp_path / "s.toml")) < 2000
    assert mel.load_scenario(tmp_path / "s.toml") == problem
    assert {path.name for path in tmp_path.iterdir()} == {"s.toml", "s_learners.csv"}


def test_too_many_learners_for_a_text_are_refused():
    with pytest.raises(ValueError, match="give a path"):
        mel.scenarios.table1(900_000).to_toml()


def test_a_plan_is_written_as_csv_at_full_precision(plan, tmp_path):
    text = plan.to_csv(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(plan.columns())
    assert [float(row["bandwidth_hz"]) for row in rows] == plan.bandwidth_hz.tolist()


def test_a_plan_is_drawn(plan, tmp_path):
    pytest.importorskip("matplotlib")
    figure = plan.plot(tmp_path / "p.svg")
    assert len(figure.axes) == 4
    assert b"<svg" in (tmp_path / "p.svg").read_bytes()[:1000]


CAPACITY = {"3": {"computation": 20.0, "communication": 8000.0},
            "17": {"computation": 160, "communication": 1000.5}}  # fmt: skip


@pytest.fixture
def capacity(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps(CAPACITY))
    return tmp_path / "c.json"


def test_device_capacities_become_learners_whose_rates_are_the_measured(capacity):
    found = read_device_capacities(capacity)
    assert found.clients == ("3", "17")
    learners = found.learners(3e6, 4e-21, bandwidth_hz=1e6, power_w=0.2)
    assert learners.flops_per_s.tolist() == pytest.approx([3e6 / 0.06, 3e6 / 0.48])
    problem = mel.scenarios.table1(2).replace(
        learners=learners, radio=mel.Radio(1e8, 1.0, noise_density_w_per_hz=4e-21)
    )
    assert problem.return_rates().tolist() == pytest.approx([8e6, 1000.5e3], rel=1e-12)
    assert found.to_csv().splitlines()[0] == "client,computation_ms,communication_kbps"


def test_device_capacities_as_csv_are_the_same(capacity, tmp_path):
    (tmp_path / "c.csv").write_text("communication,client,computation\n8000,3,20\n1000.5,17,160\n")
    one, other = read_device_capacities(capacity), read_device_capacities(tmp_path / "c.csv")
    assert one.to_csv() == other.to_csv()


class Boom:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize("read", [read_device_capacities, read_availability])
@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Boom()),
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a": 1}',
        b'{"a": {"computation": -1, "communication": 1, "active": [1], "inactive": [0], '
        b'"finish_time": 1}}',
        b'{"a": {"computation": 1e999, "communication": 1, "active": 1, "inactive": [0], '
        b'"finish_time": 1}}',
        b'{"a": {}, "a": {}}',
        b'{"\\u0007": {"computation": 1, "communication": 1, "active": [], "inactive": [], '
        b'"finish_time": 1}}',
    ],
    ids=range(10),
)
def test_hostile_traces_are_refused_and_nothing_of_them_is_run(read, content, tmp_path):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.json") as refused:
        read(tmp_path / "t.json")
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    "text",
    ["client,computation\n1,2\n", "client,computation,communication\n1,2\n", "x\n", "",
     "client,computation,communication\n1,2,3\n1,2,3\n",
     "client,computation,communication\n1,a,3\n"],
)  # fmt: skip
def test_a_wrong_csv_of_capacities_is_refused(text, tmp_path):
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(ValueError, match=r"c\.csv"):
        read_device_capacities(tmp_path / "c.csv")


def test_availability_is_that_of_the_trace_and_repeats(tmp_path):
    trace = {"duration": 211_625, "inactive": [20, 50], "finish_time": 100, "active": [10, 40],
             "model": "any"}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"7": trace, "8": {**trace, "active": [0, 40]}}))
    found = read_availability(tmp_path / "a.json")
    for at_s in range(250):
        now = at_s % 100
        assert found.active("7", at_s) == (10 <= now <= 20 or 40 <= now <= 50)
    assert found.there(5) == ["8"]
    assert found.there(115) == ["7", "8"]
