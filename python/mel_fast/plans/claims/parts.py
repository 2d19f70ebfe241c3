"""A leaf in which parts of so many samples count for something, too (docs/proof.md, section 6)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mel_fast._base.arithmetic import guard
from mel_fast.model import grammar

PARTS = ("per_part", "part")


class PartsLeaf(NamedTuple):
    """What a hertz and a watt cost and a part is worth: one leaf that rules out a tau."""

    lambda_per_hz: float
    mu_per_w: float
    per_part: float
    part: int

    def certificate(self, bound: int) -> dict[str, Any]:
        """Return it as the certificate for ``bound + 1``."""
        return {"tau": bound + 1, "rule": "prices", "tree": [self._asdict()]}


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
    return {"per_part": worth, "part": grammar.integer(f"{where}.part", node.get("part"), 1)}


guard(__name__)
