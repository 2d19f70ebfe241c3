// The few learners whose other answers make up, together and for the least loss, for the samples
// and blocks that everybody's best leave too many or too few: exact among those looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "base/parallel.hpp"
#include "blocks/block_answers.hpp"
#include "blocks/block_dual.hpp"
#include "learner/resource_blocks.hpp"

namespace mel {

class BlockCore {
  public:
    // `everybody` says what those do who have no choice.
    BlockCore(const BlockAnswers& everybody, const BlockTable& table, const BlockDual& dual,
              const BlockDual::Place& place);

    // The answers of all learners, D samples in all and at most so many blocks, of which one that
    // is left costs `unused`; false where none were found.
    bool solve(InBlocks all, double unused, Stop& stop);
    const std::vector<double>& samples() const { return samples_; }
    const std::vector<double>& blocks() const { return blocks_; }
    // By how much these answers are worth less than the bound, in samples.
    double loss() const { return loss_; }

  private:
    // Another answer of a learner, and what it adds.
    struct Move {
        std::uint32_t learner;
        double samples, blocks, loss;
    };
    // All moves of one learner, the least loss first.
    struct Item {
        std::uint32_t first, last;
    };
    // Of what is still to be added.
    void come_near(InBlocks& left, double unused);
    bool fill_table(InBlocks left, double unused, Stop& stop);
    // The least loss with which the fine moves add it, blocks that stay unused included, and so
    // many blocks less.
    struct Finish {
        double loss, blocks;
    };
    Finish finish(InBlocks left, double unused) const;
    void trace(InBlocks left);
    void take(const Move& move);

    std::vector<double> samples_, blocks_;
    std::vector<Move> moves_;
    std::vector<Item> fine_;
    std::vector<Move> coarse_;
    CompensatedSum total_samples_, total_blocks_;
    double loss_ = 0;
    std::vector<double> costs_;          // of what the fine moves add to
    std::vector<std::uint8_t> choices_;  // of every item, for every sum
};

}  // namespace mel
