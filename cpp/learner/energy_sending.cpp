#include "learner/energy_sending.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "learner/capped.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The root w of e^w (w - 1) + 1 = y: a rational start good to 2e-6, and one step.
double joule_log_gain(double y) {
    const double s = std::log1p(std::sqrt(2 * y));
    if (!(s > 1e-6 && s < 80)) return density_log_gain(y);
    const double above = 1.0000018575263303 +
                         s * (0.4419175377231446 +
                              s * (0.1164469250774458 +
                                   s * (0.023993507889863652 +
                                        s * (0.006108273568787894 + s * 0.0002698429517688641))));
    const double below =
        1 + s * (0.2753118620543209 +
                 s * (0.0841364496398935 +
                      s * (0.017634573487741542 +
                           s * (0.0034622758634447483 + s * 0.00013540599690262277))));
    const double w = s * above / below;
    if (w < 0.35) return density_log_gain(y);
    const double e = std::exp(w);
    const double f = e * (w - 1) + 1 - y;
    return w - f / (w * e - 0.5 * f * (1 + w) / w);
}

// At the limit of power, below what the prices alone would take: no second more is worth a joule of
// power then. False where they take less.
bool at_power_limit(const Spender& b, double lambda, double bits, double t, Sending& s) {
    const double mean = b.power_w * t / (b.noise * bits * ln2);
    const double w = mean_log_gain(std::log(mean));
    if (!(w > 0)) {
        s = {infinity, b.power_w, infinity, infinity, 0, infinity};
        return true;
    }
    const double grown = w > 0.35 ? w * mean : 0;  // e^w - 1
    const double left = w > 0.35 ? w * (grown + 1) - grown : density_left_side(w);
    if (left > lambda / (b.noise * t)) return false;
    const double by_rate = ln2 / (w > 0.35 ? w - grown / (grown + 1) : log_rest(w));
    s.power_w = b.power_w;
    s.bandwidth_hz = bits * ln2 / (t * w);
    s.by_bits = lambda * by_rate / t;
    s.time_w = lambda * by_rate * bits / (t * t) - b.power_w;
    return true;
}

// The cheapest purchase of the rate, whoever sends.
Sending receiving_at(const Spender& b, double lambda, double bits, double t) {
    const double rate = bits / t;
    if (b.in_proportion()) {
        const double taken = rate * b.unit.cost, cost = lambda * taken;
        return {rate * b.unit.bandwidth_hz,
                rate * b.unit.power_w,
                taken,
                cost,
                lambda * b.unit.cost / t,
                cost / t};
    }
    if (b.law == LinkLaw::fixed && !(b.bandwidth_hz < infinity) && !(b.power_w < infinity)) {
        const double u = fixed_log_gain(std::log(ln2 * rate / (b.watt_hz * b.noise)));
        const double by_rate = lambda * ln2 / u;
        Sending s;
        s.bandwidth_hz = rate * ln2 / u;
        s.power_w = b.noise * std::expm1(u);
        s.taken = b.taken(s.bandwidth_hz, s.power_w);
        s.cost = lambda * s.taken;
        s.by_bits = by_rate / t;
        s.time_w = by_rate * rate / t;
        return s;
    }
    const Caps caps{b.bandwidth_hz, b.power_w, b.max_rate};
    const CappedPurchase p = buy_capped(b, {lambda, lambda * b.watt_hz}, caps, rate);
    // Without a price for a bit, which may be none: 0 times it is no number.
    if (!(p.unit_cost < infinity)) return {infinity, infinity, infinity, infinity, 0, infinity};
    Sending s;
    s.bandwidth_hz = p.purchase.bandwidth_hz;
    s.power_w = p.purchase.power_w;
    s.taken = b.taken(s.bandwidth_hz, s.power_w);
    s.cost = p.purchase.cost;
    s.by_bits = p.unit_cost / t;
    s.time_w = p.unit_cost * rate / t;
    return s;
}

}  // namespace

Sending sending_at(const Spender& b, double lambda, double bits, double t, bool& limited) {
    if (!(bits > 0)) return {};
    if (b.receives) return receiving_at(b, lambda, bits, t);
    Sending s;
    if (b.law == LinkLaw::fixed) {
        const double most = std::log1p(b.power_w / b.noise);
        const double z = lambda * ln2 * bits / (b.noise * t * t);
        limited = most * most * (1 + b.power_w / b.noise) < z;
        const double u = limited ? most : fixed_log_gain(std::log(z));
        s.power_w = limited ? b.power_w : b.noise * std::expm1(u);
        s.bandwidth_hz = bits * ln2 / (t * u);
        s.by_bits = lambda * ln2 / (t * u);
        s.time_w = lambda * s.bandwidth_hz / t - s.power_w;
    } else if (!limited || !at_power_limit(b, lambda, bits, t, s)) {
        const double w = joule_log_gain(lambda / (b.noise * t));
        s.bandwidth_hz = bits * ln2 / (t * w);
        const double gain = std::expm1(w);
        s.power_w = b.noise * s.bandwidth_hz * gain;
        s.by_bits = b.noise * ln2 * (gain + 1);
        s.time_w = lambda * s.bandwidth_hz / t;
        // Where both are the same to the last bits either does.
        const bool known = limited;
        limited = s.power_w > b.power_w && (known || at_power_limit(b, lambda, bits, t, s));
        if (limited && known) s.power_w = b.power_w;
    }
    s.taken = s.bandwidth_hz;
    s.cost = lambda * s.bandwidth_hz + s.power_w * t;
    return s;
}

}  // namespace mel
