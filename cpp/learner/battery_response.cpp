// What a learner with an energy of its own is worth at most: bounds that hold however near to the
// best the searches of battery.cpp came.
#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "base/rounding.hpp"
#include "learner/battery.hpp"

namespace mel {

namespace {

// What whole samples are worth at least and at most, by what is known of their bandwidth.
struct Looked {
    double samples, band, least, most;
    bool carried() const { return most > -infinity; }
};

struct Worth {
    const Battery& b;
    const Demand& q;
    double lambda;

    Looked at(double d) const {
        const Held held = hold(b, q, d);
        const double least = least_bandwidth(b, q, d, held);
        if (!b.fits(least)) return {d, infinity, -infinity, -infinity};
        const double band = std::min(held.bandwidth_hz, b.bandwidth_hz);
        return {d, band, d - lambda * band * (1 + 4 * rounding::rate),
                d - lambda * std::min(least, b.bandwidth_hz) * (1 - 4 * rounding::rate)};
    }

    // From `here` one way to samples that are surely worth no more than the best so far: worth is
    // concave, so that none beyond them is. `most` bounds what was passed. Where a long way is as
    // good as level strides grow, and what they skip lies below the line through the last two.
    void walk(Looked here, double way, Interval box, Looked& best, double& most) const {
        Looked before = here;
        double stride = 1;
        for (int steps = 0;; ++steps) {
            if (steps > 8) stride *= 2;
            const double to = std::clamp(here.samples + way * stride, box.lower, box.upper);
            const double apart = std::fabs(to - here.samples);
            if (!(apart > 0)) return;
            const Looked there = at(to);
            if (apart > 1) {
                const double passed = std::fabs(here.samples - before.samples);
                const double rise = std::max(here.most - before.least, 0.0) / passed;
                most = std::max(most, here.most + rise * (apart - 1));
            }
            most = std::max(most, there.most);
            if (!(there.most > best.least)) return;
            if (there.least > best.least) best = there;
            before = here;
            here = there;
        }
    }
};

}  // namespace

double largest_possible(const Battery& b, const Demand& q, double upper) {
    double most = largest_carried(b, q, upper);
    while (most < upper) {
        const double next = std::min(most + 1, upper);
        if (!b.fits(least_bandwidth(b, q, next, hold(b, q, next)))) break;
        most = next;
    }
    return most;
}

Response respond_with_battery(const Battery& stated, const Demand& demand, bool excused,
                              Interval box, Prices prices, double guard_s) {
    Demand q = demand;
    q.budget_s += guard_s;
    q.shape += q.alpha * guard_s;
    const Battery b = generous(stated);
    const bool may_rest = excused && box.lower <= 0;
    const Response rest{0, 0, 0, 0, q.budget_s, may_rest};
    const double low = may_rest ? 1 : box.lower;
    const double upper = box.upper;
    if (upper < low || !b.fits(least_bandwidth(b, q, low, hold(b, q, low)))) return rest;
    const BatteryBest real = best_with_battery(b, q, {low, upper}, prices.lambda);
    const Worth worth{b, q, prices.lambda};
    Looked best = worth.at(std::clamp(std::floor(real.samples), low, upper));
    if (!best.carried()) best = worth.at(std::max(largest_possible(b, q, best.samples), low));
    const Looked first = best;
    double most = best.most;
    for (const double way : {1.0, -1.0}) worth.walk(first, way, {low, upper}, best, most);
    const double watts = prices.mu * stated.power_w;
    if (may_rest && !(most - watts > 0)) return {0, 0, 0, 0, q.budget_s, true};
    const double d = best.samples;
    const double band = std::min(best.band, b.bandwidth_hz) * (1 - 4 * rounding::rate);
    return {d, band, stated.power_w, (d - most) + watts, q.slack(d), true};
}

}  // namespace mel
