// A sample of the learners that tells prices: those who take most of the budgets, each for itself,
// and every so-many-th of the others.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "blocks/block_prices.hpp"

namespace mel {

class BlockSample {
  public:
    // What everybody would cost about `point`, with bandwidth at will.
    BlockSample(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool);

    // About so many learners; all who might take part, where that is about as many.
    std::vector<BlockPart> parts(std::size_t learners) const;
    std::size_t takers() const { return dearest_.size(); }

  private:
    void add(std::vector<BlockPart>& parts, std::span<const std::size_t> learners,
             double weight) const;

    const Problem& problem_;
    const Box& box_;
    std::vector<std::size_t> dearest_;  // who might take part, the dearest first
};

}  // namespace mel
