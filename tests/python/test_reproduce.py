"""The paper's experiments: figures to the digit, honest tables, plain words for bad input."""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from mel_fast import channel, evaluate, scenarios, solve
from mel_fast.cli import run
from mel_fast.experiments import figures, published, report, rules, sections, tau, training
from mel_fast.experiments.radio import race
from mel_fast.experiments.radio.setting import Setting

EXPECTED = Path(__file__).parent / "expected"


def idx(array):
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture(name="data")
def _data(tmp_path):
    """Small blobs in MNIST's file format: label l is bright in row l."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for prefix, n in (("train", 300), ("t10k", 60)):
        labels = np.arange(n) % 10
        images = rng.integers(0, 60, (n, 10, 3))
        images[np.arange(n), labels] += 150
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_csv_of_figures_1_and_2_come_back_to_the_digit(tmp_path, capfd):
    assert run(["reproduce", "fig1", "fig2", "--draws", "8", "--out", str(tmp_path)]) == 0
    made = files(tmp_path)
    for name in ("fig1.csv", "fig2.csv"):
        assert made[name].decode() == (EXPECTED / name).read_text()
    listed = capfd.readouterr().out.split()
    assert sorted(Path(line).name for line in listed) == sorted(made)
    assert {"fig1.png", "fig1.svg", "report.md"} <= made.keys()


def test_the_same_command_makes_the_same_bytes(tmp_path):
    made = []
    for name in ("a", "b"):
        assert run(["reproduce", "fig2", "--quick", "--out", str(tmp_path / name)]) == 0
        made.append(files(tmp_path / name))
    assert made[0] == made[1]


def test_a_quick_run_of_everything_trains_and_goes_on_from_checkpoints(tmp_path, data):
    out = tmp_path / "out"
    command = ["reproduce", "--quick", "--data", str(data), "--out", str(out)]
    assert run(command) == 0
    made = files(out)
    words = made.pop("report.md").decode()
    for name in ("fig1", "fig2", "fig3", "fig4"):
        assert {f"{name}.csv", f"{name}.png", f"{name}.svg"} <= made.keys()
    for expected in ("quick run", "published", "What changes it", "What is best", "Accuracy"):
        assert expected in words
    states = {p: p.stat().st_mtime_ns for p in (out / "checkpoints").iterdir()}
    assert run([*command, "fig3", "fig4"]) == 0
    assert made.items() <= files(out).items()
    assert {p: p.stat().st_mtime_ns for p in (out / "checkpoints").iterdir()} == states


def test_a_run_of_one_part_replaces_its_own_section_of_the_report_alone(tmp_path):
    path, own = tmp_path / "report.md", {"fig1": "## Figure 1: new\n\nof these draws"}
    others = {
        "fig1": "## Figure 1: old\n\nof other draws",
        "report": "## Published and reproduced\n\na\n\n## What changes it\n\nb",
        "fig3": "## Accuracy: figure 3\n\nof MNIST",
        "notes": "## My notes\n\nnot to be lost",
    }
    sections.write(path, "how it is read", others)
    sections.write(path, "how it is read", own)
    joined = "\n\n".join((others | own).values())
    assert path.read_text() == f"{sections.TITLE}\nhow it is read\n\n{joined}\n"
    assert run(["reproduce", "fig2", "--draws", "1", "--out", str(tmp_path)]) == 0
    words = path.read_text().split("\n## ")
    assert [part.split(" ")[0] for part in words[1:]] == [
        *("Figure", "Figure", "Published", "What", "Accuracy:", "My")
    ]
    assert words[1] == own["fig1"][3:] + "\n"
    assert "Made by `mel-fast reproduce fig2 --draws 1 " in words[2]
    path.write_text("# Something else\n\n## Figure 1\n\nof somebody\n")
    sections.write(path, "how it is read", own)
    assert path.read_text() == f"{sections.TITLE}\nhow it is read\n\n{own['fig1']}\n"


def test_two_processes_train_what_one_trains(tmp_path, data):
    curves = [
        training.Curve(3, 30.0, "joint", 2, (50, 40, 0)),
        training.Curve(3, 30.0, "task_only", 1, (30, 30, 30)),
        training.Curve(3, 30.0, "resource_only", 0, None),
    ]
    found = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        steps, total = [], []
        histories = training.train(
            curves,
            figures_data(data),
            cycles=2,
            seed=1,
            jobs=jobs,
            checkpoints=folder,
            started=total.append,
            step=lambda steps=steps: steps.append(1),
        )
        assert len(steps) == total[0] == 12
        assert list(histories) == [(3, 30.0, "joint"), (3, 30.0, "task_only")]
        found.append([h.accuracy.tolist() for h in histories.values()])
    assert found[0] == found[1]


def test_the_race_on_the_radio_goes_on_from_runs_that_are_done(tmp_path, data, capfd):
    out = tmp_path / "out"
    command = ["reproduce", "radio", "--quick", "--data", str(data), "--out", str(out)]
    assert run(command) == 0
    made = files(out)
    assert sorted(made) == sorted(Path(line).name for line in capfd.readouterr().out.split())
    assert {"radio_levels.csv", "radio_race.csv", "radio_race.svg", "radio.md"} <= made.keys()
    kept = {p: p.stat().st_mtime_ns for p in (out / "checkpoints").iterdir()}
    assert run(command) == 0
    assert files(out) == made
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    broken = next(iter(kept))
    broken.write_text('{"accuracy": 3}')
    capfd.readouterr()
    assert run(command) == 2
    assert f"{broken.name} is damaged" in capfd.readouterr().err


def test_the_race_is_planned_as_it_is_said():
    """The chosen is the best of all levels, rivals keep to theirs, and equal shares are equal."""
    setting = Setting()
    fast = dict(zip(setting.taus, (30.0, 18.0, 10.0, 7.0), strict=True))
    levels = {
        "float32": race.Measured(9_000_000, 9_000_000, fast),
        "8-bit": race.Measured(2_000_000, 1_300_000, fast),
        "4-bit": race.Measured(700_000, 500_000, fast | {1: np.inf}),
    }
    chosen, eight, floats, equal = race.racers(setting, levels)
    assert chosen.total_s <= min(eight.total_s, floats.total_s, equal.total_s)
    assert (eight.level, floats.level) == ("8-bit", "float32")
    assert set(equal.samples) == {300}
    for racer in (chosen, eight, floats):
        problem = setting.problem().replace(payload=levels[racer.level].payload)
        plan = solve(problem.replace(cycle_s=racer.cycle_s))
        assert plan.tau == racer.tau
        assert sum(racer.samples) == setting.samples
    nobody = {
        name: race.Measured(one.bits_down, one.bits_up, {1: np.inf}) for name, one in levels.items()
    }
    with pytest.raises(ValueError, match="the target was reached in none"):
        race.racers(setting, nobody)


def figures_data(folder):
    from mel_fast.learning import read_mnist

    return read_mnist(folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fig9"], "fig9"),
        (["fig1", "--draws", "0"], "--draws"),
        (["fig1", "--out", "{file}"], "cannot be written"),
        (["fig1", "--out", "{file}/below"], "cannot be written"),
        (["fig3", "--data", "{empty}"], "train-images-idx3-ubyte"),
        (["fig3", "--data", "{empty}/none"], "no such folder"),
        (["fig4", "--data", "{truncated}"], "t10k-images-idx3-ubyte"),
        (["fig4", "--data", "{unequal}"], "300 images but 299 labels"),
        (["radio", "--data", "data"], "300 training samples: the race needs 8,000"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_2_and_leaves_nothing(
    tmp_path, data, capfd, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("here first")
    (tmp_path / "empty").mkdir()
    if "{truncated}" in arguments:
        (data / "t10k-images-idx3-ubyte.gz").unlink()
        (data / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((60, 10, 3)))[:-1])
    if "{unequal}" in arguments:
        (data / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(299)))
    places = {"file": "file", "empty": "empty", "truncated": "data", "unequal": "data"}
    assert run(["reproduce", *(a.format(**places) for a in arguments)]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert message in said.err
    left = [p for p in tmp_path.rglob("*") if p.suffix in (".png", ".svg", ".md")]
    assert left == []
    assert (tmp_path / "file").read_text() == "here first"


def test_a_figure_that_cannot_be_drawn_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "fig.png").write_text("old")

    class Broken:
        def savefig(self, path, **_):
            Path(path).write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        figures.write(Broken(), tmp_path / "fig")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"fig.png": "old"}


def test_without_a_folder_and_without_openml_the_digits_come_with_a_notice(monkeypatch):
    from mel_fast.learning import data as source

    def offline():
        raise source.DataError("MNIST from OpenML: no network")

    monkeypatch.setattr(source, "openml", offline)
    said = []
    found = source.load(None, said.append)
    assert found.name == "scikit-learn digits"
    assert len(said) == 1
    assert "NOT the paper's data" in said[0]


@pytest.mark.parametrize(("name", "extra"), [("matplotlib", "plot"), ("sklearn", "learn")])
def test_a_missing_extra_is_named_before_anything_is_computed(
    tmp_path, capfd, monkeypatch, data, name, extra
):
    for module in [m for m in sys.modules if m.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    out = tmp_path / "out"
    assert run(["reproduce", "fig3", "--data", str(data), "--out", str(out)]) == 2
    said = capfd.readouterr().err.strip()
    assert f"mel_fast[{extra}]" in said
    assert len(said.splitlines()) == 1
    assert not out.exists() or list(out.iterdir()) == []


def test_quantiles_are_taus_of_draws_and_infeasible_draws_count_as_zero():
    cell = tau.Cell(10, 30.0, "joint", np.array([0, 3, 4, 4, 5, 0]), 1)
    assert (cell.median, cell.quantile(0.1), cell.quantile(0.9)) == (3, 0, 5)
    assert (cell.infeasible, cell.mean) == (2, 16 / 6)


def test_cells_hold_what_solve_finds():
    found = tau.by_key(tau.cells([(5, 40.0)], draws=3, seed=2))
    for scheme in published.SCHEMES:
        alone = [solve(scenarios.table1(5, 40.0, 2, draw=i), scheme=scheme).tau for i in range(3)]
        assert found[5, 40.0, scheme].tau.tolist() == alone


def test_the_representative_draw_is_the_first_one_nearest_to_all_medians():
    cells = [
        tau.Cell(1, 1.0, "joint", np.array([9, 5, 4, 4]), 0),
        tau.Cell(1, 1.0, "task_only", np.array([3, 3, 7, 3]), 0),
    ]
    assert tau.representative_draw(cells) == 3


def test_the_comparison_says_no_where_it_disagrees():
    def cell(learners, cycle_s, scheme, value):
        return tau.Cell(learners, cycle_s, scheme, np.full(3, value), 0)

    values = {
        (10, 30.0): (5, 4, 2),
        (20, 30.0): (9, 6, 4),
        (10, 10.0): (1, 1, 0),
        (20, 12.0): (2, 1, 0),
        (20, 60.0): (20, 20, 8),
    }
    table = report.comparison(
        [
            cell(*point, scheme, value)
            for point, taus in values.items()
            for scheme, value in zip(published.SCHEMES, taus, strict=True)
        ]
    )
    for column in (-3, -2):  # by median and by mean
        verdicts = [line.split("|")[column].strip() for line in table.splitlines()[2:]]
        assert verdicts == ["yes", "**no**", "yes", "yes", "yes", "yes", "yes"]


def test_means_over_draws_allow_what_no_single_channel_does():
    four_in_five = {
        (20, 30.0, "joint"): (11, 1),
        (20, 30.0, "task_only"): (10, 0),
        (20, 30.0, "resource_only"): (5, 0),
        (20, 60.0, "resource_only"): (11, 0),
    }
    points = {(k, t, scheme) for k, t in report.POINTS for scheme in published.SCHEMES}
    cells = {
        key: tau.Cell(*key, np.array([usual] * 4 + [fifth]), 0)
        for key in points
        for usual, fifth in [four_in_five.get(key, (1, 1))]
    }
    joint, resource = cells[20, 30.0, "joint"], cells[20, 30.0, "resource_only"]
    assert joint.mean / resource.mean == 2.25
    above = report.statements(cells)[-1]
    assert above.by_mean
    assert not above.by_median


@pytest.mark.parametrize("rule", [rules.equal_split, rules.proportional_fair])
@pytest.mark.parametrize("draw", range(5))
def test_a_simple_rule_keeps_the_budgets_and_its_tau_is_its_largest(rule, draw):
    problem = scenarios.table1(8, 60.0, 5, draw=draw, budgets="per_learner", fading="none")
    found = rule(problem)
    assert found.tau >= 1
    assert found.samples.sum() == problem.task.samples
    assert found.bandwidth_hz.sum() <= problem.radio.bandwidth_hz * (1 + 1e-12)
    assert found.power_w.sum() <= problem.radio.power_w * (1 + 1e-12)
    for more, fits in ((0, True), (1, False)):
        times = evaluate(
            problem, found.tau + more, found.samples, found.bandwidth_hz, found.power_w
        )
        assert (times.total_s.max() <= problem.cycle_s * (1 + 1e-12)) == fits
    assert found.tau <= solve(problem).tau


def test_proportional_fair_radio_cannot_be_bettered_by_moving_a_little():
    problem = scenarios.table1(6, 60.0, 1)
    found = rules.proportional_fair(problem)
    n = problem.radio.noise / problem.learners.gain

    def fairness(bandwidth, power):
        return np.log(bandwidth * np.log1p(power / (n * bandwidth))).sum()

    best = fairness(found.bandwidth_hz, found.power_w)
    rng = np.random.default_rng(0)
    for _ in range(200):
        shift = rng.normal(0, 1e-3, (2, 6))
        b, p = found.bandwidth_hz * (1 + shift[0]), found.power_w * (1 + shift[1])
        b *= problem.radio.bandwidth_hz / b.sum()
        p *= problem.radio.power_w / p.sum()
        assert fairness(b, p) <= best + 1e-9


def test_proportional_fair_is_not_offered_for_the_fixed_law():
    with pytest.raises(ValueError, match="density"):
        rules.proportional_fair(scenarios.table1(3, law="fixed"))


def test_a_rule_on_an_impossible_problem_gives_zero():
    problem = scenarios.table1(4, 1.0, placement=channel.Fixed(50.0))
    assert rules.equal_split(problem).tau == 0
    assert rules.proportional_fair(problem).tau == 0


def test_shares_are_whole_and_complete():
    assert rules.shared(10, np.array([1.0, 1.0, 1.0])).tolist() == [4, 3, 3]
    assert rules.shared(7, np.array([2.0, 0.0, 1.5])).tolist() == [4, 0, 3]
