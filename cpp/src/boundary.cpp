#include "mel/boundary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mel/learner.hpp"
#include "mel/sums.hpp"

namespace mel {
namespace {

constexpr double largest_log_step = 3.0;
constexpr double rough = 1e-7;       // searches that only guide have no finer tolerance
constexpr double near_least = 1e-3;  // of the least cycle: as near as a search for prices goes

}  // namespace

double Boundary::Step::length() const { return std::max(std::fabs(d_lambda), std::fabs(d_mu)); }

void Boundary::Step::take(Prices& prices) const {
    prices.lambda *= std::exp(d_lambda);
    prices.mu *= std::exp(d_mu);
}

double Boundary::amount(Resource resource, const PassPoint& point) const {
    return resource == Resource::cycle       ? point.cycle_s
           : resource == Resource::bandwidth ? band_
                                             : watt_;
}

PassPoint Boundary::guess() const {
    const double learners = static_cast<double>(problem_.size());
    const double samples = problem_.samples_real();
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    const double cycle = problem_.cycle_s();
    const double noise = problem_.typical_noise();
    const bool density = problem_.law() == LinkLaw::density;
    // As if the budgets served typical learners: all at the same signal-to-noise ratio.
    const double snr = density ? watt / (noise * band) : watt / (learners * noise);
    const double log_gain = std::log1p(snr);
    const double rate = band * log_gain / ln2;
    double active = learners;
    const double data = problem_.sample_bits_sent() * samples;
    if (problem_.excused() && problem_.model_bits() > 0) {
        active = std::clamp((0.4 * cycle * rate - data) / problem_.model_bits(), 1.0,
                            std::min(learners, samples));
    }
    const double bits = data + problem_.model_bits() * active;
    const double send = std::clamp(bits / rate, 1e-3 * cycle, 0.8 * cycle);
    const double each = samples / active;
    PassPoint point;
    point.cycle_s = cycle;
    point.tau = std::max((cycle - send) / (problem_.typical_compute_s() * each), 1e-9);
    const double g = (cycle - send) / each;
    const double shape = problem_.sample_bits_sent() * cycle + g * problem_.model_bits();
    const double unit =
        shape > 0 ? send * send / shape : 1e-300;  // marginal cost of rate where d is interior
    if (density) {
        const double inverse_theta =
            (1 + snr) * log_gain - snr > 0 ? (1 + snr) * log_gain - snr : 0.5 * snr * snr;
        const double theta = 1 / inverse_theta;
        point.prices.lambda = unit * log_gain / ln2 / (1 + theta * snr);
        point.prices.mu = theta * point.prices.lambda / noise;
    } else {
        point.prices.lambda = unit * log_gain / ln2;
        point.prices.mu = point.prices.lambda * (rate / active) * ln2 * std::exp(-log_gain) /
                          (log_gain * log_gain * noise);
    }
    return point;
}

PassSums Boundary::pass(const PassPoint& point, std::size_t stride) {
    ++passes_;
    PassSums sums = real_pass(problem_, boxes_.real(point.tau), point, pool_, blocks_, stride);
    if (stride > 1) {
        const std::size_t seen = learners_seen(problem_.size(), stride);
        sums.scale(static_cast<double>(problem_.size()) / static_cast<double>(seen));
    }
    return sums;
}

double Boundary::bound(const PassPoint& point, const PassSums& sums) const {
    return point.prices.lambda * band_ + point.prices.mu * watt_ + sums.value;
}

// In logarithms, where demand is nearly a power law of the prices: H diag(p) delta = sum * ln(sum /
// budget). Where the samples stand at their bounds only the ratio of the prices matters and H is
// singular; the ridge then keeps the scale.
Boundary::Step Boundary::newton(const PassPoint& point, const PassSums& s) const {
    const double band = band_;
    const double watt = watt_;
    if (!(s.bandwidth > 0) || !(s.power > 0)) return {-1.0, -1.0, 0};
    const double a11 = s.h_ll * point.prices.lambda / s.bandwidth;
    const double a12 = s.h_lm * point.prices.mu / s.bandwidth;
    const double a21 = s.h_lm * point.prices.lambda / s.power;
    const double a22 = s.h_mm * point.prices.mu / s.power;
    const double r1 = std::log(s.bandwidth / band);
    const double r2 = std::log(s.power / watt);
    // Least squares with a small ridge.
    const double n11 = a11 * a11 + a21 * a21;
    const double n12 = a11 * a12 + a21 * a22;
    const double n22 = a12 * a12 + a22 * a22;
    const double ridge = 1e-10 * (n11 + n22) + 1e-300;
    const double det = (n11 + ridge) * (n22 + ridge) - n12 * n12;
    const double b1 = a11 * r1 + a21 * r2;
    const double b2 = a12 * r1 + a22 * r2;
    double d1 = ((n22 + ridge) * b1 - n12 * b2) / det;
    double d2 = ((n11 + ridge) * b2 - n12 * b1) / det;
    if (!std::isfinite(d1) || !std::isfinite(d2)) {
        d1 = std::clamp(r1, -1.0, 1.0);
        d2 = std::clamp(r2, -1.0, 1.0);
    }
    const double longest = std::max(std::fabs(d1), std::fabs(d2));
    if (longest > largest_log_step) {
        d1 *= largest_log_step / longest;
        d2 *= largest_log_step / longest;
    }
    const double drop = -0.5 * (point.prices.lambda * (band - s.bandwidth) * d1 +
                                point.prices.mu * (watt - s.power) * d2);
    return {d1, d2, std::max(drop, 0.0)};
}

bool Boundary::find_tau(PassPoint& point, double tolerance, int max_passes, std::size_t stride,
                        double most) {
    const double samples = problem_.samples_real();
    point.tau = std::min(point.tau, most);
    for (int step = 0; step < max_passes; ++step) {
        const PassSums sums = pass(point, stride);
        if (pool_.stop().check()) return false;
        const Step to = newton(point, sums);
        const double over = bound(point, sums) - to.drop - samples;
        // In 1/tau, in which the samples that fit are nearly linear.
        double z = 1 / point.tau;
        const double slope = -sums.value_tau * point.tau * point.tau;  // d bound / d z > 0
        double dz = slope > 0 ? -over / slope : (over > 0 ? -0.5 * z : z);
        dz = std::clamp(dz, -0.75 * z, 3 * z);
        const double tau = std::min(1 / (z + dz), most);
        const double moved = std::fabs(tau - point.tau);
        to.take(point.prices);
        point.tau = tau;
        const double price_step = to.length();
        const double whole = std::floor(tau);
        const double room = std::min(tau - whole, whole + 1 - tau);
        // The next step will be about the square of this one.
        const double relative = moved / tau + price_step;
        if (relative < 0.3 && (4 * relative * relative * tau < room || relative < tolerance))
            return true;
    }
    return false;
}

// The longest that a learner needs for what it must do, were sending to it free.
double Boundary::impossible_cycle(double tau) {
    const Box box = boxes_.real(tau);
    const std::size_t size = problem_.size();
    std::vector<double> longest(block_count(size), 0.0);
    pool_.run(longest.size(), [&](std::size_t b) {
        const std::size_t last = std::min(size, (b + 1) * block_size);
        for (std::size_t k = b * block_size; k < last; ++k) {
            const double least = std::max(box.low(k), 0.0);
            if (problem_.excused() && least == 0) continue;
            longest[b] = std::max(longest[b], -demand_of(problem_, k, tau, 0).slack(least));
        }
    });
    return *std::max_element(longest.begin(), longest.end());
}

bool Boundary::find_least(PassPoint& point, Resource resource, double tolerance, int max_passes,
                          std::size_t stride) {
    double& amount = resource == Resource::cycle       ? point.cycle_s
                     : resource == Resource::bandwidth ? band_
                                                       : watt_;
    const double samples = problem_.samples_real();
    const bool guides = resource == Resource::cycle && tolerance >= rough;
    double least = 0;  // cycle in which some learner can not do its part at any price
    best_ = {point, -std::numeric_limits<double>::infinity()};
    for (int step = 0; step < max_passes; ++step) {
        const PassSums sums = pass(point, stride);
        if (pool_.stop().check()) return false;
        if (sums.impossible > 0 && guides && step > 0 && least == 0) {
            least = impossible_cycle(point.tau);
            amount = std::max(amount, least) * (1 + near_least);
            continue;
        }
        const Step to = newton(point, sums);
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
        to.take(point.prices);
        amount += change;
        const double price_step = to.length();
        const double relative = std::fabs(change) / amount + price_step;
        if (relative * relative < tolerance) return true;
    }
    return false;
}

PassSums Boundary::minimise(PassPoint& point, int max_passes) {
    PassPoint at = point;
    PassSums best;
    double least = std::numeric_limits<double>::infinity();
    for (int step = 0; step < max_passes; ++step) {
        const PassSums sums = pass(at, 1);
        if (pool_.stop().check()) break;
        const double value = bound(at, sums);
        if (value < least) {
            least = value;
            best = sums;
            point = at;
        }
        const Step to = newton(at, sums);
        if (sums.impossible > 0 || std::fabs(to.d_lambda) + std::fabs(to.d_mu) < 1e-9) break;
        to.take(at.prices);
    }
    return best;
}

bool Boundary::prove(PassPoint& point, int max_passes) {
    const double samples = problem_.samples_real();
    for (int step = 0; step < max_passes; ++step) {
        if (!point.prices.usable()) return false;
        const PassSums sums = pass(point, 1);
        if (pool_.stop().check()) return false;
        if (sums.impossible > 0) return false;  // for the exact pass to look at
        const double value = bound(point, sums);
        const double error = proof_error(problem_, point, sums);
        if (value + error < samples) return true;
        const Step to = newton(point, sums);
        if (value - 2 * to.drop > samples * (1 + 1e-6) && step > 2)
            return false;  // no way down to D
        if (std::fabs(to.d_lambda) + std::fabs(to.d_mu) < 1e-9) return false;
        to.take(point.prices);
    }
    return false;
}

}  // namespace mel
