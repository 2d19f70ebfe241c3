// How the bandwidth of a learner with an energy of its own follows what it is given.
#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "learner/battery.hpp"
#include "learner/capped.hpp"

namespace mel {

namespace {

BatterySlopes slopes_at(const Battery& b, const Demand& q, double d, bool by_energy, double w) {
    const double slack = q.slack(d);
    const double bits = q.alpha * d + q.beta;
    const double nats = bits * ln2 / slack;
    const double left = b.energy_j - b.each_j * d;
    const double watt = by_energy ? left / slack : b.power_w;
    if (!(w > 0)) w = log_gain(b, {.nats = nats, .power_w = watt});
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

// With the limit of power and the energy both, the time t to send follows from E - spent(t, d) =
// P t, and the bandwidth from t.
BatterySlopes slopes_between(const Battery& b, const Demand& q, double d, const Held& held) {
    const double bits = q.alpha * d + q.beta;
    const double t = held.slack;
    const double w = held.log_gain;
    const double by_rate = ln2 / (b.law == LinkLaw::fixed ? w : log_rest(w));
    const double joule_s = 2 * b.each_j / b.work_s * std::pow(held.speed, 3);
    const double both = b.power_w + joule_s;
    const double fall =
        (3 * b.each_j * held.speed * held.speed + joule_s * (q.per_sample_s - b.work_s)) / both;
    const double by_time = -by_rate * bits / (t * t);
    return {by_rate * (q.alpha * t + bits * fall) / (t * t), by_time * joule_s / both,
            by_time / both};
}

}  // namespace

BatterySlopes slopes_at_full_speed(const Battery& b, const Demand& q, double d, bool by_energy) {
    return slopes_at(b, q, d, by_energy, 0);
}

BatterySlopes slopes_of(const Battery& b, const Demand& q, double d, const Held& held) {
    if (held.speed == 1) return slopes_at(b, q, d, held.all_energy, held.log_gain);
    if (held.all_power) return slopes_between(b, q, d, held);
    Battery fixed = b;  // the speed is best: to first order it may stay
    fixed.each_j *= held.speed * held.speed;
    Demand slower = q;
    slower.per_sample_s += b.work_s * (1 / held.speed - 1);
    slower.shape = q.alpha * q.budget_s + slower.per_sample_s * q.beta;
    return slopes_at(fixed, slower, d, true, held.log_gain);
}

double rise_at_join(const Battery& b, const Demand& q, double join) {
    const double slack = q.slack(join);
    const double nats = (q.alpha * join + q.beta) * ln2 / slack;
    const double w = log_gain(b, {.nats = nats, .power_w = b.power_w});
    const Held held{1, slack, b.power_w * slack, nats / w, true, true, w};
    // The lesser bandwidth counts: onward that which rises less, backward that which falls more.
    const double full = slopes_at(b, q, join, true, w).samples;
    const double slower = slopes_between(b, q, join, held).samples;
    const bool onward = b.each_j > b.power_w * q.per_sample_s;
    return onward ? std::min(full, slower) : std::max(full, slower);
}

AtSpeed at_speed(const Battery& b, const Demand& q, Computed work_done) {
    const auto [d, speed] = work_done;
    const double work = b.work_s * d, joules = b.each_j * d;
    const double slack = (q.budget_s - (q.per_sample_s - b.work_s) * d) - work / speed;
    const double left = b.energy_j - joules * speed * speed;
    if (!(slack > 0)) return {infinity, -infinity};
    if (!(left > 0)) return {infinity, infinity};
    const bool by_power = left >= b.power_w * slack;
    const double nats = (q.alpha * d + q.beta) * ln2 / slack;
    const double w = log_gain(b, {.nats = nats, .power_w = by_power ? b.power_w : left / slack});
    if (!(w > 0)) return {infinity, by_power ? -infinity : infinity};
    const double seconds = work / (speed * slack);
    const double spent = 2 * joules * speed * speed / left;
    const bool density = b.law == LinkLaw::density;
    if (by_power) return {nats / w, -seconds * (density ? w / log_rest(w) : 1)};
    const double share = -std::expm1(-w);  // p/(1 + p)
    if (density) return {nats / w, spent * share / log_rest(w) - seconds};
    // w - p/(1 + p) = w - 1 + e^-w
    return {nats / w, (spent * share - seconds * log_rest(w)) / w};
}

double least_bandwidth(const Battery& b, const Demand& q, double d, const Held& held) {
    const double here = held.bandwidth_hz;
    const bool chosen = b.slowest < 1 && held.all_energy && b.each_j * d > 0;
    if (!chosen || !(here > 0) || !(here < no_limit)) return here;
    // Where both limits hold B has a kink; else it is flat, and nearer the signs are rounding's.
    const double nearest = held.all_power ? 0x1p-46 : 0x1p-30;
    for (double apart = nearest; apart < 0.5; apart *= 64) {
        const double slow = std::max(held.speed * (1 - apart), b.slowest);
        const double fast = std::min(held.speed * (1 + apart), 1.0);
        const AtSpeed slower = at_speed(b, q, {.samples = d, .speed = slow});
        const AtSpeed faster = at_speed(b, q, {.samples = d, .speed = fast});
        if (!(slower.rise <= 0 || slow == b.slowest) || !(faster.rise >= 0 || fast == 1)) continue;
        // B (fixed law) or ln B (density) is convex in the seconds of computing, or their
        // logarithm.
        const double range = fast / slow - 1;
        double least = 0;
        for (const auto& [band, fall] : {AtSpeed{slower.bandwidth_hz, -slower.rise},
                                         AtSpeed{faster.bandwidth_hz, faster.rise}}) {
            if (!(band < no_limit)) continue;
            least = std::max(least, band * (1 - std::max(fall, 0.0) * range));
        }
        return std::min(least, here);
    }
    return 0;
}

}  // namespace mel
