#include "mel/least.hpp"

#include <cmath>
#include <limits>

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

Worth worth_at(const Problem& problem, double tau, const Settings& settings) {
    Workshop shop(problem, settings);
    PassPoint point = shop.begin(problem, tau, settings);
    const PassSums sums = shop.boundary.minimise(point, 60);
    return {shop.boundary.bound(point, sums), sums.value_time, point.prices, sums.impossible == 0};
}

}  // namespace mel
