// Who of many learners stands for all.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/chunks.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {
constexpr double hardly = 1e-3;  // of a cycle
}  // namespace

// Learners by what the least that each may take needs, those that agree to a hundredth as they
// come. A few take much of the budgets: every so-many-th of that order has its share of them.
void Lowest::order_by_need() {
    const Problem& problem = choices_.problem();
    const double cycle = problem.cycle_s();
    bucket_.resize(choices_.size());
    first_.assign((std::size_t{1} << 16) + 1, 0);
    for (std::size_t k = 0; k < bucket_.size(); ++k) {
        const Demand demand = demand_of(problem, k, choices_.tau());
        const double d = std::max(choices_.least(k), 1.0);
        const double left = std::max(demand.slack(d), hardly * cycle);
        const auto needs = static_cast<float>(problem.noise_over_gain()[k] *
                                              (demand.alpha * d + demand.beta) / left);
        std::uint32_t bits;  // std::bit_cast is not in every C++20 library that this is built with
        std::memcpy(&bits, &needs, sizeof bits);
        bucket_[k] = static_cast<std::uint16_t>(bits >> 16);
        ++first_[bucket_[k] + std::size_t{1}];
    }
    for (std::size_t b = 1; b < first_.size(); ++b) first_[b] += first_[b - 1];
}

// Every stride-th of that order, from half a stride on.
std::vector<std::size_t> Lowest::every(std::size_t stride) const {
    std::vector<std::size_t> who((bucket_.size() + stride - 1 - stride / 2) / stride);
    struct Ranks {
        std::size_t next, wanted;
    };
    std::vector<Ranks> ranks;
    for (const std::size_t first : std::span(first_).first(first_.size() - 1)) {
        const std::size_t above = first > stride / 2 ? first - stride / 2 : 0;
        ranks.push_back({first, stride / 2 + (above + stride - 1) / stride * stride});
    }
    for (std::size_t k = 0; k < bucket_.size(); ++k) {
        Ranks& of = ranks[bucket_[k]];
        if (of.next++ != of.wanted) continue;
        who[(of.wanted - stride / 2) / stride] = k;
        of.wanted += stride;
    }
    return who;
}

std::unique_ptr<Lowest::Sample> Lowest::sample_of(std::size_t learners) {
    const std::size_t size = choices_.size();
    const std::size_t stride = sample_stride(size, learners);
    if (bucket_.empty() && stride > 1) order_by_need();
    std::vector<std::size_t> who;
    if (stride > 1) {
        who = every(stride);
    } else {
        for (std::size_t k = 0; k < size; ++k) who.push_back(k);
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
