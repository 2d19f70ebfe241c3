"""What a planner asks next: how little suffices, what blocks one more, what if things change."""

from mel_fast._base.arithmetic import guard
from mel_fast.planning._bottlenecks import Bottleneck
from mel_fast.planning._explain import Explanation, explain
from mel_fast.planning._frontier import Frontier, frontier
from mel_fast.planning._least import Least, fastest, least
from mel_fast.planning._leave_out import LeaveOut
from mel_fast.planning._limits import LiftedLimit, MarginalValue
from mel_fast.planning._prices import prices_at, prices_of
from mel_fast.planning._simulate import Outcome, Simulation, simulate
from mel_fast.plans.prices import Prices

__all__ = [
    "Bottleneck",
    "Explanation",
    "Frontier",
    "Least",
    "LeaveOut",
    "LiftedLimit",
    "MarginalValue",
    "Outcome",
    "Prices",
    "Simulation",
    "explain",
    "fastest",
    "frontier",
    "least",
    "prices_at",
    "prices_of",
    "simulate",
]


guard(__name__)
