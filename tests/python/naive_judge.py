"""Recomputes what a plan file claims with 50 digits and by enumeration over the samples.

Written from the equations and the definition of the bound alone, for a few learners and samples.
"""

from fractions import Fraction
from typing import NamedTuple

import mpmath

MP = mpmath.mp.clone()
MP.dps = 50
COLUMNS = ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w")
LIMITS = {
    "min_samples": 0,
    "max_samples": 2**53,
    "max_bandwidth_hz": "inf",
    "max_power_w": "inf",
    "energy_j": "inf",
    "energy_per_flop_j": 0,
}


def exact(number):
    """A plan file's number, hexadecimal or plain."""
    return MP.mpf(float.fromhex(number) if isinstance(number, str) else number)


class Numbers:
    """A plan file's problem as numbers of 50 digits."""

    def __init__(self, problem):
        task, radio = problem["task"], problem["radio"]
        self.D = task["samples"]
        self.T = exact(problem["cycle_s"])
        self.B = exact(radio["bandwidth_hz"])
        self.density = "noise_density_w_per_hz" in radio
        self.N = exact(radio["noise_density_w_per_hz" if self.density else "noise_power_w"])
        self.excused = problem["idle"] == "excused"
        self.flops = exact(task["flops_per_sample"])
        self.beta = task["parameter_bits"] * task["fixed_parameters"]
        self.returned = task["parameter_bits"] * task["parameters_per_sample"]
        features = task["features"] if task["setting"] == "parallelized" else 0
        self.alpha = features * task["feature_bits"] + self.returned
        learners = problem["learners"]
        constant = COLUMNS
        if radio.get("shared") == "return":  # what goes up is planned, what comes down is not
            self.alpha, self.returned = self.returned, self.alpha
            constant = [name.replace("return", "send") for name in COLUMNS]
        columns = (map(exact, learners[name]) for name in constant)
        self.rows = list(zip(*columns, strict=True))
        self.K = len(self.rows)
        self.return_rates = [self.rate(hz, watts, gain) for _, gain, hz, watts in self.rows]
        limits = [learners.get(name, [default] * self.K) for name, default in LIMITS.items()]
        columns = limits[:2] + [list(map(exact, column)) for column in limits[2:]]
        self.limits = [Limits(*row) for row in zip(*columns, strict=True)]
        self.own_power = "power_w" not in radio
        self.uplink = radio.get("shared") == "return"
        powers = [limits.power for limits in self.limits]
        self.P = sum(powers) if self.own_power else exact(radio["power_w"])
        self.width = exact(radio["block_hz"]) if "block_hz" in radio else None
        self.blocks = self.whole(self.B)
        self.known = {}  # values are asked for again in every box

    def whole(self, bandwidth):
        """Blocks in a bandwidth; None if it is divisible."""
        if self.width is None:
            return None
        return Fraction(float(min(bandwidth, self.B))) // Fraction(float(self.width))

    def power(self, k, tau, d):
        """Most power that limit and energy leave for sending, where nobody shares any."""
        limits, slack = self.limits[k], self.slack(k, tau, d)
        left = limits.energy - tau * d * self.flops * limits.energy_per_flop
        return min(limits.power, left / slack) if slack > 0 else MP.mpf(0)

    def energy(self, k, tau, d):
        """Joules spent on d samples by a learner that takes part; in an uplink on computing."""
        power = 0 if self.uplink else self.rows[k][3]
        return tau * d * self.flops * self.limits[k].energy_per_flop + power * self.back(k, d)

    def back(self, k, d):
        """Seconds of returning."""
        bits = self.returned * d + self.beta
        if not bits:
            return MP.mpf(0)
        return bits / self.return_rates[k] if self.rows[k][1] else MP.inf

    def rate(self, bandwidth, power, gain):
        noise = self.N * bandwidth if self.density else self.N
        return bandwidth * MP.log1p(power * gain / noise) / MP.ln2 if bandwidth and power else 0

    def slack(self, k, tau, d):
        """Seconds left for sending."""
        return self.T - tau * d * self.flops / self.rows[k][0] - self.back(k, d)

    def need(self, d):
        """Bits to send."""
        return self.alpha * d + self.beta


class Limits(NamedTuple):
    """Limits of a learner."""

    least: int
    most: int
    bandwidth: mpmath.mpf
    power: mpmath.mpf
    energy: mpmath.mpf
    energy_per_flop: mpmath.mpf


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


def power_for(numbers, k, rho, bandwidth):
    """P with which a bandwidth gives a rate."""
    n = numbers.N / numbers.rows[k][1]
    return (n * bandwidth if numbers.density else n) * MP.expm1(rho * MP.ln2 / bandwidth)


def bandwidth_for(numbers, k, rho, power):
    """B with which a power gives a rate, infinite where none does."""
    n = numbers.N / numbers.rows[k][1]
    with MP.workdps(120):
        depth = MP.log1p(power / n)
        if numbers.density:
            gamma = n * rho * MP.ln2 / power
            if gamma >= 1:
                return MP.inf
            depth = -MP.lambertw(-gamma * MP.exp(-gamma), -1).real - gamma
        bandwidth = rho * MP.ln2 / depth
        assert abs(power_for(numbers, k, rho, bandwidth) / power - 1) < MP.mpf(10) ** -40
    return bandwidth


def own_bandwidth(numbers, k, tau, d):
    """B for d samples where nobody shares power: with all that limit and energy leave."""
    power = numbers.power(k, tau, d)
    if power <= 0:
        return MP.inf
    return bandwidth_for(numbers, k, numbers.need(d) / numbers.slack(k, tau, d), power)


def capped_cost(numbers, k, rho, prices):
    """The cheapest price of a rate within the caps; None if they cannot give it."""
    lam, mu = prices
    limits = numbers.limits[k]
    if MP.isinf(limits.bandwidth) and MP.isinf(limits.power):
        return cost(numbers, k, rho, prices)
    least, most = MP.mpf(0), limits.bandwidth
    if not MP.isinf(limits.power):
        least = bandwidth_for(numbers, k, rho, limits.power)
    if least > most or MP.isinf(least):
        return None
    if lam == mu == 0 or (mu == 0 and not least) or (lam == 0 and MP.isinf(most)):
        return cost(numbers, k, rho, prices)
    if mu == 0:
        return lam * least
    n = numbers.N / numbers.rows[k][1]
    best = most
    if lam:
        with MP.workdps(120):
            if numbers.density:
                best = rho * MP.ln2 / (1 + MP.lambertw((lam / (mu * n) - 1) / MP.e).real)
            else:
                best = rho * MP.ln2 / 2
                best /= MP.lambertw(MP.sqrt(lam * rho * MP.ln2 / (mu * n)) / 2).real
    best = min(max(best, least), most)
    return lam * best + mu * power_for(numbers, k, rho, best)


def block_cost(numbers, k, rho, prices):
    """The cheapest price of a rate within the caps in whole blocks; None if there is none."""
    limits = numbers.limits[k]
    found = []
    for count in range(1, numbers.whole(limits.bandwidth) + 1):
        power = power_for(numbers, k, rho, count * numbers.width)
        if power <= limits.power:
            found.append(prices.lam * count * numbers.width + prices.mu * power)
    return min(found, default=None)


def value(numbers, k, tau, d, prices):
    """d - C(d), None if d is not allowed."""
    if numbers.excused and d == 0:
        return MP.mpf(0)
    slack, need = numbers.slack(k, tau, d), numbers.need(d)
    if slack < 0 or (slack == 0 and need) or numbers.energy(k, tau, d) > numbers.limits[k].energy:
        return None
    if not need:
        return MP.mpf(d)
    limits = numbers.limits[k]
    if not (numbers.rows[k][1] and limits.bandwidth and limits.power):
        return None  # over a rate of zero
    if numbers.own_power and numbers.width is None:
        least = own_bandwidth(numbers, k, tau, d)
        return None if least > limits.bandwidth or MP.isinf(least) else d - prices.lam * least
    price = (capped_cost if numbers.width is None else block_cost)(numbers, k, need / slack, prices)
    return None if price is None else d - price


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
    budgets = [numbers.B, numbers.P]
    if numbers.width is not None:
        if any(
            float(n * numbers.width) != b for n, b in zip(data["blocks"], shares[0], strict=True)
        ):
            return False
        shares[0] = [n * numbers.width for n in data["blocks"]]
        budgets[0] = numbers.blocks * numbers.width
    for i, (column, budget) in enumerate(zip(shares, budgets, strict=True)):
        column, budget = [as_fraction(x) for x in column], as_fraction(budget)
        if min(column) < 0 or sum(column) > budget:
            return False
        if i == 1 and numbers.own_power:
            continue
        share = budget / numbers.K
        if i == 0 and numbers.width is not None:
            share = numbers.blocks // numbers.K * as_fraction(numbers.width)
        if data["scheme"] == "task_only" and max(column) > share:
            return False
    for k, (d, bandwidth, power) in enumerate(zip(samples, *shares, strict=True)):
        limits = numbers.limits[k]
        if not limits.least <= d <= limits.most:
            return False
        if bandwidth > limits.bandwidth or power > limits.power:
            return False
        if numbers.excused and d == 0:
            continue
        slack = numbers.slack(k, data["tau"], d)
        rate = numbers.rate(bandwidth, power, numbers.rows[k][1])
        if slack < 0 or (numbers.need(d) and (not rate or numbers.need(d) / rate > slack)):
            return False
        spent = numbers.energy(k, data["tau"], d)
        if numbers.uplink and numbers.need(d):
            spent += power * numbers.need(d) / rate
        if spent > limits.energy:
            return False
    return True


def as_fraction(x):
    """The exact value of a number that a few binary digits hold."""
    mantissa, exponent = MP.frexp(x)
    return Fraction(int(MP.ldexp(mantissa, 150))) * Fraction(2) ** (int(exponent) - 150)


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
    low, high = root
    boxes = [[(max(low, limits.least), min(high, limits.most)) for limits in numbers.limits]]
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
        if (numbers.rows[k], numbers.limits[k]) == (numbers.rows[learner], numbers.limits[learner]):
            if k >= learner:
                below[k] = (low, min(high, at))
            if k <= learner:
                above[k] = (max(low, at + 1), high)
    return above, below


def _falls_short(numbers, tau, box, node):
    if not sum(low for low, _ in box) <= numbers.D <= sum(high for _, high in box):
        return True
    mu = MP.mpf(0) if numbers.own_power else exact(node["mu_per_w"])
    prices = Prices(exact(node["lambda_per_hz"]), mu)
    best = [best_value(numbers, k, tau, *box[k], prices) for k in range(numbers.K)]
    bandwidth = numbers.B if numbers.width is None else numbers.blocks * numbers.width
    return None in best or prices.lam * bandwidth + prices.mu * numbers.P + sum(best) < numbers.D


def within_share(numbers, k, tau, d, bandwidth, rate):
    """Whether d samples are carried over an equal share."""
    if numbers.own_power and bandwidth:
        return own_bandwidth(numbers, k, tau, d) <= bandwidth
    return rate and numbers.need(d) / rate <= numbers.slack(k, tau, d)


def _equal_shares_fall_short(numbers, tau):
    total = 0
    for k, (row, limits) in enumerate(zip(numbers.rows, numbers.limits, strict=True)):
        bandwidth = min(numbers.B / numbers.K, limits.bandwidth)
        if numbers.width is not None:
            count = min(numbers.blocks // numbers.K, numbers.whole(limits.bandwidth))
            bandwidth = count * numbers.width
        power = MP.inf if numbers.own_power else numbers.P / numbers.K
        rate = numbers.rate(bandwidth, min(power, limits.power), row[1])
        fits = [
            d
            for d in range(limits.least, min(numbers.D, limits.most) + 1)
            if (numbers.excused and d == 0)
            or (
                numbers.energy(k, tau, d) <= limits.energy
                and numbers.slack(k, tau, d) >= 0
                and (not numbers.need(d) or within_share(numbers, k, tau, d, bandwidth, rate))
            )
        ]
        if not fits:
            return True
        total += max(fits)
    return total < numbers.D or sum(limits.least for limits in numbers.limits) > numbers.D
