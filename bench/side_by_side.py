"""Run mel_fast and its peers on the same instances, each in a process of its own.

    python bench/side_by_side.py [--sizes 5 10 20 100 1000] [--limit 60] [--seed 0]

prints a table and writes bench/results/side_by_side-DATE.{md,csv}. A peer that has not answered
within the limit (and a grace for its start) is killed. Exits with 1 when a peer proves something
that contradicts mel_fast's certificate.
"""

import argparse
import csv
import dataclasses
import datetime
import importlib
import io
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from peers import NAMES
from peers.common import PeerAnswer

import mel_fast as mel
from mel_fast._base.atomic import write_text

GRACE_S = 15.0
RESULTS = Path(__file__).parent / "results"
COLUMNS = ("learners", "peer", "tau", "bound", "proved", "seconds", "version", "note")


def instance(learners: int, seed: int) -> mel.Problem:
    """Table I up to K = 20; beyond, samples and budgets grow in proportion (3000 a learner)."""
    growth = max(1.0, learners / 20)
    return mel.scenarios.table1(
        learners=learners,
        cycle_s=30.0,
        seed=seed,
        samples=round(60_000 * growth),
        bandwidth_hz=100e6 * growth,
        power_w=10 ** (23 / 10) / 1000 * growth,
    )


def one(peer: str, learners: int, seed: int, limit_s: float) -> PeerAnswer:
    """Solve in this process, after a small warm-up that keeps imports out of the time."""
    adapter = importlib.import_module(f"peers.{peer}")
    if peer == "mel_fast_peer":
        adapter.solve(instance(2, seed), limit_s)
    return adapter.solve(instance(learners, seed), limit_s)


def apart(peer: str, learners: int, seed: int, limit_s: float) -> PeerAnswer:
    """Solve in a child process that is killed when it does not come back."""
    command = [sys.executable, __file__, "--one", peer, str(learners)]
    command += ["--seed", str(seed), "--limit", str(limit_s)]
    start = time.perf_counter()
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=limit_s + GRACE_S)
    except subprocess.TimeoutExpired:
        seconds = time.perf_counter() - start
        return PeerAnswer(0, None, False, seconds, "", f"no answer in {limit_s:g} s; killed")
    lines = child.stdout.strip().splitlines()
    if child.returncode != 0 or not lines:
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        seconds = time.perf_counter() - start
        return PeerAnswer(0, None, False, seconds, "", f"failed: {last[:120]}")
    return PeerAnswer(**json.loads(lines[-1]))


def contradictions(ours: PeerAnswer, theirs: PeerAnswer) -> list[str]:
    """Return what a peer claims against our certificate."""
    found = []
    if theirs.proved and theirs.tau != ours.tau and ours.proved:
        found.append(f"calls tau = {theirs.tau} optimal, the certificate proves {ours.tau}")
    if theirs.bound is not None and theirs.bound < ours.tau:
        found.append(f"excludes tau > {theirs.bound}, a plan with {ours.tau} is held")
    if theirs.bound is not None and theirs.tau > ours.bound:
        found.append(f"claims a plan with tau = {theirs.tau}, the certificate excludes it")
    return found


def certified(learners: int, seed: int) -> mel.Plan:
    """Return our plan, checked by the independent checker."""
    problem = instance(learners, seed)
    plan = mel.solve(problem)
    verdict = mel.verify(problem, plan)
    if not verdict.ok:
        raise SystemExit(f"our own certificate fails at K = {learners}: {verdict.reasons}")
    return plan


def table(rows: list[dict[str, object]], limit_s: float, seed: int) -> str:
    """Return the run as Markdown."""
    now = datetime.datetime.now(datetime.UTC)
    text = [
        f"# Side by side, {now:%Y-%m-%d %H:%M} UTC",
        "",
        f"`python bench/side_by_side.py --limit {limit_s:g} --seed {seed}` on {os.cpu_count()}"
        f" cores ({_processor()}), Python {platform.python_version()}, mel_fast {mel.__version__};"
        f" load average over the last 15 minutes {os.getloadavg()[2]:.1f}.",
        "",
        "Table I, T = 30 s, density law, every learner served; above K = 20, samples and budgets",
        "grow with K. `bound`: no plan exceeds it, by the solver's word. Times include building",
        "the model.",
        "",
        "| K | solver | tau | bound | proved | seconds | note |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        bound = "-" if row["bound"] is None else row["bound"]
        tau = row["tau"] or "-"
        proved = "yes" if row["proved"] else "no"
        name = row["version"] or row["peer"]
        if row["peer"] == "mel_fast_peer":
            name = f"mel_fast {row['version']}"
        text.append(
            f"| {row['learners']} | {name} | {tau} | {bound} | {proved} | {row['seconds']:.3g} "
            f"| {row['note']} |"
        )
    return "\n".join(text) + "\n"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 10, 20, 100, 1000])
    parser.add_argument("--peers", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=2, metavar=("PEER", "K"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        answer = one(options.one[0], int(options.one[1]), options.seed, options.limit)
        print(json.dumps(dataclasses.asdict(answer)))
        return 0
    rows: list[dict[str, object]] = []
    wrong = []
    for learners in options.sizes:
        plan = certified(learners, options.seed)
        ours = PeerAnswer(plan.tau, plan.bound, plan.status == "optimal", 0.0, "")
        for peer in options.peers:
            answer = apart(peer, learners, options.seed, options.limit)
            against = contradictions(ours, answer)
            wrong += [f"K = {learners}, {peer}: {claim}" for claim in against]
            if against:
                note = "; ".join(["WRONG: " + ", ".join(against), answer.note])
                answer = dataclasses.replace(answer, note=note)
            rows.append({"learners": learners, "peer": peer, **dataclasses.asdict(answer)})
            print(*rows[-1].values(), sep=" | ", flush=True)
    text = table(rows, options.limit, options.seed)
    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / f"side_by_side-{datetime.date.today():%Y-%m-%d}"
    write_text(stem.with_suffix(".md"), text)
    lines = io.StringIO()
    writer = csv.DictWriter(lines, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    write_text(stem.with_suffix(".csv"), lines.getvalue())
    print(text)
    for claim in wrong:
        print(f"contradiction: {claim}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
