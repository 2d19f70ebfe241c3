// One look at a given split: what it takes, and what it gets. The learners may be in this
// problem's columns, or in shards elsewhere; a split that is elsewhere has no samples here.
#pragma once

#include <optional>
#include <vector>

#include "base/parallel.hpp"
#include "kernels/kernels.hpp"
#include "split/timed_split.hpp"

namespace mel {

// Where a split is looked at other than in its own cycle.
struct FillPoint {
    double cycle_s;
    double ratio;  // mu / lambda
};

class Fills {
  public:
    virtual ~Fills() = default;
    // What the split takes at the price ratio mu/lambda.
    virtual FillSums fill(const TimedSplit& split, double ratio, Roots roots) = 0;
    // The same of every stride-th group of the learners, nothing scaled.
    virtual FillSums fill_some(const TimedSplit& split, double ratio, std::size_t stride,
                               Roots roots) = 0;
    // Writes what everybody gets to finish there, scaled, and looks at it.
    virtual AllocationSums allocate(const TimedSplit& split, const FillPoint& finish,
                                    const AllocationScale& scale, const Shares& shares,
                                    Roots roots) = 0;
    // No shorter cycle carries the samples at the learners' largest rates, or at any where nothing
    // is capped; 0 where nothing is limited at all.
    virtual double least_cycle(const TimedSplit& split) = 0;
};

class FillsHere final : public Fills {
  public:
    // `rests`: who has no samples takes no part, whatever the problem says of idle learners.
    FillsHere(const Problem& problem, Pool& pool, bool rests = false)
        : problem_(problem), pool_(pool), rests_(rests || problem.excused()) {}

    FillSums fill(const TimedSplit& split, double ratio, Roots roots) override;
    FillSums fill_some(const TimedSplit& split, double ratio, std::size_t stride,
                       Roots roots) override;
    AllocationSums allocate(const TimedSplit& split, const FillPoint& finish,
                            const AllocationScale& scale, const Shares& shares,
                            Roots roots) override;
    double least_cycle(const TimedSplit& split) override;

    // The same, not added up yet.
    std::vector<FillSums>& fill_chunks(const TimedSplit& split, double ratio, std::size_t stride,
                                       Roots roots);
    std::vector<AllocationSums>& allocate_chunks(const TimedSplit& split, const FillPoint& finish,
                                                 const AllocationScale& scale, const Shares& shares,
                                                 Roots roots);

  private:
    const KernelInput& at(const TimedSplit& split, double ratio);

    const Problem& problem_;
    Pool& pool_;
    bool rests_;
    std::optional<KernelInput> in_;  // of the last look, at all learners
    std::vector<FillSums> chunks_;
    std::vector<AllocationSums> allocation_chunks_;
};

}  // namespace mel
