"""An allocation: what each learner is given."""

from dataclasses import dataclass
from typing import ClassVar

from mel_fast._base.arrow import Table
from mel_fast._base.frozen import Found
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.times import Times


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Allocation(Found, Table):
    """What each learner is given, and how long it takes: read-only arrays of shape (K,).

    Attributes
    ----------
    samples, bandwidth_hz, power_w : ndarray
        d_k (int64), B_k and P_k (float64).
    times : Times
        Equations (6) to (8) and their sum.
    """

    _row: ClassVar[str | None] = "learner"

    samples: IntColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn
    times: Times
    _blocks: IntColumn | None

    @property
    def blocks(self) -> IntColumn:
        """n_k, resource blocks of each learner.

        Raises
        ------
        ValueError
            When bandwidth does not come in blocks.
        """
        if self._blocks is None:
            raise ValueError("blocks: bandwidth does not come in blocks (radio.block_hz is None)")
        return self._blocks

    def columns(self) -> dict[str, IntColumn | FloatColumn]:
        """Return one row a learner: samples, blocks if there are any, shares and times."""
        blocks = {} if self._blocks is None else {"blocks": self._blocks}
        shares = {"bandwidth_hz": self.bandwidth_hz, "power_w": self.power_w}
        times = {name: getattr(self.times, name) for name in Times._fields}
        return {"samples": self.samples, **blocks, **shares, **times}

    def __repr__(self) -> str:
        return f"Allocation({self.samples.size} learners, {int(self.samples.sum())} samples)"
