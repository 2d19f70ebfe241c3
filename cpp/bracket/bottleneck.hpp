// The few learners on whom a least cycle may hang: those who need most of it before they can send
// anything at all, and those whose fewest samples cost most. Near the shortest cycle in which they
// can do their part their costs grow beyond all measure, while those of all others hardly change.
// So the cycle that a pair of prices rules out is found among these few, with what all others add
// up to at the last look; and a sample of the learners tells nothing without them.
#pragma once

#include <cstddef>
#include <vector>

#include "base/chunks.hpp"
#include "learner/boxes.hpp"
#include "mel/problem.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

class Bottleneck {
  public:
    // Nobody where all learners may rest, or are few. `point`: a cycle and prices thereabouts.
    Bottleneck(const Problem& problem, Interval scheme, const PassPoint& point, Pool& pool);
    Bottleneck(const Bottleneck&) = delete;

    bool empty() const { return learners_.empty(); }
    const std::vector<std::size_t>& learners() const { return learners_; }  // sorted
    double shortest_s() const { return shortest_s_; }  // below, one of them can not do its part

    // What they add to the bound and to what is taken; `impossible` is then above 0 where one can
    // not do its part.
    SplitSums whole(const PassPoint& point) const;
    PassSums real(const PassPoint& point, Pool& pool) const;
    // Samples less their cost; minus infinity where one can not.
    double value(const PassPoint& point) const;

  private:
    std::vector<std::size_t> learners_;
    Problem few_;
    Boxes boxes_;
    Box real_box_, box_;
    double shortest_s_ = 0;
    mutable std::vector<double> samples_;
};

}  // namespace mel
