"""Files that are written: whole or not at all, through links and devices, with their owners."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from mel_fast._base import atomic
from mel_fast._base.atomic import beside, write_text
from mel_fast.experiments import tables
from mel_fast.learning import loop


def save_plan(path, plan):
    plan.save(path)


def save_plans_as_csv(path, plan):
    mel.solve_many([plan.problem]).save(path)


def save_plans_as_parquet(path, plan):
    pytest.importorskip("pyarrow")
    mel.solve_many([plan.problem]).save(path)


def draw_sweep(path, _plan):
    pytest.importorskip("matplotlib")
    mel.sweep("table1", {"learners": [3, 4]}).plot(path)


def sweep_to_csv(path, _plan):
    mel.sweep("table1", {"learners": [3, 4]}, output=path)


def sweep_to_parquet(path, _plan):
    pytest.importorskip("pyarrow")
    mel.sweep("table1", {"learners": [3, 4]}, output=path)


def draw_frontier(path, plan):
    pytest.importorskip("matplotlib")
    mel.frontier(plan.problem, max_steps=20).plot(path)


def save_checkpoint(path, _plan):
    loop._save(path, "key", [0.5], [np.arange(1000.0)])


def save_table(path, _plan):
    tables.write_csv(path, [{"a": 1, "b": 2}] * 20)


WRITERS = {
    save_plan: ".json", save_plans_as_csv: ".csv", save_plans_as_parquet: ".parquet",
    draw_sweep: ".svg", draw_frontier: ".pdf",
    sweep_to_csv: ".csv",
    sweep_to_parquet: ".parquet",
    save_checkpoint: ".npz", save_table: ".csv",
}  # fmt: skip
every_writer = pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)


def left_overs(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".mel_fast-")]


@every_writer
def test_a_link_is_followed_not_replaced(tmp_path, plan, writer):
    real, link = tmp_path / "real", tmp_path / f"link{WRITERS[writer]}"
    real.touch(mode=0o640)
    link.symlink_to("real")
    real.chmod(0o640)
    writer(link, plan)
    assert link.is_symlink()
    assert real.stat().st_size > 0
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == [link.name, "real"]


@every_writer
def test_a_pipe_gets_all_the_bytes_and_stays_a_pipe(tmp_path, plan, writer, monkeypatch):
    monkeypatch.setattr(atomic, "READER_WAIT_S", 600.0)
    fifo = tmp_path / f"fifo{WRITERS[writer]}"
    os.mkfifo(fifo)
    got = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    writer(fifo, plan)
    reader.join()
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert len(got[0]) > 10
    assert [path.name for path in tmp_path.iterdir()] == [fifo.name]


@every_writer
def test_a_device_stays_a_device(tmp_path, plan, writer):
    link = tmp_path / f"null{WRITERS[writer]}"
    link.symlink_to(os.devnull)
    writer(link, plan)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert link.is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_an_error_that_names_the_file(plan):
    with pytest.raises(OSError, match="No space left on device") as caught:
        plan.save("/dev/full")
    assert caught.value.filename == "/dev/full"


def test_a_pipe_that_nobody_reads_is_given_up_by_name(tmp_path, plan, monkeypatch):
    monkeypatch.setattr(atomic, "READER_WAIT_S", 0.05)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="nobody reads") as caught:
        plan.save(tmp_path / "fifo")
    assert caught.value.filename == str(tmp_path / "fifo")


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
def test_what_goes_to_stdout_stands_between_what_stands_there(tmp_path):
    code = (
        "import sys; from mel_fast._base.atomic import write_text; print('a', flush=True);"
        "write_text('/dev/stdout', 'b\\n'); print('c')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "a\nb\nc\n"


def test_modes_and_owners_are_kept(tmp_path, plan):
    path = tmp_path / "plan.json"
    path.touch()
    path.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    plan.save(path)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid
    )  # fmt: skip


def test_new_files_have_the_usual_permissions_without_a_look_at_the_umask(tmp_path, monkeypatch):
    """Which could only be read by changing it, for all threads."""
    (tmp_path / "usual").touch()
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("changed the umask"))
    write_text(tmp_path / "a.txt", "a")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_private_file_is_private_while_it_is_written(tmp_path):
    path = tmp_path / "private"
    path.touch()
    path.chmod(0o600)
    with beside(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600


def test_content_is_on_the_disk_before_its_name_and_the_name_after(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle):
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def replaced(self, target):
        calls.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_text(tmp_path / "a.txt", "a")
    assert calls == ["file", "rename", "folder"]


def killed_writer(path: Path) -> None:
    """Let a process begin to write and be killed."""
    code = (
        "import os, sys; from mel_fast._base.atomic import beside\n"
        "with beside(sys.argv[1]) as t: t.write_text('half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -9


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "before")
    (tmp_path / ".mel_fast-notes.txt").write_text("somebody's own")
    killed_writer(path)
    assert len(left_overs(tmp_path)) == 2
    assert path.read_text() == "before"
    write_text(tmp_path / "other.txt", "another target's")
    assert len(left_overs(tmp_path)) == 2
    write_text(path, "after")
    assert left_overs(tmp_path) == [".mel_fast-notes.txt"]


def test_what_a_living_writer_writes_is_left_alone(tmp_path):
    path = tmp_path / "a.txt"
    with beside(path) as one:
        one.write_text("one")
        with beside(path) as two:
            two.write_text("two")
        write_text(path, "three")
        assert one.read_text() == "one"
    assert path.read_text() == "one"
    assert left_overs(tmp_path) == []


def test_more_writers_of_a_target_than_names_for_them(tmp_path):
    path = tmp_path / "a.txt"
    texts = {str(i) * 10_000 for i in range(24)}
    threads = [threading.Thread(target=write_text, args=(path, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert left_overs(tmp_path) == []


def test_a_block_inside_writes_the_file_of_the_block_around(tmp_path, plan):
    with beside(tmp_path / "a.json") as temporary:
        plan.save(temporary)
        assert not (tmp_path / "a.json").exists()
    assert mel.Plan.load(tmp_path / "a.json") == plan


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("no/such.json", FileNotFoundError),
        ("folder", IsADirectoryError),
        ("file/a.json", NotADirectoryError),
        ("loop", OSError),
        ("x" * 300, OSError),
    ],
)
def test_errors_name_the_file_that_was_asked_for(tmp_path, plan, name, kind):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(kind) as caught:
        plan.save(tmp_path / name)
    assert caught.value.filename == str(tmp_path / name)
    assert left_overs(tmp_path) == []


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    """A limit of the process on the size of its files stands for the disk's end."""
    for module in ("pyarrow", "matplotlib"):
        pytest.importorskip(module)
    code = f"""
import os, resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import mel_fast as mel, test_files
plan = mel.solve(mel.scenarios.table1(learners=6, cycle_s=30.0, seed=1))
for writer, ending in test_files.WRITERS.items():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer(writer.__name__ + ending, plan)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))
    os.mkdir(writer.__name__)
    path = os.path.join(writer.__name__, "full" + ending)
    try:
        writer(path, plan)
    except OSError as error:
        assert error.filename == path, (writer, error)
    else:
        raise AssertionError(f"{{writer}} wrote")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    left = {path.name for path in tmp_path.glob("*/*")}
    assert left <= {"full.csv"}  # which a sweep goes on from
    assert left_overs(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path, plan):
    path = tmp_path / "plan.json"
    path.write_text("mine")
    path.chmod(0o400)
    with pytest.raises(PermissionError) as caught:
        plan.save(path)
    assert caught.value.filename == str(path)
    assert path.read_text() == "mine"
    path.unlink()
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError) as caught:
        plan.save(path)
    assert caught.value.filename == str(path)
    tmp_path.chmod(0o700)
