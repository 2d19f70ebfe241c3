// What one split needs of one resource, and an allocation with exactly that.
#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "least/least_parts.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "split/budget_step.hpp"
#include "split/water_filling.hpp"

namespace mel {
namespace {

constexpr double finest = 1e-12;  // relative: how closely a split's own need is found
constexpr double hardly_longer[] = {1e-10, 6e-10};
constexpr int certain_steps = 6;  // of Newton's method, which needs three or four

// The same cycle at the prices that exceed neither budget by more than the other: where somebody's
// caps allow no shorter one, budgets may yet be traded.
WaterFilling::Finish balanced(WaterFilling& filling, const Problem& problem, double tau,
                              std::span<const double> samples, WaterFilling::Finish at) {
    for (int step = 0; step < certain_steps && at.sums.impossible == 0; ++step) {
        const double band = std::log(at.sums.bandwidth / problem.bandwidth_hz());
        const double watt = std::log(at.sums.power / problem.power_w());
        if (band <= 0 && watt <= 0) return at;
        const double by_ratio =
            at.sums.shift / at.sums.bandwidth + at.sums.shift / (at.ratio * at.sums.power);
        const double dz = std::clamp((watt - band) / by_ratio, -1.0, 1.0);
        if (!std::isfinite(dz) || filling.stopped()) break;
        at = filling.at({tau, at.cycle_s, samples}, at.ratio * std::exp(dz));
    }
    at.cycle_s = infinity;
    return at;
}

// The shortest cycle in which a split fits, beginning at one in which it does or nearly does.
// Not found: the cycle is infinite.
WaterFilling::Finish refine(WaterFilling& filling, const Problem& problem, double tau,
                            std::span<const double> samples, WaterFilling::Finish from) {
    WaterFilling::Finish best = from;
    WaterFilling::Finish at = from;
    WaterFilling::Finish before = from;
    best.cycle_s = infinity;
    double inside = 0.5 * finest;  // of the budgets: where the next step aims
    for (int step = 0; step < 40; ++step) {
        if (filling.stopped()) break;
        if (at.sums.impossible > 0) {
            if (best.cycle_s == infinity && step > 0) {
                return balanced(filling, problem, tau, samples, before);
            }
            break;
        }
        before = at;
        const double band = std::log(at.sums.bandwidth / problem.bandwidth_hz());
        const double watt = std::log(at.sums.power / problem.power_w());
        if (band <= 0 && watt <= 0 && at.cycle_s < best.cycle_s) {
            best = at;
            if ((band > -2 * inside && watt > -2 * inside) || step >= certain_steps) break;
        }
        // Where a hair's breadth of the cycle is much of somebody's time to send, rounding errors
        // keep a step from landing so near.
        if (step >= certain_steps) inside *= 8;
        // Newton's step to both budgets, less a little.
        const BudgetStep newton(at.sums, at.ratio, {.band = band, .power = watt});
        const auto [step_z, step_s] = newton.aim(inside);
        const bool both = std::fabs(step_z) <= 1 && std::isfinite(step_s);
        const double dz = std::isfinite(step_z) ? std::clamp(step_z, -1.0, 1.0) : 0;
        const double dt = both ? step_s : newton.cycle_within({.log_ratio = dz, .inside = inside});
        const double cycle = std::clamp(at.cycle_s + dt, 0.9 * at.cycle_s, problem.cycle_s());
        if (!std::isfinite(dz) || !std::isfinite(dt)) break;
        at = filling.at({tau, cycle, samples}, at.ratio * std::exp(dz));
    }
    return best;
}

// The same for the least bandwidth or power at almost all of the other budget.
WaterFilling::Finish least_budget(WaterFilling& filling, const Problem& problem, double tau,
                                  std::span<const double> samples, WaterFilling::Finish from,
                                  Resource resource) {
    const bool of_power = resource == Resource::power;
    const double limit = std::log(of_power ? problem.bandwidth_hz() : problem.power_w());
    const double sign = of_power ? 1 : -1;
    WaterFilling::Finish best = from;
    WaterFilling::Finish at = from;
    best.cycle_s = infinity;
    // As y = sign ln ratio rises, the budget sought falls and the other one rises to its limit.
    double y = sign * std::log(from.ratio);
    double fits = -infinity;
    double fails = infinity;
    for (int step = 0; step < 100; ++step) {
        if (filling.stopped() || at.sums.impossible > 0) break;
        const double over = std::log(of_power ? at.sums.bandwidth : at.sums.power) - limit +
                            2 * rounding::other_budget;
        if (over <= 0) {
            fits = y;
            best = at;
            if (over > -2 * rounding::other_budget) break;
        } else {
            fails = y;
        }
        const double slope =
            at.sums.shift / (of_power ? at.sums.bandwidth : at.ratio * at.sums.power);
        double next = y - std::clamp((over + rounding::other_budget) / slope, -6.0, 6.0);
        if (!(next > fits && next < fails)) {
            next = fails == infinity ? y + 6 : fits == -infinity ? y - 6 : 0.5 * (fits + fails);
        }
        if (next == fits || next == fails) break;
        y = next;
        at = filling.at({tau, from.cycle_s, samples}, std::exp(sign * y));
    }
    return best;
}

// The least amount, and an allocation with so little more that it can be vouched for.
SplitNeed least_of_split_from(WaterFilling& filling, const Problem& problem, double tau,
                              std::span<const double> samples, Resource resource,
                              const WaterFilling::Finish& from, Pool& pool) {
    SplitNeed found;
    if (!(from.sums.bandwidth > 0)) return found;
    const WaterFilling::Finish finish =
        resource == Resource::cycle ? refine(filling, problem, tau, samples, from)
                                    : least_budget(filling, problem, tau, samples, from, resource);
    if (finish.cycle_s == infinity) return found;
    const double need = resource == Resource::cycle       ? finish.cycle_s
                        : resource == Resource::bandwidth ? finish.sums.bandwidth
                                                          : finish.sums.power;
    found.bandwidth_hz.resize(problem.size());
    found.power_w.resize(problem.size());
    // The room that the allocation's own margins need.
    for (const double room : {4e-12, 4e-11, 4e-10}) {
        const double amount = std::min(need * (1 + room), amount_of(problem, resource));
        const Problem less = with_amount(problem, resource, amount);
        WaterFilling exact(less, pool);
        if (exact.allocate({tau, finish.cycle_s, samples}, finish,
                           {found.bandwidth_hz, found.power_w})) {
            found.amount = amount;
            return found;
        }
    }
    return {};
}

// The cycle within which the need of a split is sought: room in time for rounding errors of the
// allocation.
double cycle_within(const Problem& problem, Resource resource) {
    return problem.cycle_s() * (resource == Resource::cycle ? 1 : 1 - 0.2 * finest);
}

// Whether a split is one of the problem's: D samples in all, and what every learner may hold.
bool keeps_bounds(const Problem& problem, double tau, const std::vector<double>& samples,
                  Pool& pool) {
    Boxes boxes(problem, pool, scheme_box(problem, Scheme::joint));
    const Box sure = boxes.sure(tau);
    CompensatedSum sum;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (!(samples[k] >= sure.low(k) && samples[k] <= sure.high(k))) return false;
        sum.add(samples[k]);
    }
    return above(sum, problem.samples_real()) == 0;
}

}  // namespace

SplitNeed least_of_split_near(const Problem& problem, double tau, std::span<const double> samples,
                              Resource resource, NeedNear near, Pool& pool) {
    const auto [amount, ratio] = near;
    if (problem.block_hz() > 0) {
        return least_of_split_in_blocks(problem, tau, samples, resource, ratio, pool);
    }
    WaterFilling filling(problem, pool);
    const bool of_cycle = resource == Resource::cycle;
    const double cycle = of_cycle ? amount : cycle_within(problem, resource);
    WaterFilling::Finish from = filling.at({tau, cycle, samples}, ratio);
    // A learner at its cap may just not be able to be as fast.
    for (const double longer : hardly_longer) {
        if (from.sums.impossible == 0 || !of_cycle || !problem.limits()) break;
        from = filling.at({tau, cycle * (1 + longer), samples}, ratio);
    }
    return least_of_split_from(filling, problem, tau, samples, resource, from, pool);
}

SplitNeed least_of_split(const Problem& problem, std::int64_t tau,
                         std::span<const std::int64_t> samples, Resource resource,
                         const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    Stop stop(settings.time_limit_s, poll_of(settings));
    Pool pool(useful_threads(problem.size(), settings.threads), stop);
    WaterFilling filling(problem, pool);
    const std::vector<double> split(samples.begin(), samples.end());
    const double real_tau = static_cast<double>(tau);
    if (!keeps_bounds(problem, real_tau, split, pool)) return {};
    double ratio = settings.start ? settings.start->prices.mu / settings.start->prices.lambda
                                  : problem.bandwidth_hz() / problem.power_w();
    if (problem.block_hz() > 0) {
        return least_of_split_in_blocks(problem, real_tau, split, resource, ratio, pool);
    }
    const double within = cycle_within(problem, resource);
    if (filling.fill({real_tau, within, split}, ratio) != WaterFilling::Outcome::fits) {
        return {};
    }
    return least_of_split_from(filling, problem, real_tau, split, resource,
                               filling.at({real_tau, within, split}, ratio), pool);
}

}  // namespace mel
