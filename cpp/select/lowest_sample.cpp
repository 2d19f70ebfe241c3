// Who of many learners stands for all.
#include <algorithm>
#include <span>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "mel/need_order.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {
constexpr std::size_t share_of_needy = 32;  // of all learners, at most one in so many is
constexpr std::size_t most_needy = 512;     // looked at for itself
}  // namespace

// The last few hundred are there for themselves; where whole learners switch, prices are no nearer
// for it.
void Lowest::order_by_need(std::size_t stride) {
    const std::size_t n = choices_.size();
    const auto least = choices_.least_column();
    const LeastTaken taken{least ? std::span(least, n) : std::span<const double>(),
                           choices_.least(0)};
    const std::size_t needy = some_switch() ? 0 : std::min(n / share_of_needy, most_needy);
    NeedOrder order = mel::order_by_need(choices_.problem(), choices_.tau(), taken,
                                         {.stride = stride, .neediest = needy});
    ordered_ = std::move(order.every);
    neediest_ = std::move(order.neediest);
    others_ = order.others;
    stride_ = stride;
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

std::unique_ptr<Lowest::Sample> Lowest::sample_of(const std::vector<std::size_t>& who) {
    const std::size_t size = choices_.size();
    const double share = static_cast<double>(who.size()) / static_cast<double>(size);
    auto some = std::make_unique<Sample>(
        Sample{choices_.problem().taken(who), {}, goal_, nullptr, share, {}, {}, false, nullptr});
    for (const std::size_t k : who) {
        if (!goal_.weight.empty()) some->weight.push_back(goal_.weight[k]);
    }
    some->goal.weight = some->weight;
    some->choices = std::make_unique<Choices>(some->problem, pool_, choices_.tau(), some->goal);
    some->seen.picks.resize(padded_to_groups(who.size()), 0.0);
    some->margins.resize(who.size(), 0.0);
    return some;
}

// With less time no choice becomes possible or cheaper: whoever is not looked at adds no more to
// the bound than before, and of the others' part the bound loses what they do. Rounding errors
// count against it.
double Lowest::lost_to_one_more_cycle() {
    const std::size_t stride = sample_stride(choices_.size(), sampled_learners());
    std::vector<std::size_t> who;  // whoever they are
    for (std::size_t k = stride / 2; k < choices_.size(); k += stride) who.push_back(k);
    const auto some = sample_of(who);
    const auto bound = [&] {
        const ChoiceSums sums = some->choices->look(best_.bid, nullptr, {some->seen.picks});
        return some->choices->bound(best_.bid, sums);
    };
    const auto now = bound();
    some->choices = std::make_unique<Choices>(some->problem, pool_, choices_.tau() + 1, some->goal);
    const auto then = bound();
    if (pool_.stop().requested() || !(now.value > -infinity)) return 0;
    return now.value - now.error - then.most();
}

}  // namespace mel
