#include "energy/cheapest_splits.hpp"

#include <algorithm>

namespace mel {
namespace {
constexpr double largest_table = 4096;
constexpr std::size_t root = 0;
}  // namespace

bool has_few_splits(const EnergyLearners& learners) {
    return static_cast<double>(learners.size()) * (learners.problem().samples_real() + 1) <=
           largest_table;
}

CheapestSplits::CheapestSplits(EnergyLearners& learners, HertzPrice price)
    : size_(learners.size()),
      samples_(static_cast<std::size_t>(learners.problem().samples_real())),
      paid_(price.joules * learners.budget()),
      cost_(size_ * (samples_ + 1), no_limit),
      others_((size_ + 1) * (samples_ + 1), no_limit) {
    for (std::size_t k = 0; k < size_; ++k) {
        if (learners.rests(k) || !learners.takes_part(k)) cost_[at(k, 0)] = 0;
        if (!learners.takes_part(k)) continue;
        for (std::size_t d = 0; d <= samples_; ++d) {
            const double real = static_cast<double>(d);
            if (real < learners.low(k) || real > learners.high(k)) continue;
            cost_[at(k, d)] = learners.cost(k, price, real).cost;
        }
    }
    others_[at(size_, 0)] = 0;
    for (std::size_t k = size_; k-- > 0;) {
        for (std::size_t all = 0; all <= samples_; ++all) {
            double& least = others_[at(k, all)];
            for (std::size_t d = 0; d <= all; ++d) {
                least = std::min(least, cost_[at(k, d)] + others_[at(k + 1, all - d)]);
            }
        }
    }
    wait({others_[at(0, samples_)], 0, 0, samples_, 0, root});
}

bool CheapestSplits::later(std::size_t a, std::size_t b) const {
    const double here = prefixes_[a].least, there = prefixes_[b].least;
    return here > there || (here == there && a > b);
}

void CheapestSplits::wait(const Prefix& prefix) {
    if (!(prefix.least < no_limit)) return;
    prefixes_.push_back(prefix);
    waiting_.push_back(prefixes_.size() - 1);
    std::push_heap(waiting_.begin(), waiting_.end(),
                   [this](std::size_t a, std::size_t b) { return later(a, b); });
}

void CheapestSplits::extend(std::size_t prefix) {
    const Prefix from = prefixes_[prefix];
    for (std::size_t d = 0; d <= from.left; ++d) {
        const double cost = from.cost + cost_[at(from.learner, d)];
        const std::size_t left = from.left - d;
        wait({cost + others_[at(from.learner + 1, left)], cost, from.learner + 1, left, d, prefix});
    }
}

double CheapestSplits::next(std::vector<double>& samples) {
    while (!waiting_.empty()) {
        std::pop_heap(waiting_.begin(), waiting_.end(),
                      [this](std::size_t a, std::size_t b) { return later(a, b); });
        const std::size_t first = waiting_.back();
        waiting_.pop_back();
        if (prefixes_[first].learner < size_) {
            extend(first);
            continue;
        }
        samples.resize(size_);
        for (std::size_t at = first; prefixes_[at].learner > 0; at = prefixes_[at].before) {
            samples[prefixes_[at].learner - 1] = static_cast<double>(prefixes_[at].samples);
        }
        return prefixes_[first].cost - paid_;
    }
    return no_limit;
}

}  // namespace mel
