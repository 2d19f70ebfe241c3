"""A slow, obvious solver that the tests trust because a reader can check it in five minutes.

It needs NumPy alone and shares no code with the compiled core. Read it in this order:

``limits``
    what each learner may use;
``rates``
    the times of a plan, and the rate that each learner needs for a given number of samples;
``water``
    the least share of both budgets that pays for given rates (``water_fill``);
``blocks``
    who gets how many blocks, where bandwidth comes in blocks of one width;
``enumeration``
    the best of *all* integer splits of the samples, for tiny problems;
``bracket``
    a lower and an upper bound on the best tau for some hundred learners;
``instances``
    random problems, and problems whose budget is a hair above or below what is needed.
"""

from mel_fast._base.arithmetic import guard
from mel_fast.reference.bracket import Bracket, solve
from mel_fast.reference.enumeration import (
    BestSplit,
    Optimum,
    TooManySplitsError,
    best_split,
    enumerate_optimum,
)
from mel_fast.reference.instances import (
    Borderline,
    borderline_pair,
    random_block_hz,
    random_limits,
    random_problem,
    random_tau,
    with_budgets,
)
from mel_fast.reference.rates import Times, evaluate, needed_rates
from mel_fast.reference.water import WaterFill, is_feasible, water_fill

__all__ = [
    "BestSplit",
    "Borderline",
    "Bracket",
    "Optimum",
    "Times",
    "TooManySplitsError",
    "WaterFill",
    "best_split",
    "borderline_pair",
    "enumerate_optimum",
    "evaluate",
    "is_feasible",
    "needed_rates",
    "random_block_hz",
    "random_limits",
    "random_problem",
    "random_tau",
    "solve",
    "water_fill",
    "with_budgets",
]


guard(__name__)
