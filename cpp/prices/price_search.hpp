// Search for prices that prove a box of splits infeasible at tau, by cutting planes in the plane of
// prices.
#pragma once

#include <optional>
#include <span>
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
    double room = 0;  // by how much the bound there, with its error, is above D
};

class PriceSearch {
  public:
    PriceSearch(const Problem& problem, Pool& pool)
        : problem_(problem),
          pool_(pool),
          ring_(problem.size() <= many_learners ? largest_ring : 4),
          polygon_(problem) {}

    enum class Outcome { infeasible, open, stopped };
    // `starts` are tried first, as far as they are usable. After `infeasible`, proof() holds the
    // prices; else recent() the last splits found.
    Outcome run(double tau, const Box& box, std::span<const Prices> starts, int max_passes);

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
    static constexpr std::size_t many_learners = std::size_t{1} << 17;  // then splits are large
    const Problem& problem_;
    Pool& pool_;
    std::vector<FoundSplit> ring_;
    std::size_t newest_ = 0;
    std::size_t found_ = 0;
    std::optional<ProvingPrices> proof_;
    long passes_ = 0;
    PricePolygon polygon_;
    std::vector<SplitSums> chunks_;
    std::vector<double> careful_;
    std::vector<Cut> cuts_;  // of all splits of a run
};

}  // namespace mel
