"""The proof that one more local cycle is impossible, in the plan file's shape."""

from collections.abc import Callable, Iterator
from typing import Any

from mel_fast import _core
from mel_fast._base.untrusted import shown
from mel_fast.model import grammar
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.no_more import checked_values
from mel_fast.plans.claims.parts import PARTS, PartsLeaf, checked_parts
from mel_fast.plans.claims.twin_sides import Node, is_divided, without_empty_sides

_GREATEST = float.fromhex("0x1.fffffffffffffp+1023")


def certificate_of(
    scheme: str, bound: int, result: _core.Result | _core.Selection, problem: Problem
) -> dict[str, Any] | None:
    """Return the core's tree of boxes as the plan's certificate, None if the core has none."""
    if scheme == "task_only":
        return {"tau": bound + 1, "rule": "equal_shares"}
    tree = list(_nodes(result))
    if len(tree) > 1:
        tree = list(without_empty_sides(tree, problem.deciding_columns()))
    return {"tau": bound + 1, "rule": "prices", "tree": tree} if tree else None


def _nodes(result: _core.Result | _core.Selection) -> Iterator[dict[str, Any]]:
    columns = (
        result.tree_learner.tolist(),
        result.tree_at.tolist(),
        result.tree_lambda_per_hz.tolist(),
        result.tree_mu_per_w.tolist(),
    )
    leaf = PartsLeaf.of(result)
    if leaf is not None:
        yield leaf.words()
        return
    for learner, at, lambda_per_hz, mu_per_w in zip(*columns, strict=True):
        if learner < 0:
            yield {"lambda_per_hz": lambda_per_hz, "mu_per_w": mu_per_w}
        else:
            yield {"learner": learner, "at": at}


def checked_certificate(
    value: object, scheme: str, bound: int, learners: int
) -> dict[str, Any] | None:
    """Return a certificate that was read, its numbers as floats; whether it proves is not judged.

    Raises
    ------
    ValueError
        When it has not the form that docs/certificate.md gives it for this scheme and bound, or
        its tree is not a whole one over these learners.
    """
    if value is None:
        return None
    counts = isinstance(value, dict) and value.get("rule") == "counts" and scheme == "joint"
    rule = "equal_shares" if scheme == "task_only" else "counts" if counts else "prices"
    tree = ("tree",) if rule == "prices" else ()
    read = grammar.members("certificate", value, ("tau", "rule", *tree))
    grammar.word(f"certificate.rule (scheme {scheme})", read["rule"], (rule,))
    tau = grammar.integer("certificate.tau", read["tau"], 1, grammar.LONGEST)
    if tau != bound + 1:
        raise ValueError(f"certificate.tau = {tau}: must be bound + 1 = {bound + 1}")
    if rule != "prices":
        return {"tau": tau, "rule": rule}
    whole = checked_tree("certificate.tree", read["tree"], learners, _checked_leaf)
    return {"tau": tau, "rule": rule, "tree": whole}


def checked_tree(
    name: str,
    value: object,
    learners: int,
    checked_leaf: Callable[[str, object], Node],
    *,
    takers: bool = False,
) -> list[Node]:
    """Return a whole tree in preorder over these learners, of splits and what is no split.

    Where `takers` says so a node may also divide the numbers of learners that take part.

    Raises
    ------
    ValueError
        Naming the node.
    """
    if not isinstance(value, list):
        raise ValueError(f"{name} is a {type(value).__name__}: must be a list of nodes")
    boxes = 1  # in preorder, those whose subtree is still to come
    tree = []
    for index, node in enumerate(value):
        where = f"{name}[{index}]"
        if not boxes:
            raise ValueError(f"{where}: the tree is complete before this node")
        if isinstance(node, dict) and "learner" in node:
            tree.append(_checked_split(where, node, learners))
        elif takers and isinstance(node, dict) and "takers" in node:
            tree.append(_checked_takers(where, node, learners))
        else:
            tree.append(checked_leaf(where, node))
        boxes += 1 if is_divided(tree[-1]) else -1
    if boxes:
        raise ValueError(f"{name}: {boxes} boxes are missing at the end")
    return tree


def _checked_split(where: str, node: object, learners: int) -> Node:
    read = grammar.members(where, node, ("learner", "at"))
    learner = grammar.integer(f"{where}.learner", read["learner"])
    if learner >= learners:
        raise ValueError(f"{where}: there is no learner {shown(learner)}")
    return {"learner": learner, "at": grammar.integer(f"{where}.at", read["at"])}


def _checked_takers(where: str, node: object, learners: int) -> Node:
    read = grammar.members(where, node, ("takers",))
    return {"takers": grammar.integer(f"{where}.takers", read["takers"], 0, learners - 1)}


def _checked_leaf(where: str, node: object) -> dict[str, Any]:
    names = ("lambda_per_hz", "mu_per_w")
    read = grammar.members(where, node, names, ("per_sample", "per_learner", *PARTS))
    prices = {name: grammar.real(f"{where}.{name}", read[name], 0.0, _GREATEST) for name in names}
    return prices | checked_parts(where, read) | checked_values(where, read)
