"""What a plan says of energy: so much it spends in all, and no plan at its tau spends less."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import LARGEST
from mel_fast.model import grammar
from mel_fast.plans.claims.certificate import checked_tree
from mel_fast.plans.claims.twin_sides import Node, without_empty_sides

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

FIELDS = ("joules", "bound_j", "joules_per_hz", "joules_per_sample")
_OF_POWER = "joules_per_w"  # in files where it is not 0,
_OF_TAKING = "joules_per_taker"  # and this one, too
_DIVIDED_BY_COUNT = -2  # in place of a learner, as the core says it
_PRICES = ("joules_per_hz", "joules_per_sample")


class Division(NamedTuple):
    """Two boxes: in the one below a learner has at most `at` samples, in the one above more."""

    learner: int
    at: int

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's form."""
        return self._asdict()


class CountDivision(NamedTuple):
    """Two boxes: in the one below at most so many learners take part, in the one above more."""

    takers: int

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's form."""
        return self._asdict()


class PricedBox(NamedTuple):
    """Splits of which its own prices prove the bound."""

    joules_per_hz: float
    joules_per_sample: float
    joules_per_w: float = 0.0
    joules_per_taker: float = 0.0
    """Of taking part, below a `CountDivision`; less than 0 is a reward."""

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's form."""
        perhaps = (name for name in (_OF_POWER, _OF_TAKING) if getattr(self, name))
        return {name: float(getattr(self, name)).hex() for name in (*_PRICES, *perhaps)}


Tree = tuple[Division | CountDivision | PricedBox, ...]


class SpendsLeast(NamedTuple):
    """The claim that a plan spends at most `joules`, and no plan with its tau below `bound_j`."""

    joules: float
    """What all learners spend together, rounded up."""
    bound_j: float
    """Proved by the prices."""
    joules_per_hz: float
    """The price of a hertz, lambda."""
    joules_per_sample: float
    """What a sample is worth, nu."""
    joules_per_w: float = 0.0
    """The price of a watt, mu, where power is what the learners have in common; else 0."""
    tree: Tree = ()
    """Boxes of splits with prices of their own, in preorder, where these for all prove less."""

    @property
    def gap(self) -> float:
        """The relative difference of both ends, 0 where nothing is spent."""
        return (self.joules - self.bound_j) / self.joules if self.joules > 0.0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's form."""
        names = (*FIELDS, _OF_POWER) if self.joules_per_w else FIELDS
        data: dict[str, Any] = {name: float(getattr(self, name)).hex() for name in names}
        if self.tree:
            data["tree"] = [node.to_dict() for node in self.tree]
        return data


def tree_of(
    nodes: Sequence[tuple[int, int, float, float, float, float]], problem: "Problem"
) -> Tree:
    """Return the core's tree, without divisions that the order of identical learners settles."""
    tree: Sequence[Node] = [
        {"learner": learner, "at": at}
        if learner >= 0
        else {"takers": at}
        if learner == _DIVIDED_BY_COUNT
        else {"prices": (per_hz, per_sample, per_w, per_taker)}
        for learner, at, per_hz, per_w, per_sample, per_taker in nodes
    ]
    if tree:
        tree = without_empty_sides(tree, problem.deciding_columns())
    return _tree(tree)


def _tree(nodes: Sequence[Node]) -> Tree:
    return tuple(
        Division(node["learner"], node["at"])
        if "learner" in node
        else CountDivision(node["takers"])
        if "takers" in node
        else PricedBox(*node["prices"])
        for node in nodes
    )


def checked_least_energy(value: object, problem: "Problem") -> SpendsLeast | None:
    """Return a claim about a problem that was given or read.

    Raises
    ------
    ValueError
        For what is none.
    """
    if value is None:
        return None
    data = value.to_dict() if isinstance(value, SpendsLeast) else value
    of_power = _of_power(problem)
    read = grammar.members("least_energy", data, (*FIELDS, *of_power, "tree"), (*of_power, "tree"))
    joules, bound_j, *prices = _amounts("least_energy", read, (*FIELDS, _OF_POWER))
    per_hz, per_sample, per_w = prices
    tree = _checked_tree(read["tree"], problem) if "tree" in read else ()
    return SpendsLeast(joules, bound_j, per_hz, per_sample, per_w, tree)


def _of_power(problem: "Problem") -> tuple[str, ...]:
    # Where learners send with power of their own a watt in common has no price.
    return () if problem.radio.shared == "return" else (_OF_POWER,)


def _amounts(where: str, read: Mapping[str, Any], names: Sequence[str]) -> list[float]:
    return [grammar.real(f"{where}.{name}", read.get(name, 0.0), 0.0, LARGEST) for name in names]


def _checked_tree(value: object, problem: "Problem") -> Tree:
    may_rest = problem.idle == "excused"
    perhaps = (*_of_power(problem), *((_OF_TAKING,) if may_rest else ()))

    def checked_box(where: str, node: object) -> Node:
        read = grammar.members(where, node, (*_PRICES, *perhaps), perhaps)
        of_taking = grammar.real(
            f"{where}.{_OF_TAKING}", read.get(_OF_TAKING, 0.0), -LARGEST, LARGEST
        )
        return {"prices": (*_amounts(where, read, (*_PRICES, _OF_POWER)), of_taking)}

    learners = len(problem.learners)
    return _tree(checked_tree("least_energy.tree", value, learners, checked_box, takers=may_rest))


guard(__name__)
