#include "learner/energy_cost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/bracketed.hpp"
#include "learner/capped.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_steps = 100;
constexpr double speed_error = 1e-16;  // of ln v
constexpr double at_speed = 1e-15;     // and what rounding leaves of it

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
    bool out_of_reach = false;  // slower than any bandwidth allows
    for (int step = 0; step < most_steps; ++step) {
        double next = x - value / slope;
        // There already: to halve what is left would only lead away.
        if (std::fabs(next - x) <= at_speed) break;
        (value > 0 ? low : high) = x;
        out_of_reach = out_of_reach || !(value < infinity);
        if (next >= high && most_open && high == 0) {
            most_open = false;
            if (!(over(1) < 0)) return 1;
        }
        if (next <= low && least_open && low == std::log(least)) {
            least_open = false;
            if (!(over(least) > 0)) return least;
        }
        next = step_between(low, high, next, step);
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
    // The best may lie a hair's breadth above what is out of reach.
    if (out_of_reach && !(over(v) < infinity)) return std::exp(high);
    return v;
}

// What the first few samples cost each: nobody computes without any, and they are at whatever speed
// is best for them.
double slope_from_none(const Spender& b, const Demand& q, double lambda, bool limited) {
    const Sending s = sending_at(b, lambda, q.beta, q.budget_s, limited);
    const double v = std::clamp(std::cbrt(s.time_w * b.work_s / (2 * b.each_j)), b.slowest, 1.0);
    const double working = s.time_w > 0 ? s.time_w * b.work_s / v : 0;
    return q.alpha * s.by_bits + s.time_w * other_s(b, q) + working + b.each_j * v * v +
           b.return_each;
}

// Where t seconds are left to send in: the samples, the speed, and what one more sample costs.
// Either samples add no bits or a rate costs in proportion to it.
struct Timed {
    double samples, speed, slope;
    double sent;  // of the slope what the shorter time to send costs
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
    Timed at{(q.budget_s - t) / (base_s + b.work_s), 1, 0, 0, {}};
    Sending& s = at.sending;
    if (b.in_proportion() && chosen(b)) {
        at.speed = std::clamp(speed_in_proportion(b, q, lambda, t), b.slowest, 1.0);
        at.samples = at.speed > 0 ? (q.budget_s - t) / (base_s + b.work_s / at.speed) : 0;
    }
    s = sending_at(b, lambda, q.alpha * std::max(at.samples, 0.0) + q.beta, t, limited);
    if (chosen(b) && !b.in_proportion()) {
        // The number of bits is fixed.
        at.speed = std::clamp(std::cbrt(s.time_w * b.work_s / (2 * b.each_j)), b.slowest, 1.0);
        at.samples = at.speed > 0 ? (q.budget_s - t) / (base_s + b.work_s / at.speed) : 0;
    }
    at.sent = q.alpha * s.by_bits + s.time_w * (base_s + b.work_s / at.speed);
    at.slope = at.sent + b.each_j * at.speed * at.speed + b.return_each;
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

// Of samples that no worth moves: what a dearer hertz takes away.
EnergySlopes slopes_at_end(const Spender& b, const Demand& q, double lambda, double d,
                           const EnergyCost& cost) {
    constexpr double step = 1e-4;
    const EnergyCost dearer = energy_cost(b, q, lambda * (1 + step), d, cost.speed);
    const double more =
        b.taken(dearer.bandwidth_hz, dearer.power_w) - b.taken(cost.bandwidth_hz, cost.power_w);
    return {0, 0, 0, more / step};
}

// Where samples add bits a time to send may go with several numbers of samples: what is looked for
// is the samples themselves, at which the slope of the cost, which rises, is their worth.
EnergyCost best_of_samples(const Spender& b, const Demand& q, double lambda, double worth,
                           double low, double high, LastLook& last, double& samples,
                           EnergySlopes* slopes) {
    constexpr double fewest = 1e-3;  // fewer are none
    EnergyCost cost{};
    double speed = 1;
    const auto value_at = [&](double x) {
        cost = energy_cost(b, q, lambda, std::exp(x), speed);
        if (cost.speed > 0 && cost.cost < infinity) speed = cost.speed;
        const double value = std::log(cost.slope / worth);
        return value == value ? value : infinity;
    };
    const auto end_at = [&](double d) {
        samples = d;
        cost = energy_cost(b, q, lambda, d, speed);
        if (slopes) *slopes = slopes_at_end(b, q, lambda, d, cost);
        return cost;
    };
    if (!(high > std::max(low, fewest))) return end_at(std::max(low, high));
    double bottom = std::log(std::max(low, fewest)), top = std::log(high);
    bool bottom_open = true, top_open = true;  // whether an end may be the best
    double x =
        last.at > bottom && last.at < top ? last.at : std::max(top - 0.7, 0.5 * (bottom + top));
    double value = value_at(x), slope = last.begin(2);
    for (int step = 0; step < most_steps; ++step) {
        (value > 0 ? top : bottom) = x;
        double next = value < infinity ? x - value / slope : 0.5 * (bottom + top);
        if (std::fabs(next - x) <= 1e-13) break;
        if (next >= top && top_open && x < top) {
            top_open = false;
            if (value_at(top) <= 0) return end_at(high);
        }
        if (next <= bottom && bottom_open && x > bottom) {
            bottom_open = false;
            if (value_at(bottom) >= 0) return end_at(low);
        }
        if (!(next > bottom && next < top) || step % 8 == 7) next = 0.5 * (bottom + top);
        const double moved = next - x, before = value;
        x = next;
        value = value_at(x);
        const double found = (value - before) / moved;
        if (found > 1e-9 && std::isfinite(found)) slope = found;
        if (std::fabs(moved) < 1e-13 || top - bottom < 1e-14) break;
    }
    last = {x, slope};
    samples = std::clamp(std::exp(x), low, high);
    if (!slopes) return cost;
    constexpr double step = 1e-6;
    const double near = samples * step;
    const EnergyCost more = energy_cost(b, q, lambda, samples + near, cost.speed);
    const EnergyCost dearer = energy_cost(b, q, lambda * (1 + step), samples, cost.speed);
    const double taken = b.taken(cost.bandwidth_hz, cost.power_w);
    const double bend = (more.slope - cost.slope) / near;
    const double by_sample = (b.taken(more.bandwidth_hz, more.power_w) - taken) / near;
    const double by_price = (b.taken(dearer.bandwidth_hz, dearer.power_w) - taken) / step;
    const double by_worth = worth / bend, by_band = -(dearer.slope - cost.slope) / step / bend;
    *slopes = {by_worth, by_band, by_sample * by_worth, by_price + by_sample * by_band};
    return cost;
}

}  // namespace

EnergyCost energy_cost(const Spender& b, const Demand& q, double lambda, double d, double near) {
    bool limited = true;
    const double speed = speed_for(b, q, lambda, d, near, limited);
    EnergyCost c = cost_at(b, q, lambda, d, speed, limited);
    if (!(d > 0) && chosen(b) && c.cost < infinity) c.slope = slope_from_none(b, q, lambda, true);
    return c;
}

EnergyCost best_at_worth(const Spender& b, const Demand& q, double lambda, double worth, double low,
                         double high, LastLook& last, double& samples, EnergySlopes* slopes) {
    if (q.alpha > 0 && !b.in_proportion()) {
        return best_of_samples(b, q, lambda, worth, low, high, last, samples, slopes);
    }
    // The slope of the cost falls with the time to send.
    const double longest = std::log(q.budget_s);
    double bottom = longest - 40, top = longest;
    double x = last.at > bottom && last.at < top ? last.at : top - 1;
    bool limited = true;
    // At a given speed computing a sample costs the same whatever the time: then the rest decides,
    // which may be next to nothing beside it.
    const double left = worth - b.each_j - b.return_each;
    const bool given = !chosen(b);
    // Positive where a sample costs more than it is worth, which it does the less the more time is
    // left; a second of sending may be worth less than nothing at the limit of power.
    const auto above_worth = [&](const Timed& here) {
        if (!given) return std::log(here.slope / worth);
        if (left > 0) return here.sent > 0 ? std::log(here.sent / left) : -infinity;
        return here.sent < 0 ? std::log(left / here.sent) : infinity;
    };
    Timed at = timed(b, q, lambda, std::exp(x), limited);
    double value = above_worth(at);
    double slope = last.begin(-2);
    // At a speed that can not fall hardly anything bends the cost: then halves are needed.
    constexpr double flattest = -1e-9;
    for (int step = 0; step < most_steps; ++step) {
        (value > 0 ? bottom : top) = x;
        const double next = step_between(bottom, top, x - value / slope, step);
        const double moved = next - x;
        const double before = value;
        x = next;
        at = timed(b, q, lambda, std::exp(x), limited);
        value = above_worth(at);
        const double found = (value - before) / moved;
        if (found < flattest && std::isfinite(found)) {
            slope = found;
        } else if (std::fabs(found) < 1e-3) {
            slope = flattest;
        }
        if (std::fabs(moved) < 1e-5 || std::fabs(value) < 1e-9) {
            // The last step is about the square of the one before.
            const double end = x - value / slope;
            if (end > bottom && end < top) at = timed(b, q, lambda, std::exp(x = end), limited);
            break;
        }
    }
    last = {x, slope};
    // At the end of all time the first sample already costs more than it is worth.
    const bool none = x > longest - 1e-3 && at.slope > worth * (1 + 1e-6);
    samples = none ? low : std::clamp(at.samples, low, high);
    if (!none && samples == at.samples) {
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
    if (slopes) *slopes = slopes_at_end(b, q, lambda, samples, cost);
    return cost;
}

}  // namespace mel
