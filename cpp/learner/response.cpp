#include "learner/response.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"

namespace mel {

double stationary_slack_fixed(const Demand& demand, double noise, Prices prices) {
    // u s^2 = lambda ln2 A and rate = A/(g s) - alpha/g with u^2 e^u = lambda rate ln2/(mu n):
    // (sqrt(A u / (lambda ln2)) - alpha)/g = (mu n/(lambda ln2)) u^2 e^u. Left minus right is
    // concave in u; its larger root is the maximum of d - cost, and Newton from the right falls on
    // to it without passing it.
    const double band = prices.lambda * ln2;
    const double root = std::sqrt(demand.shape / band);
    const double left = root / demand.per_sample_s;
    const double offset = demand.alpha / demand.per_sample_s;
    const double right = prices.mu * noise / band;
    if (!(left > 0)) return -1;
    // alpha = 0: u^1.5 e^u = left/right, i.e. 2 ln v + v = w with u = 1.5 W, v = 2 W: v = 4u/3.
    const double w = (std::log(left) - std::log(right) - 1.5 * std::log(0.75)) * (4.0 / 3.0);
    double u = 0.75 * fixed_log_gain(w);
    if (offset > 0) {
        for (int step = 0; step < 60; ++step) {
            const double e = right * std::exp(u) * u;
            const double value = left * std::sqrt(u) - offset - e * u;
            const double slope = 0.5 * left / std::sqrt(u) - e * (2 + u);
            if (!(slope < 0)) return -1;
            const double next = u - value / slope;
            if (!(next > 0)) return -1;
            const bool done = std::fabs(next - u) <= 1e-12 * u;
            u = next;
            if (done) break;
        }
    }
    return std::sqrt(band * demand.shape / u);
}

double largest_allowed(const Demand& demand, double upper) {
    if (demand.allows(upper)) return upper;
    if (!(demand.budget_s >= 0)) return -1;
    double d = std::floor(std::min(upper, demand.budget_s / demand.per_sample_s));
    while (d >= 0 && !demand.allows(d)) --d;
    while (d >= 0 && d + 1 <= upper && demand.allows(d + 1)) ++d;
    return d;
}

Purchase cost_of(Link link, const Demand& demand, bool excused, double d, Prices prices) {
    if (excused && d == 0) return {0, 0, 0};
    return buy(link, prices, demand.rate(d));
}

namespace {

// Integers to choose from, in ascending order.
struct Candidates {
    double samples[3];
    int count = 0;

    void add(double d) { samples[count++] = d; }
};

// The neighbours of the stationary point, within the ends of the box.
struct Inside {
    double below, above;
    bool found;
};
Inside inside_of(Link link, const Demand& demand, const UnitRate& unit, Interval box,
                 Prices prices) {
    double slack = 0;
    if (link.law == LinkLaw::density) {
        slack = std::sqrt(unit.cost * demand.shape);
    } else {
        slack = demand.shape > 0 ? stationary_slack_fixed(demand, link.noise, prices) : 0;
    }
    if (!(slack >= 0)) return {box.lower, box.lower, false};
    const double d = std::floor((demand.budget_s - slack) / demand.per_sample_s);
    return {std::clamp(d, box.lower, box.upper), std::clamp(d + 1, box.lower, box.upper), true};
}

// The best of the candidates, or `best` if that is worth at least as much.
Response best_of(const Candidates& candidates, Link link, const Demand& demand,
                 const UnitRate& unit, Prices prices, double off_s, Response best,
                 double best_value) {
    double costs[3];
    int taken = -1;
    for (int i = 0; i < candidates.count; ++i) {
        const double d = candidates.samples[i];
        const double rate = demand.rate(d);
        const Purchase p =
            link.law == LinkLaw::density
                ? Purchase{rate * unit.bandwidth_hz, rate * unit.power_w, rate * unit.cost}
                : buy_fixed(link.noise, prices, rate);
        costs[i] = p.cost;
        if (d - p.cost > best_value) {
            taken = i;
            best_value = d - p.cost;
            best = {d, p.bandwidth_hz, p.power_w, p.cost, demand.slack(d), true};
        }
    }
    for (int i = 0; i < candidates.count && off_s > 0; ++i) {
        const double d = candidates.samples[i], slack = demand.slack(d);
        if (i == taken || !(slack > 0)) continue;
        const double more = d - costs[i] + costs[i] * off_s / slack - best_value;
        best.overlooked = std::max(best.overlooked, more);
    }
    return best;
}

UnitRate unit_of(Link link, Prices prices) {
    return link.law == LinkLaw::density ? density_unit(link.noise, prices) : UnitRate{};
}

}  // namespace

Response respond(Link link, const Demand& demand, bool excused, Interval box, Prices prices,
                 double off_s) {
    const bool may_rest = excused && box.lower <= 0;
    const Response rest{0, 0, 0, 0, demand.budget_s, may_rest};
    const double low = may_rest ? 1 : box.lower;
    const double high = largest_allowed(demand, box.upper);
    if (high < low) return rest;

    // The density law's value is concave, so the neighbours of its stationary point suffice; the
    // fixed law's may rise again towards the lower end.
    const UnitRate unit = unit_of(link, prices);
    const Inside in = inside_of(link, demand, unit, {low, high}, prices);
    Candidates candidates;
    if (link.law == LinkLaw::fixed || !in.found) candidates.add(low);
    if (in.found && (candidates.count == 0 || in.below > low)) candidates.add(in.below);
    if (in.above > in.below) candidates.add(in.above);

    // Some integer of the box meets the deadline, whatever the arithmetic below makes of its cost.
    Response best = rest;
    best.possible = true;
    const double least = may_rest ? 0 : -infinity;
    return best_of(candidates, link, demand, unit, prices, off_s, best, least);
}

Response respond_inside(Link link, const Demand& demand, Interval box, Prices prices) {
    const Response none{0, 0, 0, 0, demand.budget_s, false};
    const double high = largest_allowed(demand, box.upper);
    if (high < box.lower) return none;
    const UnitRate unit = unit_of(link, prices);
    const Inside in = inside_of(link, demand, unit, {box.lower, high}, prices);
    Candidates candidates;
    if (in.found) candidates.add(in.below);
    if (in.above > in.below) candidates.add(in.above);
    return best_of(candidates, link, demand, unit, prices, 0, none, -infinity);
}

double overlooked_value(Link link, const Demand& demand, Interval beyond, double guard_s,
                        Prices prices) {
    const double d = beyond.lower + 1;
    if (d > beyond.upper || demand.slack(d) <= -guard_s) return -infinity;
    const double bits = demand.alpha * d + demand.beta;
    return bits > 0 ? d - buy(link, prices, bits / guard_s).cost : d;
}

}  // namespace mel
