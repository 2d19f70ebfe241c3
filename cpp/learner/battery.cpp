#include "learner/battery.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rounding.hpp"
#include "learner/capped.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double near = 1e-10;    // of a sample's worth: where the best real samples are found
constexpr double narrow = 1e-14;  // of what is left to the end: what cannot be narrowed down
constexpr int most_steps = 80;

// ln(1 + P / (n B)) that carries `nats` a second with power P, in closed form or by Newton.
double log_gain(const Battery& battery, double nats, double power) {
    if (battery.law == LinkLaw::fixed) return std::log1p(power / battery.noise);
    return power_capped_log_gain(std::log(power / (battery.noise * nats)));
}

double log_rest(double w) {  // w - 1 + e^-w
    if (w > 0.35) return w + std::expm1(-w);
    double term = w * w / 2;
    double sum = term;
    for (int j = 3; j < 18; ++j) sum += term *= -w / j;
    return sum;
}

// Where the slack, the energy or what boundless bandwidth carries ends; all are linear in d.
double end_of(const Battery& b, const Demand& q) {
    double end = q.budget_s / q.per_sample_s;
    const double unit = b.law == LinkLaw::density ? b.noise * ln2 : 0;
    if (b.energy_j < infinity) {
        const double each = b.each_j + unit * q.alpha;
        const double left = b.energy_j - unit * q.beta;
        if (left < 0) return -1;
        if (each > 0) end = std::min(end, left / each);
    }
    if (b.law == LinkLaw::density) {
        const double most = b.power_w / unit;
        const double left = most * q.budget_s - q.beta;
        end = std::min(end, left / (q.alpha + most * q.per_sample_s));
    }
    return end;
}

}  // namespace

double Battery::power(const Demand& q, double d) const {
    if (!(energy_j < infinity)) return power_w;
    return std::min(power_w, left_j(d) / q.slack(d));
}

double Battery::bandwidth(const Demand& q, double d) const {
    const double bits = q.alpha * d + q.beta;
    const double slack = q.slack(d);
    if (!(bits > 0)) return slack >= 0 && left_j(d) >= 0 ? 0 : infinity;
    const double watt = slack > 0 ? power(q, d) : 0;
    if (!(watt > 0)) return infinity;
    const double nats = bits * ln2 / slack;
    const double w = log_gain(*this, nats, watt);
    return w > 0 ? nats / w : infinity;
}

namespace {

BatterySlopes slopes_where(const Battery& b, const Demand& q, double d, bool by_energy) {
    const double slack = q.slack(d);
    const double bits = q.alpha * d + q.beta;
    const double nats = bits * ln2 / slack;
    const double watt = by_energy ? b.left_j(d) / slack : b.power_w;
    const double w = log_gain(b, nats, watt);
    const double band = nats / w;
    if (b.law == LinkLaw::fixed) {
        if (!by_energy) {
            return {ln2 * q.shape / (slack * slack * w), -band / slack, 0};
        }
        // B = bits ln2 / h with h = s ln(1 + E' / (n s)).
        const double whole = slack * w;
        const double by_slack = w - watt / (b.noise + watt);
        const double by_joule = 1 / (b.noise + watt);
        const double fall = q.per_sample_s * by_slack + b.each_j * by_joule;
        return {ln2 * (q.alpha * whole + bits * fall) / (whole * whole), -band / whole * by_slack,
                -band / whole * by_joule};
    }
    const double rest = log_rest(w);
    if (!by_energy) {
        const double by_rate = ln2 / rest;
        return {by_rate * q.shape / (slack * slack), -by_rate * bits / (slack * slack), 0};
    }
    const double shrink = std::exp(-w);
    return {((ln2 * q.alpha + b.each_j * shrink / b.noise) / rest + q.per_sample_s * band) / slack,
            -band / slack, -shrink / (b.noise * rest * slack)};
}

}  // namespace

BatterySlopes slopes_of(const Battery& b, const Demand& q, double d) {
    return slopes_where(b, q, d, b.left_j(d) / q.slack(d) < b.power_w);
}

Battery battery_of(const Problem& problem, std::size_t k, double tau) {
    const LearnerLimits& limits = *problem.limits();
    return {problem.law(),         problem.noise_over_gain()[k], limits.max_bandwidth_hz[k],
            limits.max_power_w[k], limits.energy_j[k],           tau * limits.computing_j[k]};
}

Battery generous(Battery battery) {
    battery.energy_j *= 1 + rounding::energy_left;
    battery.power_w *= 1 + rounding::rate;
    battery.bandwidth_hz *= 1 + rounding::rate;
    return battery;
}

double largest_carried(const Battery& b, const Demand& q, double upper) {
    double high = std::min(upper, std::floor(end_of(b, q)) + 1);
    if (!(high >= 0)) return -1;
    if (b.carries(q, high)) return high;
    double low = high;
    for (double step = 1; low >= 0 && !b.carries(q, low); step *= 2) {
        high = low;
        low = low - step >= 0 ? low - step : (low > 0 ? 0 : -1);
    }
    while (high - low > 1) {
        const double middle = std::floor(0.5 * (low + high));
        (b.carries(q, middle) ? low : high) = middle;
    }
    return low;
}

BatteryBest best_with_battery(const Battery& b, const Demand& q, double low, double high,
                              double lambda) {
    if (!(b.bandwidth(q, low) < infinity)) return {low, false, 0, false};
    if (!(q.alpha * low + q.beta > 0)) {
        if (!(q.alpha > 0)) return {high, false, 0, true};  // nothing to send
        low = std::min(std::nextafter(low, infinity) + 1e-9, high);
        if (!(low < high)) return {high, false, 0, b.bandwidth(q, high) < infinity};
    }
    const double end = end_of(b, q);
    // ln(lambda dB/dd) rises with d, at last like -2 ln(end - d): in x = -ln(end - d) nearly a
    // line.
    const auto at = [&](double d) {
        const double value = std::log(lambda * slopes_of(b, q, d).samples);
        return value == value ? value : infinity;  // beyond the end
    };
    double top = end;
    double above = infinity;
    if (high < end) {
        top = high;
        above = at(high);
        if (above <= 0) return {high, false, 0, true};
    }
    double bottom = low;
    double below = at(low);
    if (!(below < 0)) return {low, false, 0, true};
    // Where limit and energy leave the same power, the slope jumps.
    const double join =
        (b.energy_j - b.power_w * q.budget_s) / (b.each_j - b.power_w * q.per_sample_s);
    if (join > low && join < top) {
        const double by_power = lambda * slopes_where(b, q, join, false).samples;
        const double by_energy = lambda * slopes_where(b, q, join, true).samples;
        const double before = std::min(by_power, by_energy);
        const double after = std::max(by_power, by_energy);
        if (before < 1 && after > 1) return {join, false, 0, true};
        if (before >= 1) {
            top = join;
            above = std::log(before);
        } else if (after <= 1) {
            bottom = join;
            below = std::log(after);
        }
    }
    double newest = bottom;
    double value = below;
    double steepness = 2 / (end - low);
    double x = -std::log(end - bottom);
    double next = x - 0.5 * below;
    for (int step = 0; step < most_steps; ++step) {
        double d = end - std::exp(-next);
        if (!(d > bottom && d < top) || step % 8 == 7) d = 0.5 * (bottom + top);
        if (!(d > bottom && d < top)) break;
        const double there = -std::log(end - d);
        const double found = at(d);
        double slope = 2;
        if (found < infinity && value < infinity && there != x) {
            slope = (found - value) / (there - x);
            if (d != newest) steepness = (found - value) / (d - newest);
        }
        newest = d;
        value = found;
        x = there;
        if (value < 0) {
            bottom = d;
            below = value;
        } else {
            top = d;
            above = value;
        }
        if (std::fabs(value) < near || top - bottom <= narrow * (end - bottom)) break;
        next =
            value < infinity && slope > 0 ? x - value / slope : 0.5 * (x - std::log(end - bottom));
    }
    const double best = -below <= above ? bottom : top;
    return {best, true, std::max(steepness, 1e-300), true};
}

Response respond_with_battery(const Battery& stated, const Demand& demand, bool excused,
                              double lower, double upper, Prices prices, double guard_s) {
    Demand q = demand;
    q.budget_s += guard_s;
    q.shape += q.alpha * guard_s;
    const Battery b = generous(stated);
    const bool may_rest = excused && lower <= 0;
    const Response rest{0, 0, 0, 0, q.budget_s, may_rest};
    const double low = may_rest ? 1 : lower;
    if (upper < low || !b.carries(q, low)) return rest;
    const BatteryBest real = best_with_battery(b, q, low, upper, prices.lambda);
    double d = std::clamp(std::floor(real.samples), low, upper);
    // Concave between whole samples, too: uphill from here to the best of them.
    const auto value_at = [&](double at) {
        const double band = b.bandwidth(q, at);
        return b.fits(band) ? at - prices.lambda * band : -infinity;
    };
    double value = value_at(d);
    if (!(value > -infinity)) {
        d = std::max(largest_carried(b, q, d), low);
        value = value_at(d);
    }
    const double first = d;
    for (const double step : {1.0, -1.0}) {
        if (step < 0 && d != first) break;
        for (double to = d + step; to >= low && to <= upper; to += step) {
            const double there = value_at(to);
            if (!(there > value)) break;
            d = to;
            value = there;
        }
    }
    const double band = std::min(b.bandwidth(q, d), b.bandwidth_hz) * (1 - 4 * rounding::rate);
    const double cost = prices.lambda * band + prices.mu * stated.power_w;
    if (may_rest && !(d - cost > 0)) return {0, 0, 0, 0, q.budget_s, true};
    return {d, band, stated.power_w, cost, q.slack(d), true};
}

}  // namespace mel
