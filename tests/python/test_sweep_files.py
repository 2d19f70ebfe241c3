"""What a sweep takes from a file that it goes on from, and what it refuses."""

import csv
import os
import resource
import subprocess
import sys

import pytest

import mel_fast as mel
from mel_fast.scenarios import table1

ENDINGS = pytest.mark.parametrize("ending", ["csv", "parquet"])
OVER = {"learners": [3, 4], "seed": [0, 1, 2]}


def never(*_: object) -> bool:
    pytest.fail("solved again")


def answers(table):
    return list(
        zip(*(table[name].tolist() for name in (*table.axes, "status", "tau")), strict=True)
    )


@pytest.fixture
def swept(tmp_path):
    path = tmp_path / "s.csv"
    return path, mel.sweep("table1", OVER, output=path)


@pytest.fixture
def edited(swept):
    """Return a function that changes cells of a row and what then is said of the file."""

    def edit(number=None, lines=None, **cells):
        path, _ = swept
        rows = list(csv.DictReader(path.read_text().splitlines()))
        if number is not None:
            rows[number - 1].update(cells)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        if lines is not None:
            path.write_text("".join(lines(path.read_text().splitlines(keepends=True))))
        before = path.read_bytes()
        with pytest.raises(ValueError, match=r"s\.csv") as refused:
            mel.sweep("table1", OVER, output=path)
        assert path.read_bytes() == before
        assert "\n" not in str(refused.value)
        return str(refused.value)

    return edit


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\r\r\n"),
        lambda data: data.replace(b"\n", b"\r"),
        lambda data: data + b"\n \n",
        lambda data: data[:-1],
        lambda data: data.replace(b"\n", b"\r\n")[:-7],
    ],
    ids=["CRLF", "BOM and CRLF", "CRLF twice", "CR", "blank lines", "no last end", "cut CRLF"],
)
def test_a_file_from_another_system_loses_nothing(swept, change):
    path, before = swept
    usual = path.read_bytes()
    path.write_bytes(change(usual))
    wider = mel.sweep("table1", {**OVER, "seed": range(4)}, output=path)
    assert len(wider) == 8
    assert set(answers(before)) <= set(answers(wider))
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == 10
    assert {line.count(b",") for line in lines[:-1]} == {usual[: usual.index(b"\n")].count(b",")}
    assert (
        len({line.split(b",")[1:3] and tuple(line.split(b",")[1:3]) for line in lines[1:-1]}) == 8
    )


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ({"tau": "-5"}, "tau"),
        ({"tau": "nan"}, "tau"),
        ({"tau": "5.0"}, "tau"),
        ({"tau": "999999"}, "above bound"),
        ({"bound": "9" * 30}, "bound"),
        ({"status": "BOGUS"}, "status"),
        ({"status": "infeasible"}, "infeasible"),
        ({"tau": "0", "bound": "0"}, "optimal"),
        ({"active": "0"}, "active"),
        ({"elapsed_s": "-1"}, "elapsed_s"),
        ({"elapsed_s": "inf"}, "elapsed_s"),
        ({"note": "a\x1b[2J"}, "note"),
        ({"note": "something"}, "changed after it was written"),
        ({"seed": "7"}, "changed after it was written"),
        ({"seed": "1e999"}, "finite"),
        ({"seed": '"'}, "quotes"),
        ({"check": ""}, "changed after it was written"),
    ],
)
def test_rows_that_cannot_be_are_refused_by_number(edited, cells, what):
    message = edited(3, **cells)
    assert "row 3" in message
    assert what in message
    assert message.isprintable()


def test_answers_that_could_be_but_were_not_found_are_refused(edited):
    assert "row 2" in edited(2, tau="77", bound="77")


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (lambda text: [*text, text[2]], "row 7: is the combination of row 2 again"),
        (lambda text: [*text, "table1,3\n"], "row 7: has 2 cells"),
        (lambda text: [*text[:3], text[3].replace(",", "", 1), *text[4:]], "row 3: has"),
        (lambda text: [*text, '"open\n'], "row 7: is not CSV"),
        (lambda text: [*text, f"{'x' * 200_000}\n"], "line of more than"),
        (lambda text: text[1:], "not a file of this sweep"),
        (lambda text: ["no line end"], "not a file of this sweep"),
        (lambda text: ["x," * 100_000], "not a file of this sweep"),
        (lambda text: ["x"] + ["\0"] * (1 << 22), "not a file of this sweep"),
    ],
)
def test_lines_that_cannot_be_are_refused_and_the_file_left_alone(edited, lines, what):
    message = edited(lines=lines)
    assert what in message
    assert len(message) < 1000


@pytest.mark.parametrize("data", [b"\xff\xfea\x00", b"sce\x00nario\n", b"\n\x80\n"])
def test_what_is_no_text_is_refused(tmp_path, data):
    path = tmp_path / "s.csv"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"s\.csv"):
        mel.sweep("table1", OVER, output=path)
    assert path.read_bytes() == data


def test_a_kill_before_the_first_line_stood_loses_nothing(swept):
    path, before = swept
    for size in (0, 1, 20):
        path.write_bytes(path.read_bytes()[:size])
        assert answers(mel.sweep("table1", OVER, output=path)) == answers(before)


@ENDINGS
def test_values_come_back_as_what_they_were(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"o.{ending}"
    values = [
        "05",
        "1e1",
        "5",
        5,
        0.1,
        1e30,
        2**60 + 1,
        "nan",
        '"',
        '"5"',
        "",
        "a,b",
        "é",
        " 7",
        -3,
    ]
    asked = []

    def scenario(x):
        asked.append(x)
        return table1(learners=3, seed=values.index(x))

    first = mel.sweep(scenario, {"x": values}, output=path)
    size = path.read_bytes()
    again = mel.sweep(scenario, {"x": values}, output=path, callback=never)
    assert answers(again) == answers(first)
    assert path.read_bytes() == size
    assert [(type(x), x) for x in asked] == [(type(x), x) for x in values * 2]


@ENDINGS
def test_the_number_5_is_not_the_text_5(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"o.{ending}"

    def scenario(x):
        return table1(learners=3 if x == 5 else 4)

    mel.sweep(scenario, {"x": ["5"]}, output=path)
    both = mel.sweep(scenario, {"x": [5, "5"]}, output=path)
    assert both["active"].tolist() == [3, 4]


@ENDINGS
def test_rows_that_a_time_limit_left_open_are_solved_when_there_is_more_time(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path, over = tmp_path / f"o.{ending}", {"learners": [5, 6], "seed": [0, 1]}
    whole = mel.sweep("table1", over)
    few = mel.sweep("table1", {**over, "seed": [0]}, output=path)
    open_ = mel.sweep("table1", over, output=path, time_limit_s=0.0)
    assert sorted(open_["status"].tolist()) == ["optimal", "optimal", "undecided", "undecided"]
    mel.sweep("table1", over, output=path, time_limit_s=0.0, callback=never)
    more = mel.sweep("table1", over, output=path, time_limit_s=100.0)
    assert answers(more) == answers(whole)
    assert set(answers(few)) < set(answers(more))
    mel.sweep("table1", over, output=path, callback=never)
    if ending == "csv":
        assert len(path.read_text().splitlines()) == 5


def test_open_rows_are_kept_until_they_are_solved_again(tmp_path):
    path, over = tmp_path / "o.csv", {"learners": [5], "seed": range(600)}
    mel.sweep("table1", over, output=path, time_limit_s=0.0)
    part = mel.sweep("table1", over, output=path, callback=lambda done, *_: done > 100)
    assert len(part) == 600
    assert 0 < (part["status"] == "optimal").sum() < 600
    assert len(path.read_text().splitlines()) == 601
    rest = mel.sweep("table1", over, output=path)
    assert set(rest["status"].tolist()) <= {"optimal", "infeasible"}


@ENDINGS
def test_a_narrower_sweep_keeps_the_other_rows(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"o.{ending}"
    mel.sweep("table1", {"learners": [3], "seed": range(10)}, output=path)
    mel.sweep("table1", {"learners": [3], "seed": [3, 12]}, output=path)
    whole = {"learners": [3], "seed": [*range(10), 12]}
    assert len(mel.sweep("table1", whole, output=path, callback=never)) == 11


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:3],
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data) // 2] + b"\0" * 40 + data[len(data) // 2 + 40 :],
        lambda data: b"PAR1" + b"\xff" * 60 + b"PAR1",
    ],
)
def test_a_damaged_parquet_file_is_one_line_with_its_name(tmp_path, damage):
    pytest.importorskip("pyarrow")
    path = tmp_path / "o.parquet"
    mel.sweep("table1", OVER, output=path)
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"o\.parquet") as refused:
        mel.sweep("table1", OVER, output=path)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["o.parquet"]


def test_a_file_of_another_program_is_refused_by_its_columns(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "o.parquet"
    parquet.write_table(arrow.table({"a": [[1, 2]]}), path)
    with pytest.raises(ValueError, match="not a file of this sweep"):
        mel.sweep("table1", OVER, output=path)


def test_a_small_file_of_a_long_text_many_times_is_refused_in_little_memory(tmp_path):
    """Read as it stands, it would take 40 GB."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "o.parquet"
    mel.sweep("table1", {"seed": [0]}, output=path)
    row = parquet.read_table(path)
    columns = {name: row.column(name).to_pylist() * 4000 for name in row.column_names}
    columns["note"] = arrow.DictionaryArray.from_arrays([0] * 4000, ["x" * 10_000_000])
    parquet.write_table(arrow.table(columns), path, store_schema=False)
    assert path.stat().st_size < 2_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"o\.parquet"):
        mel.sweep("table1", {"seed": [0]}, output=path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


@ENDINGS
def test_a_second_sweep_of_the_file_is_refused_while_the_first_runs(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path, link = tmp_path / f"o.{ending}", tmp_path / f"link.{ending}"
    link.symlink_to(path.name)
    refused = []

    def second(*_):
        for name in (path, link):
            with pytest.raises(BlockingIOError, match="another sweep") as busy:
                mel.sweep("table1", OVER, output=name, resume=False)
            refused.append(busy.value.filename)
        return False

    over = {"learners": [3], "seed": range(600)}
    assert len(mel.sweep("table1", over, output=path, callback=second)) == 600
    assert set(refused) == {str(path), str(link)}
    assert len(mel.sweep("table1", over, output=path, callback=never)) == 600


@ENDINGS
def test_two_processes_leave_each_row_once(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"o.{ending}"
    command = [sys.executable, "-m", "mel_fast", "sweep", "-q", "--over", "seed=0:4000"]
    both = [
        subprocess.Popen([*command, "--output", path], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    statuses = [process.returncode for process in both]
    assert 0 in statuses
    assert set(statuses) <= {0, 2}
    for status, words in zip(statuses, said, strict=True):
        assert (status == 2) == ("another sweep writes this file" in words)
        assert len(words.splitlines()) == 1
    over = {"seed": range(4000)}
    assert len(mel.sweep("table1", over, output=path, callback=never)) == 4000
    if ending == "csv":
        assert len(path.read_text().splitlines()) == 4001


def test_a_file_that_is_removed_meanwhile_is_not_written_into_nothing(tmp_path):
    path = tmp_path / "o.csv"
    with pytest.raises(OSError, match="removed or replaced") as caught:
        mel.sweep(
            "table1", {"seed": range(600)}, output=path,
            callback=lambda *_: path.unlink(missing_ok=True),
        )  # fmt: skip
    assert caught.value.filename == str(path)


@pytest.mark.parametrize(
    "over",
    [
        {"seed": range(10**9)},
        {"seed": range(10**4), "draw": range(10**4)},
        {"seed": iter(range(10**8))},
    ],
)
def test_too_large_a_grid_is_refused_before_work(over, tmp_path):
    with pytest.raises(ValueError, match="at most 10000000"):
        mel.sweep("table1", over, output=tmp_path / "o.csv")
    assert os.listdir(tmp_path) == []


def test_numbers_that_fit_no_column_are_refused_before_work():
    with pytest.raises(ValueError, match="64 bits"):
        mel.sweep("table1", {"seed": [2**70]})
    assert mel.sweep("table1", {"cycle_s": [1e30]})["cycle_s"].tolist() == [1e30]
