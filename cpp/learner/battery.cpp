#include "learner/battery.hpp"

#include <algorithm>
#include <cmath>

#include "base/bracketed.hpp"
#include "base/infinity.hpp"
#include "base/rounding.hpp"
#include "learner/capped.hpp"

namespace mel {

double log_gain(const Battery& battery, Signal sent) {
    if (battery.law == LinkLaw::fixed) return std::log1p(sent.power_w / battery.noise);
    return mean_log_gain(std::log(sent.power_w / (battery.noise * sent.nats)));
}

namespace {

constexpr double near = 1e-10;      // of a sample's worth: where the best real samples are found
constexpr double narrow = 1e-14;    // of what is left to the end: what cannot be narrowed down
constexpr double first_few = 1e-6;  // samples
constexpr int most_steps = 80;
constexpr int few_steps = 24;  // without a kink, where halves are all that helps

// (1 + p) ln(1 + p) - p without cancellation.
double bend_at_gain(double p) {
    if (p > 0.02) return (1 + p) * std::log1p(p) - p;
    double term = p;
    double sum = 0;
    for (int j = 2; j < 12; ++j) sum += (term *= j == 2 ? p : -p) / (j * (j - 1));
    return sum;
}

// Joules without which even boundless bandwidth carries no bit.
double joules_a_bit(const Battery& b) { return b.law == LinkLaw::density ? b.noise * ln2 : 0; }

// Where the slack, the energy or what boundless bandwidth carries ends; but for the speed all are
// linear in d.
double end_of(const Battery& b, const Demand& q) {
    double end = q.budget_s / q.per_sample_s;
    const double unit = joules_a_bit(b);
    if (b.energy_j < infinity) {
        const double each = b.each_j * b.slowest * b.slowest + unit * q.alpha;
        const double left = b.energy_j - unit * q.beta;
        if (left < 0) return -1;
        if (each > 0) end = std::min(end, left / each);
    }
    if (b.law == LinkLaw::density) {
        const double most = b.power_w / unit;
        const double left = most * q.budget_s - q.beta;
        end = std::min(end, left / (q.alpha + most * q.per_sample_s));
    }
    if (!(b.slowest < 1) || !(b.energy_j < infinity) || !(end > 0)) return end;
    // As slow as the time to send leaves: convex and rising in d, Newton from the right.
    const double budget = q.budget_s - unit * q.beta / b.power_w;
    const double each_s = q.per_sample_s - b.work_s + unit * q.alpha / b.power_w;
    for (int step = 0; step < most_steps; ++step) {
        const double time = budget - each_s * end;
        const double speed = b.work_s * end / time;
        const double spent = b.each_j * end * speed * speed;
        const double over = unit * (q.alpha * end + q.beta) + spent - b.energy_j;
        if (!(over > 0)) break;
        const double slope = unit * q.alpha + spent * (3 / end + 2 * each_s / time);
        const double next = end - over / slope;
        if (!(next < end) || !(next > 0)) break;
        end = next;
    }
    return end;
}

struct Root {
    double value;
    double slope;
};

// The root of a function that falls, by Newton's method between ends that are kept.
template <class Function>
double falling_root(Between ends, double x, Function function) {
    auto [low, high] = ends;
    for (int step = 0; step < most_steps; ++step) {
        const Root at = function(x);
        (at.value > 0 ? low : high) = x;
        const double next = x - at.value / at.slope;
        const double fine = 1e-9 * std::min(std::fabs(x), 1.0);
        // A step as short ends it, also one that rounding lets end at or beyond x; half of what is
        // left would be no such step, however short.
        if (std::fabs(next - x) <= fine) return std::clamp(next, low, high);
        x = step_between({low, high}, next, step);
        if (high - low <= 1e-5 * fine) break;
    }
    return x;
}

// One learner with d samples whose speed is to be chosen, less than full power in reach.
struct Choice {
    const Battery& b;
    double bits, base, work, joules;

    double left(double speed) const { return b.energy_j - joules * speed * speed; }
    double slack(double speed) const { return base - work / speed; }
    double computing_w(double speed) const {
        return 2 * b.each_j / b.work_s * speed * speed * speed;
    }

    // Above 0 where a faster speed needs less bandwidth; ln v in, and its slope.
    Root fixed_law(double ln_speed) const {
        const double v = std::exp(ln_speed);
        const double joule = left(v), second = slack(v);
        if (!(second > 0)) return {infinity, -1};
        if (!(joule > 0)) return {-infinity, -1};
        const double p = joule / (b.noise * second);
        const double bend = bend_at_gain(p);
        const double fall = 2 * joules * v * v / joule + work / (v * second);
        return {std::log(b.noise * bend / computing_w(v)), -3 - p * std::log1p(p) / bend * fall};
    }

    // The same for the density law in w = ln(1 + p), in which the speed is explicit; it falls with
    // w, so signs turn.
    double speed_at(double mean) const {
        return std::sqrt((b.energy_j - joules_a_bit(b) * bits * mean) / joules);
    }
    Root density_law(double w) const {
        const double e = std::expm1(w);
        const double unit = joules_a_bit(b) * bits;
        const double v = speed_at(e / w);
        const double second = slack(v);
        if (!(v > 0) || !(second > 0)) return {-infinity, -1};
        const double bend = density_left_side(w);
        const double mean_slope = bend / (w * w);
        const double by_w = -0.5 * unit * mean_slope / (joules * v * v);  // d ln v / dw
        return {-std::log(unit * bend / (w * computing_w(v) * second)),
                -(w * (e + 1) / bend - 1 / w - (3 + work / (v * second)) * by_w)};
    }

    // In [least, most], at both of which there is something to send with.
    double best(double least, double most) const {
        if (b.law == LinkLaw::fixed) {
            if (fixed_law(std::log(most)).value >= 0) return most;
            if (fixed_law(std::log(least)).value <= 0) return least;
            const double start = 0.5 * (std::log(least) + std::log(most));
            return std::exp(
                falling_root({std::log(least), 0}, start, [&](double x) { return fixed_law(x); }));
        }
        const double unit = joules_a_bit(b) * bits;
        const double low = mean_log_gain(std::log(left(most) / unit));
        if (low > 0 && density_law(low).value <= 0) return most;
        const double high = mean_log_gain(std::log(left(least) / unit));
        if (density_law(high).value >= 0) return least;
        const double w =
            falling_root({low, high}, 0.5 * (low + high), [&](double x) { return density_law(x); });
        return speed_at(std::expm1(w) / w);
    }

    // Where both the limit of power and the energy hold.
    double at_power(double slower) const {
        return falling_root({slower, 1}, slower, [&](double v) {
            return Root{left(v) - b.power_w * slack(v),
                        -2 * joules * v - b.power_w * work / (v * v)};
        });
    }
};

}  // namespace

Held hold(const Battery& b, const Demand& q, double d) {
    const double bits = q.alpha * d + q.beta;
    const double work = b.work_s * d, joules = b.each_j * d;
    const bool chosen = b.slowest < 1 && joules > 0 && b.energy_j < infinity;
    const Choice c{b, bits, q.budget_s - (q.per_sample_s - b.work_s) * d, work, joules};
    Held held{1, q.slack(d), b.energy_j - joules, infinity, false, false};
    const auto at = [&](double speed) {
        held.speed = speed;
        held.slack = c.slack(speed);
        held.left_j = c.left(speed);
    };
    if (!(bits > 0)) {
        if (chosen && held.left_j < 0) at(std::sqrt(b.energy_j / joules));
        if (held.speed >= b.slowest && held.slack >= 0 && (chosen || held.left_j >= 0)) {
            held.bandwidth_hz = 0;
        }
        return held;
    }
    if (!(held.slack > 0)) return held;
    held.all_power = !(held.left_j < b.power_w * held.slack);
    held.all_energy = !held.all_power;
    if (held.all_energy && chosen) {
        const double floor_j = joules_a_bit(b) * bits;
        const double least = std::max(b.slowest, work / c.base);
        const double most = std::min(1.0, std::sqrt((b.energy_j - floor_j) / joules));
        if (!(least <= most)) return held;
        double speed = least < most ? c.best(least, most) : most;
        speed = std::clamp(speed, least, most);
        if (c.left(speed) > b.power_w * c.slack(speed)) {
            speed = std::clamp(c.at_power(speed), speed, 1.0);
            held.all_power = true;
        }
        at(speed);
    }
    const double watt = held.all_power ? b.power_w : held.left_j / held.slack;
    if (!(watt > 0) || !(held.slack > 0)) return held;
    const double nats = bits * ln2 / held.slack;
    const double w = log_gain(b, {.nats = nats, .power_w = watt});
    held.log_gain = w;
    if (w > 0) held.bandwidth_hz = nats / w;
    return held;
}

double Battery::power(const Demand& q, double d) const {
    const Held held = hold(*this, q, d);
    return held.all_power ? power_w : std::min(power_w, held.left_j / held.slack);
}

double Battery::bandwidth(const Demand& q, double d) const {
    return hold(*this, q, d).bandwidth_hz;
}

Battery battery_of(const Problem& problem, std::size_t k, double tau) {
    const LearnerLimits& limits = *problem.limits();
    return {link_of(problem, k),         limits.max_bandwidth_hz[k],  limits.max_power_w[k],
            limits.energy_j[k],          tau * limits.computing_j[k], limits.slowest[k],
            tau * problem.compute_s()[k]};
}

Battery generous(Battery battery) {
    battery.energy_j *= 1 + rounding::energy_left;
    battery.power_w *= 1 + rounding::rate;
    battery.bandwidth_hz *= 1 + rounding::rate;
    return battery;
}

double largest_carried(const Battery& b, const Demand& q, double upper) {
    double high = std::min(std::floor(upper), std::floor(end_of(b, q)) + 1);
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

double largest_at_any_bandwidth(const Battery& b, const Demand& q, double upper) {
    constexpr double beyond = 1 + 1e-12;  // all rounding errors of an end
    return std::max(std::min(upper, std::floor(end_of(b, q) * beyond)), -1.0);
}

BatteryBest best_with_battery(const Battery& b, const Demand& q, Interval box, double lambda) {
    auto [low, high] = box;
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
        const double value = std::log(lambda * slopes_of(b, q, d, hold(b, q, d)).samples);
        return value == value ? value : infinity;  // beyond the end
    };
    double top = end;
    double above = infinity;
    if (high < end) {
        top = high;
        above = at(high);
        if (above <= 0) return {high, false, 0, true};
    }
    // Nobody without samples computes, at whatever speed: how bandwidth rises from there is what
    // the best speed of a first few says.
    const bool chosen = b.slowest < 1 && low == 0;
    double bottom = chosen ? std::min(first_few, high) : low;
    double below = at(bottom);
    if (!(below < 0)) return {low, false, 0, true, bottom - low};
    // Where limit and energy leave the same power, the slope jumps.
    const double join =
        (b.energy_j - b.power_w * q.budget_s) / (b.each_j - b.power_w * q.per_sample_s);
    if (join > low && join < top) {
        const double by_power = lambda * slopes_at_full_speed(b, q, join, false).samples;
        const double by_energy =
            lambda * (b.slowest < 1 ? rise_at_join(b, q, join)
                                    : slopes_at_full_speed(b, q, join, true).samples);
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
        if (!(d > bottom && d < top) || step % 8 == 7 || step >= few_steps) {
            d = 0.5 * (bottom + top);
        }
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
    const bool lower = -below <= above;
    const double off = std::fabs(std::expm1(lower ? below : above));
    return {lower ? bottom : top, true, std::max(steepness, 1e-300), true, off * (top - bottom)};
}

}  // namespace mel
