"""Flower on this machine: ten planned rounds, a client killed, one slowed, one that joins late.

    python examples/flower_loopback.py [FOLDER_WITH_MNIST] [--picture flower.png] [--rounds 10]

A SuperLink and five SuperNodes run as processes on 127.0.0.1, without a network; the seconds are
those of a simulated radio. Without MNIST's IDX files scikit-learn's digits are learnt. Flower's
telemetry and its look for updates are switched off: a run on one machine is nobody else's business.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from mel_fast.flower import Loopback, new_project

CLIENTS = {"roof": -126.0, "van": -128.0, "mast": -124.0, "quay": -127.0, "buoy": -125.0}  # dB
JOINS, DIES, SLOWS = ("buoy", 3), ("mast", 5), ("van", 7)


def run(folder: Path, data: str, rounds: int) -> list[dict]:
    """Run it in a folder and return what is known of each round."""
    new_project(folder / "planned")
    result = folder / "result.jsonl"
    nodes = {}

    def join(link: Loopback, name: str) -> None:
        number = list(CLIENTS).index(name)
        slow = {"slow_round": SLOWS[1], "slow_factor": 0.5} if name == SLOWS[0] else {}
        nodes[name] = link.join(
            name, partition_id=number, gain_db=CLIENTS[name], drift_db=2.0, **slow
        )

    def watch(line: str) -> None:
        if line.startswith(("round ", "  without ")):
            print(line, flush=True)
        if f"[ROUND {JOINS[1]}/" in line:
            join(link, JOINS[0])
        if f"[ROUND {DIES[1]}/" in line:
            time.sleep(1.0)  # its order is on its way
            link.kill(nodes[DIES[0]])

    with Loopback(folder / "run") as link:
        for name in CLIENTS:
            if name != JOINS[0]:
                join(link, name)
        done = link.run(
            folder / "planned", line=watch, time_limit_s=1800.0, rounds=rounds, clients=4,
            samples=1500, cycle_s=6.0, confidence=0.9, ttl_s=45.0, data=data, result=str(result),
        )  # fmt: skip
    if done.failed:
        raise SystemExit("\n".join(done.lines[-30:]))
    return [json.loads(line) for line in result.read_text(encoding="utf-8").splitlines()]


def draw(rounds: list[dict], path: str) -> None:
    """Draw planned against measured seconds of each round, who was late, and the accuracy."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from mel_fast._base.atomic import write_figure
    from mel_fast._base.drawing.palette import BLACK, DEADLINE, LOOKS, axis, canvas, styled

    colours = {name: look.colour for name, look in zip(CLIENTS, LOOKS, strict=False)}
    hatches = dict(zip(CLIENTS, ("", "//", "..", "xx", "--"), strict=False))
    deadline = rounds[0]["deadline_s"]
    width = 0.8 / len(CLIENTS)
    with styled():
        figure = canvas(9.0, 6.0)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        for one in rounds:
            for k, (name, colour) in enumerate(colours.items()):
                x = one["number"] - 0.4 + (k + 0.5) * width
                planned, took = one["planned_s"].get(name), one["measured_s"].get(name)
                late = name in one["missing"]
                if took is not None:
                    top.bar(
                        x, took, 0.9 * width, color=colour, alpha=0.45 if late else 0.9,
                        hatch=hatches[name], edgecolor="white", linewidth=0,
                    )  # fmt: skip
                if planned is not None:
                    top.hlines(planned, x - 0.5 * width, x + 0.5 * width, color=BLACK, lw=1.5)
                if late:
                    word = "late" if took is not None else "gone"
                    y = deadline if took is None else max(took, deadline)
                    top.annotate(
                        f"{name} {word}", (x, y), (0, 3), textcoords="offset points",
                        ha="center", va="bottom", rotation=90, fontsize=8,
                    )  # fmt: skip
        top.axhline(deadline, color=DEADLINE, ls="--", lw=1)
        top.set_ylabel("Time in the round (s)")
        handles = [
            Patch(facecolor=colours[name], hatch=hatches[name], edgecolor="white", label=name)
            for name in CLIENTS
        ]
        handles.append(Line2D([], [], color=BLACK, label="planned"))
        handles.append(Line2D([], [], color=DEADLINE, ls="--", label="deadline"))
        top.legend(handles=handles, ncols=7, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        top.set_ylim(0, 1.3 * max(deadline, *(max(one["measured_s"].values()) for one in rounds)))
        numbers = [one["number"] for one in rounds]
        bottom.plot(numbers, [100 * one["accuracy"] for one in rounds], **LOOKS[0].words())
        bottom.set_ylabel(axis("accuracy"))
        bottom.set_xlabel(axis("round"))
        bottom.set_xticks(numbers)
        write_figure(path, figure, dpi=130)


def main() -> None:
    """Run, print a line a round, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mnist", nargs="?", default="")
    parser.add_argument("--picture")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    data = str(Path(options.mnist).absolute()) if options.mnist else ""
    with tempfile.TemporaryDirectory() as folder:
        rounds = run(Path(folder), data, options.rounds)
    print(f"{sum(one['wall_s'] for one in rounds):.0f} s by the clock")
    if options.picture:
        draw(rounds, options.picture)


if __name__ == "__main__":
    main()
