#include "bracket/bottleneck.hpp"

#include <algorithm>

#include "base/infinity.hpp"
#include "learner/answers.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

constexpr std::size_t fewest_learners = 1024;  // fewer are looked at in no time
constexpr std::size_t most_of_a_kind = 32;
constexpr double generous = 1.02;  // times the shortest cycle: there costs can be told apart

// The cycle before which learner k, who must, can not have returned its fewest samples.
double shortest_of(const Problem& problem, std::size_t k, Workload work) {
    const double fewest = work.samples;
    const Demand demand = demand_at(problem, k, Timing{work.tau, 0}, fewest, Energy::generous);
    const double bits = demand.alpha * fewest + demand.beta;
    const bool capped = problem.limits() && problem.limits()->caps();
    return -demand.slack(fewest) + (capped ? bits / problem.limits()->max_rate[k] : 0);
}

// The places of the largest, not more than so many.
void add_largest(const std::vector<double>& of, std::vector<std::size_t>& to) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < of.size(); ++i) {
        if (of[i] > 0) order.push_back(i);
    }
    const std::size_t count = std::min(order.size(), most_of_a_kind);
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(order.begin(), middle, order.end(),
                     [&](std::size_t a, std::size_t b) { return of[a] > of[b]; });
    to.insert(to.end(), order.begin(), middle);
}

std::vector<std::size_t> bottleneck_of(const Problem& problem, const Box& box,
                                       const PassPoint& point, Pool& pool) {
    std::vector<std::size_t> learners;
    if (!whole_in_lanes(problem) || problem.size() < fewest_learners || !point.prices.usable()) {
        return learners;
    }
    std::vector<double> shortest(problem.size()), cost(problem.size());
    const auto must = [&](std::size_t k) { return !problem.excused() || box.low(k) > 0; };
    for_each_learner(pool, problem.size(), [&](std::size_t k) {
        if (!must(k)) return;
        const double fewest = std::max(box.low(k), 0.0);
        shortest[k] = shortest_of(problem, k, {.tau = point.tau, .samples = fewest});
    });
    add_largest(shortest, learners);
    if (learners.empty()) return learners;
    const double longest = *std::max_element(shortest.begin(), shortest.end());
    const double cycle_s = std::max(point.cycle_s, generous * longest);
    for_each_learner(pool, problem.size(), [&](std::size_t k) {
        if (!must(k)) return;
        const double d = std::max(box.low(k), 0.0);
        const Demand demand = demand_at(problem, k, Timing{point.tau, cycle_s}, d);
        const Answer fewest = answer_with(problem, k, demand, false, d, point.prices);
        cost[k] = fewest.possible ? fewest.paid.cost : infinity;
    });
    add_largest(cost, learners);
    std::sort(learners.begin(), learners.end());
    learners.erase(std::unique(learners.begin(), learners.end()), learners.end());
    return learners;
}

Problem taken(const Problem& problem, const std::vector<std::size_t>& learners) {
    return learners.empty() ? problem.taken(std::vector<std::size_t>{0}) : problem.taken(learners);
}

}  // namespace

Bottleneck::Bottleneck(const Problem& problem, Interval scheme, const PassPoint& point, Pool& pool)
    : learners_(bottleneck_of(problem, Boxes(problem, pool, scheme).whole(point.tau), point, pool)),
      few_(taken(problem, learners_)),
      boxes_(few_, pool, scheme),
      real_box_(boxes_.real(point.tau)),
      box_(boxes_.whole(point.tau)),
      samples_(few_.size()) {
    for (std::size_t i = 0; i < learners_.size(); ++i) {
        const Workload fewest{.tau = point.tau, .samples = std::max(box_.low(i), 0.0)};
        shortest_s_ = std::max(shortest_s_, shortest_of(few_, i, fewest));
    }
}

SplitSums Bottleneck::whole(const PassPoint& point) const {
    return exact_learners(few_, box_, point, {0, few_.size()}, samples_);
}

PassSums Bottleneck::real(const PassPoint& point, Pool& pool) const {
    std::vector<PassSums> chunks;
    return real_pass(few_, real_box_, point, pool, chunks);
}

double Bottleneck::value(const PassPoint& point) const {
    const SplitSums sums = whole(point);
    if (sums.impossible > 0) return -infinity;
    return sums.samples.value() - sums.cost.value() + sums.overlooked;
}

}  // namespace mel
