"""Plan files: JSON with hexadecimal floats, so that what is read is what was solved."""

import json
from os import PathLike
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.atomic import write_text
from mel_fast._base.progress import between_columns
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import LARGEST
from mel_fast.model import grammar
from mel_fast.model.columns import LABELS, version_of
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.parts import in_parts
from mel_fast.plans.status import SCHEMES, Status
from mel_fast.plans.view import PlanView

FORMAT = "mel_fast.plan"
VERSIONS = (1, 2)

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
    "flops_per_s",
    "problem",
    "certificate",
    "reasons",
    "nodes",
    "passes",
    "elapsed_s",
)
_OWN = ("at_least", "no_more", "least_energy")
_SHARES = ("samples", "bandwidth_hz", "power_w")
_ALLOCATION = (*_SHARES, "blocks")
_REMARKS = ("reasons", "nodes", "passes", "elapsed_s")


def plan_to_dict(plan: PlanView) -> dict[str, Any]:
    """Return the plan file's content."""
    more: dict[str, Any] = {} if plan.blocks is None else {"blocks": plan.blocks.tolist()}
    if plan.problem.chooses_speed and plan.flops_per_s is not None:
        more["flops_per_s"] = _hexadecimal(plan.flops_per_s)
    return {
        "format": FORMAT,
        "version": _version(plan.problem, own=bool(_own(plan)) or in_parts(plan.certificate)),
        "status": str(plan.status),
        "scheme": plan.scheme,
        "tau": plan.tau,
        "bound": plan.bound,
        "samples": None if plan.samples is None else plan.samples.tolist(),
        "bandwidth_hz": _hexadecimal(plan.bandwidth_hz),
        "power_w": _hexadecimal(plan.power_w),
        **more,
        "problem": plan.problem.to_dict(),
        "certificate": _map_floats(plan.certificate, float.hex),
        "reasons": list(plan.reasons),
        "nodes": plan.nodes,
        "passes": plan.passes,
        "elapsed_s": plan.elapsed_s,
        **_own(plan),
    }


def _own(plan: PlanView) -> dict[str, Any]:
    """Return what a plan was asked for beyond its problem, or claims beyond its tau."""
    own: dict[str, Any] = {}
    if plan.at_least is not None:
        own["at_least"] = plan.at_least
    if plan.no_more is not None:
        own["no_more"] = plan.no_more.to_dict()
    if plan.least_energy is not None:
        own["least_energy"] = plan.least_energy.to_dict()
    return own


def plan_fields(data: Any) -> tuple[Problem, dict[str, Any]]:
    """Return the problem and the other fields of a plan file's content, without judging them."""
    file = grammar.members("plan", data, _KEYS, (*_REMARKS, "blocks", "flops_per_s", *_OWN))
    kind, version = file["format"], file["version"]
    if kind != FORMAT or type(version) is not int or version not in VERSIONS:
        raise ValueError(
            f"format {shown(kind)} version {shown(version)}: must be {FORMAT!r} version "
            f"{' or '.join(map(str, VERSIONS))}"
        )
    status = grammar.word("status", file["status"], tuple(map(str, Status)))
    scheme = grammar.word("scheme", file["scheme"], SCHEMES)
    tau = grammar.integer("tau", file["tau"], 0, grammar.LONGEST)
    bound = grammar.integer("bound", file["bound"], 0, grammar.LONGEST - 1)
    problem = Problem.from_dict(file["problem"])
    own = {name: file[name] for name in _OWN if name in file}
    needed = _version(problem, own=bool(own) or in_parts(file["certificate"]))
    if version < needed:
        raise ValueError(f"version {version}: the problem has entries of version {needed}")
    _agree(file, status, tau, bound, in_blocks=problem.radio.block_hz is not None)
    if ("flops_per_s" in file) != (problem.chooses_speed and tau > 0):
        raise ValueError(
            "flops_per_s: must be given exactly where there are a plan and "
            "problem.learners.energy_coefficient"
        )
    if "least_energy" in own and (tau == 0 or scheme != "joint" or len(own) > 1):
        raise ValueError("least_energy: must be with a plan of scheme joint, without other claims")
    if "at_least" in own:
        own["at_least"] = grammar.integer("at_least", own["at_least"])
    readers = {
        "samples": grammar.counts,
        "bandwidth_hz": grammar.column,
        "power_w": grammar.column,
        "blocks": grammar.counts,
        "flops_per_s": grammar.column,
    }
    shares: dict[str, Any] = {
        name: read(name, file[name]) for name, read in readers.items() if file.get(name) is not None
    }
    return problem, {
        "status": status,
        "scheme": scheme,
        "tau": tau,
        "bound": bound,
        **shares,
        **own,
        "certificate": file["certificate"],
        "reasons": grammar.texts("reasons", file.get("reasons", [])),
        "nodes": grammar.integer("nodes", file.get("nodes", 0), 0, grammar.LONGEST),
        "passes": grammar.integer("passes", file.get("passes", 0), 0, grammar.LONGEST),
        "elapsed_s": grammar.real("elapsed_s", file.get("elapsed_s", 0), 0.0, LARGEST),
    }


def _agree(file: dict[str, Any], status: str, tau: int, bound: int, *, in_blocks: bool) -> None:
    """Refuse parts of a file that do not belong together."""
    absent = [name for name in _SHARES if file[name] is None]
    if absent and len(absent) < len(_SHARES):
        raise ValueError(f"{', '.join(_SHARES)}: must be given all three or none (null)")
    if bool(absent) != (tau == 0):
        raise ValueError(f"tau = {tau}: {', '.join(_SHARES)} must be null if and only if tau is 0")
    if tau > bound:
        raise ValueError(f"tau = {tau}: must be at most bound = {bound}")
    if status == "optimal" and not 1 <= tau == bound:
        raise ValueError(f"status optimal: tau = {tau} must be bound = {bound}, at least 1")
    if status == "infeasible" and bound != 0:
        raise ValueError(f"status infeasible: bound = {bound} must be 0")
    wanted = in_blocks and not absent
    if wanted != ("blocks" in file):
        raise ValueError(
            f"blocks: must {'' if wanted else 'not '}be given: they are there exactly where "
            "there are a plan and problem.radio.block_hz"
        )


def _version(problem: Problem, *, own: bool) -> int:
    """Return the first version of plan files that knows all that a problem, or its plan, has."""
    later = own or problem._given is not None or problem.radio.shared != "send"
    return max(version_of(problem.learners.columns()), 2 if later else 1)


def save_plan(plan: PlanView, path: str | PathLike[str]) -> None:
    """Write the plan file, whole or not at all."""
    write_text(path, json.dumps(plan_to_dict(plan), allow_nan=False) + "\n")


def plan_to_json(plan: PlanView, *, indent: int | None = None) -> str:
    """Return one object of plain numbers whose keys are the plan's attributes."""
    names = ("scheme", "tau", "bound", *_ALLOCATION, "certificate", *_REMARKS)
    content = {"status": str(plan.status), **{name: getattr(plan, name) for name in names}}
    if plan.problem.radio.block_hz is None:
        del content["blocks"]
    for name in ("send_s", "compute_s", "return_s", "total_s"):
        content[name] = getattr(plan, name)
    if plan.problem.chooses_speed:
        content["flops_per_s"] = plan.flops_per_s
    if plan.problem.learners.energy_j is not None or plan.problem.chooses_speed:
        content["energy_j"] = plan.energy_j
    content = {name: _plain(value) for name, value in content.items()} | _own(plan)
    content["problem"] = _plain_problem(plan.problem)
    return json.dumps(content, indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    """Return columns as lists, in which infinite entries (a rate of zero) are "inf"."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "i" or np.isfinite(value).all():
        return value.tolist()
    return [entry if np.isfinite(entry) else str(entry) for entry in value.tolist()]


def _plain_problem(problem: Problem) -> dict[str, Any]:
    data = problem.to_dict()
    data["task"]["flops_per_sample"] = problem.task.flops_per_sample
    data["learners"] = {
        name: [
            float.fromhex(x) if isinstance(x, str) and x != "inf" and name not in LABELS else x
            for x in column
        ]
        for name, column in data["learners"].items()
    }
    radio = problem.radio._arguments()
    data["radio"] = {name: radio[name] for name in data["radio"]}
    data["cycle_s"] = problem.cycle_s
    if problem._given is not None:
        data["payload"] = {name: _plain(value) for name, value in problem._given.given().items()}
    return data


def _hexadecimal(column: Any) -> list[str] | None:
    between_columns()
    return None if column is None else list(map(float.hex, column.tolist()))


def _map_floats(value: Any, convert: Any) -> Any:
    if isinstance(value, dict):
        return {key: _map_floats(entry, convert) for key, entry in value.items()}
    if isinstance(value, list):
        return [_map_floats(entry, convert) for entry in value]
    return convert(value) if isinstance(value, float) else value


guard(__name__)
