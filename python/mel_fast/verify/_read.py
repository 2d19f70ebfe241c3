"""Reads a plan file and refuses whatever is not exactly one: see docs/certificate.md."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from mel_fast.verify._problem import INFINITE, LARGEST, Problem, Row

FORMAT = "mel_fast.plan"
VERSION = 1
STATUSES = ("optimal", "feasible", "infeasible", "undecided")
SCHEMES = ("joint", "task_only", "resource_only")
LONGEST = 2**63 - 1
TINY, HUGE = 1e-60, 1e60
FINITE = float.fromhex("0x1.fffffffffffffp+1023")

_INTEGERS = {
    "samples": (1, LARGEST),
    "features": (0, LARGEST),
    "feature_bits": (1, LARGEST),
    "fixed_parameters": (0, LARGEST),
    "parameters_per_sample": (0, LARGEST),
    "parameter_bits": (1, LARGEST),
}
_TASK = (*_INTEGERS, "flops_per_sample", "setting")
_LEARNERS = ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w")
_LIMITS = (
    "min_samples",
    "max_samples",
    "max_bandwidth_hz",
    "max_power_w",
    "energy_j",
    "energy_per_flop_j",
)
_NOISES = {"noise_density_w_per_hz": "density", "noise_power_w": "fixed"}
_PROBLEM = ("task", "learners", "radio", "cycle_s", "idle")
_CLAIM = ("status", "scheme", "tau", "bound", "samples", "bandwidth_hz", "power_w")
_PLAN = ("format", "version", *_CLAIM, "problem", "certificate")
_BLOCKS = "blocks"
_REMARKS = ("reasons", "nodes", "passes", "elapsed_s")  # no part of any claim
_SPLIT = ("learner", "at")
_LEAF = ("lambda_per_hz", "mu_per_w")

T = TypeVar("T")
Read = Callable[[object, str], T]


class RefusedError(Exception):
    """The file is not a plan file; the message says where."""


class Split(NamedTuple):
    """The box is cut: first d_learner <= at, then d_learner >= at + 1."""

    learner: int
    at: int


class Leaf(NamedTuple):
    """Prices that prove a box empty."""

    lambda_per_hz: float
    mu_per_w: float


class Allocation(NamedTuple):
    """What each learner gets."""

    samples: list[int]
    bandwidth_hz: list[float]
    power_w: list[float]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a plan file says: a plan for `tau`, and a proof against `bound` + 1."""

    status: str
    scheme: str
    tau: int
    bound: int
    allocation: Allocation | None
    blocks: list[int] | None  # of each learner, where bandwidth comes in blocks
    problem: Problem
    tree: list[Split | Leaf] | None  # None: the equal_shares rule

    @property
    def leaves(self) -> int:
        """Leaves of the tree."""
        return sum(isinstance(node, Leaf) for node in self.tree or ())


def read_plan(data: object) -> Claim:
    """Return what the file says; raise RefusedError unless it is a plan file that makes sense."""
    file = _object(data, "plan file", _PLAN, (*_REMARKS, _BLOCKS))
    _one_of(file["format"], "format", (FORMAT,))
    _integer(file["version"], "version", VERSION, VERSION)
    status = _one_of(file["status"], "status", STATUSES)
    scheme = _one_of(file["scheme"], "scheme", SCHEMES)
    tau = _integer(file["tau"], "tau", 0, LONGEST)
    bound = _integer(file["bound"], "bound", 0, LONGEST - 1)
    problem = read_problem(file["problem"], "problem")
    columns = {name: file[name] for name in Allocation._fields}
    absent = [name for name, column in columns.items() if column is None]
    if absent and len(absent) < len(columns):
        raise RefusedError(f"{' and '.join(absent)} null, the other columns are not")
    if absent and tau:
        raise RefusedError(f"tau = {tau} without a plan: samples, bandwidth_hz, power_w are null")
    if not absent and not tau:
        raise RefusedError("a plan is given for tau = 0")
    if tau > bound:
        raise RefusedError(f"tau = {tau} is above bound = {bound}")
    if status == "optimal" and not 1 <= tau == bound:
        raise RefusedError(f"status optimal needs tau = bound >= 1, not {tau} and {bound}")
    if status == "infeasible" and not tau == bound == 0:
        raise RefusedError(f"status infeasible needs tau = bound = 0, not {tau} and {bound}")
    in_blocks = problem.block_hz is not None and not absent
    if in_blocks is not (_BLOCKS in file):
        raise RefusedError(
            "blocks are missing: problem.radio has block_hz"
            if in_blocks
            else "blocks are given, without a plan or without problem.radio.block_hz"
        )
    size = len(problem.learners)
    tree = _certificate(file["certificate"], scheme, bound)
    _remarks(file)
    return Claim(
        status=status,
        scheme=scheme,
        tau=tau,
        bound=bound,
        allocation=None if absent else _allocation(columns, size),
        blocks=_column(file[_BLOCKS], _BLOCKS, _count, size) if in_blocks else None,
        problem=problem,
        tree=tree,
    )


def read_problem(data: object, where: str) -> Problem:
    """Return the problem's numbers; raise RefusedError unless each is there and in range."""
    file = _object(data, where, _PROBLEM)
    task = dict(_object(file["task"], f"{where}.task", _TASK))
    for name, (low, high) in _INTEGERS.items():
        task[name] = _integer(task[name], f"{where}.task.{name}", low, high)
    task["flops_per_sample"] = _positive(task["flops_per_sample"], f"{where}.task.flops_per_sample")
    _one_of(task["setting"], f"{where}.task.setting", ("parallelized", "federated"))
    radio = _object(
        file["radio"], f"{where}.radio", ("bandwidth_hz", "power_w"), (*_NOISES, "block_hz")
    )
    noises = [name for name in _NOISES if name in radio]
    if len(noises) != 1:
        raise RefusedError(f"{where}.radio: needs exactly one of {', '.join(_NOISES)}")
    problem = Problem(
        task=task,
        learners=_learners(file["learners"], f"{where}.learners"),
        bandwidth_hz=_positive(radio["bandwidth_hz"], f"{where}.radio.bandwidth_hz"),
        power_w=_positive(radio["power_w"], f"{where}.radio.power_w"),
        noise=_positive(radio[noises[0]], f"{where}.radio.{noises[0]}"),
        law=_NOISES[noises[0]],
        cycle_s=_positive(file["cycle_s"], f"{where}.cycle_s"),
        idle=_one_of(file["idle"], f"{where}.idle", ("served", "excused")),
        block_hz=_positive(radio["block_hz"], f"{where}.radio.block_hz")
        if "block_hz" in radio
        else None,
    )
    width = problem.block_hz
    if width is not None and not width <= problem.bandwidth_hz <= width * LARGEST:
        raise RefusedError(
            f"{where}.radio.block_hz = {width!r}: must fit into bandwidth_hz = "
            f"{problem.bandwidth_hz!r} once at least, 2^53 times at most"
        )
    for name in ("model_bits", "sample_bits", "sent_bits_per_sample"):
        if getattr(problem, name) > LARGEST:
            raise RefusedError(f"{where}.task: {name} = {getattr(problem, name)} is above 2^53")
    return problem


def _learners(data: object, where: str) -> list[Row]:
    file = _object(data, where, _LEARNERS, _LIMITS)
    if ("energy_j" in file) is not ("energy_per_flop_j" in file):
        raise RefusedError(f"{where}: energy_j and energy_per_flop_j only come together")
    readers: dict[str, Read[float]] = {
        "gain": _positive_or_zero,
        "min_samples": _count,
        "max_samples": _count,
        "max_bandwidth_hz": _cap,
        "max_power_w": _cap,
        "energy_j": _cap,
        "energy_per_flop_j": _positive_or_zero,
    }
    columns: dict[str, list[float]] = {}
    size = None
    for name in (*_LEARNERS, *(name for name in _LIMITS if name in file)):
        columns[name] = _column(file[name], f"{where}.{name}", readers.get(name, _positive), size)
        size = len(columns[name])
    if not size:
        raise RefusedError(f"{where}: there are none")
    if set(columns) == set(_LEARNERS):
        rows = [Row(*numbers) for numbers in zip(*columns.values(), strict=True)]
    else:
        values = zip(*columns.values(), strict=True)
        rows = [Row(**dict(zip(columns, numbers, strict=True))) for numbers in values]
    for k, row in enumerate(rows if "min_samples" in file else ()):
        if row.min_samples > row.max_samples:
            raise RefusedError(
                f"{where}.min_samples[{k}] = {row.min_samples} is above max_samples[{k}] = "
                f"{row.max_samples}"
            )
    return rows


def _allocation(columns: dict[str, object], size: int) -> Allocation:
    readers: tuple[Read[Any], ...] = (_count, _share, _share)
    pairs = zip(columns.items(), readers, strict=True)
    return Allocation(*(_column(column, name, read, size) for (name, column), read in pairs))


def _certificate(data: object, scheme: str, bound: int) -> list[Split | Leaf] | None:
    rule = "equal_shares" if scheme == "task_only" else "prices"
    keys = ("tau", "rule") if scheme == "task_only" else ("tau", "rule", "tree")
    certificate = _object(data, "certificate", keys)
    _one_of(certificate["rule"], f"certificate.rule (scheme {scheme})", (rule,))
    tau = _integer(certificate["tau"], "certificate.tau", 1, LONGEST)
    if tau != bound + 1:
        raise RefusedError(f"certificate.tau = {tau} must be bound + 1 = {bound + 1}")
    return _column(certificate["tree"], "certificate.tree", _node) if "tree" in keys else None


def _node(data: object, where: str) -> Split | Leaf:
    if isinstance(data, dict) and "learner" in data:
        node = _object(data, where, _SPLIT)
        learner = _integer(node["learner"], f"{where}.learner", 0, LONGEST)
        return Split(learner, _integer(node["at"], f"{where}.at", 0, LONGEST))
    node = _object(data, where, _LEAF)
    return Leaf(*(_share(node[name], f"{where}.{name}") for name in _LEAF))


def _remarks(file: dict[str, Any]) -> None:
    _column(file.get("reasons", []), "reasons", _text)
    _integer(file.get("nodes", 0), "nodes", 0, LONGEST)
    _integer(file.get("passes", 0), "passes", 0, LONGEST)
    _share(file.get("elapsed_s", 0), "elapsed_s")


def _object(
    data: object, where: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise RefusedError(f"{where} is {_show(data)}: must be an object")
    missing = [name for name in required if name not in data]
    unknown = [str(name) for name in data if name not in required and name not in optional]
    if missing or unknown:
        raise RefusedError(f"{where}: keys missing {missing}, keys unknown {unknown}")
    return data


def _column(data: object, where: str, read: Read[T], size: int | None = None) -> list[T]:
    if not isinstance(data, list):
        raise RefusedError(f"{where} is {_show(data)}: must be a list")
    if size is not None and len(data) != size:
        raise RefusedError(f"{where} has {len(data)} entries: must have {size}")
    try:
        return [read(entry, "") for entry in data]
    except RefusedError:  # the place is only spelt out for the entry that is wrong
        return [read(entry, f"{where}[{index}]") for index, entry in enumerate(data)]


def _one_of(data: object, where: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(data, str) or data not in allowed:
        raise RefusedError(f"{where} is {_show(data)}: must be {' or '.join(map(repr, allowed))}")
    return data


def _integer(data: object, where: str, low: int, high: int) -> int:
    if type(data) is not int or not low <= data <= high:
        raise RefusedError(f"{where} is {_show(data)}: must be an integer from {low} to {high}")
    return data


def _number(data: object, where: str, low: float, high: float) -> float:
    """Read a number of which nothing is lost: NaN, infinities and long spellings are refused."""
    value = float("nan")
    try:
        if isinstance(data, str):
            value = float.fromhex(data)
            if value.hex() != data:
                value = float("nan")
        elif type(data) in (int, float):
            value = float(data)  # type: ignore[arg-type]
            if value != data:
                value = float("nan")
    except (ValueError, OverflowError):
        pass
    if not low <= value <= high:
        raise RefusedError(
            f"{where} is {_show(data)}: must be a number from {low} to {high}, plain or as "
            "written by float.hex()"
        )
    return value


def _positive(data: object, where: str) -> float:
    return _number(data, where, TINY, HUGE)


def _positive_or_zero(data: object, where: str) -> float:
    value = _share(data, where)
    return _positive(data, where) if value else 0.0


def _cap(data: object, where: str) -> float:
    """Read an upper limit: a positive number, 0, or "inf" where there is none."""
    return INFINITE if data == "inf" else _positive_or_zero(data, where)


def _share(data: object, where: str) -> float:
    return _number(data, where, 0.0, FINITE)


def _count(data: object, where: str) -> int:
    return _integer(data, where, 0, LARGEST)


def _text(data: object, where: str) -> str:
    if not isinstance(data, str):
        raise RefusedError(f"{where} is {_show(data)}: must be a string")
    return data


def _show(data: object) -> str:
    if isinstance(data, int) and data.bit_length() > 1000:
        return f"an integer of {data.bit_length()} bits"
    text = repr(data) if isinstance(data, str | int | float | None) else f"a {type(data).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
