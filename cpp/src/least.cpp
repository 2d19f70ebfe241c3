#include "mel/least.hpp"

#include <cmath>
#include <limits>

#include "least_bound.hpp"
#include "least_parts.hpp"

namespace mel {

double amount_of(const Problem& problem, Resource resource) {
    return resource == Resource::cycle       ? problem.cycle_s()
           : resource == Resource::bandwidth ? problem.stated_bandwidth_hz()
                                             : problem.power_w();
}

Problem with_amount(const Problem& problem, Resource resource, double amount) {
    return problem.with(resource == Resource::cycle ? amount : problem.cycle_s(),
                        resource == Resource::bandwidth ? amount : problem.stated_bandwidth_hz(),
                        resource == Resource::power ? amount : problem.power_w());
}

Estimate estimate_least(const Problem& problem, std::int64_t tau, Resource resource,
                        const Settings& settings) {
    Workshop shop(problem, settings);
    PassPoint point = shop.begin(problem, static_cast<double>(tau), settings);
    const bool converged = shop.boundary.find_least(point, resource, 1e-13, 80);
    const double amount = shop.boundary.amount(resource, point);
    return {amount, point.prices, converged && std::isfinite(amount) && amount > 0};
}

Result without_radio(const Problem& problem, std::int64_t tau, const Settings& settings) {
    Stop stop(settings.time_limit_s, poll_of(settings));
    Pool pool(problem.size() >= 16 * block_size ? settings.threads : 1, stop);
    Boxes boxes(problem, pool, root_box(problem, settings.scheme));
    Result result;
    result.bound = std::numeric_limits<std::int64_t>::max();
    result.tree = {TreeNode{}};
    std::vector<SplitSums> blocks;
    const double real = static_cast<double>(tau);
    const bool impossible = boxes.contradicts() || capacity(problem, boxes.whole(real), real, pool,
                                                            blocks) < problem.samples_real();
    result.stopped = stop.check();
    if (impossible && !result.stopped) result.bound = tau - 1;
    result.passes = 1;
    return result;
}

// A little more of one resource: by this share of it, where its worth differs on the two sides.
// Well above what the search takes for nothing.
constexpr double little = 1e-5;

Worth worth_at(const Problem& problem, double tau, const Settings& settings) {
    Workshop shop(problem, settings);
    LeastBound search(problem, shop.pool, shop.boxes.real(tau), tau);
    const LeastBound::Amounts has{problem.cycle_s(), problem.bandwidth_hz(), problem.power_w()};
    const BoundOutcome outcome = search.run(has, shop.begin(problem, tau, settings).prices);
    Worth worth{outcome, search.bound(), search.per_s(), search.prices()};
    if (outcome != BoundOutcome::found || !search.flat()) return worth;
    const Prices from = worth.prices.usable() ? worth.prices : shop.boundary.guess().prices;
    for (const Resource resource : {Resource::cycle, Resource::bandwidth, Resource::power}) {
        LeastBound::Amounts more = has;
        (resource == Resource::cycle       ? more.cycle_s
         : resource == Resource::bandwidth ? more.bandwidth_hz
                                           : more.power_w) *= 1 + little;
        const BoundOutcome there = search.run(more, from);
        if (there == BoundOutcome::stopped) worth.outcome = there;
        if (there != BoundOutcome::found) break;
        if (resource == Resource::cycle) worth.per_s = search.per_s();
        if (resource == Resource::bandwidth) worth.prices.lambda = search.prices().lambda;
        if (resource == Resource::power) worth.prices.mu = search.prices().mu;
    }
    return worth;
}

}  // namespace mel
