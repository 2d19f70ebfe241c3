#include <algorithm>
#include <cmath>

#include "base/bracketed.hpp"
#include "base/infinity.hpp"
#include "learner/energy_cost.hpp"
#include "learner/energy_timed.hpp"

namespace mel {
namespace {

constexpr int most_steps = 100;

HertzPrice dearer_by(HertzPrice price, double share) { return {price.joules * (1 + share)}; }

// The time to send by a search: the slope of the cost falls with the time to send.
Timed timed_by_search(const Spender& b, const Demand& q, HertzPrice price, double worth,
                      LastLook& last, double& t, bool& limited) {
    const double longest = std::log(q.budget_s);
    double bottom = longest - 40, top = longest;
    double x = last.at > bottom && last.at < top ? last.at : top - 1;
    // At a given speed computing a sample costs the same whatever the time: then the rest decides,
    // which may be next to nothing beside it.
    const double left = worth - b.each_j - b.return_each;
    const bool given = !b.chosen();
    // Positive where a sample costs more than it is worth, which it does the less the more time is
    // left; a second of sending may be worth less than nothing at the limit of power.
    const auto above_worth = [&](const Timed& here) {
        if (!given) return std::log(here.slope / worth);
        if (left > 0) return here.sent > 0 ? std::log(here.sent / left) : -infinity;
        return here.sent < 0 ? std::log(left / here.sent) : infinity;
    };
    Timed at = timed(b, q, price, std::exp(x), limited);
    double value = above_worth(at);
    double slope = last.begin(-2);
    // At a speed that can not fall hardly anything bends the cost: then halves are needed.
    constexpr double flattest = -1e-9;
    for (int step = 0; step < most_steps; ++step) {
        (value > 0 ? bottom : top) = x;
        const double next = step_between({bottom, top}, x - value / slope, step);
        const double moved = next - x;
        const double before = value;
        x = next;
        at = timed(b, q, price, std::exp(x), limited);
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
            if (end > bottom && end < top) at = timed(b, q, price, std::exp(x = end), limited);
            break;
        }
    }
    last = {x, slope};
    t = std::exp(x);
    return at;
}

// By differences, which are as good as Newton's steps in the prices need.
EnergySlopes slopes_inside(const Spender& b, const Demand& q, HertzPrice price, double t,
                           const Timed& at, bool& limited) {
    constexpr double step = 1e-6;
    const Timed later = timed(b, q, price, t * (1 + step), limited);
    const Timed dearer = timed(b, q, dearer_by(price, step), t, limited);
    const double slope = std::log(later.slope / at.slope);
    const double time_by_worth = step / slope;
    const double time_by_band = -std::log(dearer.slope / at.slope) / slope;
    const double samples = later.samples - at.samples;
    const double taken = later.sending.taken - at.sending.taken;
    const double fewer = dearer.samples - at.samples;
    const double saved = dearer.sending.taken - at.sending.taken;
    return {samples * time_by_worth / step, (samples * time_by_band + fewer) / step,
            taken * time_by_worth / step, (taken * time_by_band + saved) / step};
}

// Of samples that no worth moves: what a dearer hertz takes away.
EnergySlopes slopes_at_end(const Spender& b, const Demand& q, HertzPrice price, double d,
                           const EnergyCost& cost) {
    constexpr double step = 1e-4;
    const EnergyCost dearer =
        energy_cost(b, q, dearer_by(price, step), {.samples = d, .speed = cost.speed});
    const double more = b.taken(dearer) - b.taken(cost);
    return {0, 0, 0, more / step};
}

// Where samples add bits a time to send may go with several numbers of samples: what is looked for
// is the samples themselves, at which the slope of the cost, which rises, is their worth.
EnergyCost best_of_samples(const Spender& b, const Demand& q, HertzPrice price, double worth,
                           Interval box, LastLook& last, double& samples, EnergySlopes* slopes) {
    const auto [low, high] = box;
    constexpr double fewest = 1e-3;  // fewer are none
    EnergyCost cost{};
    double speed = 1;
    const auto value_at = [&](double x) {
        cost = energy_cost(b, q, price, {.samples = std::exp(x), .speed = speed});
        if (cost.speed > 0 && cost.cost < infinity) speed = cost.speed;
        const double value = std::log(cost.slope / worth);
        return value == value ? value : infinity;
    };
    const auto end_at = [&](double d) {
        samples = d;
        cost = energy_cost(b, q, price, {.samples = d, .speed = speed});
        if (slopes) *slopes = slopes_at_end(b, q, price, d, cost);
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
    const EnergyCost more =
        energy_cost(b, q, price, {.samples = samples + near, .speed = cost.speed});
    const EnergyCost dearer =
        energy_cost(b, q, dearer_by(price, step), {.samples = samples, .speed = cost.speed});
    const double taken = b.taken(cost);
    const double bend = (more.slope - cost.slope) / near;
    const double by_sample = (b.taken(more) - taken) / near;
    const double by_price = (b.taken(dearer) - taken) / step;
    const double by_worth = worth / bend, by_band = -(dearer.slope - cost.slope) / step / bend;
    *slopes = {by_worth, by_band, by_sample * by_worth, by_price + by_sample * by_band};
    return cost;
}

}  // namespace

EnergyCost best_at_worth(const Spender& b, const Demand& q, HertzPrice price, double worth,
                         Interval box, LastLook& last, double& samples, EnergySlopes* slopes) {
    if (q.alpha > 0 && !b.in_proportion()) {
        return best_of_samples(b, q, price, worth, box, last, samples, slopes);
    }
    double t = 0;
    Timed at{};
    const bool told = !(q.alpha > 0) && timed_by_worth(b, q, price, worth, t, at);
    bool limited = !told;
    if (!told) at = timed_by_search(b, q, price, worth, last, t, limited);
    // At the end of all time the first sample already costs more than it is worth.
    const bool none = t > q.budget_s * (1 - 1e-3) && at.slope > worth * (1 + 1e-6);
    samples = none ? box.lower : std::clamp(at.samples, box.lower, box.upper);
    if (!none && samples == at.samples) {
        if (slopes) *slopes = slopes_inside(b, q, price, t, at, limited);
        const Sending& s = at.sending;
        return {s.cost + b.computing_j(at.speed) * samples + b.return_j + b.return_each * samples,
                s.bandwidth_hz,
                s.power_w,
                b.spent_j(s, t, {.samples = samples, .speed = at.speed}),
                at.speed,
                at.slope,
                t};
    }
    const EnergyCost cost = energy_cost(b, q, price, {.samples = samples, .speed = at.speed});
    if (slopes) *slopes = slopes_at_end(b, q, price, samples, cost);
    return cost;
}

}  // namespace mel
