"""The checker's bound on one learner with limits: against enumeration and textbook formulas."""

import pytest

flint = pytest.importorskip("flint")

from mel_fast.verify.claim import _read  # noqa: E402
from naive_judge import MP, Numbers, Prices, capped_cost, cost, power_for  # noqa: E402
from test_verify_bounds import LAWS, Case, fixture_bad_guesses  # noqa: E402, F401

DRAWS = 15
KINDS = ("max_bandwidth_hz", "max_power_w", "both", "energy_j", "all", "blocks", "blocks and caps")


class Limited(Case):
    """A learner whose limits begin to matter somewhere among its samples."""

    def __init__(self, seed, law, kind, **options):
        super().__init__(seed, law, **options)
        data, rng = self.data, self.rng
        d = rng.randint(1, self.samples)
        while d > 1 and self.numbers.slack(0, self.tau, d) <= 0:
            d //= 2
        bandwidth, power = self._cheapest(d)
        limits = data["learners"]
        if kind in ("max_bandwidth_hz", "both", "all", "blocks and caps"):
            limits["max_bandwidth_hz"] = [bandwidth * 10 ** rng.uniform(-0.5, 0.3)]
        if kind in ("max_power_w", "both", "all", "blocks and caps"):
            limits["max_power_w"] = [power * 10 ** rng.uniform(-0.5, 0.3)]
        if kind in ("energy_j", "all"):
            limits["energy_per_flop_j"] = [rng.choice([0.0, 1e-9, 1e-7])]
            limits["energy_j"] = ["inf"]
            spent = Numbers(data).energy(0, self.tau, d) * rng.choice([1, 1.3, 0.01]) or 1.0
            limits["energy_j"] = [float(spent)]
        if kind.startswith("blocks"):
            data["radio"]["block_hz"] = bandwidth / rng.choice([0.3, 1, 2.5, 7, 31])
            data["radio"]["bandwidth_hz"] = bandwidth * rng.choice([1, 3])
            data["radio"]["bandwidth_hz"] = max(data["radio"].values())
            if rng.random() < 0.5 and "max_power_w" in limits:
                del limits["max_power_w"]
        self.numbers = Numbers(data)
        self.problem = _read.read_problem(data, "problem")

    def _cheapest(self, d):
        """B and P of the best way to take d samples without limits."""
        need, slack = self.numbers.need(d), self.numbers.slack(0, self.tau, d)
        if not need or slack <= 0:
            return 1e6, 1.0
        rho, (lam, mu) = need / slack, map(MP.mpf, self.prices)
        n = self.numbers.N / self.numbers.rows[0][1]
        if self.numbers.density:
            w = 1 + MP.lambertw((lam / (mu * n) - 1) / MP.e).real
        else:
            w = 2 * MP.lambertw(MP.sqrt(lam * rho * MP.ln2 / (mu * n)) / 2).real
        bandwidth = rho * MP.ln2 / w
        return float(bandwidth), float(power_for(self.numbers, 0, rho, bandwidth))


@pytest.mark.no_cover
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_bound_is_the_integer_maximum_of_every_box(law, kind, idle):
    proper = binding = 0
    for seed in range(DRAWS):
        case, free = Limited(seed, law, kind, idle=idle), Case(seed, law, idle=idle)
        low = case.rng.randint(0, case.samples)
        for box in ((0, case.samples), (low, case.samples), (0, low), (low, low)):
            best = case.check(*box, sharp=1e-12)
            proper += best is not None
            binding += best != free.best(*box)
    assert proper > DRAWS
    assert binding > DRAWS / 4


@pytest.mark.no_cover
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("free", [0, 1])
def test_zero_prices(law, kind, free):
    for seed in range(8):
        case = Limited(seed, law, kind)
        case.prices = tuple(0.0 if i == free else price for i, price in enumerate(case.prices))
        case.check(0, case.samples, sharp=1e-12)
        case.prices = (0.0, 0.0)
        case.check(0, case.samples)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_send_is_free(law, kind):
    for seed in range(10):
        case = Limited(seed, law, kind, alpha=0, beta=0)
        case.check(0, case.samples)


@pytest.mark.no_cover
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("bad_guesses")
def test_bad_guesses_cost_time_not_truth(law, kind):
    for seed in range(8):
        case = Limited(seed, law, kind)
        case.check(0, case.samples, sharp=1e-12)


@pytest.mark.no_cover
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ["max_bandwidth_hz", "max_power_w", "both"])
def test_cheapest_price_within_caps_is_the_least_of_all_pairs(law, kind):
    """The judge's own formula against a search over the bandwidth, without derivatives."""
    for seed in range(12):
        case = Limited(seed, law, kind)
        numbers, prices = case.numbers, Prices(*map(MP.mpf, case.prices))
        need, slack = numbers.need(case.samples), numbers.slack(0, case.tau, case.samples)
        if slack <= 0 or not need:
            continue
        rho, limits = need / slack, numbers.limits[0]
        price = capped_cost(numbers, 0, rho, prices)
        free = cost(numbers, 0, rho, prices)
        most = min(limits.bandwidth, 10 * free / prices.lam)
        pairs = (
            (b, power_for(numbers, 0, rho, b)) for b in (most * i / 600 for i in range(1, 601))
        )
        found = [prices.lam * b + prices.mu * p for b, p in pairs if p <= limits.power]
        if price is None:
            assert not found
        else:
            assert price >= free * (1 - MP.mpf(10) ** -40)
            assert all(price <= other * (1 + MP.mpf(10) ** -40) for other in found)
            assert not found or min(found) <= price * 1.05


def test_a_sample_that_64_bits_cannot_exclude_is_within_energy():
    """4 + 2^-50 J, a joule a sample, and a return of hardly less than 2^-50 J: four samples fit."""
    case = Case(0, "density", alpha=1, beta=1)
    case.samples, case.tau, case.data["cycle_s"] = 40, 1, 1e6
    case.data["task"].update(samples=40, flops_per_sample=1.0)
    case.data["radio"]["noise_density_w_per_hz"] = 1e-22
    learners = case.data["learners"] | {"gain": [1.0]}
    case.data["learners"] = learners
    learners.update(energy_j=[4 + 2**-50], energy_per_flop_j=[1.0], flops_per_s=[1e6])

    def spare(power):
        learners["return_power_w"] = [power]
        return 4 + MP.mpf(2) ** -50 - Numbers(case.data).energy(0, 1, 4)

    low, high = 1e-60, 1.0
    assert spare(low) > 0 > spare(high)
    while (middle := (low * high) ** 0.5 if high > 2 * low else (low + high) / 2) not in (
        low,
        high,
    ):
        low, high = (middle, high) if spare(middle) > 0 else (low, middle)
    assert 0 < spare(low) < MP.mpf(2) ** -90
    case.numbers = Numbers(case.data)
    case.problem = _read.read_problem(case.data, "problem")
    case.prices = (0.0, 0.0)
    assert case.check(0, 40) == case.check(4, 4) == 4
    assert case.check(5, 40) is None
