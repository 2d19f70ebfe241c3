#include "split/fills.hpp"

#include "base/chunks.hpp"
#include "kernels/battery_passes.hpp"
#include "learner/response.hpp"

namespace mel {

std::vector<FillSums>& FillsHere::fill_chunks(const TimedSplit& split, double ratio) {
    const KernelInput in = kernel_input(problem_, {}, {split.tau, split.cycle_s, {1.0, ratio}});
    const auto kernel = fill_loop(pool_, problem_.law(), in);
    each_chunk(pool_, problem_.size(), chunks_, [&](std::size_t first, std::size_t last) {
        return kernel(in, {first, last}, split.samples);
    });
    return chunks_;
}

FillSums FillsHere::fill(const TimedSplit& split, double ratio) {
    return reduce_tree(std::span<FillSums>(fill_chunks(split, ratio)));
}

std::vector<AllocationSums>& FillsHere::allocate_chunks(const TimedSplit& split, double finish_s,
                                                        double ratio, const AllocationScale& scale,
                                                        const Shares& shares) {
    const KernelInput in = kernel_input(problem_, {}, {split.tau, finish_s, {1.0, ratio}});
    const auto kernel = allocate_loop(pool_, problem_.law(), in);
    each_chunk(pool_, problem_.size(), allocation_chunks_,
               [&](std::size_t first, std::size_t last) {
                   return kernel(in, scale, {first, last}, split.samples, shares);
               });
    return allocation_chunks_;
}

AllocationSums FillsHere::allocate(const TimedSplit& split, double finish_s, double ratio,
                                   const AllocationScale& scale, const Shares& shares) {
    return reduce_tree(
        std::span<AllocationSums>(allocate_chunks(split, finish_s, ratio, scale, shares)));
}

double FillsHere::least_cycle(const TimedSplit& split) {
    const LearnerLimits* limits = problem_.limits();
    if (!limits || !limits->caps()) return 0;
    const double least = largest_over_learners(pool_, problem_.size(), [&](std::size_t k) {
        const double d = split.samples[k];
        if (problem_.excused() && d == 0) return 0.0;
        const Demand demand = demand_of(problem_, k, split.tau, 0);
        const double bits = demand.alpha * d + demand.beta;
        return -demand.slack(d) + bits / limits->max_rate[k];
    });
    return least * (1 + rounding::least_cycle);
}

}  // namespace mel
