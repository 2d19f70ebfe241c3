#include "prices/price_search.hpp"

#include <algorithm>
#include <array>

namespace mel {

PriceSearch::Outcome PriceSearch::run(double tau, const Box& box, Prices start, int max_passes) {
    polygon_.reset();
    found_ = 0;
    Prices prices = start;
    if (!prices.usable()) polygon_.centre(prices);
    for (int pass = 0; pass < max_passes; ++pass) {
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
        proof_ = proof_of(problem_, at, sums, pool_.trust());
        if (proof_) return Outcome::infeasible;
        if (sums.impossible == 0) found_ = std::min(found_ + 1, ring_.size());
        polygon_.clip(split.cut);
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
