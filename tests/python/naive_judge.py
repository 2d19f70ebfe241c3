"""Recomputes what a plan file claims with 50 digits and by enumeration over the samples.

Written from the equations and the definition of the bound alone, for a few learners and samples.
"""

from fractions import Fraction
from typing import NamedTuple

import mpmath

MP = mpmath.mp.clone()
MP.dps = 50
COLUMNS = ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w")


def exact(number):
    """A plan file's number, hexadecimal or plain."""
    return MP.mpf(float.fromhex(number) if isinstance(number, str) else number)


class Numbers:
    """A plan file's problem as numbers of 50 digits."""

    def __init__(self, problem):
        task, radio = problem["task"], problem["radio"]
        self.D = task["samples"]
        self.T = exact(problem["cycle_s"])
        self.B, self.P = exact(radio["bandwidth_hz"]), exact(radio["power_w"])
        self.density = "noise_density_w_per_hz" in radio
        self.N = exact(radio["noise_density_w_per_hz" if self.density else "noise_power_w"])
        self.excused = problem["idle"] == "excused"
        self.flops = exact(task["flops_per_sample"])
        self.beta = task["parameter_bits"] * task["fixed_parameters"]
        self.returned = task["parameter_bits"] * task["parameters_per_sample"]
        features = task["features"] if task["setting"] == "parallelized" else 0
        self.alpha = features * task["feature_bits"] + self.returned
        columns = (map(exact, problem["learners"][name]) for name in COLUMNS)
        self.rows = list(zip(*columns, strict=True))
        self.K = len(self.rows)
        self.known = {}  # values are asked for again in every box

    def rate(self, bandwidth, power, gain):
        noise = self.N * bandwidth if self.density else self.N
        return bandwidth * MP.log1p(power * gain / noise) / MP.ln2 if bandwidth and power else 0

    def slack(self, k, tau, d):
        """Seconds left for sending."""
        flops, gain, bandwidth, power = self.rows[k]
        back = (self.returned * d + self.beta) / self.rate(bandwidth, power, gain)
        return self.T - tau * d * self.flops / flops - back

    def need(self, d):
        """Bits to send."""
        return self.alpha * d + self.beta


class Prices(NamedTuple):
    """Prices of a hertz and of a watt."""

    lam: mpmath.mpf
    mu: mpmath.mpf


def cost(numbers, k, rho, prices):
    """The cheapest price of a rate for learner k: textbook Lambert forms and many digits."""
    lam, mu = prices
    n = numbers.N / numbers.rows[k][1]
    if rho == 0 or mu == 0 or (lam == 0 and not numbers.density):
        return MP.mpf(0)
    with MP.workdps(120):
        if numbers.density:
            inverse = lam / (mu * n)
            return mu * n * MP.ln2 * MP.exp(1 + MP.lambertw((inverse - 1) / MP.e).real) * rho
        u = 2 * MP.lambertw(MP.sqrt(lam * rho * MP.ln2 / (mu * n)) / 2).real
        return lam * rho * MP.ln2 / u + mu * n * MP.expm1(u)


def value(numbers, k, tau, d, prices):
    """d - C(d), None if d is not allowed."""
    if numbers.excused and d == 0:
        return MP.mpf(0)
    slack, need = numbers.slack(k, tau, d), numbers.need(d)
    if slack < 0 or (slack == 0 and need):
        return None
    return d - cost(numbers, k, need / slack, prices) if need else MP.mpf(d)


def best_value(numbers, k, tau, low, high, prices):
    """The largest value over low..high, None if nothing is allowed."""
    values = []
    for d in range(low, high + 1):
        key = (k, tau, d, prices)
        if key not in numbers.known:
            numbers.known[key] = value(numbers, k, tau, d, prices)
        values.append(numbers.known[key])
    return max((v for v in values if v is not None), default=None)


def plan_holds(data):
    """Whether the plan keeps every constraint of its scheme; true where there is none."""
    if data["samples"] is None:
        return True
    numbers, samples = Numbers(data["problem"]), data["samples"]
    if min(samples) < 0 or sum(samples) != numbers.D:
        return False
    if data["scheme"] == "resource_only" and max(samples) - min(samples) > 1:
        return False
    shares = [[exact(x) for x in data[name]] for name in ("bandwidth_hz", "power_w")]
    for column, budget in zip(shares, (numbers.B, numbers.P), strict=True):
        column, budget = [Fraction(float(x)) for x in column], Fraction(float(budget))
        if min(column) < 0 or sum(column) > budget:
            return False
        if data["scheme"] == "task_only" and max(column) * numbers.K > budget:
            return False
    for k, (d, bandwidth, power) in enumerate(zip(samples, *shares, strict=True)):
        if numbers.excused and d == 0:
            continue
        slack = numbers.slack(k, data["tau"], d)
        rate = numbers.rate(bandwidth, power, numbers.rows[k][1])
        if slack < 0 or (numbers.need(d) and (not rate or numbers.need(d) / rate > slack)):
            return False
    return True


def proof_holds(data):
    """Whether the certificate proves that bound + 1 local cycles are impossible."""
    numbers, tau = Numbers(data["problem"]), data["bound"] + 1
    if data["certificate"]["tau"] != tau:
        return False
    if data["certificate"]["rule"] == "equal_shares":
        return _equal_shares_fall_short(numbers, tau)
    root = (0, numbers.D)
    if data["scheme"] == "resource_only":
        root = (numbers.D // numbers.K, -(-numbers.D // numbers.K))
    boxes = [[root] * numbers.K]
    for node in data["certificate"]["tree"]:
        if not boxes:
            return False
        box = boxes.pop()
        if "learner" in node:
            boxes += _halves(numbers, box, node["learner"], node["at"])
        elif not _falls_short(numbers, tau, box, node):
            return False
    return not boxes


def _halves(numbers, box, learner, at):
    above, below = list(box), list(box)
    for k, (low, high) in enumerate(box):
        if numbers.rows[k] == numbers.rows[learner]:
            if k >= learner:
                below[k] = (low, min(high, at))
            if k <= learner:
                above[k] = (max(low, at + 1), high)
    return above, below


def _falls_short(numbers, tau, box, node):
    prices = Prices(exact(node["lambda_per_hz"]), exact(node["mu_per_w"]))
    best = [best_value(numbers, k, tau, *box[k], prices) for k in range(numbers.K)]
    return None in best or prices.lam * numbers.B + prices.mu * numbers.P + sum(best) < numbers.D


def _equal_shares_fall_short(numbers, tau):
    total = 0
    for k, row in enumerate(numbers.rows):
        rate = numbers.rate(numbers.B / numbers.K, numbers.P / numbers.K, row[1])
        fits = [
            d
            for d in range(numbers.D + 1)
            if (numbers.excused and d == 0) or numbers.need(d) / rate <= numbers.slack(k, tau, d)
        ]
        if not fits:
            return True
        total += max(fits)
    return total < numbers.D
