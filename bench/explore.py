"""Processor time of a solve in WebAssembly (Node) and natively: `python bench/explore.py`."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import mel_fast as mel
import mel_fast.explore as explore
from mel_fast import _core

ROUNDS = 15
SCRIPT = """
import fs from "node:fs";
const [core, problem, count, rounds] = process.argv.slice(2);
const { BrowserCore } = await import("./core.js");
const { readProblem } = await import("./reading.js");
const found = await BrowserCore.load(fs.readFileSync(core));
await found.pose(readProblem(fs.readFileSync(problem, "utf8")), "joint");
let least = Infinity;
for (let round = -1; round < rounds; round++) {
  const begin = process.cpuUsage();
  for (let i = 0; i < count; i++) found.call("mel_solve", 0, 1, 10, 1e9);
  if (round >= 0) least = Math.min(least, process.cpuUsage(begin).user / count);
}
console.log(least);
"""


def native_us(problem: mel.Problem, count: int) -> float:
    least = float("inf")
    core = problem.core_for("joint")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(count):
            _core.solve(core, 0, 10.0, 1, None)
        least = min(least, (time.process_time() - begin) / count)
    return 1e6 * least


def main() -> None:
    node = shutil.which("node") or shutil.which("nodejs")
    package = Path(explore.__file__).parent
    if node is None or explore.wasm() is None:
        raise SystemExit("needs node, and core.wasm: python cpp/wasm/build.py")
    print("learners   WebAssembly   native   (least processor time of a solve, in us)")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in (package / "page").glob("*.js"):
            shutil.copy(path, folder)
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "bench.js").write_text(SCRIPT)
        for learners in (20, 100, 1000):
            problem = mel.scenarios.table1(
                learners, seed=0, budgets="per_learner", samples=3000 * learners
            )
            (folder / "problem.json").write_text(json.dumps(problem.to_dict()))
            count = 40_000 // learners
            words = [package / "core.wasm", "problem.json", count, ROUNDS]
            done = subprocess.run(
                [node, "bench.js", *map(str, words)],
                cwd=folder,
                capture_output=True,
                text=True,
                check=True,
            )
            print(f"{learners:8}   {float(done.stdout):11.1f}   {native_us(problem, count):6.1f}")


if __name__ == "__main__":
    main()
