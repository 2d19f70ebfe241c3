"""The loop, without any framework: a fleet, rounds that keep their deadline, what is learnt.

Stands on planning and the store; knows no framework of federated learning, and trains nothing.
"""

from mel_fast._base.arithmetic import guard
from mel_fast.orchestrate.batteries.spending import Batteries, Fair, Greedy
from mel_fast.orchestrate.files.log import Log, read_log
from mel_fast.orchestrate.fleet import Fleet
from mel_fast.orchestrate.orchestrator import Orchestrator
from mel_fast.orchestrate.rounds import Assignment, Closed, Round

__all__ = [
    "Assignment",
    "Batteries",
    "Closed",
    "Fair",
    "Fleet",
    "Greedy",
    "Log",
    "Orchestrator",
    "Round",
    "read_log",
]


guard(__name__)
