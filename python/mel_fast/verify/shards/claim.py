"""What a sharded plan claims of all shards together."""

from dataclasses import dataclass
from typing import Any

from mel_fast.verify.claim._entries import (
    LONGEST,
    RefusedError,
    column,
    count,
    integer,
    one_of,
    record,
)
from mel_fast.verify.claim._read import STATUSES, Leaf, Split, _certificate

FORMAT = "mel_fast sharded plan"
_PROBLEM = ("task", "radio", "cycle_s", "idle")
_CLAIM = ("lengths", "status", "tau", "bound", "certificate")


@dataclass(frozen=True, slots=True)
class ShardedClaim:
    """A plan for `tau`, and a proof against `bound` + 1, of learners who are elsewhere."""

    stated: dict[str, Any]  # the problem, but for its learners
    lengths: list[int]
    status: str
    tau: int
    bound: int
    tree: list[Split | Leaf] | None  # None: no certificate

    @property
    def learners(self) -> int:
        """K."""
        return sum(self.lengths)

    def leaves(self) -> "list[tuple[Leaf, dict[int, tuple[int, int]]]]":
        """Return every leaf with the bounds of the learners that were split on the way to it.

        A bound is -1 or `LONGEST` where nothing was said. Raises RefusedError where a split leaves
        nothing on one side, as far as the splits above it tell.
        """
        found = []
        boxes: list[dict[int, tuple[int, int]]] = [{}]
        for index, node in enumerate(self.tree or ()):
            box = boxes.pop()
            if isinstance(node, Leaf):
                found.append((node, box))
                continue
            low, high = box.get(node.learner, (0, LONGEST))
            if not low <= node.at < high:
                raise RefusedError(
                    f"certificate.tree[{index}]: cannot split learner {node.learner}, {low} to "
                    f"{high}, at {node.at}"
                )
            boxes.append({**box, node.learner: (node.at + 1, high)})
            boxes.append({**box, node.learner: (low, node.at)})
        return found


def read_claim(data: object) -> ShardedClaim:
    """Return what is claimed; raise RefusedError unless it makes sense."""
    file = record(data, "sharded plan", ("format", "version", *_PROBLEM, *_CLAIM), ("payload",))
    one_of(file["format"], "format", (FORMAT,))
    integer(file["version"], "version", 1, 1)
    status = one_of(file["status"], "status", STATUSES)
    tau = integer(file["tau"], "tau", 0, LONGEST)
    bound = integer(file["bound"], "bound", 0, LONGEST - 1)
    if tau > bound:
        raise RefusedError(f"tau = {tau} is above bound = {bound}")
    if status == "optimal" and not 1 <= tau == bound:
        raise RefusedError(f"status optimal needs tau = bound >= 1, not {tau} and {bound}")
    if status == "infeasible" and not tau == bound == 0:
        raise RefusedError(f"status infeasible needs tau = bound = 0, not {tau} and {bound}")
    if status == "feasible" and not tau:
        raise RefusedError("status feasible needs a plan, tau = 0")
    lengths = column(file["lengths"], "lengths", count)
    tree, _ = _certificate(file["certificate"], "joint", bound, sum(lengths))
    if any(isinstance(node, Leaf) and node != Leaf(*node[:2]) for node in tree or ()):
        raise RefusedError(
            "certificate.tree: per_sample, per_learner and per_part are not for this claim"
        )
    stated = {name: file[name] for name in (*_PROBLEM, "payload") if name in file}
    return ShardedClaim(stated, lengths, status, tau, bound, tree)
