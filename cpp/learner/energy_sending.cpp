#include "learner/energy_sending.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "learner/capped.hpp"
#include "learner/energy_gains.hpp"

namespace mel {
namespace {

// At the limit of power, below what the prices alone would take: no second more is worth a joule of
// power then. False where they take less.
bool at_power_limit(const Spender& b, HertzPrice price, ToSend what, Sending& s) {
    const double lambda = price.joules;
    const auto [bits, t] = what;
    const double mean = b.power_w * t / (b.noise * bits * ln2);
    const double w = mean_log_gain(std::log(mean));
    if (!(w > 0)) {
        s = {infinity, b.power_w, infinity, infinity, 0, infinity};
        return true;
    }
    const double grown = w > 0.35 ? w * mean : 0;  // e^w - 1
    const double left = w > 0.35 ? w * (grown + 1) - grown : sent_joules(w, 1);
    if (left > lambda / (b.noise * t)) return false;
    const double by_rate = ln2 / (w > 0.35 ? w - grown / (grown + 1) : rest_of(w));
    s.power_w = b.power_w;
    s.bandwidth_hz = bits * ln2 / (t * w);
    s.by_bits = lambda * by_rate / t;
    s.time_w = lambda * by_rate * bits / (t * t) - b.power_w;
    return true;
}

// With the fixed law, without caps, at the log gain that is best for the rate.
Sending received_at(const Spender& b, HertzPrice price, ToSend what, double u) {
    const double lambda = price.joules, rate = what.rate(), t = what.seconds;
    const double by_rate = lambda * ln2 / u;
    Sending s;
    s.bandwidth_hz = rate * ln2 / u;
    s.power_w = b.noise * grown_by(u);
    s.taken = b.taken(s);
    s.cost = lambda * s.taken;
    s.by_bits = by_rate / t;
    s.time_w = by_rate * rate / t;
    return s;
}

// The cheapest purchase of the rate, whoever sends.
Sending receiving_at(const Spender& b, HertzPrice price, ToSend what) {
    const double lambda = price.joules, rate = what.rate(), t = what.seconds;
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
        return received_at(b, price, what, joule_fixed_gain(ln2 * rate / (b.watt_hz * b.noise)));
    }
    const Caps caps{b.bandwidth_hz, b.power_w, b.max_rate};
    const CappedPurchase p = buy_capped(b, {lambda, lambda * b.watt_hz}, caps, rate);
    // Without a price for a bit, which may be none: 0 times it is no number.
    if (!(p.unit_cost < infinity)) return {infinity, infinity, infinity, infinity, 0, infinity};
    Sending s;
    s.bandwidth_hz = p.purchase.bandwidth_hz;
    s.power_w = p.purchase.power_w;
    s.taken = b.taken(s);
    s.cost = p.purchase.cost;
    s.by_bits = p.unit_cost / t;
    s.time_w = p.unit_cost * rate / t;
    return s;
}

}  // namespace

Sending sending_at(const Spender& b, HertzPrice price, ToSend what, bool& limited) {
    const double lambda = price.joules;
    const auto [bits, t] = what;
    if (!(bits > 0)) return {};
    if (b.receives) return receiving_at(b, price, what);
    Sending s;
    if (b.law == LinkLaw::fixed) {
        const double most = std::log1p(b.power_w / b.noise);
        const double z = lambda * ln2 * bits / (b.noise * t * t);
        limited = most * most * (1 + b.power_w / b.noise) < z;
        const double u = limited ? most : joule_fixed_gain(z);
        s.power_w = limited ? b.power_w : b.noise * grown_by(u);
        s.bandwidth_hz = bits * ln2 / (t * u);
        s.by_bits = lambda * ln2 / (t * u);
        s.time_w = lambda * s.bandwidth_hz / t - s.power_w;
    } else if (!limited || !at_power_limit(b, price, what, s)) {
        const double w = joule_log_gain(lambda / (b.noise * t));
        s.bandwidth_hz = bits * ln2 / (t * w);
        const double gain = std::expm1(w);
        s.power_w = b.noise * s.bandwidth_hz * gain;
        s.by_bits = b.noise * ln2 * (gain + 1);
        s.time_w = lambda * s.bandwidth_hz / t;
        // Where both are the same to the last bits either does.
        const bool known = limited;
        limited = s.power_w > b.power_w && (known || at_power_limit(b, price, what, s));
        if (limited && known) s.power_w = b.power_w;
    }
    s.taken = s.bandwidth_hz;
    s.cost = lambda * s.bandwidth_hz + s.power_w * t;
    return s;
}

bool sending_that_saves(const Spender& b, HertzPrice price, double time_w, ToSend& what,
                        Sending& s) {
    const double lambda = price.joules, bits = what.bits;
    double& t = what.seconds;
    if (!(bits > 0) || !(time_w > 0) || !(time_w < infinity)) return false;
    if (b.receives && b.in_proportion()) {
        t = std::sqrt(lambda * b.unit.cost * bits / time_w);
        s = receiving_at(b, price, what);
        return t > 0 && t < infinity;
    }
    if (b.receives) {
        if (b.law == LinkLaw::density || b.bandwidth_hz < infinity || b.power_w < infinity) {
            return false;
        }
        // u^3 e^(2u) = saved: u is three quarters of the root of z^2 e^z = 16/9 saved^(2/3).
        const double watt = b.watt_hz * b.noise;
        const double root = std::cbrt(time_w * ln2 * bits / (lambda * watt * watt));
        const double u = 0.75 * joule_fixed_gain(root * root * (16.0 / 9));
        t = std::sqrt(lambda * ln2 * bits / (u * time_w));
        s = received_at(b, price, what, u);
        return t > 0 && t < infinity;
    }
    if (b.law == LinkLaw::fixed) {
        const double most = std::log1p(b.power_w / b.noise);
        const double free = joule_log_gain(time_w / b.noise);
        const bool limited = free > most;
        const double u = limited ? most : free;
        s.power_w = limited ? b.power_w : b.noise * grown_by(u);
        // lambda bits ln2 / (t^2 u) is what a second saves of bandwidth.
        t = std::sqrt(lambda * bits * ln2 / (u * (time_w + s.power_w)));
        s.by_bits = lambda * ln2 / (t * u);
        s.bandwidth_hz = bits * ln2 / (t * u);
    } else {
        const double unit = b.noise * bits * ln2;
        const double free = saving_log_gain(time_w * lambda / (b.noise * unit));
        if (!(free > 0)) return false;
        const double e = std::exp(free);
        t = lambda / (b.noise * sent_joules(free, e));
        s.bandwidth_hz = bits * ln2 / (t * free);
        s.power_w = b.noise * s.bandwidth_hz * std::expm1(free);
        s.by_bits = b.noise * ln2 * e;
        if (s.power_w > b.power_w) {
            const double joules = b.power_w / unit;
            const double w =
                limited_log_gain(lambda * bits * ln2 * joules * joules / (time_w + b.power_w));
            if (!(w > 0)) return false;
            t = std::expm1(w) / (w * joules);
            s.power_w = b.power_w;
            s.bandwidth_hz = bits * ln2 / (t * w);
            s.by_bits = lambda * ln2 / (t * rest_of(w));
        }
    }
    s.time_w = time_w;
    s.taken = s.bandwidth_hz;
    s.cost = lambda * s.bandwidth_hz + s.power_w * t;
    return t > 0 && t < infinity;
}

}  // namespace mel
