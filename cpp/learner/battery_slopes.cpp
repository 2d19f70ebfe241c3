// How the bandwidth of a learner with an energy of its own follows what it is given.
#include <cmath>

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
    if (!(w > 0)) w = log_gain(b, nats, watt);
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

}  // namespace mel
