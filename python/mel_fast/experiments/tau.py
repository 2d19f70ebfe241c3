"""Local cycles over draws of Table I."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast import scenarios
from mel_fast.plans.status import SCHEMES, Scheme, Status
from mel_fast.solve.many import solve_many

#: A draw that takes longer counts with the tau found by then, and is reported as not proved.
LIMIT_S = 10.0

BAND = (0.1, 0.9)

Step = Callable[[], Any]


@dataclass(frozen=True)
class Cell:
    """Local cycles of one scheme at one (K, T) over the draws.

    ``tau`` has one entry a draw, 0 where the draw is infeasible; ``unproved`` counts draws whose
    tau may not be the best.
    """

    learners: int
    cycle_s: float
    scheme: str
    tau: NDArray[np.int64]
    unproved: int

    def quantile(self, share: float) -> int:
        """The smallest tau that at least ``share`` of the draws do not exceed: itself some tau."""
        return int(np.quantile(self.tau, share, method="inverted_cdf"))

    @property
    def median(self) -> int:
        """The middle draw's tau (the lower one of two)."""
        return self.quantile(0.5)

    @property
    def infeasible(self) -> int:
        """Draws in which not even one local cycle fits."""
        return int(np.count_nonzero(self.tau == 0))

    @property
    def mean(self) -> float:
        """Mean tau, infeasible draws as 0."""
        return int(self.tau.sum()) / len(self.tau)

    def row(self) -> dict[str, int | float | str]:
        """The cell in a CSV's columns."""
        return {
            "learners": self.learners,
            "cycle_s": self.cycle_s,
            "scheme": self.scheme,
            "draws": len(self.tau),
            "median": self.median,
            "q10": self.quantile(BAND[0]),
            "q90": self.quantile(BAND[1]),
            "mean": f"{self.mean:.4f}",
            "infeasible": self.infeasible,
            "unproved": self.unproved,
        }


def cells(
    points: Iterable[tuple[int, float]],
    *,
    draws: int,
    seed: int,
    schemes: Iterable[Scheme] = SCHEMES,
    settings: Mapping[str, Any] | None = None,
    step: Step = lambda: None,
) -> list[Cell]:
    """Solve every draw at every point (K, T) by every scheme.

    The draws are the same at every point: learners of a small K are the first ones of a large K.
    """
    found = []
    schemes = tuple(schemes)
    for learners, cycle_s in points:
        batch = scenarios.table1_draws(draws, learners, cycle_s, seed, **(settings or {}))
        for scheme in schemes:
            tau, proved = _solved(batch, scheme)
            found.append(Cell(learners, cycle_s, scheme, tau, draws - proved))
            step()
    return found


def _solved(batch: scenarios.Table1Draws, scheme: Scheme) -> tuple[NDArray[np.int64], int]:
    plans = solve_many(batch, scheme=scheme, row_time_limit_s=LIMIT_S)
    proved = np.isin(plans.status, [Status.OPTIMAL, Status.INFEASIBLE])
    return np.array(plans.tau, dtype=np.int64), int(np.count_nonzero(proved))


def by_key(found: Iterable[Cell]) -> dict[tuple[int, float, str], Cell]:
    """Cells by (learners, cycle_s, scheme)."""
    return {(cell.learners, cell.cycle_s, cell.scheme): cell for cell in found}


def representative_draw(found: Iterable[Cell]) -> int:
    """The first draw nearest to the medians of all the cells together (sum of differences)."""
    return int(np.argmin(sum(np.abs(cell.tau - cell.median) for cell in found)))
