"""Plans and proofs made without the solver: the reference's optimum, and prices by trial.

Slow and for a few learners only; what it makes must pass the checker like any solver's answer.
"""

import numpy as np

from mel_fast import Plan, reference
from mel_fast.verify import _boxes, _cover, _learner
from mel_fast.verify.claim import _read

HAIR = 1e-9


def answer(problem, scheme="joint"):
    """The content of a plan file."""
    best = reference.enumerate_optimum(problem, scheme)
    plan = _shares(problem, scheme, best) if best.tau else {}
    status = "optimal" if best.tau else "infeasible"
    proof = certificate(problem, scheme, best.tau + 1)
    numbers = {"tau": best.tau, "bound": best.tau}
    return Plan(
        problem, scheme=scheme, status=status, **numbers, certificate=proof, **plan
    ).to_dict()


def certificate(problem, scheme, tau):
    """Proof that `tau` local cycles are impossible; a false one if there is none so small."""
    if scheme == "task_only":
        return {"tau": tau, "rule": "equal_shares"}
    return {"tau": tau, "rule": "prices", "tree": tree(problem, scheme, tau)}


def _shares(problem, scheme, best):
    """Just enough for the best split, with a hair to spare."""
    split, radio, learners = best.samples, problem.radio, problem.learners
    count = len(learners)
    rates = reference.needed_rates(problem, best.tau, split)
    power_caps = np.full(count, np.inf) if learners.max_power_w is None else learners.max_power_w
    band_caps = np.full(count, np.inf)
    if learners.max_bandwidth_hz is not None:
        band_caps = learners.max_bandwidth_hz
    shares = {"samples": split}
    if scheme == "task_only":
        bandwidth = np.minimum(np.nextafter(radio.bandwidth_hz / count, 0), band_caps)
        power = np.minimum(np.nextafter(radio.power_w / count, 0), power_caps)
        if radio.blocks is not None:
            shares["blocks"] = np.asarray(best.blocks)
            bandwidth = shares["blocks"] * radio.block_hz
    elif radio.blocks is not None:
        shares["blocks"] = np.asarray(best.blocks)
        bandwidth = shares["blocks"] * radio.block_hz
        noise = radio.noise * (bandwidth if problem.law == "density" else 1.0) / learners.gain
        used = (rates > 0) & (bandwidth > 0)
        steep = np.log(2) * rates / np.where(used, bandwidth, 1.0)
        power = np.where(used, noise * np.expm1(steep), 0.0)
        power = np.minimum(power * (1 + HAIR), power_caps)
    else:
        filled = reference.water_fill(problem, best.tau, split)
        spare = (1 + 1 / max(filled.scale, 1e-3)) / 2
        bandwidth = np.minimum(filled.bandwidth_hz * spare, band_caps)
        power = np.minimum(filled.power_w * spare, power_caps)
    return {**shares, "bandwidth_hz": bandwidth, "power_w": power}


def tree(problem, scheme, tau, nodes=400):
    """Boxes and their prices."""
    read = _read.read_problem(problem.to_dict(), "problem")
    count = len(read.learners)
    root = (0, read.samples)
    if scheme == "resource_only":
        root = (read.samples // count, -(-read.samples // count))
    boxes = _boxes.Boxes(read, root)
    unlike = [_read.Leaf(0.0, 0.0), _read.Leaf(1.0, 1.0)]
    bounds = _cover.Bounds(read, tau, boxes, unlike, lambda count: None)
    found = []

    def visit(start=None):
        bound, leaf, at = _best_leaf(read, bounds.of, start)
        intervals = [boxes.interval(k) for k in range(count)]
        widest = int(np.argmax([high - low for low, high in intervals]))
        low, high = intervals[widest]
        if bound < read.samples or high - low < 1 or len(found) > nodes:
            found.append({"lambda_per_hz": leaf.lambda_per_hz, "mu_per_w": leaf.mu_per_w})
            return
        split = _read.Split(widest, (low + high) // 2)
        found.append(split._asdict())
        for go in (boxes.go_below, boxes.go_above):
            cut = go(split)
            visit(at)
            boxes.go_back(cut)

    visit()
    return found


def _best_leaf(read, bound, start=None):
    """Walk over the logarithms of both prices to where the bound is least.

    Returns that bound, its leaf and its logarithms, a good start for the halves of the box.
    """

    def height(logs):
        leaf = _read.Leaf(*np.exp(logs).tolist())
        with _learner.precision(64):
            upper = bound(leaf)
        return (-np.inf if upper is None else float(upper.upper())), leaf

    free = _read.Leaf(0.0, 0.0)
    with _learner.precision(64):
        upper = bound(free)
    if upper is None or upper < read.samples:
        return -np.inf, free, start
    at, step = start, 0.1
    if start is None:
        at, step = np.log(read.samples / 2) - np.log([read.bandwidth_hz, read.power_w]), 2.0
    best, leaf = height(at)
    turns = [
        sign * np.array(turn) for turn in ((1, 0), (0, 1), (1, 1), (1, -1)) for sign in (1, -1)
    ]
    missed = 0  # turns tried since the bound last fell; what made it fall is tried again first
    while step > 1e-7 and best >= read.samples:
        least, other = height(at + step * turns[0])
        if least < best:
            best, leaf, at, missed = least, other, at + step * turns[0], 0
            continue
        turns.append(turns.pop(0))
        missed += 1
        if missed == len(turns):
            step, missed = step / 2, 0
    return best, leaf, at
