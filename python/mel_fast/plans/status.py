"""The words of a plan: what was planned jointly, and what is known."""

from enum import StrEnum
from typing import Literal

Scheme = Literal["joint", "task_only", "resource_only"]

SCHEMES: tuple[Scheme, ...] = ("joint", "task_only", "resource_only")

Then = Literal["time", "power", "bandwidth", "energy", "none"]

THENS: tuple[Then, ...] = ("time", "power", "bandwidth", "energy", "none")

LEAST = {"power": "power_w", "bandwidth": "bandwidth_hz"}
"""By what a plan spends the least of."""


class Status(StrEnum):
    """What a plan proves; the words are also those of plan files and of the command line.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.Status("optimal") is mel.Status.OPTIMAL, mel.Status.OPTIMAL == "optimal"
    (True, True)
    >>> [status.value for status in mel.Status]
    ['optimal', 'feasible', 'infeasible', 'undecided']
    """

    OPTIMAL = "optimal"
    """The plan is feasible and a certificate rules out one more local cycle."""
    FEASIBLE = "feasible"
    """Stopped by a limit: the plan (if any) is feasible, ``bound`` is valid but above ``tau``."""
    INFEASIBLE = "infeasible"
    """A certificate rules out even one local cycle; there is no plan and ``tau`` is 0."""
    UNDECIDED = "undecided"
    """Double precision cannot separate ``tau`` from ``bound``; both are still valid."""


def status_between(tau: int, bound: int) -> Status:
    """Return what the most local cycles that were found prove with the most that are possible."""
    if bound == 0:
        return Status.INFEASIBLE
    if tau == bound:
        return Status.OPTIMAL
    return Status.FEASIBLE if tau else Status.UNDECIDED


STATUSES = (Status.OPTIMAL, Status.FEASIBLE, Status.INFEASIBLE, Status.UNDECIDED)
"""In the order of the core's codes."""
