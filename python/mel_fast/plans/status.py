"""What is known about a plan."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mel_fast.plans.plan import Plan


class Status(StrEnum):
    """What a plan proves; the words are also those of plan files and of the command line."""

    OPTIMAL = "optimal"
    """The plan is feasible and a certificate rules out one more local cycle."""
    FEASIBLE = "feasible"
    """Stopped by a limit: the plan (if any) is feasible, ``bound`` is valid but above ``tau``."""
    INFEASIBLE = "infeasible"
    """A certificate rules out even one local cycle; there is no plan and ``tau`` is 0."""
    UNDECIDED = "undecided"
    """Double precision cannot separate ``tau`` from ``bound``; both are still valid."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during :func:`mel_fast.solve` or planning; ``plan`` is the best plan before it.

    ``found`` is what `least`, `frontier` or `cp_sat.bracket` knew by then, None for `solve`.
    """

    def __init__(self, plan: "Plan", found: Any = None) -> None:
        super().__init__("interrupted; the best plan so far is in .plan")
        self.plan = plan
        self.found = found
