// Search for prices that prove a box of splits infeasible at tau, by cutting planes in the plane of
// prices.
#pragma once

#include <optional>
#include <vector>

#include "base/chunks.hpp"
#include "passes/exact_pass.hpp"
#include "passes/proof.hpp"
#include "prices/price_polygon.hpp"

namespace mel {

struct FoundSplit {
    std::vector<double> samples;
    Prices prices;
    Cut cut{};
};

class PriceSearch {
  public:
    PriceSearch(const Problem& problem, Pool& pool)
        : problem_(problem),
          pool_(pool),
          ring_(problem.size() <= most_for_thorough_search ? largest_ring : 4),
          polygon_(problem) {}

    enum class Outcome { infeasible, open, stopped };
    // `start` is tried first. After `infeasible`, proof() holds the prices; else recent() the last
    // splits found.
    Outcome run(double tau, const Box& box, Prices start, int max_passes);

    const ProvingPrices& proof() const { return *proof_; }
    // i = 0 is the newest; only the first found() are valid.
    const FoundSplit& recent(std::size_t i) const {
        return ring_[(newest_ + ring_.size() - i) % ring_.size()];
    }
    std::size_t found() const { return found_; }
    // Of the splits found, by their place in recent().
    Mixture mixture() const;
    long passes() const { return passes_; }

  private:
    static constexpr std::size_t largest_ring = 16;
    const Problem& problem_;
    Pool& pool_;
    std::vector<FoundSplit> ring_;
    std::size_t newest_ = 0;
    std::size_t found_ = 0;
    std::optional<ProvingPrices> proof_;
    long passes_ = 0;
    PricePolygon polygon_;
    std::vector<SplitSums> chunks_;
};

}  // namespace mel
