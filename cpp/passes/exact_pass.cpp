#include "passes/exact_pass.hpp"

#include <algorithm>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "kernels/battery_passes.hpp"
#include "learner/battery.hpp"
#include "learner/capped.hpp"
#include "learner/pacing.hpp"
#include "learner/resource_blocks.hpp"
#include "model/computing.hpp"

namespace mel {
namespace {

// Where bandwidth comes in blocks: adds the best response of learner k and returns its samples.
double add_in_blocks(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                     const PassPoint& point, SplitSums& sums) {
    const BlockLink link = block_link(problem, k);
    const double guard = slack_guard(point.cycle_s);
    const BlockResponse r =
        respond_in_blocks(link, demand, problem.excused(), box, point.prices, guard);
    sums.samples.add(r.samples);
    sums.bandwidth.add(r.blocks * link.width_hz);
    sums.power.add(r.power_w);
    sums.cost.add(r.cost);
    sums.overlooked += r.overlooked;
    if (r.cost > 0) {
        sums.condition += r.cost * r.stiffness * (1 / r.slack_s + 1 / point.cycle_s);
    }
    // Where d ends at the deadline itself, rounding may have hidden one more integer, at no less
    // than it costs with bandwidth at will.
    const double seen = r.possible ? r.samples : box.lower - 1;
    double more = -infinity;
    if (demand.slack(seen + 1) <= guard && seen + 1 <= box.upper) {
        more = overlooked_value(link, demand, {seen, box.upper}, guard, point.prices);
    }
    if (!r.possible && !(more > -infinity)) sums.impossible += 1;
    const double value = r.possible ? r.samples - r.cost : 0;
    if (more > value || (!r.possible && more > -infinity)) {
        sums.overlooked += more - value;
    }
    return r.samples;
}

// Adds the best response of learner k and returns its samples. Costs under caps are below the truth
// already: no error to add.
double add_capped(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                  const PassPoint& point, SplitSums& sums) {
    const Response r =
        respond_capped(link_of(problem, k), demand, problem.excused(), box, point.prices,
                       caps_of(*problem.limits(), k), slack_guard(point.cycle_s));
    if (!r.possible) sums.impossible += 1;
    sums.add(r);
    return r.samples;
}

// The same with an energy for computing and sending.
double add_with_battery(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                        const PassPoint& point, SplitSums& sums) {
    const Response r =
        respond_with_battery(battery_of(problem, k, point.tau), demand, problem.excused(), box,
                             point.prices, slack_guard(point.cycle_s));
    if (!r.possible) sums.impossible += 1;
    sums.add(r);
    return r.samples;
}

double add_plain(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                 const PassPoint& point, SplitSums& sums) {
    const Link link = link_of(problem, k);
    const double guard = slack_guard(point.cycle_s);
    const Response r = respond(link, demand, problem.excused(), box, point.prices, guard);
    if (!r.possible) sums.impossible += 1;
    sums.add(r);
    sums.overlooked += r.overlooked;
    if (r.cost > 0) sums.condition += r.cost / r.slack_s;
    // Where d ends at the deadline itself, rounding may have hidden one more integer.
    const double last_seen = r.possible ? r.samples : box.lower - 1;
    if (demand.slack(last_seen + 1) <= guard && last_seen + 1 <= box.upper) {
        const double more =
            overlooked_value(link, demand, {last_seen, box.upper}, guard, point.prices);
        if (more > -infinity && !r.possible) {
            sums.overlooked += more;
            sums.impossible -= 1;
        } else if (more > r.samples - r.cost) {
            sums.overlooked += more - (r.samples - r.cost);
        }
    }
    return r.samples;
}

// The same where its speed is chosen: asked of lines that are nowhere below its slack.
double add_at_own_pace(const Problem& problem, std::size_t k, const Demand& full, Interval box,
                       const PassPoint& point, SplitSums& sums) {
    const auto add = problem.limits()->caps() ? add_capped : add_plain;
    Pacing pacing = Pacing::of(problem, k, point.tau, Energy::generous);
    pacing.guard_s = slack_guard(point.cycle_s);
    const bool may_rest = problem.excused() && box.lower <= 0;
    SplitSums found;
    const auto ask = [&](const Demand& line) {
        found = {};
        const double best = add(problem, k, line, box, point, found);
        const bool none = found.impossible > 0 || (may_rest && best == 0);
        return none ? -1 : best;
    };
    const double best = at_own_pace(full, pacing, Sought::best, ask(full), ask);
    sums.add(found);
    return best < 0 && may_rest ? 0 : std::max(best, box.lower);
}

SplitSums sums_of(const WholeSums& lanes, std::size_t learners) {
    SplitSums sums;
    sums.samples.add(lanes.samples);
    sums.bandwidth.add(lanes.bandwidth);
    sums.power.add(lanes.power);
    sums.cost.add(lanes.cost);
    sums.condition = lanes.condition;
    sums.impossible = lanes.impossible;
    sums.in_lanes = static_cast<double>(learners) - lanes.unsure;
    return sums;
}

SplitSums sums_of(const BlockTotals& lanes, double width_hz, std::size_t learners) {
    SplitSums sums;
    sums.samples.add(lanes.samples);
    sums.bandwidth.add(lanes.blocks * width_hz);
    sums.power.add(lanes.power);
    sums.cost.add(lanes.cost);
    sums.condition = lanes.condition;
    sums.in_lanes = static_cast<double>(learners) - lanes.unsure;
    return sums;
}

constexpr std::size_t fewest_in_lanes = 4 * group;  // learners, where bandwidth comes in blocks

using AddResponse = double (*)(const Problem&, std::size_t, const Demand&, Interval,
                               const PassPoint&, SplitSums&);

// Where bandwidth has no cap no search is needed for what no bandwidth carries.
double largest_in_battery(const Battery& battery, const Demand& demand, double upper) {
    return battery.bandwidth_hz < no_limit ? largest_possible(battery, demand, upper)
                                           : largest_at_any_bandwidth(battery, demand, upper);
}

AddResponse response_of(const Problem& problem) {
    const LearnerLimits* limits = problem.limits();
    return problem.block_hz() > 0        ? add_in_blocks
           : limits && limits->battery() ? add_with_battery
           : paces(problem)              ? add_at_own_pace
           : limits && limits->caps()    ? add_capped
                                         : add_plain;
}

}  // namespace

bool only_rates(const Problem& problem) { return response_of(problem) == add_plain; }

bool whole_in_lanes(const Problem& problem) {
    const AddResponse add = response_of(problem);
    return add == add_plain || add == add_capped || add == add_at_own_pace;
}

bool blocks_in_lanes(const Problem& problem) {
    const LearnerLimits* limits = problem.limits();
    return problem.block_hz() > 0 && problem.size() >= fewest_in_lanes &&
           !(limits && (limits->caps() || limits->battery()));
}

SplitSums exact_learners(const Problem& problem, const Box& box, const PassPoint& point,
                         Stretch learners, std::span<double> samples) {
    const AddResponse add = response_of(problem);
    SplitSums sums;
    for (std::size_t k = learners.first; k < learners.last; ++k) {
        const Demand demand = demand_of(problem, k, point);
        samples[k] = add(problem, k, demand, box[k], point, sums);
    }
    return sums;
}

void exact_chunks(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                  std::vector<SplitSums>& chunks, const Picks& to) {
    const std::span<double> samples = to.samples, preference = to.preference;
    const AddResponse add = response_of(problem);
    const bool in_blocks = blocks_in_lanes(problem);
    const bool lanes = in_blocks || whole_in_lanes(problem);
    KernelInput in = kernel_input(problem, box, point);
    in.lower = box.lower.data();
    in.upper = box.upper.data();
    const auto kernel = whole_loop(pool, problem.law(), in);
    const auto block_kernel = kernels_of(pool).blocks(problem.law());
    const BlockInput blocks{problem.block_hz(), problem.block_budget()};
    const auto in_lanes = [&](std::size_t first, std::size_t last) {
        SplitSums sums =
            in_blocks ? sums_of(block_kernel(in, blocks, {first, last}, {samples}),
                                problem.block_hz(), last - first)
                      : sums_of(kernel(in, {first, last}, {samples, preference}), last - first);
        double left = static_cast<double>(last - first) - sums.in_lanes;
        for (std::size_t k = first; k < last && left > 0; ++k) {
            if (samples[k] >= 0) continue;
            left -= 1;
            const Demand demand = demand_of(problem, k, point);
            samples[k] = add(problem, k, demand, box[k], point, sums);
        }
        return sums;
    };
    // A box's columns need not be padded.
    const std::size_t whole_groups = in.lower ? problem.size() / group * group : problem.size();
    each_chunk(pool, problem.size(), chunks, [&](std::size_t first, std::size_t last) {
        SplitSums sums;
        const std::size_t end = lanes ? std::clamp(whole_groups, first, last) : first;
        if (end > first) sums.add(in_lanes(first, end));
        if (last > end) sums.add(exact_learners(problem, box, point, {end, last}, samples));
        if (!preference.empty()) {
            const std::size_t filled = in_blocks ? first : end;
            const auto rest = preference.subspan(filled, last - filled);
            std::fill(rest.begin(), rest.end(), 0.0);
        }
        return sums;
    });
}

SplitSums exact_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                     std::vector<SplitSums>& chunks, const Picks& to) {
    exact_chunks(problem, box, point, pool, chunks, to);
    return reduce_tree(std::span<SplitSums>(chunks));
}

SplitSums careful_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                       std::vector<SplitSums>& chunks, std::span<double> samples) {
    each_chunk(pool, problem.size(), chunks, [&](std::size_t first, std::size_t last) {
        return exact_learners(problem, box, point, {first, last}, samples);
    });
    return reduce_tree(std::span<SplitSums>(chunks));
}

Excess excess_of(const Problem& problem, const PassPoint& point, const SplitSums& sums) {
    if (sums.impossible > 0) return {-infinity, 0};
    const double budget =
        point.prices.lambda * problem.bandwidth_hz() + point.prices.mu * problem.power_w();
    CompensatedSum value;
    value.add(budget);
    value.add(sums.samples);
    value.add(-sums.cost.value());
    value.add(sums.overlooked);
    value.add(-problem.samples_real());
    const double scale = budget + sums.cost.value() + sums.samples.value() + problem.samples_real();
    const double error = sums.in_lanes > 0 ? rounding::whole_bound_in_lanes : rounding::whole_bound;
    return {value.value(), error * (scale + point.cycle_s * sums.condition)};
}

void capacity_chunks(const Problem& problem, const Box& box, double tau, Pool& pool,
                     std::vector<SplitSums>& chunks) {
    const std::size_t size = problem.size();
    const double guard = slack_guard(problem.cycle_s());
    const LearnerLimits* limits = problem.limits();
    const bool capped = limits && limits->caps();
    const auto sums_of_chunk = [&](std::size_t first, std::size_t last) {
        SplitSums sums;
        for (std::size_t k = first; k < last; ++k) {
            double high = box.high(k);
            if (problem.returns_nothing()) {
                high = largest_computed(problem, k, {.tau = tau, .samples = high});
            }
            if (!only_computes(problem)) {
                Demand demand = demand_of(problem, k, tau);
                demand.budget_s += guard;
                const auto most = [&](const Demand& line) {
                    return !capped || problem.sends_nothing() ? largest_allowed(line, high)
                           : limits->battery()
                               ? largest_in_battery(generous(battery_of(problem, k, tau)), line,
                                                    high)
                               : largest_within(
                                     line, {.samples = high,
                                            .rate = limits->max_rate[k] * (1 + rounding::rate)});
                };
                double held = most(demand);
                if (paces(problem)) {
                    Pacing pacing = Pacing::of(problem, k, tau, Energy::generous);
                    pacing.guard_s = guard;
                    held = at_own_pace(demand, pacing, Sought::largest, held, most);
                }
                high = held;
            }
            const bool may_rest = problem.excused() && box.low(k) <= 0;
            if (high < box.low(k) && !may_rest) sums.impossible += 1;
            sums.samples.add(std::max(high, 0.0));
        }
        return sums;
    };
    each_chunk(pool, size, chunks, sums_of_chunk);
}

double most_unsent(const Problem& problem, std::size_t k, Workload upper) {
    if (problem.returns_nothing()) return largest_computed(problem, k, upper);
    Demand demand = demand_of(problem, k, upper.tau);
    demand.budget_s -= slack_guard(problem.cycle_s());
    const double most = largest_allowed(demand, upper.samples);
    return problem.excused() ? std::max(most, 0.0) : most;
}

double capacity_of(const SplitSums& total) {
    return total.impossible > 0 ? -infinity : total.samples.value();
}

}  // namespace mel
