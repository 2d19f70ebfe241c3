"""Where time goes up a cliff: python bench/cliffs.py [--learners K] [--out FOLDER] [--plot PNG].

One ratio at a time is varied over decades about Table I in proportion to K: learners to samples,
the budgets, how far gains lie apart, how tight limits are, how many learners are identical, blocks
to learners, and the cycle. At each point `solve` is timed, and `least` of each resource for half
the tau found. Every point has a limit of CPU time; what has no proof by then is marked, and so is a
point that took over ten times as long as the median of its curve. What is said to be proved is
verified where the problem is small enough for that. CPU time is of all threads.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mel_fast as mel
from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing import palette
from mel_fast.bench._machine import machine
from mel_fast.bench._measure import grown

LIMIT_S = 10.0
STEEP = 10.0  # times the median of a curve: a cliff
VERIFIED = 3_000  # learners, up to which every proof is checked
LAWS = ("density", "fixed")
IDLES = ("excused", "served")
OVERS = ("power_w", "bandwidth_hz", "cycle_s")


@dataclass(frozen=True)
class Sweep:
    """One ratio: its name, its values, and the problem at each."""

    name: str
    values: tuple[float, ...]
    make: Callable[[mel.Problem, float], mel.Problem | None]


def with_samples(problem: mel.Problem, per_learner: float) -> mel.Problem | None:
    """D over K."""
    samples = round(per_learner * len(problem.learners))
    return problem.replace(task=problem.task.replace(samples=samples)) if samples >= 1 else None


def with_bandwidth(problem: mel.Problem, factor: float) -> mel.Problem:
    """B over what Table I has in proportion."""
    return problem.with_budgets(bandwidth_hz=factor * problem.radio.bandwidth_hz)


def with_power(problem: mel.Problem, factor: float) -> mel.Problem:
    """P over what Table I has in proportion."""
    return problem.with_budgets(power_w=factor * problem.radio.power_w)


def with_spread(problem: mel.Problem, decades: float) -> mel.Problem:
    """Gains over so many decades, about the same median."""
    rng = np.random.default_rng(1)
    median = np.median(problem.learners.gain)
    gain = median * 10.0 ** (decades * (rng.random(len(problem.learners)) - 0.5))
    return problem.replace(learners=problem.learners.replace(gain=gain))


def with_most(problem: mel.Problem, times: float) -> mel.Problem:
    """No learner more than so many times D/K samples."""
    most = max(1, math.ceil(times * problem.task.samples / len(problem.learners)))
    return problem.replace(learners=problem.learners.replace(max_samples=most))


def with_fewest(problem: mel.Problem, share: float) -> mel.Problem:
    """That share of the learners, evenly drawn, must hold one sample."""
    must = np.random.default_rng(2).random(len(problem.learners)) < share
    return problem.replace(learners=problem.learners.replace(min_samples=must.astype(float)))


def with_watts(problem: mel.Problem, times: float) -> mel.Problem:
    """No learner more than so many times P/K."""
    cap = times * problem.radio.power_w / len(problem.learners)
    return problem.replace(learners=problem.learners.replace(max_power_w=cap))


def with_twins(problem: mel.Problem, kinds: float) -> mel.Problem | None:
    """So many kinds of learners, each many times."""
    size = len(problem.learners)
    if kinds > size:
        return None
    of = np.arange(size) % round(kinds)
    learners = problem.learners
    return problem.replace(
        learners=learners.replace(gain=learners.gain[of], flops_per_s=learners.flops_per_s[of])
    )


def with_blocks(problem: mel.Problem, per_learner: float) -> mel.Problem | None:
    """Blocks over learners."""
    blocks = round(per_learner * len(problem.learners))
    if blocks < 1:
        return None
    radio = problem.radio
    return problem.replace(radio=radio.replace(block_hz=radio.bandwidth_hz / (blocks + 0.5)))


def with_cycle(problem: mel.Problem, factor: float) -> mel.Problem:
    """T over 30 s."""
    return problem.replace(cycle_s=factor * problem.cycle_s)


def decades(low: int, high: int, each: int = 1) -> tuple[float, ...]:
    """Powers of ten from low to high, so many a decade."""
    return tuple(10.0 ** (i / each) for i in range(low * each, high * each + 1))


SWEEPS = (
    Sweep("samples over learners", decades(-5, 4), with_samples),
    Sweep("bandwidth over Table I's", decades(-6, 4), with_bandwidth),
    Sweep("power over Table I's", decades(-8, 4), with_power),
    Sweep("decades between gains", (0.0, 1e-6, 1e-3, 1.0, 3.0, 6.0, 12.0, 24.0), with_spread),
    Sweep("max_samples over D/K", (1.0, 1.1, 2.0, 10.0, 100.0, 1e3, 1e4), with_most),
    Sweep("share with min_samples", (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0), with_fewest),
    Sweep("max_power_w over P/K", (0.1, 1.0, 10.0, 1e2, 1e3, 1e5), with_watts),
    Sweep("kinds of learners", (1.0, 2.0, 10.0, 100.0, 1e3, 1e4), with_twins),
    Sweep("blocks over learners", (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0), with_blocks),
    Sweep("cycle over 30 s", (0.1, 0.3, 1.0, 3.0, 10.0, 100.0), with_cycle),
)


def base(learners: int, law: Any, idle: Any, few: bool) -> mel.Problem:
    """Table I in proportion to K; `few`: with Table I's own samples and budgets."""
    problem = grown(learners, law, idle)
    if not few:
        return problem
    own = mel.scenarios.table1(learners=2, law=law, idle=idle)
    return problem.replace(task=problem.task.replace(samples=own.task.samples)).with_budgets(
        bandwidth_hz=own.radio.bandwidth_hz, power_w=own.radio.power_w
    )


def timed(ask: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the answer, wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = ask()
    return answer, time.perf_counter() - wall, time.process_time() - cpu


def spent(limit_s: float) -> Callable[..., bool]:
    """Return a callback that stops what has had so many seconds of CPU, however busy others are."""
    began = time.process_time()
    return lambda *_: time.process_time() - began > limit_s


def check(problem: mel.Problem, plan: mel.Plan) -> None:
    """Stop at a proof that does not hold."""
    if len(problem.learners) <= VERIFIED and str(plan.status) in ("optimal", "infeasible"):
        report = mel.verify(problem, plan)
        assert report.ok, report


def points(
    problem: mel.Problem, questions: str, limit_s: float, threads: int
) -> Iterator[dict[str, Any]]:
    """Yield what each question took."""
    plan, wall, cpu = timed(lambda: mel.solve(problem, threads=threads, callback=spent(limit_s)))
    check(problem, plan)
    yield {
        "asks": "solve",
        "status": str(plan.status),
        "tau": plan.tau,
        "bound": plan.bound,
        "wall_s": wall,
        "cpu_s": cpu,
        "nodes": plan.nodes,
    }
    if questions != "all" or plan.tau < 2 or str(plan.status) != "optimal":
        return
    tau = plan.tau // 2
    for over in OVERS:
        found, wall, cpu = timed(
            lambda over=over: mel.least(
                problem, tau, over, threads=threads, callback=spent(limit_s)
            )
        )
        if found.plan is not None:
            check(found.plan.problem, found.plan)
        yield {
            "asks": f"least {over}",
            "status": str(found.status),
            "tau": tau,
            "bound": tau,
            "wall_s": wall,
            "cpu_s": cpu,
            "nodes": 0,
        }


def search(learners: int, questions: str, limit_s: float, threads: int) -> list[dict[str, Any]]:
    """Walk all curves."""
    rows = []
    for few in (False, True):
        for law in LAWS:
            for idle in IDLES:
                if few and idle == "served":
                    continue  # nobody can be served with so little
                start = base(learners, law, idle, few)
                for sweep in SWEEPS:
                    for value in sweep.values:
                        try:
                            problem = sweep.make(start, value)
                        except ValueError:
                            continue  # beyond what a problem may be
                        if problem is None:
                            continue
                        for row in points(problem, questions, limit_s, threads):
                            own = "Table I's" if few else "in proportion"
                            rows.append(
                                {
                                    "learners": learners,
                                    "law": law,
                                    "idle": idle,
                                    "budgets": own,
                                    "ratio": sweep.name,
                                    "value": value,
                                    **row,
                                }
                            )
                            print(_line(rows[-1]), flush=True)
    return rows


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['law']:7} {row['idle']:7} {row['budgets']:13} {row['ratio']:24} {row['value']:8.3g} "
        f"{row['asks']:18} {row['status']:10} tau {row['tau']} cpu {row['cpu_s']:.3f} s"
    )


def curves(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Rows by curve, in order."""
    by: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        key = tuple(str(row[k]) for k in ("ratio", "law", "idle", "budgets", "asks"))
        by.setdefault(key, []).append(row)
    return by


def steep(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What has no proof, or took far longer than the median of its curve; slowest first."""
    found = []
    for curve in curves(rows).values():
        median = sorted(row["cpu_s"] for row in curve)[len(curve) // 2]
        found += [
            row
            for row in curve
            if row["status"] not in ("optimal", "infeasible")
            or (row["cpu_s"] > STEEP * median and row["cpu_s"] > 0.1)
        ]
    return sorted(found, key=lambda row: -row["cpu_s"])


def write_markdown(rows: list[dict[str, Any]], path: Path, limit_s: float) -> None:
    """Write the slowest point of each curve and what is steep."""
    lines = [
        f"# Cliffs, K = {rows[0]['learners']:,}",
        "",
        f"`python bench/cliffs.py`, at most {limit_s:g} s a point; seconds of CPU.",
        "",
        "| ratio | asks | law | idle | budgets | median s | slowest s | at | proved |",
        "|---|---|---|---|---|---:|---:|---:|---:|",
    ]
    for (ratio, law, idle, budgets, asks), curve in curves(rows).items():
        times = sorted(row["cpu_s"] for row in curve)
        worst = max(curve, key=lambda row: row["cpu_s"])
        proved = sum(row["status"] in ("optimal", "infeasible") for row in curve)
        lines.append(
            f"| {ratio} | {asks} | {law} | {idle} | {budgets} | {times[len(times) // 2]:.3f} "
            f"| {times[-1]:.3f} | {worst['value']:g} | {proved} of {len(curve)} |"
        )
    lines += ["", "Steep, or not proved:", ""]
    lines += [f"- {_line(row)}" for row in steep(rows)] or ["- nothing"]
    path.write_text("\n".join(lines) + "\n")


def draw(rows: list[dict[str, Any]], path: Path, limit_s: float) -> None:
    """Time against each ratio; a cross where there is no proof."""
    with palette.styled():
        figure = drawn(rows, limit_s)
    write_figure(path, figure, dpi=130)


def drawn(rows: list[dict[str, Any]], limit_s: float) -> Any:
    """Return the figure: a pane a ratio."""
    looks = {"density": palette.LOOKS[0], "fixed": palette.LOOKS[4]}
    lines = {
        ("excused", "in proportion"): "-",
        ("served", "in proportion"): "--",
        ("excused", "Table I's"): ":",
    }
    figure = palette.canvas(11.0, 13.0)
    panes = figure.subplots(5, 2).ravel()
    for pane, sweep in zip(panes, SWEEPS, strict=True):
        for (ratio, law, idle, budgets, asks), curve in curves(rows).items():
            if ratio != sweep.name:
                continue
            x = [row["value"] for row in curve]
            y = [row["cpu_s"] for row in curve]
            solves = asks == "solve"
            pane.plot(
                x,
                y,
                lines[idle, budgets],
                color=looks[law].colour,
                alpha=1.0 if solves else 0.3,
                linewidth=1.6 if solves else 0.8,
                marker=looks[law].marker if solves else None,
                markersize=3,
            )
            open_ = [row for row in curve if row["status"] not in ("optimal", "infeasible")]
            pane.plot(
                [row["value"] for row in open_],
                [row["cpu_s"] for row in open_],
                "x",
                color=palette.BLACK,
                markersize=7,
            )
        pane.set_xscale("symlog", linthresh=1e-6) if 0.0 in sweep.values else pane.set_xscale("log")
        pane.set_yscale("log")
        pane.set_xlabel(sweep.name, fontsize=8)
        pane.set_ylabel("CPU time (s)", fontsize=8)
        pane.axhline(limit_s, color=palette.GREY, linewidth=0.6)
    figure.suptitle(
        f"K = {rows[0]['learners']:,}. Blue circles density, orange triangles "
        "fixed; solid excused, dashed served, dotted excused with Table I's own samples and "
        "budgets.\nBold solve, faint least; a cross: no proof within the limit (grey line)",
        fontsize=9,
    )
    return figure


def main() -> None:
    """Measure, write and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds of CPU a point")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--asks", choices=("solve", "all"), default="all")
    parser.add_argument(
        "--out", type=Path, default=None, help="folder for cliffs.json and cliffs.md"
    )
    parser.add_argument("--plot", type=Path, default=None)
    args = parser.parse_args()
    rows = search(args.learners, args.asks, args.limit, args.threads)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        content = {
            "machine": machine(),
            "limit_s": args.limit,
            "threads": args.threads,
            "rows": rows,
        }
        (args.out / "cliffs.json").write_text(json.dumps(content, indent=1) + "\n")
        write_markdown(rows, args.out / "cliffs.md", args.limit)
    if args.plot:
        draw(rows, args.plot, args.limit)
    for row in steep(rows):
        print("steep:", _line(row))


if __name__ == "__main__":
    main()
