"""The checker's bound on one learner: never below the enumerated maximum, and hardly above it."""

import math
import random
from fractions import Fraction

import mpmath
import pytest

flint = pytest.importorskip("flint")

from mel_fast.verify import _learner  # noqa: E402
from mel_fast.verify.best import _blocks, _capped, _peak, _response  # noqa: E402
from mel_fast.verify.claim import _read  # noqa: E402
from naive_judge import MP, Numbers, Prices, best_value, cost, value  # noqa: E402

LAWS = ("density", "fixed")
DRAWS = 60


def as_mpf(ball):
    """The exact upper end of a ball."""
    mantissa, exponent = ball.upper().man_exp()
    return MP.ldexp(MP.mpf(int(mantissa)), int(exponent))


class Case:
    """One learner of a random problem at prices that make its cost matter."""

    def __init__(self, seed, law, *, theta=None, alpha=None, beta=None, idle="served"):
        self.rng = rng = random.Random(seed)
        self.samples = rng.choice([1, 7, 40])
        features = rng.choice([0, 10, 784]) if alpha is None else alpha
        fixed = rng.choice([0, 1, 1000, 100_000]) if beta is None else beta
        data = {
            "task": {
                "samples": self.samples,
                "features": features,
                "feature_bits": 32,
                "fixed_parameters": fixed,
                "parameters_per_sample": rng.choice([0, 0, 3]) if alpha is None else 0,
                "parameter_bits": 32,
                "flops_per_sample": 1e6,
                "setting": "parallelized",
            },
            "learners": {
                "flops_per_s": [10 ** rng.uniform(5, 8)],
                "gain": [10 ** rng.uniform(-12, 0)],
                "return_bandwidth_hz": [10 ** rng.uniform(5, 8)],
                "return_power_w": [10 ** rng.uniform(-3, 1)],
            },
            "radio": {"bandwidth_hz": 1e6, "power_w": 1.0},
            "cycle_s": 10 ** rng.uniform(0, 3),
            "idle": idle,
        }
        noise = "noise_density_w_per_hz" if law == "density" else "noise_power_w"
        data["radio"][noise] = 10 ** rng.uniform(-22, -16)
        self.tau = rng.randint(1, 3)
        self.data = data
        self.numbers = Numbers(data)
        self.problem = _read.read_problem(data, "problem")
        self.prices = self._prices(law, theta)

    def _prices(self, law, theta):
        """Prices at which some allowed d costs between a tenth of d and three times d."""
        rng, numbers = self.rng, self.numbers
        d = rng.randint(1, self.samples)
        while d > 1 and numbers.slack(0, self.tau, d) <= 0:
            d //= 2
        need, slack = numbers.need(d), numbers.slack(0, self.tau, d)
        if not need or slack <= 0:
            return 1.0, 1.0
        n = numbers.N / numbers.rows[0][1]
        if law == "density":
            ratio = MP.mpf(10 ** rng.uniform(-4, 4) if theta is None else theta) / n
        else:
            u = MP.mpf(10 ** rng.uniform(-3, 1.5))
            ratio = MP.ln2 * need / slack / (n * u * u * MP.exp(u))
        scale = d * 10 ** rng.uniform(-1, 0.5)
        scale /= cost(numbers, 0, need / slack, Prices(MP.mpf(1), ratio))
        return float(scale), float(scale * ratio)

    def bound(self, low, high, bits=64):
        problem, (row,) = self.problem, self.problem.learners
        with _learner.precision(bits):
            learner = _learner.Learner(problem, row, self.tau)
            if problem.block_hz is None:
                cap = learner.bandwidth_cap
                response = _capped.respond(problem.law, learner, *self.prices, cap)
            else:
                response = _blocks.BlockResponse(problem, row, learner, *self.prices)
            return _response.best_value(response, low, high, self.numbers.excused)

    def best(self, low, high):
        prices = Prices(*map(MP.mpf, self.prices))
        return best_value(self.numbers, 0, self.tau, low, high, prices)

    def check(self, low, high, sharp=1e-13):
        bound, best = self.bound(low, high), self.best(low, high)
        assert (bound is None) == (best is None)
        if bound is not None:
            excess = as_mpf(bound) - best
            assert 0 <= excess <= sharp * max(1, abs(best))
        return best

    def values(self):
        prices = Prices(*map(MP.mpf, self.prices))
        values = [value(self.numbers, 0, self.tau, d, prices) for d in range(self.samples + 1)]
        return [v for v in values if v is not None]


@pytest.mark.no_cover
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_bound_is_the_integer_maximum_of_every_box(law, idle):
    proper = 0
    for seed in range(DRAWS):
        case = Case(seed, law, idle=idle)
        low = case.rng.randint(0, case.samples)
        for box in ((0, case.samples), (low, case.samples), (0, low), (low, low)):
            proper += case.check(*box) is not None
    assert proper > DRAWS


@pytest.mark.no_cover
@pytest.mark.parametrize("exponent", range(-12, 13, 3))
def test_density_price_holds_for_extreme_ratios(exponent):
    for seed in range(10):
        case = Case(seed, "density", theta=10.0**exponent)
        case.check(0, case.samples)


@pytest.mark.parametrize("exponent", [-300, -40, -12, -3, 0, 3, 12, 40, 300])
def test_unit_price_keeps_its_precision_near_the_branch_point(exponent):
    with _learner.precision(64):
        lam, mu = flint.arb(10.0 ** (-exponent / 2)), flint.arb(10.0 ** (exponent / 2))
        kappa = _response.unit_price(lam, mu, flint.arb(1))
        assert kappa.rel_accuracy_bits() > 50
    with mpmath.workdps(700):
        inverse = mpmath.mpf(10.0 ** (-exponent / 2)) / mpmath.mpf(10.0 ** (exponent / 2))
        w = 1 + mpmath.lambertw((inverse - 1) / mpmath.e).real
        # By definition kappa = min over x of ln2 (lambda + mu x) / ln(1 + x), reached at e^w - 1.
        x = mpmath.expm1(w)
        direct = mpmath.ln(2) * (10.0 ** (-exponent / 2) + 10.0 ** (exponent / 2) * x) / w
        assert abs(as_mpf(kappa) / direct - 1) < 1e-15


@pytest.mark.no_cover
def test_non_concave_family_is_not_concave_and_still_sharp():
    """Fixed law, samples to send: enumeration must see both kinds of maximum in a convex box."""
    lower_end = interior = 0
    for seed in range(4 * DRAWS):
        case = Case(seed, "fixed", alpha=784, beta=seed % 2)
        values = case.values()
        bends = [a + c - 2 * b for a, b, c in zip(values, values[1:], values[2:], strict=False)]
        best = case.check(0, case.samples)
        if bends and max(bends) > 0:
            lower_end += best == values[0] and max(values[2:]) > values[1]
            interior += best > values[0] and values[1] < values[0]
    assert lower_end >= 3
    assert interior >= 3


@pytest.mark.no_cover
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("free", [(0.0, 1e-3), (1e-3, 0.0), (0.0, 0.0)])
def test_zero_prices(law, free):
    for seed in range(20):
        case = Case(seed, law)
        case.prices = free
        case.check(0, case.samples)


@pytest.mark.parametrize("law", LAWS)
def test_nothing_to_send_is_free(law):
    for seed in range(20):
        case = Case(seed, law, alpha=0, beta=0)
        assert case.check(0, case.samples) >= 0


@pytest.mark.parametrize("law", LAWS)
def test_deadline_met_exactly_is_no_time_to_send(law):
    """T = 4 s and 1 s a sample: d = 4 leaves nothing, so that only d <= 3 can be allowed."""
    case = Case(0, law, alpha=10, beta=0)
    case.samples, case.tau, case.prices = 40, 1, (1e-9, 1e-9)
    case.problem.task.update(samples=40)
    row = case.problem.learners[0]
    load = row.load._replace(flops_each=1.0)
    case.problem.learners[0] = row._replace(flops_per_s=1.0, load=load)
    object.__setattr__(case.problem, "cycle_s", 4.0)
    numbers = case.numbers
    numbers.D, numbers.T, numbers.flops = 40, MP.mpf(4), MP.mpf(1)
    numbers.rows[0] = (MP.mpf(1), *numbers.rows[0][1:])
    assert case.check(0, 40) < 3
    assert case.check(4, 40) is None


def nearly_exact(d):
    """A speed f and a deadline T that d samples meet, with less than 2^-66 of it to spare."""
    rng = random.Random(1)
    while True:
        flops = 1 + rng.random()
        exact = Fraction(d) / Fraction(flops)
        cycle_s = float(exact)
        if Fraction(cycle_s) <= exact:
            cycle_s = math.nextafter(cycle_s, math.inf)
        if Fraction(cycle_s) - exact < exact / 2**66:
            return flops, cycle_s


@pytest.mark.parametrize("law", LAWS)
def test_a_sample_that_64_bits_cannot_exclude_is_counted(law):
    """Twelve samples leave 1e-20 of the cycle, at such low prices that this is the best choice."""
    flops, cycle_s = nearly_exact(12)
    case = Case(0, law, alpha=10, beta=0)
    case.samples, case.tau = 40, 1
    case.problem.task.update(samples=40)
    row = case.problem.learners[0]
    load = row.load._replace(flops_each=1.0)
    case.problem.learners[0] = row._replace(flops_per_s=flops, load=load)
    object.__setattr__(case.problem, "cycle_s", cycle_s)
    numbers = case.numbers
    numbers.D, numbers.T, numbers.flops = 40, MP.mpf(cycle_s), MP.mpf(1)
    numbers.rows[0] = (MP.mpf(flops), *numbers.rows[0][1:])
    rate = numbers.need(12) / numbers.slack(0, 1, 12)
    assert 0 < numbers.slack(0, 1, 12) < 1e-18
    price = float(MP.mpf("0.5") / cost(numbers, 0, rate, Prices(MP.mpf(1), MP.mpf(1))))
    case.prices = (price, price)
    assert case.check(0, 40, sharp=1.0) > 11.4


@pytest.fixture(name="bad_guesses")
def fixture_bad_guesses(monkeypatch):
    """Search from nonsense: what is found must not depend on it."""
    rng = random.Random(5)
    honest = _peak.last_true

    def search(test, low, high, guess):
        other = [float("nan"), -1e300, 1e300, float(low), guess + 3]
        return honest(test, low, high, rng.choice(other))

    for module in (_peak, _response, _blocks):
        monkeypatch.setattr(module, "last_true", search)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.usefixtures("bad_guesses")
def test_bad_guesses_cost_time_not_truth(law):
    for seed in range(20):
        case = Case(seed, law)
        case.check(0, case.samples)


@pytest.mark.parametrize("guess", [float("nan"), -5.0, 0.0, 3.5, 20.0, 99.0, float("inf")])
def test_last_true_finds_the_edge_from_any_guess(guess):
    for edge in range(-1, 21):
        assert _peak.last_true(lambda d, edge=edge: d <= edge, 0, 20, guess) == edge
