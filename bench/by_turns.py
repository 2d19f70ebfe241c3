"""Two builds of the package by turns: python bench/by_turns.py OLD [K] [OPTION ...].

OLD is the root of another source tree whose core is built in place. Each option of
`bench/options.py` is timed in a process of either tree, one after the other, again and again; what
is printed are the least CPU times of both and their ratio, which others on the machine hardly move.
"""

import importlib.util
import json
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parents[1]
REPEATS = 5
KINDS, LAWS, IDLES = ("even", "grown"), ("density", "fixed"), ("served", "excused")


def options_of(tree: Path) -> ModuleType:
    """Return a tree's own `bench/options.py`."""
    spec = importlib.util.spec_from_file_location("options", tree / "bench" / "options.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def work(tree: Path) -> None:
    """Answer the other process: prepare a problem, or time one option of it."""
    sys.path.insert(0, str(tree / "python"))
    import mel_fast as mel
    from mel_fast.bench._measure import grown

    assert Path(mel.__file__).is_relative_to(tree), mel.__file__
    options = options_of(tree)
    draws = {"even": getattr(options, "even", None) or options.instance, "grown": grown}
    asks: dict[str, Any] = {}
    for line in sys.stdin:
        command, *words = json.loads(line)
        if command == "prepare":
            kind, law, idle, learners = words
            problem = draws[kind](learners, law, idle)
            asks = {"plain": lambda problem=problem: mel.solve(problem)}
            asks.update(options.options(problem, mel.solve(problem)))
            asks["least"] = asks.get("least") or asks["fastest"]
            print(json.dumps(list(asks)), flush=True)
        else:
            begin = time.process_time()
            answer = asks[words[0]]()
            print(json.dumps([time.process_time() - begin, str(answer.status)]), flush=True)


class Worker:
    """A process that works for one tree."""

    def __init__(self, tree: Path) -> None:
        command = [sys.executable, "-W", "ignore", __file__, "--work", str(tree)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={}
        )

    def ask(self, *words: Any) -> Any:
        """Send a command; return its answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(words) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())


def main() -> None:
    """Print a Markdown table for each kind of channels: milliseconds of both, and the ratio."""
    old, learners = Path(sys.argv[1]).resolve(), int(float((sys.argv[2:] or ["1e5"])[0]))
    wanted, workers = sys.argv[3:], (Worker(old), Worker(HERE))
    for kind in KINDS:
        rows: dict[str, list[str]] = {}
        for law, idle in product(LAWS, IDLES):
            names = [worker.ask("prepare", kind, law, idle, learners) for worker in workers]
            for name in [n for n in names[1] if n in names[0] and (not wanted or n in wanted)]:
                best = [float("inf")] * 2
                for turn in range(2 * REPEATS):
                    seconds, status = workers[turn % 2].ask("run", name)
                    best[turn % 2] = min(best[turn % 2], seconds)
                cell = f"{1e3 * best[0]:.1f} -> {1e3 * best[1]:.1f} ({best[1] / best[0]:.2f})"
                rows.setdefault(name, []).append(cell if status == "optimal" else "-")
        print(f"{kind}, K = {learners:,}: ms of CPU, old -> new (new / old)\n")
        print("| option | " + " | ".join(map(", ".join, product(LAWS, IDLES))) + " |")
        print("|---|" + "---:|" * (len(LAWS) * len(IDLES)))
        for name, cells in rows.items():
            print(f"| {name} | " + " | ".join(cells) + " |")
        print(flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]))
    else:
        main()
