#include "prices/switching_point.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/guiding.hpp"
#include "base/infinity.hpp"
#include "base/logarithm.hpp"
#include "base/sums.hpp"

namespace mel {
namespace {

constexpr int passes_from_there = 24;  // where a cycle turns out to be far too short
constexpr double next_to_nothing = 1e-15;
// Of a guess from learners that are alike, what their differences cost: from draws of Table I.
constexpr double widest_spread = 4;
constexpr double tau_by_spread = 0.0275;
constexpr double watt_by_spread = 0.07;
// Of a step in (prices, tau) that ends a search, and what its square leaves of tau: from the same.
constexpr double trusted_step = 0.4;
constexpr double square_of_step = 0.25;
constexpr double near_least = 1e-3;  // of the least cycle: as near as a search for prices goes

double model_share(const Problem& problem) {
    const double model = problem.typical_send_bits() * static_cast<double>(problem.size());
    const double samples = problem.typical_send_bits_per_sample() * problem.samples_real();
    return model > 0 ? model / (model + samples) : 0;
}

}  // namespace

SwitchingPoint::SwitchingPoint(const Problem& problem, Pool& pool, Sweeps& sweeps)
    : problem_(problem),
      pool_(pool),
      sweeps_(sweeps),
      budgets_{problem.cycle_s(), problem.bandwidth_hz(), problem.power_w()},
      model_share_(model_share(problem)) {}

double SwitchingPoint::amount(Resource resource, const PassPoint& point) const {
    return resource == Resource::cycle       ? point.cycle_s
           : resource == Resource::bandwidth ? budgets_.bandwidth_hz
                                             : budgets_.power_w;
}

PassPoint SwitchingPoint::guess() const {
    const double learners = static_cast<double>(problem_.size());
    const double samples = problem_.samples_real();
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    const double cycle = problem_.cycle_s();
    const double noise = problem_.typical_noise_of_samples();
    const double spread = std::min(problem_.noise_spread(), widest_spread);
    const bool density = problem_.law() == LinkLaw::density;
    // As if the budgets served typical learners: all at the same signal-to-noise ratio.
    const double snr = density ? watt / (noise * band) : watt / (learners * noise);
    const double log_gain = snr < 1e300 ? log_1p(snr) : std::log1p(snr);
    const double rate = band * log_gain / ln2;
    double active = learners;
    const double data = problem_.typical_send_bits_per_sample() * samples;
    const double model = problem_.typical_send_bits();
    if (problem_.excused() && model > 0) {
        active = std::clamp((0.4 * cycle * rate - data) / model, 1.0, std::min(learners, samples));
    }
    const double bits = data + model * active;
    const double send = std::clamp(bits / rate, 1e-3 * cycle, 0.8 * cycle);
    const double each = samples / active;
    PassPoint point;
    point.cycle_s = cycle;
    point.tau = std::max((cycle - send) / (problem_.typical_compute_s() * each), 1e-9) *
                (1 - tau_by_spread * spread);
    const double g = (cycle - send) / each;
    const double shape = problem_.typical_send_bits_per_sample() * cycle + g * model;
    const double unit =
        shape > 0 ? send * send / shape : 1e-300;  // marginal cost of rate where d is interior
    if (density) {
        const double inverse_theta =
            (1 + snr) * log_gain - snr > 0 ? (1 + snr) * log_gain - snr : 0.5 * snr * snr;
        const double theta = 1 / inverse_theta;
        point.prices.lambda = unit * log_gain / ln2 / (1 + theta * snr);
        point.prices.mu = theta * point.prices.lambda / noise * (1 + watt_by_spread * spread);
    } else {
        point.prices.lambda = unit * log_gain / ln2;
        point.prices.mu = point.prices.lambda * (rate / active) * ln2 * std::exp(-log_gain) /
                          (log_gain * log_gain * noise);
    }
    leave_out_power(point.prices);
    return point;
}

// Where no power is shared its price only loosens bounds.
void SwitchingPoint::leave_out_power(Prices& prices) const {
    if (!problem_.batteries()) return;
    prices.mu = next_to_nothing * prices.lambda * problem_.bandwidth_hz() / problem_.power_w();
}

PassSums SwitchingPoint::pass(const PassPoint& point, std::size_t stride) {
    ++passes_;
    PassSums sums = sweeps_.real(point, stride);
    if (stride > 1) {
        const std::size_t seen = learners_seen(problem_.size(), stride);
        sums.scale(static_cast<double>(problem_.size()) / static_cast<double>(seen));
    }
    return sums;
}

double SwitchingPoint::bound(const PassPoint& point, const PassSums& sums) const {
    return point.prices.lambda * budgets_.bandwidth_hz + point.prices.mu * budgets_.power_w +
           sums.value;
}

SwitchingPoint::Drift SwitchingPoint::drift(const PassPoint& point, const PassSums& sums) const {
    return {std::clamp(sums.cost / (sums.value_time * point.cycle_s), 0.0, 0.9), model_share_};
}

// As if all learners were alike: d = (T' - s) / g samples take (alpha d + beta) / s of the budgets,
// which does not change, and kappa (alpha T' + g beta) = s^2. With the cycle and the bits sent
// there as units, alpha is `bits` times g there.
double SwitchingPoint::Drift::by(Times times) const {
    const auto [tau, cycle] = times;
    if (!(share > 0)) return 1;
    const double bits = (1 - model) / (1 - share);
    const double slack = tau + bits * share;
    return (bits * cycle + model * tau) * (bits + model) / (slack * slack);
}

namespace {
PassPoint moved(PassPoint point, double by) {
    point.prices.lambda *= by;
    point.prices.mu *= by;
    return point;
}
}  // namespace

PassPoint SwitchingPoint::foretold(const PassPoint& from, double tau) const {
    return moved({tau, from.cycle_s, from.prices}, drift_.by({.tau = tau / from.tau}));
}

PassPoint SwitchingPoint::foretold_cycle(const PassPoint& from, double tau) const {
    const double cycle_s =
        std::max(from.cycle_s + (tau - from.tau) * cycle_by_tau_, 0.5 * from.cycle_s);
    return moved({tau, cycle_s, from.prices},
                 drift_.by({.tau = tau / from.tau, .cycle = cycle_s / from.cycle_s}));
}

bool SwitchingPoint::find_tau(PassPoint& point, const Search& search) {
    const double samples = problem_.samples_real();
    point.tau = std::min(point.tau, search.most);
    for (int step = 0; step < search.max_passes; ++step) {
        const PassSums sums = pass(point, search.stride);
        if (pool_.stop().check()) return false;
        const PriceStep to = price_step(point.prices, sums, budgets_);
        const double over = bound(point, sums) - to.drop - samples;
        // In 1/tau, in which the samples that fit are nearly linear.
        double z = 1 / point.tau;
        const double slope = -sums.value_tau * point.tau * point.tau;  // d bound / d z > 0
        double dz = slope > 0 ? -over / slope : (over > 0 ? -0.5 * z : z);
        dz = std::clamp(dz, -0.75 * z, 3 * z);
        const double tau = std::min(1 / (z + dz), search.most);
        const double moved = std::fabs(tau - point.tau);
        drift_ = drift(point, sums);
        cycle_by_tau_ = sums.value_time > 0 ? -sums.value_tau / sums.value_time : 0;
        to.take(point.prices, drift_.by({.tau = tau / point.tau}));
        point.tau = tau;
        const double price_step = to.length();
        const double whole = std::floor(tau);
        const double room = std::min(tau - whole, whole + 1 - tau);
        // The next step will be about the square of this one, for tau far less than that.
        const double relative = moved / tau + price_step;
        if (relative < trusted_step &&
            (square_of_step * relative * relative * tau < room || relative < search.tolerance)) {
            return true;
        }
    }
    return false;
}

bool SwitchingPoint::find_least(PassPoint& point, Resource resource, const Search& search) {
    int passes = search.max_passes;
    double& amount = resource == Resource::cycle       ? point.cycle_s
                     : resource == Resource::bandwidth ? budgets_.bandwidth_hz
                                                       : budgets_.power_w;
    const double samples = problem_.samples_real();
    const bool in_time = resource != Resource::cycle;  // as far as the amount can tell
    double least = 0;  // cycle in which some learner can not do its part at any price
    best_ = {point, -infinity};
    for (int step = 0; step < passes; ++step) {
        const PassSums sums = pass(point, search.stride);
        if (pool_.stop().check()) return false;
        if (sums.impossible > 0 && !in_time && step > 0 && least == 0) {
            least = sweeps_.impossible_cycle(point.tau);
            amount = std::max(amount, least) * (1 + near_least);
            passes += passes_from_there;
            continue;
        }
        const PriceStep to = price_step(point.prices, sums, budgets_);
        const double over = bound(point, sums) - to.drop - samples;
        const double slope = growth(resource, point.prices, sums);
        double change = slope > 0 ? -over / slope : amount;
        // What these prices themselves rule out, nearly.
        const double ruled_out = amount - (bound(point, sums) - samples) / slope;
        if (slope > 0 && sums.impossible == 0 && ruled_out > best_.amount) {
            best_ = {point, ruled_out};
        }
        change = std::clamp(change, -0.5 * amount, amount);
        if (amount + change <= least * (1 + near_least)) {
            // Nearer to where one learner's cost has no bound there is nothing to learn of prices.
            change = 0.5 * (least * (1 + 0.5 * near_least) - amount);
        }
        const double grown = in_time || !std::isfinite(change) ? 1 : 1 + change / amount;
        to.take(point.prices, drift(point, sums).by({.cycle = grown}));
        amount += change;
        const double price_step = to.length();
        const double relative = std::fabs(change) / amount + price_step;
        if (relative * relative < search.tolerance) return true;
    }
    return false;
}

std::optional<ProvingPrices> SwitchingPoint::refute(const PassPoint& point) {
    const PassSums sums = pass(point, 1);
    if (pool_.stop().requested()) return {};
    return proof_by(point, sums);
}

std::optional<ProvingPrices> SwitchingPoint::refute_roughly(const PassPoint& point) {
    if (!point.prices.usable()) return {};
    const auto sums = sweeps_.bound(point);
    if (!sums) return {};
    ++passes_;
    if (pool_.stop().requested()) return {};
    return rough_proof_of(problem_, point, *sums);
}

std::optional<ProvingPrices> SwitchingPoint::proof_by(const PassPoint& point,
                                                      const PassSums& sums) {
    if (const auto proof = proof_of(problem_, point, sums)) return proof;
    PassSums clear = sums;
    clear.doubtful = 0;
    if (!(sums.doubtful > 0) || !proof_of(problem_, point, clear)) return {};
    ++passes_;
    const PassSums careful = sweeps_.careful(point);
    if (pool_.stop().requested()) return {};
    return proof_of(problem_, point, careful);
}

std::optional<ProvingPrices> SwitchingPoint::prove(PassPoint& point, int max_passes) {
    const double samples = problem_.samples_real();
    for (int step = 0; step < max_passes; ++step) {
        if (!point.prices.usable()) return {};
        const PassSums sums = pass(point, 1);
        if (pool_.stop().check()) return {};
        if (sums.impossible > 0) return {};  // for the exact pass to look at
        if (const auto proof = proof_by(point, sums)) return proof;
        const PriceStep to = price_step(point.prices, sums, budgets_);
        if (bound(point, sums) - 2 * to.drop > samples * (1 + 1e-6) && step > 2) {
            return {};  // no way down to D
        }
        if (std::fabs(to.d_lambda) + std::fabs(to.d_mu) < 1e-9) return {};
        to.take(point.prices);
    }
    return {};
}

}  // namespace mel
