"""What the paper states, number by number."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMES = ("joint", "task_only", "resource_only")
LABELS = {"joint": "joint", "task_only": "task only", "resource_only": "resource only"}

FIG1_LEARNERS = (4, 6, 8, 10, 12, 14, 16, 18, 20)
FIG1_CYCLES_S = (30.0, 60.0)
FIG2_LEARNERS = (10, 20)
FIG2_CYCLES_S = (10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0)

#: (learners, cycle_s) of the accuracy curves.
FIG3_CELLS = ((10, 30.0), (20, 30.0))
FIG4_CELLS = ((20, 12.0), (20, 30.0))

TARGET_ACCURACY = 0.98


@dataclass(frozen=True)
class TauClaim:
    """Local cycles tau of the three schemes, as the paper gives them (None: not given)."""

    learners: int
    cycle_s: float
    joint: int | None
    task_only: int | None
    resource_only: int | None


#: The only place where the text gives tau for all three schemes.
TAU = TauClaim(10, 30.0, 5, 3, 2)

#: "About 150 % and 225 %" at K = 20, T = 30 s, read as the ratios joint : task only and
#: joint : resource only (9 : 6 : 4 would give exactly these).
GAIN_CELL = (20, 30.0)
GAIN_OVER_TASK_ONLY = 1.50
GAIN_OVER_RESOURCE_ONLY = 2.25

#: At K = 10, T = 10 s resource only reaches 0 while the other two are equal (and work).
SHORT_CELL = (10, 10.0)

#: Joint in 30 s is above resource only in 60 s, K = 20.
HALF_TIME_LEARNERS, HALF_TIME_CYCLES_S = 20, (30.0, 60.0)

#: Global cycles until 98 % accuracy.
CYCLES_TO_TARGET = {
    (20, 30.0): {"joint": 3, "task_only": 4, "resource_only": 7},
    (20, 12.0): {"joint": 4, "task_only": 7, "resource_only": 9},
}
