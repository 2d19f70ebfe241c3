#include "learner/answers.hpp"

#include <algorithm>
#include <cmath>

#include "learner/capped.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

bool capped(const Problem& problem) { return problem.limits() && problem.limits()->caps(); }

// What a rate costs, and how that changes with ln rate.
struct Paid {
    Purchase purchase;
    double stake;
};

Paid paid_for(const Problem& problem, std::size_t k, double rate, Prices prices) {
    const Link link = link_of(problem, k);
    if (capped(problem)) {
        const CappedPurchase paid = buy_capped(link, prices, caps_of(*problem.limits(), k), rate);
        return {paid.purchase, paid.unit_cost * rate};
    }
    const Purchase paid = buy(link, prices, rate);
    return {paid, link.law == LinkLaw::density ? paid.cost : prices.lambda * paid.bandwidth_hz};
}

}  // namespace

Answer answer_with(const Problem& problem, std::size_t k, const Demand& demand, bool may_rest,
                   double d, Prices prices) {
    if (may_rest && d == 0) return {0, {0, 0, 0}, 0, true};
    const bool possible =
        demand.allows(d) && (!capped(problem) || demand.rate(d) <= problem.limits()->max_rate[k]);
    if (!possible) return {d, {0, 0, 0}, 0, false};
    const double rate = demand.rate(d);
    if (!(rate > 0)) return {d, {0, 0, 0}, 0, true};
    const Paid paid = paid_for(problem, k, rate, prices);
    return {d, paid.purchase, paid.stake / demand.slack(d), true};
}

namespace {

Answer inside_on(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                 Prices prices) {
    const Link link = link_of(problem, k);
    const Answer none{box.lower, {0, 0, 0}, 0, false};
    double inside[2];
    if (capped(problem)) {
        const Caps caps = caps_of(*problem.limits(), k);
        const double most = largest_within(demand, {.samples = box.upper, .rate = caps.rate});
        const double slack = capped_stationary_slack(link, demand, prices, caps);
        if (most < box.lower || !(slack >= 0)) return none;
        const double d = std::floor((demand.budget_s - slack) / demand.per_sample_s);
        inside[0] = std::clamp(d, box.lower, most);
        inside[1] = std::clamp(d + 1, box.lower, most);
    } else {
        const Response best = respond_inside(link, demand, box, prices);
        if (!best.possible) return none;
        inside[0] = inside[1] = best.samples;
    }
    const Answer few = answer_with(problem, k, demand, false, inside[0], prices);
    if (inside[1] == inside[0]) return few;
    const Answer many = answer_with(problem, k, demand, false, inside[1], prices);
    return many.possible && inside[1] - many.paid.cost > inside[0] - few.paid.cost ? many : few;
}

}  // namespace

Answer answer_inside(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                     const AtTau& at) {
    Answer found = inside_on(problem, k, demand, box, at.prices);
    if (!paces(problem) || !found.possible) return found;
    const Pacing pacing = Pacing::of(problem, k, at.tau, Energy::generous);
    at_own_pace(demand, pacing, Sought::best, found.samples, [&](const Demand& line) {
        found = inside_on(problem, k, line, box, at.prices);
        return found.possible ? found.samples : -1;
    });
    return found;
}

}  // namespace mel
