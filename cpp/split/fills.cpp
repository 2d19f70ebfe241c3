#include "split/fills.hpp"

#include "base/chunks.hpp"
#include "kernels/battery_passes.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

// What the learners [first, last) take,
struct Filling {
    std::span<const double> samples;
    const KernelInput& in;
    Kernels::Fill kernel;

    FillSums operator()(std::size_t first, std::size_t last) const {
        return kernel(in, {first, last}, samples);
    }
};

// and what they get.
struct Allocating {
    std::span<const double> samples;
    const AllocationScale& scale;
    const Shares& shares;
    const KernelInput& in;
    Kernels::Allocate kernel;

    AllocationSums operator()(std::size_t first, std::size_t last) const {
        return kernel(in, scale, {first, last}, samples, shares);
    }
};

}  // namespace

// Nothing but the point changes from look to look.
const KernelInput& FillsHere::at(const TimedSplit& split, double ratio) {
    if (!in_) {
        in_ = kernel_input(problem_, {}, {});
        in_->excused = rests_;
    }
    in_->point = {split.tau, split.cycle_s, {1.0, ratio}};
    return *in_;
}

std::vector<FillSums>& FillsHere::fill_chunks(const TimedSplit& split, double ratio,
                                              std::size_t stride, Roots roots) {
    KernelInput in = at(split, ratio);
    in.stride = stride;
    each_chunk(pool_, problem_.size(), chunks_,
               Filling{split.samples, in, fill_loop(pool_, problem_.law(), in, roots)}, stride);
    return chunks_;
}

FillSums FillsHere::fill(const TimedSplit& split, double ratio, Roots roots) {
    const KernelInput& in = at(split, ratio);
    return sum_over_chunks(pool_, problem_.size(), chunks_,
                           Filling{split.samples, in, fill_loop(pool_, problem_.law(), in, roots)});
}

FillSums FillsHere::fill_some(const TimedSplit& split, double ratio, std::size_t stride,
                              Roots roots) {
    return reduce_tree(std::span<FillSums>(fill_chunks(split, ratio, stride, roots)));
}

std::vector<AllocationSums>& FillsHere::allocate_chunks(const TimedSplit& split,
                                                        const FillPoint& finish,
                                                        const AllocationScale& scale,
                                                        const Shares& shares, Roots roots) {
    const KernelInput& in = at(split.within(finish.cycle_s), finish.ratio);
    each_chunk(pool_, problem_.size(), allocation_chunks_,
               Allocating{split.samples, scale, shares, in,
                          allocate_loop(pool_, problem_.law(), in, roots)});
    return allocation_chunks_;
}

AllocationSums FillsHere::allocate(const TimedSplit& split, const FillPoint& finish,
                                   const AllocationScale& scale, const Shares& shares,
                                   Roots roots) {
    const KernelInput& in = at(split.within(finish.cycle_s), finish.ratio);
    return sum_over_chunks(pool_, problem_.size(), allocation_chunks_,
                           Allocating{split.samples, scale, shares, in,
                                      allocate_loop(pool_, problem_.law(), in, roots)});
}

double FillsHere::least_cycle(const TimedSplit& split) {
    const LearnerLimits* limits = problem_.limits();
    if (!limits || (!limits->caps() && problem_.batteries())) return 0;
    const bool capped = limits->caps();
    const double least = largest_over_learners(pool_, problem_.size(), [&](std::size_t k) {
        const double d = split.samples[k];
        if (rests_ && d == 0) return 0.0;
        const Demand demand = demand_at(problem_, k, Timing{split.tau, 0}, d);
        if (!capped) return -demand.slack(d);
        const double bits = demand.alpha * d + demand.beta;
        return -demand.slack(d) + bits / limits->max_rate[k];
    });
    return least * (1 + rounding::least_cycle);
}

}  // namespace mel
