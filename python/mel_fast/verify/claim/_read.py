"""Reads a plan file and refuses whatever is not exactly one: see docs/certificate.md."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from mel_fast.verify._allowance import ticked
from mel_fast.verify.claim._entries import (
    HUGE,
    LONGEST,
    Read,
    RefusedError,
    amount,
    cap,
    column,
    count,
    integer,
    name_of,
    number,
    one_of,
    positive,
    positive_or_zero,
    record,
    share,
    text,
    truth,
)
from mel_fast.verify.claim._problem import INFINITE, LARGEST, Load, Problem, Row, load_of

FORMAT = "mel_fast.plan"
VERSIONS = (1, 2)
STATUSES = ("optimal", "feasible", "infeasible", "undecided")
SCHEMES = ("joint", "task_only", "resource_only")

_INTEGERS = {
    "samples": (1, LARGEST),
    "features": (0, LARGEST),
    "feature_bits": (1, LARGEST),
    "fixed_parameters": (0, LARGEST),
    "parameters_per_sample": (0, LARGEST),
    "parameter_bits": (1, LARGEST),
}
_TASK = (*_INTEGERS, "flops_per_sample", "setting")
_LEARNERS = ("flops_per_s", "gain")
_CONSTANT = ("return_bandwidth_hz", "return_power_w")
_SEND = ("send_bandwidth_hz", "send_power_w")  # since version 2, in their place in an uplink
_LIMITS = (
    "min_samples",
    "max_samples",
    "max_bandwidth_hz",
    "max_power_w",
    "energy_j",
    "energy_per_flop_j",
)
_CHOICES = ("optional", "weight")  # since version 2
_LABELS = ("names",)  # since version 2
_NOISES = {"noise_density_w_per_hz": "density", "noise_power_w": "fixed"}
_PROBLEM = ("task", "learners", "radio", "cycle_s", "idle")
_CLAIM = ("status", "scheme", "tau", "bound", "samples", "bandwidth_hz", "power_w")
_PLAN = ("format", "version", *_CLAIM, "problem", "certificate")
_PAYLOAD = {  # since version 2
    "send_bits": "send",
    "send_bits_per_sample": "send_each",
    "return_bits": "back",
    "return_bits_per_sample": "back_each",
    "flops_per_sample": "flops_each",
}
_BLOCKS = "blocks"
_OWN = ("at_least", "no_more")  # since version 2
_WORTHS = ("samples", "weight", "learners")
_REMARKS = ("reasons", "nodes", "passes", "elapsed_s")  # no part of any claim
_SPLIT = ("learner", "at")
_LEAF = ("lambda_per_hz", "mu_per_w")
_VALUES = ("per_sample", "per_learner")  # of a leaf, where at_least is given
_MOST_WORTH = 1e80
_LN2 = 1.4426950408889634


class Split(NamedTuple):
    """The box is cut: first d_learner <= at, then d_learner >= at + 1."""

    learner: int
    at: int


class Leaf(NamedTuple):
    """Prices that prove a box empty, and what a sample and a participant count for."""

    lambda_per_hz: float
    mu_per_w: float
    per_sample: float = 1.0
    per_learner: float = 0.0


class NoMore(NamedTuple):
    """The claim that no plan, whatever its number of samples, is worth more at a tau."""

    of: str
    than: float


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
    proof: bool  # whether there is a certificate
    tree: list[Split | Leaf] | None  # None: the equal_shares rule, or no certificate
    at_least: int = 0  # learners that must have samples
    no_more: NoMore | None = None  # of what the certificate is, in place of tau

    @property
    def learners(self) -> int:
        """Learners of the problem."""
        return len(self.problem.learners)

    @property
    def leaves(self) -> int:
        """Leaves of the tree."""
        return sum(isinstance(node, Leaf) for node in self.tree or ())


def read_plan(data: object) -> Claim:
    """Return what the file says; raise RefusedError unless it is a plan file that makes sense."""
    file = record(data, "plan file", _PLAN, (*_REMARKS, _BLOCKS, *_OWN))
    one_of(file["format"], "format", (FORMAT,))
    version = integer(file["version"], "version", VERSIONS[0], VERSIONS[-1])
    early = [name for name in _OWN if name in file and version < 2]
    if early:
        raise RefusedError(f"{early[0]} in a file of version 1")
    at_least = count(file.get("at_least", 0), "at_least")
    no_more = _no_more(file["no_more"]) if "no_more" in file else None
    status = one_of(file["status"], "status", STATUSES)
    scheme = one_of(file["scheme"], "scheme", SCHEMES)
    tau = integer(file["tau"], "tau", 0, LONGEST)
    bound = integer(file["bound"], "bound", 0, LONGEST - 1)
    problem = read_problem(file["problem"], "problem", version)
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
    if (at_least or no_more or any(row.optional for row in problem.learners)) and scheme != "joint":
        raise RefusedError(f"scheme {scheme}: who takes part is chosen by scheme joint alone")
    if no_more is not None and not (absent and status == "undecided" and "at_least" not in file):
        raise RefusedError("no_more is claimed beside a plan, a status or at_least")
    size = len(problem.learners)
    tree = _certificate(file["certificate"], scheme, bound, size)
    valued = [node for node in tree or () if isinstance(node, Leaf) and node[2:] != (1.0, 0.0)]
    if valued and (no_more is not None or version < 2):
        raise RefusedError("certificate.tree: per_sample and per_learner are not for this claim")
    _remarks(file)
    return Claim(
        status=status,
        scheme=scheme,
        tau=tau,
        bound=bound,
        allocation=None if absent else _allocation(columns, size),
        blocks=column(file[_BLOCKS], _BLOCKS, count, size) if in_blocks else None,
        problem=problem,
        proof=file["certificate"] is not None,
        tree=tree,
        at_least=at_least,
        no_more=no_more,
    )


def _no_more(data: object) -> NoMore:
    file = record(data, "no_more", ("of", "than"))
    of = one_of(file["of"], "no_more.of", _WORTHS)
    if of == "weight":
        return NoMore(of, number(file["than"], "no_more.than", -1.0, _MOST_WORTH))
    return NoMore(of, integer(file["than"], "no_more.than", -1, LARGEST))


def read_problem(data: object, where: str, version: int = VERSIONS[-1]) -> Problem:
    """Return the problem's numbers; raise RefusedError unless each is there and in range."""
    file = record(data, where, _PROBLEM, ("payload",) if version >= 2 else ())
    task = dict(record(file["task"], f"{where}.task", _TASK))
    for name, (low, high) in _INTEGERS.items():
        task[name] = integer(task[name], f"{where}.task.{name}", low, high)
    task["flops_per_sample"] = positive(task["flops_per_sample"], f"{where}.task.flops_per_sample")
    one_of(task["setting"], f"{where}.task.setting", ("parallelized", "federated"))
    told = load_of(task)
    sample_bits = task["features"] * task["feature_bits"]
    for name, bits in (
        ("model_bits", told.send),
        ("sample_bits", 0 if task["setting"] == "federated" else sample_bits),
        ("sent_bits_per_sample", told.send_each),
    ):
        if bits > LARGEST:
            raise RefusedError(f"{where}.task: {name} = {bits} is above 2^53")
    shared = _shared(file["radio"], f"{where}.radio", version)
    own = ("power_w",) if shared == "return" else ()  # without it, no common budget
    radio = record(
        file["radio"],
        f"{where}.radio",
        ("bandwidth_hz",) if own else ("bandwidth_hz", "power_w"),
        (*_NOISES, "block_hz", *own, *(("shared",) if own else ())),
    )
    noises = [name for name in _NOISES if name in radio]
    if len(noises) != 1:
        raise RefusedError(f"{where}.radio: needs exactly one of {', '.join(_NOISES)}")
    problem = Problem(
        task=task,
        learners=_learners(
            file["learners"], f"{where}.learners", version, told, file.get("payload", {}), shared
        ),
        bandwidth_hz=positive(radio["bandwidth_hz"], f"{where}.radio.bandwidth_hz"),
        power_w=positive(radio["power_w"], f"{where}.radio.power_w")
        if "power_w" in radio
        else None,
        noise=positive(radio[noises[0]], f"{where}.radio.{noises[0]}"),
        law=_NOISES[noises[0]],
        cycle_s=positive(file["cycle_s"], f"{where}.cycle_s"),
        idle=one_of(file["idle"], f"{where}.idle", ("served", "excused")),
        block_hz=positive(radio["block_hz"], f"{where}.radio.block_hz")
        if "block_hz" in radio
        else None,
        shared=shared,
    )
    if problem.power_w is None and any(row.max_power_w == INFINITE for row in problem.learners):
        raise RefusedError(f"{where}.radio.power_w is missing, and so is some learner's own limit")
    with_energy = any(row.energy_j < INFINITE for row in problem.learners)
    if shared == "return" and with_energy and (problem.power_w, problem.block_hz) != (None, None):
        raise RefusedError(
            f"{where}.radio: energy_j in a shared return is neither for power_w nor for block_hz"
        )
    width = problem.block_hz
    if width is not None and not width <= problem.bandwidth_hz <= width * LARGEST:
        raise RefusedError(
            f"{where}.radio.block_hz = {width!r}: must fit into bandwidth_hz = "
            f"{problem.bandwidth_hz!r} once at least, 2^53 times at most"
        )
    _check_speeds(problem, where)
    return problem


def _shared(data: object, where: str, version: int) -> str:
    """Return which link is planned: sending, unless the file says otherwise."""
    if version < 2 or not isinstance(data, dict) or "shared" not in data:
        return "send"
    return one_of(data["shared"], f"{where}.shared", ("return",))


def _check_speeds(problem: Problem, where: str) -> None:
    """Refuse learners out of all range, with float64 as docs/certificate.md says."""
    for k, row in enumerate(ticked(problem.learners)):
        band, noise = row.return_bandwidth_hz, problem.noise
        snr = row.return_power_w * row.gain / (noise * band if problem.law == "density" else noise)
        back = band * (math.log1p(snr) * _LN2)
        if row.gain and not 1e-200 <= back <= 1e200:
            raise RefusedError(
                f"{where}.learners: the constant rate of learner {k} is {back:g} bit/s, must be "
                "from 1e-200 to 1e200"
            )
    fastest = min(row.load.flops_each / row.flops_per_s for row in problem.learners)
    cycles = problem.cycle_s / fastest
    if cycles > LARGEST:
        raise RefusedError(
            f"{where}: cycle_s * max(flops_per_s) / flops_per_sample = {cycles:g} is above 2^53"
        )


def _learners(
    data: object, where: str, version: int, told: Load, payload: object, shared: str
) -> list[Row]:
    later = (*_CHOICES, *_LABELS, *_SEND) if version >= 2 else ()
    used, unused = (_SEND, _CONSTANT) if shared == "return" else (_CONSTANT, _SEND)
    file = record(data, where, (*_LEARNERS, *used), (*unused, *_LIMITS, *later))
    if (unused[0] in file) is not (unused[1] in file):
        raise RefusedError(f"{where}: {unused[0]} and {unused[1]} only come together")
    if ("energy_j" in file) is not ("energy_per_flop_j" in file):
        raise RefusedError(f"{where}: energy_j and energy_per_flop_j only come together")
    readers: dict[str, Read[float]] = {
        "gain": positive_or_zero,
        "min_samples": count,
        "max_samples": count,
        "max_bandwidth_hz": cap,
        "max_power_w": cap,
        "energy_j": cap,
        "energy_per_flop_j": positive_or_zero,
        "optional": truth,
    }
    columns: dict[str, list[float]] = {}
    size = None
    further = (*unused, *_LIMITS, *_CHOICES)
    for name in (*_LEARNERS, *used, *(name for name in further if name in file)):
        columns[name] = column(file[name], f"{where}.{name}", readers.get(name, positive), size)
        size = len(columns[name])
    for name in unused:  # of the link that is planned: no part of the problem
        columns.pop(name, None)
    columns = {dict(zip(used, _CONSTANT, strict=True)).get(n, n): c for n, c in columns.items()}
    if not size:
        raise RefusedError(f"{where}: there are none")
    if "names" in file:
        names = column(file["names"], f"{where}.names", name_of, size)
        if len(set(names)) < size:
            raise RefusedError(f"{where}.names: two learners have the same name")
    values = zip(*map(ticked, columns.values()), strict=True)
    loads = _loads(payload, told, size, shared)
    rows = [
        Row(load=load, **dict(zip(columns, numbers, strict=True)))
        for numbers, load in zip(values, loads, strict=True)
    ]
    for k, row in enumerate(ticked(rows) if "min_samples" in file else ()):
        if row.min_samples > row.max_samples:
            raise RefusedError(
                f"{where}.min_samples[{k}] = {row.min_samples} is above max_samples[{k}] = "
                f"{row.max_samples}"
            )
    return rows


def _loads(data: object, told: Load, size: int, shared: str) -> list[Load]:
    """Read what differs from what the task says: numbers, or columns of the learners."""
    file = record(data, "problem.payload", (), tuple(_PAYLOAD))
    given: dict[str, float | list[float]] = {}
    for name, field in _PAYLOAD.items():
        if name in file:
            where = f"problem.payload.{name}"
            read = positive if field == "flops_each" else positive_or_zero
            entry = file[name]
            listed = isinstance(entry, list)
            given[field] = column(entry, where, read, size) if listed else read(entry, where)
    columns = {field: value for field, value in given.items() if isinstance(value, list)}
    same = told._replace(
        **{field: _whole(value) for field, value in given.items() if not isinstance(value, list)}
    )
    if not columns:
        return [_planned_first(same, shared)] * size
    entries = zip(*map(ticked, columns.values()), strict=True)
    whole = (dict(zip(columns, map(_whole, numbers), strict=True)) for numbers in entries)
    return [_planned_first(same._replace(**each), shared) for each in whole]


def _planned_first(load: Load, shared: str) -> Load:
    if shared == "send":
        return load
    return Load(load.back, load.back_each, load.send, load.send_each, load.flops_each)


def _whole(number: float) -> float:
    """Return an integer where it is one: sums and products of integers are exact."""
    return int(number) if number.is_integer() else number


def _allocation(columns: dict[str, object], size: int) -> Allocation:
    readers: tuple[Read[Any], ...] = (count, amount, amount)
    pairs = zip(columns.items(), readers, strict=True)
    return Allocation(*(column(entry, name, read, size) for (name, entry), read in pairs))


def _certificate(data: object, scheme: str, bound: int, learners: int) -> list[Split | Leaf] | None:
    if data is None:
        return None
    rule = "equal_shares" if scheme == "task_only" else "prices"
    keys = ("tau", "rule") if scheme == "task_only" else ("tau", "rule", "tree")
    certificate = record(data, "certificate", keys)
    one_of(certificate["rule"], f"certificate.rule (scheme {scheme})", (rule,))
    tau = integer(certificate["tau"], "certificate.tau", 1, LONGEST)
    if tau != bound + 1:
        raise RefusedError(f"certificate.tau = {tau} must be bound + 1 = {bound + 1}")
    if "tree" not in keys:
        return None
    tree = column(certificate["tree"], "certificate.tree", _node)
    _check_whole(tree, learners)
    return tree


def _check_whole(tree: list[Split | Leaf], learners: int) -> None:
    """Refuse a list that is no tree in preorder, or cuts learners that are not there."""
    boxes = 1
    for index, node in enumerate(tree):
        where = f"certificate.tree[{index}]"
        if not boxes:
            raise RefusedError(f"{where}: the tree is complete before this node")
        if isinstance(node, Leaf):
            boxes -= 1
            continue
        boxes += 1
        if node.learner >= learners:
            raise RefusedError(f"{where}: there is no learner {node.learner}")
    if boxes:
        raise RefusedError(f"certificate.tree: {boxes} boxes are missing at the end")


def _node(data: object, where: str) -> Split | Leaf:
    if isinstance(data, dict) and "learner" in data:
        node = record(data, where, _SPLIT)
        learner = count(node["learner"], f"{where}.learner")
        return Split(learner, count(node["at"], f"{where}.at"))
    node = record(data, where, _LEAF, _VALUES)
    per_hz, per_w = (share(node[name], f"{where}.{name}") for name in _LEAF)
    if not any(name in node for name in _VALUES):
        return Leaf(per_hz, per_w)
    if not all(name in node for name in _VALUES):
        raise RefusedError(f"{where}: per_sample and per_learner only come together")
    per_sample = number(node["per_sample"], f"{where}.per_sample", -HUGE, HUGE)
    return Leaf(per_hz, per_w, per_sample, amount(node["per_learner"], f"{where}.per_learner"))


def _remarks(file: dict[str, Any]) -> None:
    column(file.get("reasons", []), "reasons", text)
    integer(file.get("nodes", 0), "nodes", 0, LONGEST)
    integer(file.get("passes", 0), "passes", 0, LONGEST)
    amount(file.get("elapsed_s", 0), "elapsed_s")
