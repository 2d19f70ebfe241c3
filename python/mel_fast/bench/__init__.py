"""What `mel-fast bench` measures: times beside the answers that they were spent on.

Every part asserts its answers (:class:`WrongAnswerError`): a time for a wrong one is worth nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mel_fast.bench._measure import WrongAnswerError

__all__ = ["PARTS", "WrongAnswerError", "run"]

PARTS = ("single", "batch", "large", "growth", "payload")


def run(
    parts: Sequence[str] = PARTS,
    *,
    quick: bool = False,
    threads: int = 2,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the parts in order and return their rows, with the machine they ran on.

    Parameters
    ----------
    parts
        Some of `PARTS`.
    quick
        Smaller sizes: seconds instead of minutes. For a look, not for figures to publish.
    threads
        Threads for the batch and for large problems.
    tell
        Is told what begins.

    Raises
    ------
    WrongAnswerError
        When an answer is not proved, or differs between runs or numbers of threads.
    """
    from mel_fast.bench import _batch, _growth, _large, _payload, _single
    from mel_fast.bench._machine import machine

    measures: dict[str, Callable[..., list[dict[str, Any]]]] = {
        "single": _single.measure,
        "batch": _batch.measure,
        "large": _large.measure,
        "growth": _growth.measure,
        "payload": _payload.measure,
    }
    unknown = [part for part in parts if part not in measures]
    if unknown:
        raise ValueError(f"parts: {unknown[0]!r} must be one of {', '.join(PARTS)}")
    report: dict[str, Any] = {"machine": machine(), "quick": quick, "threads": threads}
    for part in parts:
        tell(part)
        report[part] = measures[part](quick=quick, threads=threads)
    report["machine"]["load_at_end"] = machine()["load"]
    return report
