"""A leaf in which parts of so many samples count for something, too (docs/proof.md, section 6)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mel_fast._base.arithmetic import guard
from mel_fast.model import grammar

PARTS = ("per_part", "part", "above")


class PartsLeaf(NamedTuple):
    """What a hertz and a watt cost and a part is worth: one leaf that rules out a tau.

    Parts of learners who may hold more than `above` samples, or must take part, are counted from
    all that they may hold downwards.
    """

    lambda_per_hz: float
    mu_per_w: float
    per_part: float
    part: int
    above: int | None = None

    @classmethod
    def of(cls, result: Any) -> "PartsLeaf | None":
        """Return the one leaf of a result's tree, if it counts parts."""
        if getattr(result, "part", 0.0) == 0.0:  # others than the core's have none
            return None
        prices = result.tree_lambda_per_hz.item(), result.tree_mu_per_w.item()
        above = None if result.above < 0.0 else int(result.above)
        return cls(*prices, result.per_part, int(result.part), above)

    def words(self) -> dict[str, Any]:
        """Return it as a leaf of a certificate."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def certificate(self, bound: int) -> dict[str, Any]:
        """Return it as the certificate for ``bound + 1``."""
        return {"tau": bound + 1, "rule": "prices", "tree": [self.words()]}


def in_parts(certificate: object) -> bool:
    """Say whether parts count in a certificate, which may be anything that was read."""
    tree = certificate.get("tree") if isinstance(certificate, dict) else None
    nodes = tree if isinstance(tree, list) else []
    return any(isinstance(node, dict) and any(name in node for name in PARTS) for node in nodes)


def checked_parts(where: str, node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a leaf that was read says of parts."""
    if not any(name in node for name in PARTS):
        return {}
    if "per_sample" in node or "per_learner" in node:
        raise ValueError(f"{where}: per_part must be without per_sample and per_learner")
    worth = grammar.real(f"{where}.per_part", node.get("per_part"), 0.0, 1e60)
    said = {"per_part": worth, "part": grammar.integer(f"{where}.part", node.get("part"), 1)}
    if "above" in node:
        said["above"] = grammar.integer(f"{where}.above", node["above"], 0)
    return said


guard(__name__)
