"""Plan files: JSON with hexadecimal floats, so that what is read is what was solved."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._arithmetic import guard
from mel_fast._atomic import write_text
from mel_fast.plan import Plan
from mel_fast.problem import Problem, check_keys, number, numbers

FORMAT = "mel_fast.plan"
VERSION = 1

_KEYS = (
    "format",
    "version",
    "status",
    "scheme",
    "tau",
    "bound",
    "samples",
    "bandwidth_hz",
    "power_w",
    "blocks",
    "problem",
    "certificate",
    "reasons",
    "nodes",
    "passes",
    "elapsed_s",
)
_REMARKS = ("reasons", "nodes", "passes", "elapsed_s")


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Return the plan file's content."""
    blocks = {} if plan.blocks is None else {"blocks": plan.blocks.tolist()}
    return {
        "format": FORMAT,
        "version": VERSION,
        "status": str(plan.status),
        "scheme": plan.scheme,
        "tau": plan.tau,
        "bound": plan.bound,
        "samples": None if plan.samples is None else plan.samples.tolist(),
        "bandwidth_hz": _hexadecimal(plan.bandwidth_hz),
        "power_w": _hexadecimal(plan.power_w),
        **blocks,
        "problem": plan.problem.to_dict(),
        "certificate": _map_floats(plan.certificate, float.hex),
        "reasons": list(plan.reasons),
        "nodes": plan.nodes,
        "passes": plan.passes,
        "elapsed_s": plan.elapsed_s,
    }


def plan_from_dict(data: Mapping[str, Any]) -> Plan:
    """Return the plan that a plan file's content describes, without judging it."""
    check_keys("plan", data, _KEYS, (*_REMARKS, "blocks"))
    if data["format"] != FORMAT or data["version"] != VERSION:
        raise ValueError(
            f"format {data['format']!r} version {data['version']!r}: "
            f"must be {FORMAT!r} version {VERSION}"
        )
    shares: dict[str, Any] = {
        name: None if data[name] is None else numbers(name, data[name])
        for name in ("bandwidth_hz", "power_w")
    }
    plain = {name: data[name] for name in ("status", "scheme", "tau", "bound", "samples")}
    extra = {name: data[name] for name in (*_REMARKS, "blocks") if name in data}
    return Plan(
        Problem.from_dict(data["problem"]),
        **plain,
        **shares,
        certificate=_certificate(data["certificate"]),
        **extra,
    )


def save_plan(plan: Plan, path: str | PathLike[str]) -> None:
    """Write the plan file, whole or not at all."""
    write_text(path, json.dumps(plan_to_dict(plan), allow_nan=False) + "\n")


def load_plan(path: str | PathLike[str]) -> Plan:
    """Read a plan file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    return plan_from_dict(data)


def plan_to_json(plan: Plan, *, indent: int | None = None) -> str:
    """Return one object of plain numbers whose keys are the plan's attributes."""
    content = plan.content()
    content["status"] = str(plan.status)
    if plan.problem.radio.block_hz is None:
        del content["blocks"]
    for name in ("send_s", "compute_s", "return_s", "total_s"):
        content[name] = getattr(plan, name)
    if plan.problem.learners.energy_j is not None:
        content["energy_j"] = plan.energy_j
    content = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in content.items()
    }
    content["problem"] = _plain_problem(plan.problem)
    return json.dumps(content, indent=indent, allow_nan=False)


def _plain_problem(problem: Problem) -> dict[str, Any]:
    data = problem.to_dict()
    data["task"]["flops_per_sample"] = problem.task.flops_per_sample
    data["learners"] = {
        name: [entry if entry == "inf" else number(name, entry) for entry in column]
        for name, column in data["learners"].items()
    }
    data["radio"] = {name: number(name, value) for name, value in data["radio"].items()}
    data["cycle_s"] = problem.cycle_s
    return data


def _hexadecimal(column: Any) -> list[str] | None:
    return None if column is None else [value.hex() for value in column.tolist()]


def _map_floats(value: Any, convert: Any) -> Any:
    if isinstance(value, dict):
        return {key: _map_floats(entry, convert) for key, entry in value.items()}
    if isinstance(value, list):
        return [_map_floats(entry, convert) for entry in value]
    return convert(value) if isinstance(value, float) else value


def _certificate(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"certificate is a {type(value).__name__}: must be an object")
    certificate = dict(value)
    tree = certificate.get("tree")
    if isinstance(tree, list):
        certificate["tree"] = [_tree_node(index, node) for index, node in enumerate(tree)]
    return certificate


def _tree_node(index: int, node: Any) -> Any:
    if not isinstance(node, Mapping):
        raise TypeError(f"certificate.tree[{index}] is a {type(node).__name__}: must be an object")
    return {key: number(f"certificate.tree[{index}].{key}", value) for key, value in node.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice: JSON readers differ on which one counts."""
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"keys given twice: {', '.join(twice)}")
    return dict(pairs)


guard(__name__)
