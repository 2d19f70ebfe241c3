#include "mel/least.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "least_parts.hpp"
#include "mel/water_filling.hpp"

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

namespace {

constexpr double finest = 1e-12;        // relative: how closely a split's own need is found
constexpr double other_margin = 2e-13;  // what is left of the other budget for an allocation

struct Workshop {
    Workshop(const Problem& problem, const Settings& settings)
        : stop(settings.time_limit_s, {}),
          pool(problem.size() >= 16 * block_size ? settings.threads : 1, stop),
          boxes(problem, pool, root_box(problem, settings.scheme)),
          boundary(problem, pool, boxes) {}

    Stop stop;
    Pool pool;
    Boxes boxes;
    Boundary boundary;
};

PassPoint begin(const Problem& problem, const Boundary& boundary, double tau,
                const Settings& settings) {
    const Prices prices = settings.start ? settings.start->prices : boundary.guess().prices;
    return {tau, problem.cycle_s(), prices};
}

// From a split that fits: the shortest cycle in which it still does.
WaterFilling::Finish refine(WaterFilling& filling, const Problem& problem, double tau,
                            const double* samples, WaterFilling::Finish from) {
    WaterFilling::Finish best = from;
    WaterFilling::Finish at = from;
    for (int step = 0; step < 40; ++step) {
        if (at.sums.impossible > 0) break;
        const double band = std::log(at.sums.bandwidth / problem.bandwidth_hz());
        const double watt = std::log(at.sums.power / problem.power_w());
        if (band <= 0 && watt <= 0 && at.cycle_s <= best.cycle_s) {
            best = at;
            if (band > -finest && watt > -finest) break;
        }
        // Newton's step to both budgets less half the tolerance.
        const double a11 = at.sums.shift / at.sums.bandwidth;
        const double a12 = at.sums.band_time / at.sums.bandwidth;
        const double a21 = -at.sums.shift / (at.ratio * at.sums.power);
        const double a22 = at.sums.power_time / at.sums.power;
        const double det = a11 * a22 - a12 * a21;
        const double r1 = -band - 0.5 * finest;
        const double r2 = -watt - 0.5 * finest;
        const double dz = std::clamp((r1 * a22 - a12 * r2) / det, -1.0, 1.0);
        const double dt = (a11 * r2 - a21 * r1) / det;
        const double cycle = std::clamp(at.cycle_s + dt, 0.9 * at.cycle_s, problem.cycle_s());
        if (!std::isfinite(dz) || !std::isfinite(dt)) break;
        at = filling.at(tau, cycle, samples, at.ratio * std::exp(dz));
    }
    return best;
}

// The same for the least bandwidth or power at almost all of the other budget.
WaterFilling::Finish least_budget(WaterFilling& filling, const Problem& problem, double tau,
                                  const double* samples, WaterFilling::Finish from,
                                  Resource resource) {
    const bool of_power = resource == Resource::power;
    const double limit = std::log(of_power ? problem.bandwidth_hz() : problem.power_w());
    const double sign = of_power ? 1 : -1;
    WaterFilling::Finish best = from;
    // As y = sign ln ratio rises, the budget sought falls and the other one rises to its limit.
    double y = sign * std::log(from.ratio);
    double fits = y;
    double fails = std::numeric_limits<double>::infinity();
    for (int step = 0; step < 100; ++step) {
        const WaterFilling::Finish at = filling.at(tau, from.cycle_s, samples, std::exp(sign * y));
        const double over =
            std::log(of_power ? at.sums.bandwidth : at.sums.power) - limit + 2 * other_margin;
        if (over <= 0) {
            fits = y;
            best = at;
            if (over > -2 * other_margin) break;
        } else {
            fails = y;
        }
        const double slope =
            at.sums.shift / (of_power ? at.sums.bandwidth : at.ratio * at.sums.power);
        double next = y - std::clamp((over + other_margin) / slope, -6.0, 6.0);
        if (!(next > fits && next < fails)) next = fails < 1e300 ? 0.5 * (fits + fails) : y + 6;
        if (next == fits || next == fails) break;
        y = next;
    }
    return best;
}

}  // namespace

Estimate estimate_least(const Problem& problem, std::int64_t tau, Resource resource,
                        const Settings& settings) {
    Workshop shop(problem, settings);
    PassPoint point = begin(problem, shop.boundary, static_cast<double>(tau), settings);
    const bool converged = shop.boundary.find_least(point, resource, 1e-13, 80);
    const double amount = resource == Resource::cycle       ? point.cycle_s
                          : resource == Resource::bandwidth ? shop.boundary.bandwidth_hz()
                                                            : shop.boundary.power_w();
    return {amount, point.prices, converged && std::isfinite(amount) && amount > 0};
}

Settled settle(const Problem& problem, std::int64_t tau, std::span<const std::int64_t> samples,
               Resource resource, const Settings& settings) {
    Stop stop(settings.time_limit_s, {});
    Pool pool(problem.size() >= 16 * block_size ? settings.threads : 1, stop);
    WaterFilling filling(problem, pool);
    const std::vector<double> split(samples.begin(), samples.end());
    const double real_tau = static_cast<double>(tau);
    const bool of_time = resource == Resource::cycle;
    // Room in time for the rounding errors that the allocation must allow for.
    const double within = problem.cycle_s() * (of_time ? 1 : 1 - 0.2 * finest);
    double ratio = settings.start ? settings.start->prices.mu / settings.start->prices.lambda
                                  : problem.bandwidth_hz() / problem.power_w();
    if (problem.block_hz() > 0) {
        return settle_blocks(problem, real_tau, split.data(), resource, ratio, pool);
    }
    Settled settled;
    if (filling.fill(real_tau, within, split.data(), ratio) != WaterFilling::Outcome::fits) {
        return settled;
    }
    const WaterFilling::Finish fit = filling.at(real_tau, within, split.data(), ratio);
    if (!(fit.sums.bandwidth > 0)) return settled;
    const WaterFilling::Finish finish =
        of_time ? refine(filling, problem, real_tau, split.data(), fit)
                : least_budget(filling, problem, real_tau, split.data(), fit, resource);
    const double need = of_time                           ? finish.cycle_s
                        : resource == Resource::bandwidth ? finish.sums.bandwidth
                                                          : finish.sums.power;
    settled.bandwidth_hz.resize(problem.size());
    settled.power_w.resize(problem.size());
    // The room that the allocation's own margins need; widened until it can be vouched for.
    for (const double room : {4e-12, 4e-11, 4e-10}) {
        const double amount = std::min(need * (1 + room), amount_of(problem, resource));
        const Problem less = with_amount(problem, resource, amount);
        WaterFilling exact(less, pool);
        if (exact.allocate(real_tau, finish, split.data(), settled.bandwidth_hz.data(),
                           settled.power_w.data())) {
            settled.amount = amount;
            return settled;
        }
    }
    return {};
}

Worth worth_at(const Problem& problem, double tau, const Settings& settings) {
    Workshop shop(problem, settings);
    PassPoint point = begin(problem, shop.boundary, tau, settings);
    const PassSums sums = shop.boundary.minimise(point, 60);
    return {shop.boundary.bound(point, sums), sums.value_time, point.prices, sums.impossible == 0};
}

}  // namespace mel
