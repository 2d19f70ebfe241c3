#include "prices/price_search.hpp"

#include <algorithm>
#include <array>

#include "base/infinity.hpp"

namespace mel {
namespace {
constexpr int finer_looks = 8;
constexpr double near_least = 0.5;
}  // namespace

PriceSearch::Outcome PriceSearch::run(double tau, const Box& box, std::span<const Prices> starts,
                                      int max_passes) {
    polygon_.reset();
    found_ = 0;
    cuts_.clear();
    double level = 0;         // of the bound's relative excess that is looked below,
    double least = infinity;  // and the least seen
    const auto lowered = [&](const Cut& cut) {
        return Cut{cut.samples - level, cut.bandwidth - level, cut.power - level};
    };
    int last_pass = max_passes;
    std::size_t started = 0;
    const auto next = [&](Prices& prices) {
        while (started < starts.size()) {
            prices = starts[started++];
            if (prices.usable()) return true;
        }
        return polygon_.centre(prices);
    };
    Prices prices;
    next(prices);
    for (int pass = 0; pass < last_pass; ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        if (!prices.usable()) return Outcome::open;
        newest_ = (newest_ + 1) % ring_.size();
        FoundSplit& split = ring_[newest_];
        split.samples.resize(problem_.size());
        const PassPoint at{tau, problem_.cycle_s(), prices};
        const SplitSums sums = exact_pass(problem_, box, at, pool_, chunks_, split.samples);
        ++passes_;
        if (pool_.stop().requested()) return Outcome::stopped;
        split.prices = prices;
        split.cut = {sums.samples.value() / problem_.samples_real() - 1,
                     1 - sums.bandwidth.value() / problem_.bandwidth_hz(),
                     1 - sums.power.value() / problem_.power_w()};
        const Excess excess = excess_of(problem_, at, sums);
        split.room = excess.value + excess.error;
        proof_ = proof_of(problem_, at, sums, pool_.trust());
        if (!proof_ && hidden_by_lanes(problem_, at, sums)) {
            ++passes_;
            careful_.resize(problem_.size());
            const SplitSums careful = careful_pass(problem_, box, at, pool_, chunks_, careful_);
            if (pool_.stop().requested()) return Outcome::stopped;
            proof_ = proof_of(problem_, at, careful, pool_.trust());
        }
        if (proof_) return Outcome::infeasible;
        if (sums.impossible == 0) found_ = std::min(found_ + 1, ring_.size());
        const double worth = problem_.samples_real() + prices.lambda * problem_.bandwidth_hz() +
                             prices.mu * problem_.power_w();
        if (sums.impossible == 0) least = std::min(least, excess.value / worth);
        polygon_.clip(lowered(split.cut));
        cuts_.push_back(split.cut);
        if (next(prices)) continue;
        // No prices prove it. Those that come nearest tell between what the learners are torn.
        if (level > 0 || !(least > 0)) return Outcome::open;
        level = near_least * least;
        last_pass = std::min(last_pass, pass + finer_looks);
        polygon_.reset();
        for (const Cut& cut : cuts_) polygon_.clip(lowered(cut));
        if (!polygon_.centre(prices)) return Outcome::open;
    }
    return Outcome::open;
}

Mixture PriceSearch::mixture() const {
    std::array<Cut, largest_ring> cuts;
    for (std::size_t i = 0; i < found_; ++i) cuts[i] = recent(i).cut;
    return best_mixture(std::span<const Cut>(cuts.data(), found_));
}

}  // namespace mel
