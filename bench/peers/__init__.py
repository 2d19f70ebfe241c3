"""What a user would pick instead: one adapter a solver, each with `solve(problem, time_limit_s)`.

An adapter builds its model in scaled units, gives bounds and a starting point, and asks for the
solver's own proof mode. README.md says what each can prove.
"""

NAMES = ("mel_fast_peer", "bonmin_casadi", "scip", "cvxpy_clarabel", "cp_sat")
