"""An allocation that a search has found."""

from dataclasses import dataclass
from typing import Any

from mel_fast import _core
from mel_fast._base.validation import FloatColumn, IntColumn, freeze
from mel_fast.plans.allocation import ALLOCATION


@dataclass(slots=True)
class Split:
    """An allocation that fits a problem with `amount` of the resource."""

    amount: float
    samples: IntColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn
    blocks: IntColumn | None = None

    @classmethod
    def of(cls, amount: float, result: _core.Result) -> "Split":
        """Return the split of a result that has one."""
        assert result.samples is not None
        assert result.bandwidth_hz is not None
        assert result.power_w is not None
        return cls(amount, result.samples, result.bandwidth_hz, result.power_w, result.blocks)

    def allocation(self) -> dict[str, Any]:
        """Return the columns by a plan's names for them, read-only."""
        columns = {name: getattr(self, name) for name in ALLOCATION}
        return {name: None if c is None else freeze(c) for name, c in columns.items()}
