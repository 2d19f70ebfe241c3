"""Reads a plan file and refuses whatever is not exactly one: see docs/certificate.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mel_fast.verify.claim._entries import (
    HUGE,
    LONGEST,
    Read,
    RefusedError,
    amount,
    column,
    count,
    integer,
    number,
    one_of,
    positive,
    record,
    share,
    text,
)
from mel_fast.verify.claim._problem import LARGEST, Problem
from mel_fast.verify.claim._read_problem import VERSIONS, read_problem

FORMAT = "mel_fast.plan"
STATUSES = ("optimal", "feasible", "infeasible", "undecided")
SCHEMES = ("joint", "task_only", "resource_only")

_CLAIM = ("status", "scheme", "tau", "bound", "samples", "bandwidth_hz", "power_w")
_PLAN = ("format", "version", *_CLAIM, "problem", "certificate")
_BLOCKS = "blocks"
_SPEEDS = "flops_per_s"
_OWN = ("at_least", "no_more", "least_energy")  # since version 2
_WORTHS = ("samples", "weight", "learners")
_REMARKS = ("reasons", "nodes", "passes", "elapsed_s")  # no part of any claim
_SPLIT = ("learner", "at")
_LEAF = ("lambda_per_hz", "mu_per_w")
_VALUES = ("per_sample", "per_learner")  # of a leaf, where at_least is given
_PARTS = ("per_part", "part")  # of a leaf that counts parts of so many samples
_ABOVE = "above"  # with these: whose parts are counted from the top
_ENERGY_LEAF = ("joules_per_hz", "joules_per_sample")
_MOST_WORTH = 1e80


class Split(NamedTuple):
    """The box is cut: first d_learner <= at, then d_learner >= at + 1."""

    learner: int
    at: int


class Leaf(NamedTuple):
    """Prices that prove a box empty, and what a sample, a participant and a part count for."""

    lambda_per_hz: float
    mu_per_w: float
    per_sample: float = 1.0
    per_learner: float = 0.0
    per_part: float = 0.0
    part: int = 1  # samples, at most
    above: int | None = None  # whoever may hold more than this has them counted from the top

    @property
    def plain(self) -> bool:
        """Whether samples alone count, each for one."""
        return self[2:5] == (1.0, 0.0, 0.0)


class NoMore(NamedTuple):
    """The claim that no plan, whatever its number of samples, is worth more at a tau."""

    of: str
    than: float


class SpendsLeast(NamedTuple):
    """The claim that the plan spends so much, and no plan with its tau less than the bound."""

    joules: float
    bound_j: float
    joules_per_hz: float
    joules_per_sample: float
    joules_per_w: float = 0.0  # where power is in common
    tree: "tuple[Split | Takers | EnergyLeaf, ...]" = ()  # of boxes, in place of these prices


class Takers(NamedTuple):
    """The box is cut: first at most so many learners take part, then more."""

    at: int


class EnergyLeaf(NamedTuple):
    """Prices that bound what the splits of a box spend."""

    joules_per_hz: float
    joules_per_sample: float
    joules_per_w: float = 0.0
    joules_per_taker: float = 0.0  # below 0: a reward


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
    tree: list[Split | Leaf] | None  # None: another rule, or no certificate
    counts: bool = False  # the rule of that name
    at_least: int = 0  # learners that must have samples
    no_more: NoMore | None = None  # of what the certificate is, in place of tau
    least_energy: SpendsLeast | None = None
    flops_per_s: list[float] | None = None  # of each learner, where speeds are chosen

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
    file = record(data, "plan file", _PLAN, (*_REMARKS, _BLOCKS, _SPEEDS, *_OWN))
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
    least = _least_energy(file["least_energy"], problem) if "least_energy" in file else None
    if least is not None and (absent or scheme != "joint" or "at_least" in file or no_more):
        raise RefusedError("least_energy is claimed without a plan of scheme joint, or with others")
    chosen = problem.learners[0].energy_coefficient is not None and not absent
    if chosen is not (_SPEEDS in file):
        raise RefusedError(
            "flops_per_s is missing: problem.learners has energy_coefficient"
            if chosen
            else "flops_per_s is given, without a plan or without energy_coefficient"
        )
    if no_more and scheme != "joint":
        raise RefusedError(f"scheme {scheme}: no_more is of scheme joint alone")
    if no_more is not None and not (absent and status == "undecided" and "at_least" not in file):
        raise RefusedError("no_more is claimed beside a plan, a status or at_least")
    size = len(problem.learners)
    tree, counts = _certificate(file["certificate"], scheme, bound, size)
    own = [node for node in tree or () if isinstance(node, Leaf) and node != Leaf(*node[:2])]
    if own and (no_more is not None or version < 2):
        raise RefusedError(
            "certificate.tree: per_sample, per_learner and per_part are not for this claim"
        )
    if counts and (no_more is not None or version < 2):
        raise RefusedError("certificate.rule: counts is not for this claim")
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
        counts=counts,
        at_least=at_least,
        no_more=no_more,
        least_energy=least,
        flops_per_s=column(file[_SPEEDS], _SPEEDS, positive, size) if chosen else None,
    )


def _no_more(data: object) -> NoMore:
    file = record(data, "no_more", ("of", "than"))
    of = one_of(file["of"], "no_more.of", _WORTHS)
    if of == "weight":
        return NoMore(of, number(file["than"], "no_more.than", -1.0, _MOST_WORTH))
    return NoMore(of, integer(file["than"], "no_more.than", -1, LARGEST))


def _least_energy(data: object, problem: Problem) -> SpendsLeast:
    # Where learners send with power of their own a watt in common has no price.
    perhaps = ("joules_per_w",) if problem.shared == "send" else ()
    names = ("joules", "bound_j", *_ENERGY_LEAF)
    file = record(data, "least_energy", names, (*perhaps, "tree"))

    def amount_of(entries: dict[str, Any], where: str, name: str) -> float:
        return amount(entries.get(name, 0.0), f"{where}.{name}")

    def leaf(entries: dict[str, Any], where: str) -> EnergyLeaf:
        per_hz, per_sample, per_w, per_taker = EnergyLeaf._fields
        return EnergyLeaf(
            amount_of(entries, where, per_hz),
            amount_of(entries, where, per_sample),
            amount_of(entries, where, per_w),
            number(entries.get(per_taker, 0.0), f"{where}.{per_taker}", -HUGE, HUGE),
        )

    # How many take part is a question where learners may rest.
    counts = ("joules_per_taker",) if problem.idle == "excused" else ()

    def node(data: object, where: str) -> Split | Takers | EnergyLeaf:
        if isinstance(data, dict) and "learner" in data:
            return _split(data, where)
        if counts and isinstance(data, dict) and "takers" in data:
            takers = record(data, where, ("takers",))["takers"]
            return Takers(integer(takers, f"{where}.takers", 0, len(problem.learners) - 1))
        return leaf(record(data, where, _ENERGY_LEAF, (*perhaps, *counts)), where)

    tree: list[Split | Takers | EnergyLeaf] = []
    if "tree" in file:
        tree = column(file["tree"], "least_energy.tree", node)
        _check_whole(tree, len(problem.learners), "least_energy.tree")
    joules, bound_j = (amount_of(file, "least_energy", name) for name in ("joules", "bound_j"))
    return SpendsLeast(joules, bound_j, *leaf(file, "least_energy")[:3], tuple(tree))


def _allocation(columns: dict[str, object], size: int) -> Allocation:
    readers: tuple[Read[Any], ...] = (count, amount, amount)
    pairs = zip(columns.items(), readers, strict=True)
    return Allocation(*(column(entry, name, read, size) for (name, entry), read in pairs))


def _certificate(
    data: object, scheme: str, bound: int, learners: int
) -> tuple[list[Split | Leaf] | None, bool]:
    """Return the tree, if the rule has one, and whether the rule is that of counts."""
    if data is None:
        return None, False
    counts = scheme == "joint" and isinstance(data, dict) and data.get("rule") == "counts"
    rule = "equal_shares" if scheme == "task_only" else "counts" if counts else "prices"
    keys = ("tau", "rule", "tree") if rule == "prices" else ("tau", "rule")
    certificate = record(data, "certificate", keys)
    one_of(certificate["rule"], f"certificate.rule (scheme {scheme})", (rule,))
    tau = integer(certificate["tau"], "certificate.tau", 1, LONGEST)
    if tau != bound + 1:
        raise RefusedError(f"certificate.tau = {tau} must be bound + 1 = {bound + 1}")
    if "tree" not in keys:
        return None, counts
    tree = column(certificate["tree"], "certificate.tree", _node)
    _check_whole(tree, learners, "certificate.tree")
    return tree, False


def _check_whole(tree: Sequence[Any], learners: int, name: str) -> None:
    """Refuse a list that is no tree in preorder, or cuts learners that are not there."""
    boxes = 1
    for index, node in enumerate(tree):
        where = f"{name}[{index}]"
        if not boxes:
            raise RefusedError(f"{where}: the tree is complete before this node")
        if not isinstance(node, Split | Takers):
            boxes -= 1
            continue
        boxes += 1
        if isinstance(node, Split) and node.learner >= learners:
            raise RefusedError(f"{where}: there is no learner {node.learner}")
    if boxes:
        raise RefusedError(f"{name}: {boxes} boxes are missing at the end")


def _node(data: object, where: str) -> Split | Leaf:
    if isinstance(data, dict) and "learner" in data:
        return _split(data, where)
    node = record(data, where, _LEAF, (*_VALUES, *_PARTS, _ABOVE))
    per_hz, per_w = (share(node[name], f"{where}.{name}") for name in _LEAF)
    if any(name in node for name in (*_PARTS, _ABOVE)):
        return _parts(node, where, per_hz, per_w)
    if not any(name in node for name in _VALUES):
        return Leaf(per_hz, per_w)
    if not all(name in node for name in _VALUES):
        raise RefusedError(f"{where}: per_sample and per_learner only come together")
    per_sample = number(node["per_sample"], f"{where}.per_sample", -HUGE, HUGE)
    return Leaf(per_hz, per_w, per_sample, amount(node["per_learner"], f"{where}.per_learner"))


def _split(data: object, where: str) -> Split:
    node = record(data, where, _SPLIT)
    learner = count(node["learner"], f"{where}.learner")
    return Split(learner, count(node["at"], f"{where}.at"))


def _parts(node: dict[str, Any], where: str, per_hz: float, per_w: float) -> Leaf:
    if sorted(node.keys() - {_ABOVE}) != sorted((*_LEAF, *_PARTS)):
        raise RefusedError(f"{where}: per_part and part only come together, and alone")
    worth = amount(node["per_part"], f"{where}.per_part")
    part = integer(node["part"], f"{where}.part", 1, LARGEST)
    above = node.get(_ABOVE)
    if _ABOVE in node:
        above = integer(above, f"{where}.{_ABOVE}", 0, LARGEST)
    return Leaf(per_hz, per_w, 1.0, 0.0, worth, part, above)


def _remarks(file: dict[str, Any]) -> None:
    column(file.get("reasons", []), "reasons", text)
    integer(file.get("nodes", 0), "nodes", 0, LONGEST)
    integer(file.get("passes", 0), "passes", 0, LONGEST)
    amount(file.get("elapsed_s", 0), "elapsed_s")
