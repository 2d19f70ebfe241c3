// Who of many learners stands for all.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {
constexpr double hardly = 1e-3;             // of a cycle
constexpr std::size_t share_of_needy = 32;  // of all learners, at most one in so many is
constexpr std::size_t most_needy = 512;     // looked at for itself
}  // namespace

// Learners by what the least that each may take needs, those that agree to a hundredth as they
// come: every so-many-th of them, from half a stride on. A few take much of the budgets. Of that
// order every so-many-th has its share of them, but at its end: with deep fades the last of a
// stride needs several times what the middle does. The last few hundred are there for themselves.
void Lowest::order_by_need(std::size_t stride) {
    const Problem& problem = choices_.problem();
    const std::size_t n = choices_.size();
    const KernelInput in = kernel_input(problem, {}, {choices_.tau(), problem.cycle_s(), Prices{}});
    const auto least = choices_.least_column();
    const double shortest = hardly * in.point.cycle_s, all_least = std::max(choices_.least(0), 1.0);
    const auto amount = [](const double* each, double all, std::size_t k) {
        return each ? each[k] : all;
    };
    // Which of them each goes to, and how many are in those before.
    std::vector<std::uint16_t> bucket(n);
    std::vector<std::uint32_t> before((std::size_t{1} << 16) + 1, 0);
    float needs[chunk_size];
    for (std::size_t from = 0; from < n; from += chunk_size) {
        const std::size_t count = std::min(chunk_size, n - from);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t k = from + i;
            const double back = in.return_s_per_bit[k];
            const double budget =
                in.point.cycle_s - amount(in.return_bits_each, in.return_bits, k) * back;
            const double each =
                in.point.tau * in.compute_s[k] +
                amount(in.return_bits_per_sample_each, in.return_bits_per_sample, k) * back;
            const double d = least ? std::max(least[k], 1.0) : all_least;
            const double bits =
                amount(in.send_bits_per_sample_each, in.send_bits_per_sample, k) * d +
                amount(in.send_bits_each, in.send_bits, k);
            needs[i] =
                static_cast<float>(in.noise[k] * bits / std::max(budget - each * d, shortest));
        }
        for (std::size_t i = 0; i < count; ++i) {
            std::uint32_t bits;  // std::bit_cast is not in every library this is built with
            std::memcpy(&bits, &needs[i], sizeof bits);
            bucket[from + i] = static_cast<std::uint16_t>(bits >> 16);
            ++before[bucket[from + i] + std::size_t{1}];
        }
    }
    for (std::size_t b = 1; b < before.size(); ++b) before[b] += before[b - 1];
    // Where whole learners switch, prices are no nearer for it.
    const std::size_t needy = some_switch() ? 0 : std::min(n / share_of_needy, most_needy);
    std::size_t end = before.size() - 1;
    while (end > 0 && n - before[end - 1] <= needy) --end;
    others_ = before[end];
    ordered_.resize((others_ + stride - 1 - stride / 2) / stride);
    stride_ = stride;
    struct Ranks {
        std::uint32_t next, wanted;
    };
    std::vector<Ranks> ranks;
    const auto step = static_cast<std::uint32_t>(stride), half = step / 2;
    for (const std::uint32_t first : std::span(before).first(end)) {
        const std::uint32_t above = first > half ? first - half : 0;
        ranks.push_back({first, half + (above + step - 1) / step * step});
    }
    for (std::size_t k = 0; k < n; ++k) {
        if (bucket[k] >= end) {
            neediest_.push_back(k);
            continue;
        }
        Ranks& of = ranks[bucket[k]];
        if (of.next++ != of.wanted) continue;
        ordered_[(of.wanted - half) / step] = k;
        of.wanted += step;
    }
}

// About so many of that order but its end, the same whenever they are asked for.
std::vector<std::size_t> Lowest::some_in_order(std::size_t learners) {
    const std::size_t n = choices_.size();
    const std::size_t stride = sample_stride(n, learners);
    if (ordered_.empty()) {
        order_by_need(sample_stride(n, finest_sample()));
    }
    const std::size_t each = std::max((stride + stride_ / 2) / stride_, std::size_t{1});
    std::vector<std::size_t> who;
    for (std::size_t i = each / 2; i < ordered_.size(); i += each) who.push_back(ordered_[i]);
    return who;
}

std::unique_ptr<Lowest::Sample> Lowest::sample_of(std::size_t learners) {
    auto some = sample_of(some_in_order(learners));
    some->share = static_cast<double>(some->choices->size()) / static_cast<double>(others_);
    if (!neediest_.empty()) some->neediest = sample_of(neediest_);
    return some;
}

std::unique_ptr<Lowest::Sample> Lowest::sample_of(const std::vector<std::size_t>& who,
                                                  double more_tau) {
    const std::size_t size = choices_.size();
    const double share = static_cast<double>(who.size()) / static_cast<double>(size);
    auto some = std::make_unique<Sample>(
        Sample{choices_.problem().taken(who), {}, goal_, nullptr, share, {}, {}, false, nullptr});
    for (const std::size_t k : who) {
        if (!goal_.weight.empty()) some->weight.push_back(goal_.weight[k]);
    }
    some->goal.weight = some->weight;
    some->choices =
        std::make_unique<Choices>(some->problem, pool_, choices_.tau() + more_tau, some->goal);
    some->seen.picks.resize(padded_to_groups(who.size()), 0.0);
    some->margins.resize(who.size(), 0.0);
    return some;
}

// With less time no choice becomes possible or cheaper: whoever is not looked at adds no more to
// the bound than before, and of the others' part the bound loses what they do. Rounding errors
// count against it.
double Lowest::lost_to_one_more_cycle() {
    const std::vector<std::size_t> who = some_in_order(sampled_learners());
    const auto bound = [&](double more_tau) {
        const auto some = sample_of(who, more_tau);
        const ChoiceSums sums = some->choices->look(best_.bid, nullptr, {some->seen.picks});
        return some->choices->bound(best_.bid, sums);
    };
    const auto now = bound(0), then = bound(1);
    if (pool_.stop().requested() || !(now.value > -infinity)) return 0;
    return now.value - now.error - then.most();
}

}  // namespace mel
