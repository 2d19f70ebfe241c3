// The least amount by one tree: a split that fits lowers what all boxes still open are asked about,
// and a box ruled out at more is ruled out at less.
#pragma once

#include <cstdint>
#include <vector>

#include "least/least_parts.hpp"
#include "tree/branch_and_bound.hpp"

namespace mel {

class ShrinkingTree {
  public:
    // `part`: of a problem whose other learners may hold what these can not. Not for the cycle,
    // which changes what learners are able to do.
    ShrinkingTree(const Problem& problem, double tau, Resource resource, Boxes& boxes, Pool& pool,
                  bool part);

    // Brings the two ends as near to each other as `width`, relative, beginning with a split;
    // what it learns of either end is kept also where the tree does not end. True if the lower end
    // rose.
    bool close(Bracket& known, Prices start, double width);

    std::int64_t passes() const { return tree_.passes() + filling_.passes() + passes_; }

  private:
    bool fits(Bracket& known);
    bool back();
    void ask(double amount);

    const Problem& problem_;
    double tau_;
    Resource resource_;
    Pool& pool_;
    Problem here_;  // with what the open boxes are asked about
    WholeSamples rounding_;
    WaterFilling filling_;
    BlockFilling block_filling_;
    BranchAndBound tree_;
    double goal_ = 0;  // what has to be ruled out
    double width_ = 0;
    double step_ = 0;  // below the best split, in units of the width: hopefully attained
    std::int64_t passes_ = 0;
};

}  // namespace mel
