// What time, energy and limits alone leave learners, whatever a hertz or a watt costs.
#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "learner/capped.hpp"
#include "model/computing.hpp"
#include "select/choices.hpp"

namespace mel {
namespace {

// a / b, but not below zero.
double most_of(double a, double b) { return std::max(a, 0.0) / b; }
}  // namespace

Choices::Bound Choices::capacity(const Bid& bid, const Cell* cell) const {
    const double guard = slack_guard(problem_.cycle_s());
    const LearnerLimits* limits = problem_.limits();
    const bool capped = limits && limits->caps();
    CompensatedSum value;
    double size = 0;
    for (std::size_t k = 0; k < this->size(); ++k) {
        const Interval box = within(cell, k);
        double high = std::min(most(k), box.upper);
        const double fewest = std::max(least(k), box.lower);
        if (!only_computes(problem_)) {
            Demand demand = demand_of(problem_, k, tau_);
            demand.budget_s += guard;
            high = capped ? largest_within(demand,
                                           {.samples = high,
                                            .rate = limits->max_rate[k] * (1 + rounding::rate)})
                          : largest_allowed(demand, high);
        }
        const bool rests = may_rest(k) && box.lower <= 0;
        if (high < fewest) {
            if (!rests) return {-infinity, 0};
            continue;
        }
        const double s = bid.per_sample * weight(k);
        double best = s > 0 ? s * high : s * fewest;
        if (high > 0) best = std::max(best + bid.per_learner, fewest <= 0 ? 0.0 : -infinity);
        if (rests) best = std::max(best, 0.0);
        value.add(best);
        size += std::fabs(s) * high + std::fabs(bid.per_learner);
    }
    return {value.value(), weight_.empty() ? 0 : rounding::whole_bound * size};
}

double Choices::more_than_time_for() const {
    const KernelInput in = kernel_input(problem_, {}, {tau_, problem_.cycle_s(), Prices{}});
    const double budget = problem_.cycle_s() + slack_guard(problem_.cycle_s());
    const double* upper = whole_.upper.empty() ? nullptr : whole_.upper.data();
    const auto amount = [](const double* each, double all, std::size_t k) {
        return each ? each[k] : all;
    };
    double part[4] = {};
    const auto add = [&](std::size_t k, double& sum) {
        const double back = in.return_s_per_bit[k];
        const double left = budget - amount(in.return_bits_each, in.return_bits, k) * back;
        const double each =
            tau_ * in.compute_s[k] +
            amount(in.return_bits_per_sample_each, in.return_bits_per_sample, k) * back;
        sum += std::min(amount(upper, whole_.uniform.upper, k), most_of(left, each));
    };
    const std::size_t n = size();
    std::size_t k = 0;
    for (; k + 4 <= n; k += 4) {
        for (std::size_t i = 0; i < 4; ++i) add(k + i, part[i]);
    }
    for (; k < n; ++k) add(k, part[0]);
    const double sum = (part[0] + part[1]) + (part[2] + part[3]);
    return sum * (1 + units(4 * static_cast<double>(n)) + rounding::whole_bound);
}

bool Choices::has_time(std::size_t k, double samples) const {
    if (only_computes(problem_)) return true;
    Demand demand = demand_of(problem_, k, tau_);
    demand.budget_s += slack_guard(problem_.cycle_s());
    return largest_allowed(demand, samples) >= samples;
}

}  // namespace mel
