#include "learner/energy_cost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "learner/capped.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_steps = 100;
constexpr double speed_error = 1e-16;  // of ln v
constexpr double at_speed = 1e-15;     // and what rounding leaves of it

// What sending `bits` in t seconds takes at a price of bandwidth, and how it changes.
struct Sending {
    double bandwidth_hz = 0;
    double power_w = 0;
    double taken = 0;    // of what is shared
    double cost = 0;     // lambda B + P t, or lambda (B + q P)
    double by_bits = 0;  // joules a bit
    double time_w = 0;   // joules that one more second saves
};

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

// `limited`: whether the limit of power is looked at first; then, whether it held.
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

// What the learner spends, and how that changes with its samples at a given speed.
double spent_j(const Spender& b, const Sending& s, double t, double computing, double d) {
    return (b.receives ? b.return_j + b.return_each * d : s.power_w * t) + computing * d;
}

// Twice the power of computing at a speed: joules that one more second of computing saves.
double computing_w(const Spender& b, double speed) {
    return 2 * b.each_j / b.work_s * speed * speed * speed;
}

bool chosen(const Spender& b) { return b.slowest < 1 && b.each_j > 0; }

// Seconds a sample but for computing; what computing at full speed adds is work_s.
double other_s(const Spender& b, const Demand& q) { return q.per_sample_s - b.work_s; }

EnergyCost cost_at(const Spender& b, const Demand& q, double lambda, double d, double speed,
                   bool limited) {
    const double t = q.budget_s - (other_s(b, q) + b.work_s / speed) * d;
    const double bits = q.alpha * d + q.beta;
    EnergyCost c{infinity, infinity, 0, 0, speed, infinity, t};
    if (!(t > 0) && !(t == 0 && bits == 0)) return c;
    const Sending s = sending_at(b, lambda, bits, t, limited);
    const double computing = b.each_j * speed * speed;
    c.cost = s.cost + (b.return_j + (b.return_each + computing) * d);
    c.bandwidth_hz = s.bandwidth_hz;
    c.power_w = s.power_w;
    c.energy_j = spent_j(b, s, t, computing, d);
    c.slope = q.alpha * s.by_bits + s.time_w * (other_s(b, q) + b.work_s / speed) + computing +
              b.return_each;
    return c;
}

// The speed at d samples: where one more second is worth as much to both.
double speed_for(const Spender& b, const Demand& q, double lambda, double d, double near,
                 bool& limited) {
    if (!chosen(b) || !(d > 0)) return 1;
    const double base = q.budget_s - other_s(b, q) * d;
    const double work = b.work_s * d;
    const double bits = q.alpha * d + q.beta;
    if (!(base > work)) return 1;
    if (!(bits > 0)) return std::max(b.slowest, work / base);
    // Falls with ln v.
    const auto over = [&](double v) {
        const double time_w = sending_at(b, lambda, bits, base - work / v, limited).time_w;
        return std::log(time_w / computing_w(b, v));
    };
    const auto steep = [&](double v) { return -3 - 2 * work / (base * v - work); };
    const bool bounded = b.slowest * base > work;
    const double least = bounded ? b.slowest : work / base;
    bool least_open = bounded, most_open = true;  // whether an end may be the best
    double low = std::log(least), high = 0;
    double x = near > least && near <= 1 ? std::log(near) : 0;
    double v = std::exp(x);
    double value = over(v);
    double slope = steep(v);
    double moved_before = 1;
    for (int step = 0; step < most_steps; ++step) {
        double next = x - value / slope;
        // There already: to halve what is left would only lead away.
        if (std::fabs(next - x) <= at_speed) break;
        (value > 0 ? low : high) = x;
        if (next >= high && most_open && high == 0) {
            most_open = false;
            if (!(over(1) < 0)) return 1;
        }
        if (next <= low && least_open && low == std::log(least)) {
            least_open = false;
            if (!(over(least) > 0)) return least;
        }
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        const double moved = next - x;
        const double before = value;
        x = next;
        v = std::exp(x);
        // What a step by a secant leaves is about its product with the one before.
        const double left = std::fabs(moved * moved_before);
        moved_before = moved;
        if ((step > 0 ? left < speed_error : std::fabs(moved) < 1e-13) || high - low < 1e-14) break;
        value = over(v);
        slope = (value - before) / moved;
        if (!(slope < -2.9) || !std::isfinite(slope)) slope = steep(v);
    }
    return v;
}

// Where t seconds are left to send in: the samples, the speed, and what one more sample costs.
struct Timed {
    double samples, speed, slope;
    Sending sending;
};
// v^3 = A (alpha d(v) + beta) with the samples d(v) that end in time: the right side is concave, so
// that Newton's method falls to the root from where full speed puts it.
double speed_in_proportion(const Spender& b, const Demand& q, double lambda, double t) {
    const double scale = lambda * b.unit.cost / (t * t) * b.work_s / (2 * b.each_j);
    const double base_s = other_s(b, q), left = std::max(q.budget_s - t, 0.0);
    double v = std::cbrt(scale * (q.alpha * left / (base_s + b.work_s) + q.beta));
    if (!(q.alpha > 0) || v >= 1) return v;
    for (int step = 0; step < most_steps; ++step) {
        const double per_speed = base_s * v + b.work_s;
        const double over = v * v * v - scale * (q.alpha * left * v / per_speed + q.beta);
        const double slope =
            3 * v * v - scale * q.alpha * left * b.work_s / (per_speed * per_speed);
        const double moved = over / slope;
        if (!(moved > 1e-15 * v)) break;
        v -= moved;
    }
    return v;
}
Timed timed(const Spender& b, const Demand& q, double lambda, double t, bool& limited) {
    const double base_s = other_s(b, q);
    Timed at{(q.budget_s - t) / (base_s + b.work_s), 1, 0, {}};
    Sending& s = at.sending;
    if (b.in_proportion() && chosen(b)) {
        at.speed = std::clamp(speed_in_proportion(b, q, lambda, t), b.slowest, 1.0);
        at.samples = at.speed > 0 ? (q.budget_s - t) / (base_s + b.work_s / at.speed) : 0;
    }
    // With a fixed number of bits in closed form.
    for (int step = 0; step < (q.alpha > 0 ? 12 : 1); ++step) {
        s = sending_at(b, lambda, q.alpha * std::max(at.samples, 0.0) + q.beta, t, limited);
        if (!chosen(b) || b.in_proportion()) break;
        const double v =
            std::clamp(std::cbrt(s.time_w * b.work_s / (2 * b.each_j)), b.slowest, 1.0);
        const bool done = std::fabs(v - at.speed) <= 1e-12 * v;
        at.speed = v;
        at.samples = v > 0 ? (q.budget_s - t) / (base_s + b.work_s / v) : 0;
        if (done) break;
    }
    at.slope = q.alpha * s.by_bits + s.time_w * (base_s + b.work_s / at.speed) +
               b.each_j * at.speed * at.speed + b.return_each;
    return at;
}

// By differences, which are as good as Newton's steps in the prices need.
EnergySlopes slopes_inside(const Spender& b, const Demand& q, double lambda, double ln_time,
                           const Timed& at, bool& limited) {
    constexpr double step = 1e-6;
    const Timed later = timed(b, q, lambda, std::exp(ln_time + step), limited);
    const Timed dearer = timed(b, q, lambda * (1 + step), std::exp(ln_time), limited);
    const double slope = std::log(later.slope / at.slope);
    const double time_by_worth = step / slope;
    const double time_by_band = -std::log(dearer.slope / at.slope) / slope;
    const auto by = [&](double to_time, double to_band, double ln_time_slope) {
        return (to_time * ln_time_slope + to_band) / step;
    };
    const double samples = later.samples - at.samples;
    const double taken = later.sending.taken - at.sending.taken;
    return {by(samples, 0, time_by_worth), by(samples, dearer.samples - at.samples, time_by_band),
            by(taken, 0, time_by_worth),
            by(taken, dearer.sending.taken - at.sending.taken, time_by_band)};
}

}  // namespace

EnergyCost energy_cost(const Spender& b, const Demand& q, double lambda, double d, double near) {
    bool limited = true;
    const double speed = speed_for(b, q, lambda, d, near, limited);
    return cost_at(b, q, lambda, d, speed, limited);
}

EnergyCost best_at_worth(const Spender& b, const Demand& q, double lambda, double worth, double low,
                         double high, double& ln_time, double& samples, EnergySlopes* slopes) {
    // The slope of the cost falls with the time to send.
    const double longest = std::log(q.budget_s);
    double bottom = longest - 40, top = longest;
    double x = ln_time > bottom && ln_time < top ? ln_time : top - 1;
    bool limited = true;
    Timed at = timed(b, q, lambda, std::exp(x), limited);
    double value = std::log(at.slope / worth);
    double slope = -2;
    // At a speed that can not fall what is received hardly bends the cost: then halves are needed.
    const double flattest = b.receives ? -1e-9 : -1e-3;
    for (int step = 0; step < most_steps; ++step) {
        (value > 0 ? bottom : top) = x;
        double next = x - value / slope;
        if (!(next > bottom && next < top)) next = 0.5 * (bottom + top);
        const double moved = next - x;
        const double before = value;
        x = next;
        at = timed(b, q, lambda, std::exp(x), limited);
        value = std::log(at.slope / worth);
        const double found = (value - before) / moved;
        if (found < flattest && std::isfinite(found)) {
            slope = found;
        } else if (b.receives && std::fabs(found) < 1e-3) {
            slope = flattest;
        }
        if (std::fabs(moved) < 1e-5 || std::fabs(value) < 1e-9) {
            // The last step is about the square of the one before.
            const double end = x - value / slope;
            if (end > bottom && end < top) at = timed(b, q, lambda, std::exp(x = end), limited);
            break;
        }
    }
    ln_time = x;
    samples = std::clamp(at.samples, low, high);
    if (samples == at.samples) {
        if (slopes) *slopes = slopes_inside(b, q, lambda, x, at, limited);
        const Sending& s = at.sending;
        const double t = std::exp(x), computing = b.each_j * at.speed * at.speed;
        return {s.cost + computing * samples + b.return_j + b.return_each * samples,
                s.bandwidth_hz,
                s.power_w,
                spent_j(b, s, t, computing, samples),
                at.speed,
                at.slope,
                t};
    }
    const EnergyCost cost = energy_cost(b, q, lambda, samples, at.speed);
    if (slopes) {
        constexpr double step = 1e-4;
        const EnergyCost dearer = energy_cost(b, q, lambda * (1 + step), samples, cost.speed);
        const double more =
            b.taken(dearer.bandwidth_hz, dearer.power_w) - b.taken(cost.bandwidth_hz, cost.power_w);
        *slopes = {0, 0, 0, more / step};
    }
    return cost;
}

}  // namespace mel
