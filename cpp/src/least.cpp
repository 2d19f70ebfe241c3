#include "mel/least.hpp"

#include <cmath>

#include "least_parts.hpp"

namespace mel {

double amount_of(const Problem& problem, Resource resource) {
    return resource == Resource::cycle       ? problem.cycle_s()
           : resource == Resource::bandwidth ? problem.bandwidth_hz()
                                             : problem.power_w();
}

Problem with_amount(const Problem& problem, Resource resource, double amount) {
    return problem.with(resource == Resource::cycle ? amount : problem.cycle_s(),
                        resource == Resource::bandwidth ? amount : problem.bandwidth_hz(),
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

Worth worth_at(const Problem& problem, double tau, const Settings& settings) {
    Workshop shop(problem, settings);
    PassPoint point = shop.begin(problem, tau, settings);
    const PassSums sums = shop.boundary.minimise(point, 60);
    return {shop.boundary.bound(point, sums), sums.value_time, point.prices, sums.impossible == 0};
}

}  // namespace mel
