"""The proof that one more local cycle is impossible, in the plan file's shape."""

from collections.abc import Iterator
from typing import Any

from mel_fast import _core


def certificate_of(scheme: str, bound: int, result: _core.Result) -> dict[str, Any] | None:
    """Return the core's tree of boxes as the plan's certificate, None if the core has none."""
    if scheme == "task_only":
        return {"tau": bound + 1, "rule": "equal_shares"}
    tree = list(_nodes(result))
    return {"tau": bound + 1, "rule": "prices", "tree": tree} if tree else None


def _nodes(result: _core.Result) -> Iterator[dict[str, Any]]:
    columns = (
        result.tree_learner.tolist(),
        result.tree_at.tolist(),
        result.tree_lambda_per_hz.tolist(),
        result.tree_mu_per_w.tolist(),
    )
    for learner, at, lambda_per_hz, mu_per_w in zip(*columns, strict=True):
        if learner < 0:
            yield {"lambda_per_hz": lambda_per_hz, "mu_per_w": mu_per_w}
        else:
            yield {"learner": learner, "at": at}
