// Whole samples where some learners are fixed to one of their answers: a split that the model
// found, and the proof of a tree of such boxes.
#pragma once

#include <cstdint>
#include <vector>

#include "bracket/jump_tree.hpp"
#include "bracket/least_prices.hpp"
#include "tree/branch_and_bound.hpp"

namespace mel {

class FixedChoices {
  public:
    // Around the best prices of a search, at `point`; `whole` is the box of all learners.
    FixedChoices(const Problem& problem, const LeastPrices& prices, const PassPoint& point,
                 const Box& whole, double radius, Pool& pool);

    // The best whole samples with those learners fixed, and the prices they are best at; not usable
    // where a box holds nothing.
    Prices best_samples(const JumpTree::Found& found, const Problem& here,
                        std::vector<double>& samples);

    // Whether prices refute every leaf of the tree with what `here` has; proof() is then the tree
    // as a certificate has it.
    bool refute(const JumpTree& tree, const Problem& here);
    const std::vector<TreeNode>& proof() const { return proof_; }

    std::int64_t passes() const { return passes_; }

  private:
    const Jump& jump(std::size_t index) const { return prices_.model().jumps[index]; }
    bool takes_few(const Jump& jump) const {
        return prices_.samples()[jump.learner] < jump.samples;
    }
    Prices moved(const JumpModel::Place& place) const;
    SplitSums look(const Problem& here, Prices prices, std::vector<double>& samples);
    double divide(const Jump& jump) const;
    bool refute_box(const JumpTree& tree, std::size_t at, const Problem& here);
    bool refute_leaf(Prices prices, const Problem& here);

    void fix_below(std::size_t learner, double most);
    void fix_above(std::size_t learner, double most);
    void set(std::vector<double>& bounds, std::size_t learner, double bound);
    void undo(std::size_t down_to);

    struct Change {
        std::vector<double>* bounds;
        std::size_t learner;
        double was;
    };

    const Problem& problem_;
    const LeastPrices& prices_;
    PassPoint point_;
    double radius_;
    Pool& pool_;
    std::vector<double> low_, high_;
    std::vector<Change> undone_;
    std::vector<SplitSums> chunks_;
    std::vector<double> samples_;
    std::vector<TreeNode> proof_;
    std::int64_t passes_ = 0;
};

}  // namespace mel
