"""Tables of learners: where they may lie, what they may be, how large, and what is told of them."""

import os
import resource
import subprocess
import sys
import time

import numpy as np
import pytest

import mel_fast.scenarios.table as learner_table
from mel_fast.scenarios.file import ScenarioError, load_scenario
from mel_fast.scenarios.table import read_table

SCENARIO = """
[task]
samples = 100
features = 8
feature_bits = 8
fixed_parameters = 50
parameters_per_sample = 0
parameter_bits = 32
flops_per_sample = 1e6
[radio]
bandwidth_hz = 1e6
power_w = 0.2
noise_density_w_per_hz = 4e-21
[cycle]
cycle_s = 3.0
[learners]
return_bandwidth_hz = 5e6
return_power_w = 0.2
"""
GOOD = "flops_per_s,gain\n1e9,1e-9\n"


@pytest.fixture
def refused(tmp_path):
    """Return a function that names a table in a scenario and returns why it is refused."""
    folder = tmp_path / "scenario"
    folder.mkdir()

    def ask(table):
        (folder / "s.toml").write_text(f"{SCENARIO}table = {table!r}\n")
        with pytest.raises(ScenarioError) as error:
            load_scenario(folder / "s.toml")
        assert "\n" not in str(error.value)
        return str(error.value)

    return ask


def test_a_table_lies_in_the_scenarios_folder_or_below(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below/a.csv").write_text(GOOD)
    (tmp_path / "link.csv").symlink_to("below/a.csv")
    for name in ("below/a.csv", "./below/a.csv", "link.csv"):
        (tmp_path / "s.toml").write_text(f"{SCENARIO}table = '{name}'\n")
        assert load_scenario(tmp_path / "s.toml").learners.gain.tolist() == [1e-9]


def test_a_scenario_behind_a_link_has_its_table_beside_the_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.csv").write_text(GOOD)
    (tmp_path / "real/s.toml").write_text(f"{SCENARIO}table = 'a.csv'\n")
    (tmp_path / "folder").symlink_to("real")
    assert len(load_scenario(tmp_path / "folder/s.toml").learners) == 1


def test_tables_elsewhere_are_not_even_looked_for(refused, tmp_path):
    (tmp_path / "a.csv").write_text(GOOD)
    (tmp_path / "scenario/link.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "scenario/up").symlink_to(tmp_path)
    names = [str(tmp_path / "a.csv"), "../a.csv", "up/a.csv", "link.csv", "/no/such.csv"]
    for name in [*names, "../no.csv", "up/no.csv", "scenario/../../a.csv"]:
        assert "must lie in the scenario's folder" in refused(name)


def test_a_name_that_no_file_can_have_is_refused_by_its_key(tmp_path):
    (tmp_path / "s.toml").write_text(f'{SCENARIO}table = "a\\u0000.csv"\n')
    with pytest.raises(ScenarioError, match=r"table = 'a\\x00\.csv': no file has such a name"):
        load_scenario(tmp_path / "s.toml")


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "socket"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_no_regular_file_is_refused_without_waiting(refused, tmp_path, kind, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"scenario/a.{ending}"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            assert "not a regular file" in refused(path.name)
        return
    elif os.geteuid() == 0:
        os.mknod(path, 0o20600, os.makedev(1, 5))  # /dev/zero never ends
    else:
        pytest.skip("only root makes devices")
    begin = time.process_time()
    assert "not a regular file" in refused(path.name)
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    "content",
    ["root:x:0:0:secret:/root\n", "secret\n", "secret,b\n1,2\n", '"secret\n', "a\tsecret\n1\n"],
)
def test_of_a_file_that_is_no_table_nothing_is_printed(refused, tmp_path, content):
    (tmp_path / "scenario/a.csv").write_text(content)
    assert "secret" not in refused("a.csv")


def test_of_a_parquet_file_that_is_no_table_nothing_is_printed(refused, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "scenario/a.parquet"
    for columns in ({"secret": [1.0]}, {"gain": ["secret"]}, {"gain": [{"secret": 1}]}):
        parquet.write_table(arrow.table(columns), path)
        assert "secret" not in refused("a.parquet").replace("struct<secret", "")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfef\0l\0", "not UTF-8"),
        (b"gain\n1\xff\n", "not UTF-8"),
        (b"gain\n1\0\n", "gain[0]"),
        (b"gain\n" + b"1" * 100_000 + b"\n", "line of more than"),
        (b"gain," * 50_000 + b"\n", "line of more than"),
        (b"gain\n" + b'"' + b"1\n" * 200_000, "not a CSV file"),
        (b"gain\n" + b"x" * 60_000 + b"\n", "gain[0]"),
        (b"gain," * 5_000 + b"gain\n", "is there twice"),
        (b"gain" + b",x" * 5_000 + b"\n", "unknown column 'x'"),
        (b"", "no table of learners"),
        (b"\n\n", "no table of learners"),
    ],
)
def test_odd_files_are_one_short_line(tmp_path, content, why):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    begin = time.process_time()
    with pytest.raises(ValueError, match=r"a\.csv") as error:
        read_table(path)
    assert why in str(error.value).replace("not a table", "no table")
    assert len(str(error.value)) < 500
    assert time.process_time() - begin < 20


def test_a_byte_order_mark_and_other_line_ends_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfgain,flops_per_s\r\n1,2\r\n\r\n3,4\r\n")
    assert read_table(path)["gain"].tolist() == [1, 3]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_a_line_without_an_end_is_not_read_to_its_end(tmp_path):
    """A file of a gigabyte of nothing, which takes no place on the disk."""
    path = tmp_path / "a.csv"
    path.touch()
    os.truncate(path, 1 << 30)
    code = (
        "import sys, pathlib; from mel_fast.scenarios.table import read_table\n"
        "try: read_table(pathlib.Path(sys.argv[1]))\n"
        "except ValueError as error: print(error)\n"
        "print(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    said, peak_kb = done.stdout.splitlines()
    assert "line of more than 65536 characters" in said
    assert int(peak_kb) < 500_000
    os.truncate(path, 1 << 32)
    with pytest.raises(OSError, match="more than 2147483648 bytes"):
        read_table(path)


def test_more_learners_than_the_limit_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("gain\n" + "1\n" * 11)
    monkeypatch.setattr(learner_table, "MAX_LEARNERS", 10)
    with pytest.raises(ValueError, match="more than 10 learners"):
        read_table(path)


def test_a_small_parquet_file_of_many_learners_is_refused_before_it_is_read(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    once = arrow.table({"gain": np.full(1_000_000, 1e-9), "flops_per_s": np.full(1_000_000, 1e9)})
    with parquet.ParquetWriter(path, once.schema) as writer:
        for _ in range(20):
            writer.write_table(once)
    assert path.stat().st_size < 300_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="more than 10000000 learners"):
        read_table(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize(
    "learners", ["count = 1_000_000_000", "[learners.draw]\ncount = 1_000_000_000"]
)
def test_a_count_beyond_the_limit_is_refused_before_it_is_drawn(tmp_path, learners):
    path = tmp_path / "s.toml"
    path.write_text(f"{SCENARIO}{learners}\n")
    with pytest.raises(ScenarioError, match=r"count = 1000000000: must be .* \[1, 10000000\]"):
        load_scenario(path)


def test_columns_of_a_parquet_file_keep_whole_numbers(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"max_samples": [2**53 - 1, 5], "gain": [1.0, 2.0]}), path)
    assert read_table(path)["max_samples"].tolist() == [2**53 - 1, 5]
    parquet.write_table(arrow.table({"gain": [1.0, None]}), path)
    with pytest.raises(ValueError, match=r"gain\[1\] = nan"):
        read_table(path)
