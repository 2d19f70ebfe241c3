// Who of many learners stands for all.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/chunks.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {
constexpr double hardly = 1e-3;  // of a cycle
}  // namespace

// Learners by what the least that each may take needs, those that agree to a hundredth as they
// come. A few take much of the budgets: every so-many-th of that order has its share of them.
std::vector<std::uint32_t> Lowest::in_order() const {
    const Problem& problem = choices_.problem();
    const double cycle = problem.cycle_s();
    std::vector<std::uint32_t> bucket(choices_.size()), order(choices_.size());
    std::vector<std::uint32_t> first((1U << 16) + 1, 0);
    for (std::size_t k = 0; k < order.size(); ++k) {
        const Demand demand = demand_of(problem, k, choices_.tau());
        const double d = std::max(choices_.least(k), 1.0);
        const double left = std::max(demand.slack(d), hardly * cycle);
        const auto needs = static_cast<float>(problem.noise_over_gain()[k] *
                                              (demand.alpha * d + demand.beta) / left);
        std::uint32_t bits;  // std::bit_cast is not in every C++20 library that this is built with
        std::memcpy(&bits, &needs, sizeof bits);
        bucket[k] = bits >> 16;
        ++first[bucket[k] + 1];
    }
    for (std::size_t b = 1; b < first.size(); ++b) first[b] += first[b - 1];
    for (std::size_t k = 0; k < order.size(); ++k) {
        order[first[bucket[k]]++] = static_cast<std::uint32_t>(k);
    }
    return order;
}

std::unique_ptr<Lowest::Sample> Lowest::sample_of(std::size_t learners) {
    const std::size_t size = choices_.size();
    const std::size_t stride = sample_stride(size, learners);
    if (by_need_.empty() && stride > 1) by_need_ = in_order();
    std::vector<std::size_t> who;
    for (std::size_t k = stride / 2; k < size; k += stride) {
        who.push_back(stride > 1 ? by_need_[k] : k);
    }
    if (who.empty()) who.push_back(0);
    return sample_of(who);
}

std::unique_ptr<Lowest::Sample> Lowest::sample_of(const std::vector<std::size_t>& who) {
    const std::size_t size = choices_.size();
    const double share = static_cast<double>(who.size()) / static_cast<double>(size);
    auto some = std::make_unique<Sample>(
        Sample{choices_.problem().taken(who), {}, goal_, nullptr, share, {}, {}});
    for (const std::size_t k : who) {
        if (!goal_.weight.empty()) some->weight.push_back(goal_.weight[k]);
    }
    some->goal.weight = some->weight;
    some->choices = std::make_unique<Choices>(some->problem, pool_, choices_.tau(), some->goal);
    some->seen.picks.resize(padded_to_groups(who.size()));
    some->margins.resize(who.size());
    return some;
}

}  // namespace mel
