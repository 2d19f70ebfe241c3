// Where one learner more or less is a visible share: learners that are torn between few samples and
// many are held to one side each, in boxes that each have prices and a split of their own. All of
// it within the table of near answers; what is proved is looked at in full.
#pragma once

#include <cstdint>
#include <vector>

#include "blocks/block_core.hpp"
#include "blocks/block_prices.hpp"
#include "mel/result.hpp"

namespace mel {

class BlockTree {
  public:
    // The table was gathered at `point`, `box` is that of all learners.
    BlockTree(const Problem& problem, const Box& box, double tau, Resource resource,
              const BlockPoint& point, double radius, const BlockAnswers& answers, Pool& pool);

    // Boxes until none rules out clearly less than the best split needs. The split to be sought
    // leaves no more than `goal` blocks. `at_once`: or only the whole.
    void grow(double goal, bool at_once);
    // Of that split: what it needs as the table says, infinite where there is none.
    double amount() const { return amount_; }
    const std::vector<double>& samples() const { return samples_; }
    const std::vector<double>& blocks() const { return blocks_; }
    std::size_t leaves() const { return leaves_; }

    // Whether every box is proved to hold nothing with what `here` has.
    bool refute(const Problem& here);
    const std::vector<TreeNode>& proof() const { return proof_; }
    std::int64_t passes() const { return passes_; }

  private:
    struct Node {
        BlockTable table;
        BlockDual::Place place;
        double rules_out = 0;
        // Where it is split; a leaf has no boxes below it.
        std::uint32_t learner = 0;
        double most = 0;
        std::size_t below = 0, above = 0;
    };
    BlockDual dual(const Node& node) const;
    void open(BlockTable table, double goal);
    bool split(std::size_t at, double goal);
    double divide(std::uint32_t learner, double few, double many) const;
    bool refute_box(const Problem& here, std::size_t at);

    const Problem& problem_;
    const Box& box_;
    double tau_;
    Resource resource_;
    BlockPoint point_;
    double radius_;
    const BlockAnswers& answers_;
    Pool& pool_;
    std::vector<Node> nodes_;
    std::size_t leaves_ = 0;
    double amount_;
    std::vector<double> samples_, blocks_;
    std::vector<double> low_, high_;
    std::vector<SplitSums> chunks_;
    std::vector<double> taken_;
    std::vector<TreeNode> proof_;
    std::int64_t passes_ = 0;
};

}  // namespace mel
