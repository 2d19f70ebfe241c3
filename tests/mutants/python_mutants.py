"""Planted bugs of the checker and of the CP-SAT bracket, as in mutants.py."""

from mutants import Mutant

TAMPER = "test_verify_tampering.py"
VERDICT = "test_verify.py"
BOUNDS = "test_verify_bounds.py"
CP_SAT = "test_cp_sat.py"

PYTHON_MUTANTS = [
    Mutant("checker: a bound equal to D is taken for below", "verify/_cover.py",
           "if margin > 0:", "if margin >= 0:", TAMPER),
    Mutant("checker: a box that nobody covers", "verify/_cover.py",
           "if boxes:\n            report", "if len(boxes) > 1:\n            report", TAMPER),
    Mutant("checker: a split at the end of a box", "verify/_cover.py",
           "if not low <= node.at < high:", "if not low <= node.at <= high:", TAMPER),
    Mutant("checker: the order of twins forced on both sides", "verify/_cover.py",
           "if k >= split.learner:", "if k >= 0:", TAMPER),
    Mutant("checker: identical learners counted once", "verify/_cover.py",
           "for k in group:", "for k in group[:1]:", TAMPER),
    Mutant("checker: the proof of one tau further on", "verify/_cover.py",
           "claim.bound + 1", "claim.bound + 2", TAMPER),
    Mutant("checker: the convex part's lower end ignored", "verify/_response.py",
           "if bent >= low:\n            values", "if bent > high:\n            values", BOUNDS),
    Mutant("checker: what balls leave open at the deadline ignored", "verify/_response.py",
           "if sure < top:", "if sure > top:", BOUNDS),
    Mutant("checker: deadlines of excused learners not looked at", "verify/_plan.py",
           'if problem.idle == "excused" and d == 0:', 'if problem.idle == "excused":', TAMPER),
    Mutant("checker: a served learner without samples not looked at", "verify/_plan.py",
           'if problem.idle == "excused" and d == 0:', "if d == 0:", TAMPER),
    Mutant("checker: what no precision decides is let pass", "verify/_plan.py",
           "if number >= 0 or number < 0:", "if not number < 0:", VERDICT),
    Mutant("checker: samples that are left over", "verify/_plan.py",
           'total > budget or (name == "samples" and total != budget)', "total > budget", TAMPER),
    Mutant("checker: equal shares compared with the whole budget", "verify/_plan.py",
           "value > share", "value > budget", TAMPER),
    Mutant("checker: the plan of another problem", "verify/__init__.py",
           "!= claim.problem", "is None", VERDICT),
    Mutant("CP-SAT: a rate of the inner model rounded up", "cp_sat/_responses.py",
           "rate * (1.0 - MARGIN), 0.0", "rate * (1.0 + MARGIN), 0.0", CP_SAT),
    Mutant("CP-SAT: a rate of the outer model rounded down", "cp_sat/_responses.py",
           "np.maximum(rate * (1.0 + MARGIN)", "np.maximum(rate * (1.0 - MARGIN)", CP_SAT),
    Mutant("CP-SAT: what is carried rounded to the other side", "cp_sat/_responses.py",
           "axes = (-1,", "out = -out\n        axes = (-1,", CP_SAT),
    Mutant("CP-SAT: a share of a budget rounded to the other side", "cp_sat/_responses.py",
           "np.nextafter(share, 0.0 if side ==", "np.nextafter(share, 0.0 if side !=", CP_SAT),
    Mutant("CP-SAT: equal shares rounded to the other side", "cp_sat/_responses.py",
           'toward = 0.0 if side == "inner"', 'toward = 0.0 if side != "inner"', CP_SAT),
    Mutant("CP-SAT: the least that suffices for the most that falls short", "cp_sat/_grid.py",
           "in_blocks else falls_short", "in_blocks else enough", CP_SAT),
    Mutant("CP-SAT: one's own need kept from oneself", "cp_sat/_grid.py",
           "(int(owed.sum()) - owed)", "int(owed.sum())", CP_SAT),
    Mutant("CP-SAT: outer power cells charged at their upper corner", "cp_sat/_grid.py",
           "power[:, :-1], power[:, 1:]", "power[:, 1:], power[:, 1:]", CP_SAT),
    Mutant("CP-SAT: the bound of a model that found nothing believed", "cp_sat/_models.py",
           "math.floor(solver.best_objective_bound) if found else None",
           "math.floor(solver.best_objective_bound)", CP_SAT),
]  # fmt: skip
