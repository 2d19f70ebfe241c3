"""The least makespan of small jobs, by trying everything and by CP-SAT: no theory in either."""

from functools import cache
from itertools import permutations, product


def shares(tasks, devices):
    """Yield every way to share tasks out over devices."""
    if devices == 1:
        yield (tasks,)
        return
    for first in range(tasks + 1):
        for rest in shares(tasks - first, devices - 1):
            yield (first, *rest)


@cache
def one_device(ready, time):
    """Return the earliest end of some tasks on one device, over all their orders."""
    best = float("inf")
    for order in permutations(ready):
        free = 0
        for at in order:
            free = max(free, at) + time
        best = min(best, free)
    return best


def brute(tasks, end, upper, on_cloud=lambda chosen: True):
    """Try every share of the end devices, and every assignment and order on the upper ones."""
    best = float("inf")
    for share in shares(tasks, len(end)):
        ready = sorted(q * a for a, n in zip(end, share, strict=True) for q in range(1, n + 1))
        for chosen in product(range(len(upper)), repeat=tasks):
            if not on_cloud(chosen):
                continue
            groups = [
                tuple(at for at, j in zip(ready, chosen, strict=True) if j == device)
                for device in range(len(upper))
            ]
            makespan = max(
                one_device(group, time) for group, time in zip(groups, upper, strict=True) if group
            )
            best = min(best, makespan)
    return best


def cp_sat(tasks, end, upper):
    """Return the least makespan as CP-SAT finds it: optional intervals, nothing of the lists."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    horizon = tasks * (max(end) + max(upper))
    makespan = model.new_int_var(0, horizon, "makespan")
    passes = [[[] for _ in end], [[] for _ in upper]]
    for task in range(tasks):
        before = 0
        for stage, times in enumerate((end, upper)):
            start = model.new_int_var(0, horizon, f"start {stage} {task}")
            finish = model.new_int_var(0, horizon, f"end {stage} {task}")
            model.add(start >= before)
            here = []
            for device, time in enumerate(times):
                present = model.new_bool_var(f"{stage} {task} {device}")
                interval = model.new_optional_interval_var(
                    start, time, finish, present, f"pass {stage} {task} {device}"
                )
                passes[stage][device].append(interval)
                here.append(present)
            model.add_exactly_one(here)
            before = finish
        model.add(makespan >= before)
    for stage in passes:
        for intervals in stage:
            model.add_no_overlap(intervals)
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False  # it would leave the process deaf to Python's
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = 20.0
    status = solver.solve(model)
    return int(solver.objective_value) if status == cp_model.OPTIMAL else None
