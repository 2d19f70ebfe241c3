#include "energy/energy_prices.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "energy/price_cuts.hpp"
#include "energy/takers.hpp"
#include "learner/capped.hpp"

namespace mel {
namespace {

constexpr int newton_steps = 24;
constexpr double longest_step = 2.5;  // of a price's logarithm
constexpr std::size_t asked_learners = searched_learners / 4;
constexpr double rough_bound = 1e-6;  // of the bound: how high that tangents find it,
constexpr double fine_bound = 1e-9;   // at last

// What is to be met, of those that a pass sees.
struct Wanted {
    double samples, taken;
};
Wanted wanted_of(const EnergyLearners& learners, std::size_t stride) {
    const Problem& problem = learners.problem();
    const double share = learners.share(stride);
    return {problem.samples_real() * share, learners.budget() * share};
}

// As if all were alike, a third of the cycle to send.
double typical_price(const Problem& problem) {
    const double size = static_cast<double>(problem.size());
    const double share = problem.bandwidth_hz() / size;
    const double bits = problem.typical_send_bits() +
                        problem.typical_send_bits_per_sample() * problem.samples_real() / size;
    const double t = problem.cycle_s() / 3;
    const double w = std::min(bits * ln2 / (t * share), 50.0);
    const double n = problem.typical_noise();
    if (problem.law() == LinkLaw::density) return n * t * density_left_side(w);
    return n * t * t * w * w * std::exp(w) / (bits * ln2);
}

// By how much Newton's method moves the logarithms of both prices, and what it was off by.
struct JouleStep {
    double worth, dear, off;
    bool known() const { return std::isfinite(off) && std::isfinite(worth) && std::isfinite(dear); }
    double longest() const { return std::max(std::fabs(worth), std::fabs(dear)); }
};
JouleStep step_of(const EnergyLearners& learners, const EnergySums& at, const Wanted& wanted) {
    const double samples = at.samples.value(), band = learners.taken(at);
    const double f = std::log(samples / wanted.samples);
    const double g = std::log(band / wanted.taken);
    const EnergySlopes& s = at.slopes;
    const double det = s.samples_by_worth * s.band_by_band - s.samples_by_band * s.band_by_worth;
    return {(-f * samples * s.band_by_band + g * band * s.samples_by_band) / det,
            (f * samples * s.band_by_worth - g * band * s.samples_by_worth) / det,
            std::fabs(f) + std::fabs(g)};
}

// Newton's method for both at once, in logarithms. False where it does not get there: learners at
// their bounds, or that come and go, answer to no price a little higher.
bool by_newton(EnergyLearners& learners, JoulePrices& prices, std::size_t stride, double fine) {
    const Wanted wanted = wanted_of(learners, stride);
    JoulePrices p = prices;
    double before = infinity;
    int worse = 0;
    for (int step = 0; step < newton_steps; ++step) {
        const EnergySums at = learners.with_slopes(p, stride);
        if (learners.pool().stop().check()) return false;
        const JouleStep by = step_of(learners, at, wanted);
        if (!by.known()) return false;
        worse = by.off < before ? 0 : worse + 1;
        if (worse > 2) return false;
        before = by.off;
        const double longest = by.longest();
        const double scale = longest > longest_step ? longest_step / longest : 1;
        p.nu *= std::exp(scale * by.worth);
        p.lambda *= std::exp(scale * by.dear);
        // What a step leaves is about its square.
        if (scale == 1 && longest * longest < fine && by.off * by.off < fine) {
            prices = p;
            return true;
        }
    }
    return false;
}

// The same with the hertz that a watt is worth, from near: how that moves what is left of the two,
// `slope`, was found of a sample, and hardly moves the rest. False, and nothing changed, where that
// does not end soon.
struct WattSlope {
    double slope;
};
bool with_watts(EnergyLearners& learners, JoulePrices& prices, WattSlope known, double fine) {
    double slope = known.slope;
    constexpr int few_steps = 8;
    constexpr double near = 0.2;
    const Problem& problem = learners.problem();
    const double watt_hz = learners.watt_hz();
    JoulePrices p = prices;
    double moved = 0, last = 0;
    for (int step = 0; step < few_steps; ++step) {
        const EnergySums at = learners.with_slopes(p, 1);
        if (learners.pool().stop().check()) break;
        const double gap = std::log(at.bandwidth.value() / problem.bandwidth_hz()) -
                           std::log(at.power.value() / problem.power_w());
        const JouleStep by = step_of(learners, at, wanted_of(learners, 1));
        const double found = (gap - last) / moved;
        if (moved != 0 && found > 0.5 * slope && found < 2 * slope) slope = found;
        moved = -gap / slope;
        last = gap;
        const double longest = std::max(by.longest(), std::fabs(moved));
        if (!by.known() || !(longest < near)) break;
        p.nu *= std::exp(by.worth);
        p.lambda *= std::exp(by.dear);
        learners.price_watts(learners.watt_hz() * std::exp(moved));
        if (longest * longest < fine) {
            prices = p;
            return true;
        }
    }
    learners.price_watts(watt_hz);
    return false;
}

// The worth of a sample at which all are taken at these other prices; the sums there.
EnergySums sums_at_worth(EnergyLearners& learners, JoulePrices& p, std::size_t stride,
                         double fine) {
    const Wanted wanted = wanted_of(learners, stride);
    EnergySums at, fewer, more;
    bool some_fewer = false, some_more = false;
    double slope = 1;
    const auto over = [&](double ln_nu) {
        JoulePrices here{p.lambda, std::exp(ln_nu)};
        here.taking = p.taking = taking_of_count(learners, here);
        at = learners.at(here, stride);
        if (stride == 1 && learners.is_enough(at, here)) return 0.0;
        const bool few = at.samples.value() < wanted.samples;
        (few ? fewer : more) = at;
        (few ? some_fewer : some_more) = true;
        return std::log(std::max(at.samples.value(), 1e-9 * wanted.samples) / wanted.samples);
    };
    const double x = root_of(learners.pool().stop(), std::log(p.nu), slope,
                             {.widest = 3, .fine = 0.1 * fine, .steps = 60}, over);
    p.nu = std::exp(x);
    // Where a little more for a sample makes some learner take many, between the two.
    const double gap = more.samples.value() - fewer.samples.value();
    if (learners.receives() && some_fewer && some_more && gap > 0) {
        at = fewer;
        at.mix(more, (wanted.samples - fewer.samples.value()) / gap);
    }
    return at;
}

// One root in the other, whatever the learners do; their sums there.
EnergySums by_secants(EnergyLearners& learners, JoulePrices& p, std::size_t stride, double fine) {
    const Wanted wanted = wanted_of(learners, stride);
    EnergySums at;
    double slope = -0.5;
    const auto over = [&](double ln_lambda) {
        p.lambda = std::exp(ln_lambda);
        at = sums_at_worth(learners, p, stride, fine);
        if (at.impossible > 0) return infinity;
        if (stride == 1 && learners.is_enough(at, p)) return 0.0;
        const double above = std::log(learners.taken(at) / wanted.taken);
        return above < 0 && !(p.lambda > learners.hardly(p.nu)) ? 0 : above;
    };
    const double x = root_of(learners.pool().stop(), std::log(p.lambda), slope,
                             {.widest = 3, .fine = fine, .steps = 40}, over);
    p.lambda = std::exp(x);
    return at;
}

// How near to the prices of real samples whole ones need them.
double whole_price(const Problem& problem) { return problem.size() < 16 ? 1e-8 : 1e-4; }

// Before anything is looked for.
JoulePrices first_prices(EnergyLearners& learners) {
    const Problem& problem = learners.problem();
    const std::size_t typical_one = learners.typical_learner();
    JoulePrices p{learners.receives() ? learners.typical_price() : typical_price(problem), 1e-6};
    const double low = learners.low(typical_one);
    const double typical = std::clamp(problem.samples_real() / static_cast<double>(problem.size()),
                                      low, std::max(low, 0.5 * learners.high(typical_one)));
    const EnergyCost c = learners.cost(typical_one, p.of_hertz(), typical);
    if (c.slope < no_limit && c.slope > 0) p.nu = c.slope;
    return p;
}

// At given speeds: of a part of the learners first.
JoulePrices by_tangents(EnergyLearners& learners, JoulePrices p) {
    const std::size_t few = sample_stride(learners.size(), asked_learners);
    if (few > 1) find_by_cuts(learners, p, few, rough_bound);
    find_by_cuts(learners, p, 1, fine_bound);
    return p;
}

}  // namespace

void find_worth(EnergyLearners& learners, JoulePrices& p) {
    sums_at_worth(learners, p, 1, whole_price(learners.problem()));
}

JoulePrices find_joule_prices(EnergyLearners& learners) {
    const Problem& problem = learners.problem();
    JoulePrices p = first_prices(learners);
    if (!learners.slows()) return by_tangents(learners, p);
    const std::size_t few = sample_stride(problem.size(), asked_learners);
    const auto find = [&](std::size_t stride, double fine) {
        if (by_newton(learners, p, stride, fine)) return;
        by_secants(learners, p, stride, fine);
    };
    if (few > 1) find(few, 1e-3);
    find(1, whole_price(problem));
    return p;
}

JoulePrices find_prices_with_watts(EnergyLearners& learners, WattSearch way) {
    const Problem& problem = learners.problem();
    learners.price_watts(problem.bandwidth_hz() / problem.power_w());
    JoulePrices p = first_prices(learners);
    if (!learners.slows()) return by_tangents(learners, p);
    double slope = 1;
    const auto balance = [&](std::size_t stride, double fine) {
        const double factor = static_cast<double>(problem.size()) /
                              static_cast<double>(learners_seen(problem.size(), stride));
        EnergySums at;
        balance_watts(learners, slope, fine, [&] {
            const bool found = by_newton(learners, p, stride, fine);
            at = found ? learners.at(p, stride) : by_secants(learners, p, stride, fine);
            if (stride > 1) at = at.times(factor);
            return &at;
        });
    };
    const double fine = std::min(1e-7, whole_price(problem));
    const std::size_t few = sample_stride(problem.size(), asked_learners);
    if (few > 1) balance(few, 1e-3);
    if (way == WattSearch::together && few == 1) balance(1, 0.1);
    if (way == WattSearch::around || !with_watts(learners, p, {slope}, fine)) balance(1, fine);
    return p;
}

}  // namespace mel
