"""A second road to tau*: OR-Tools CP-SAT on two grids that enclose the truth.

`bracket` asks CP-SAT about an inner model, whose solutions are real plans, and about an outer
model, which every real plan solves. The method and the argument for each rounding stand in
docs/cp_sat.md. OR-Tools comes with the extra ``[cpsat]`` and is imported when first needed.
"""

from mel_fast._arithmetic import guard
from mel_fast.cp_sat._bracket import Formulation, bracket
from mel_fast.cp_sat._result import Attempt, Bracket, Relaxation

__all__ = ["Attempt", "Bracket", "Formulation", "Relaxation", "bracket"]


guard(__name__)
