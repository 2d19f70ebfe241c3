"""The report's numbers, computed: tables as rows, each with its reading."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from mel_fast.experiments.tables import Row
from mel_fast.experiments.tiers import published
from mel_fast.tiers import Job, Tier, privacy, schedule, simulate

JOB = Job(published.TASKS, published.ITEMS)


def tiers(ends: int = published.END_DEVICES) -> list[Tier]:
    """Return the report's tiers: Table 2's times, Table 1's accuracies and parameters."""
    times = {}
    for name, _, _, latency, processed in published.SPEEDS:
        times[name] = (latency, processed * published.ITEMS / 1000.0 - latency)
    counts = (ends, published.EDGE_DEVICES, published.CLOUDS)
    accuracies = (published.COARSE_ACCURACY[0], *published.FINE_ACCURACY[1:])
    return [
        Tier(name, devices, times[name][1], times[name][0], accuracy, True, round(1e6 * millions))
        for name, devices, accuracy, millions in zip(
            ("end", "edge", "cloud"), counts, accuracies, published.PARAMETERS_M, strict=True
        )
    ]


def table2() -> list[Row]:
    """Processing time less inference and latency: what the rest of the system takes."""
    return [
        {
            "tier": name,
            "network": network,
            "latency (s)": latency,
            "inference + latency (ms/image)": f"{inference + 1000 * latency / published.ITEMS:.2f}",
            "published (ms/image)": processed,
            "rest (ms/image)": f"{processed - inference - 1000 * latency / published.ITEMS:.2f}",
            "here: seconds a task": f"{processed * published.ITEMS / 1000:.3f}",
        }
        for name, network, inference, latency, processed in published.SPEEDS
    ]


def table3() -> list[Row]:
    """Encryption modules, from the layers."""
    rows: list[Row] = []
    layers = (privacy.RESNET_FIRST, privacy.WRN_FIRST)
    for layer, (network, output, parameters, kilobytes) in zip(
        layers, published.ENCRYPTION, strict=True
    ):
        raw = layer.parameters * 4 / 1000
        rows.append(
            {
                "module": network,
                "output published": "x".join(map(str, output)),
                "output": "x".join(map(str, layer.output(32, 32))),
                "parameters published": parameters,
                "parameters": layer.parameters,
                "file published (kB)": kilobytes,
                "4 bytes a parameter (kB)": f"{raw:.1f}",
                "the file's rest (kB)": f"{kilobytes - raw:.1f}",
            }
        )
    return rows


def cloud_process_s() -> float:
    """Inference of a task on the cloud, Table 2."""
    return published.SPEEDS[-1][2] * published.ITEMS / 1000.0


def table4() -> list[Row]:
    """Overheads of encryption: one constant a row, fitted to it."""
    rows: list[Row] = []
    latencies = published.OVERHEAD_LATENCIES_S
    for where, shares in published.OVERHEAD.items():
        added = privacy.fitted_s(shares, cloud_process_s(), latencies)
        found = privacy.overhead_share(added, cloud_process_s(), latencies)
        for latency, share, ours in zip(latencies, shares, found.tolist(), strict=True):
            rows.append(
                {
                    "encrypted at": where,
                    "latency (s)": latency,
                    "published": f"{share:.1%}",
                    "reproduced": f"{ours:.1%}",
                    "difference": f"{ours / share - 1:+.1%}",
                    "reading": f"{added:.3f} s / ({cloud_process_s():.3f} s + latency)",
                }
            )
    return rows


@dataclass(frozen=True)
class Reading:
    """A row of Table 5 as it is read here."""

    policy: str
    words: str
    settings: Mapping[str, Any]


def assign_s() -> float:
    """Seconds to hand out a task: what makes the row without fault tolerance end at 24.9 s."""
    end = float(tiers()[0].task_s[0])
    return (published.FAULTS_S["none"][0] - end) / published.TASKS


def readings() -> list[Reading]:
    """Return how each row of Table 5 is simulated; the first reading of a policy is ours."""
    handing = assign_s()
    usual = {"assign_s": handing, "timeout_s": published.TIMEOUT_S}
    # 26.4 s instead of 24.9 s without a failure, and one query a second
    query_cost = (published.FAULTS_S["monitor"][0] - published.FAULTS_S["none"][0]) / 25.0
    return [
        Reading("none", f"a task handed out each {handing:.4f} s", usual),
        Reading("reassign", "the time-out comes on top of handing out", usual),
        Reading(
            "reassign",
            "the time-out counts from the beginning of handing out",
            {**usual, "timeout_s": published.TIMEOUT_S - handing},
        ),
        Reading(
            "monitor",
            f"a query each second that costs the assigner {query_cost:.2f} s",
            {**usual, "query_s": 1.0, "query_cost_s": query_cost},
        ),
        Reading("monitor", "a query each second for nothing", {**usual, "query_s": 1.0}),
    ]


def mean_s(reading: Reading, failures: int) -> float:
    """Return a cell of Table 5, the mean over all choices of the failing devices."""
    choices = list(combinations(range(published.END_DEVICES), failures))
    spans = [
        simulate(
            JOB,
            tiers()[:1],
            reading.policy,
            failures=dict.fromkeys(chosen, published.FAILS_AFTER),
            **reading.settings,
        ).makespan_s
        for chosen in choices
    ]
    return sum(spans) / len(spans)


def closed_form_s(failures: int) -> float:
    """Return a formula for the reassigned row: 24.9 s, time-outs, and a second a repeated task.

    13 tasks of each failed device are handed out in vain and again, in turn over all devices, of
    which f / 8 are dead: 104 f / (8 - f) time-outs in all, and 13 f repeated tasks on 8 - f
    devices. The second is what handing out takes: eight times in vain for each of these tasks.
    """
    lost = published.TASKS // published.END_DEVICES - published.FAILS_AFTER
    alive = published.END_DEVICES - failures
    timeouts = published.END_DEVICES * lost * failures / alive
    repeated = lost * failures / alive
    return published.FAULTS_S["none"][0] + published.TIMEOUT_S * timeouts + repeated * 1.0


def table5() -> list[Row]:
    """Return all cells of Table 5 under all readings."""
    rows: list[Row] = []
    for reading in readings():
        for failures, printed in enumerate(published.FAULTS_S[reading.policy]):
            ours = mean_s(reading, failures)
            rows.append(_cell(reading.policy, failures, printed, ours, reading.words))
    for failures, printed in enumerate(published.FAULTS_S["reassign"]):
        words = "closed form: each time-out 0.5 s, each repeated task 1 s"
        rows.append(_cell("reassign", failures, printed, closed_form_s(failures), words))
    return rows


def _cell(policy: str, failures: int, printed: float, ours: float, words: str) -> dict[str, Any]:
    same = math.isinf(printed) and math.isinf(ours)
    difference = "0.0%" if same else f"{ours / printed - 1:+.1%}"
    return {
        "policy": policy,
        "failures": failures,
        "published (s)": f"{printed:g}",
        "reproduced (s)": f"{ours:.1f}",
        "difference": difference,
        "reading": words,
    }


def figure3() -> list[dict[str, Any]]:
    """Return makespans against the number of end devices: by equation, simulated, optimal.

    ``mapping`` has N_map = 1, as the report's evaluation has it; ``mapping by (4)`` the 2 of its
    equation. Simulated means pipelined, with an assigner that hands out a task each `assign_s`.
    """
    rows: list[dict[str, Any]] = []
    for ends in range(1, published.END_DEVICES + 1):
        here = tiers(ends)
        plans = {name: schedule(JOB, here, name) for name in ("end", "end_cloud", "end_edge")}
        plans["mapping"] = schedule(JOB, here, "mapping", mapped=1)
        plans["mapping by (4)"] = schedule(JOB, here, "mapping")
        plans["optimal"] = schedule(JOB, here, "optimal")
        for name, plan in plans.items():
            rows.append(
                {
                    "end devices": ends,
                    "scheme": name,
                    "equation (s)": "" if plan.ideal_s is None else f"{plan.ideal_s:.3f}",
                    "whole tasks (s)": f"{plan.makespan_s:.3f}",
                    "pipelined (s)": f"{simulate(JOB, here, scheme=plan).makespan_s:.3f}",
                    "with the assigner (s)": (
                        f"{simulate(JOB, here, scheme=plan, assign_s=assign_s()).makespan_s:.3f}"
                    ),
                    "tasks on the cloud": int(plan.counts["cloud"].sum()),
                }
            )
    return rows
