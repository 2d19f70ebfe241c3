"""A second road to tau*: OR-Tools CP-SAT on two grids that bracket the truth.

`bracket` asks CP-SAT about an inner model, whose solutions are real plans, and about an outer
model, which every real plan solves. The method and the argument for each rounding stand in
docs/cp_sat.md. OR-Tools comes with the extra ``[cpsat]`` and is imported with this
module, since importing it takes longer than a call's time limit may be; without it, `bracket`
says so.
"""

from contextlib import suppress

from mel_fast._base.arithmetic import guard
from mel_fast.cp_sat._bracket import Formulation, bracket
from mel_fast.cp_sat._models import import_cp_model
from mel_fast.cp_sat._result import Attempt, Bracket, Relaxation

__all__ = ["Attempt", "Bracket", "Formulation", "Relaxation", "bracket"]

with suppress(ImportError):
    import_cp_model()

guard(__name__)
