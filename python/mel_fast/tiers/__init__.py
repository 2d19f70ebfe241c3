"""End, edge, cloud: tasks that get a coarse answer near by and a fine one further up.

The setting and the four schemes are those of Zongpu Zhang, *Optimization of Deep Learning
Applications in Highly Heterogeneous Distributed System*, EE447 course report, 2018. New here are
the exact optimum with its certificate, the frontier of accuracy against makespan, and a run on
real worker processes. The page docs/tiers.md has the mathematics.

>>> from mel_fast.tiers import Job, Tier, schedule
>>> end, edge = Tier("end", devices=2, process_s=1.0), Tier("edge", devices=1, process_s=1.5)
>>> schedule(Job(tasks=4), [end, edge], scheme="optimal").makespan_s
7.0
"""

from mel_fast._base.arithmetic import guard
from mel_fast.tiers import privacy
from mel_fast.tiers.certificates import Certificate
from mel_fast.tiers.checking import Verdict, check
from mel_fast.tiers.frontiers import Frontier, frontier
from mel_fast.tiers.jobs import Job, Tier
from mel_fast.tiers.planning import SCHEMES, schedule
from mel_fast.tiers.runs.cluster import Cluster, cluster
from mel_fast.tiers.runs.running import LiveRun, run
from mel_fast.tiers.runs.simulation import POLICIES, Simulation, simulate
from mel_fast.tiers.runs.working import Network
from mel_fast.tiers.schedules import Schedule, Stage

__all__ = [
    "POLICIES",
    "SCHEMES",
    "Certificate",
    "Cluster",
    "Frontier",
    "Job",
    "LiveRun",
    "Network",
    "Schedule",
    "Simulation",
    "Stage",
    "Tier",
    "Verdict",
    "check",
    "cluster",
    "frontier",
    "privacy",
    "run",
    "schedule",
    "simulate",
]

guard(__name__)
