#include "split/fills.hpp"

#include "base/chunks.hpp"
#include "kernels/battery_passes.hpp"
#include "learner/response.hpp"

namespace mel {
namespace {

// What the learners [first, last) take,
struct Filling {
    std::span<const double> samples;
    KernelInput in;
    Kernels::Fill kernel;

    Filling(const Problem& problem, const Pool& pool, const TimedSplit& split, double ratio)
        : samples(split.samples),
          in(kernel_input(problem, {}, {split.tau, split.cycle_s, {1.0, ratio}})),
          kernel(fill_loop(pool, problem.law(), in)) {}
    FillSums operator()(std::size_t first, std::size_t last) const {
        return kernel(in, {first, last}, samples);
    }
};

// and what they get.
struct Allocating {
    std::span<const double> samples;
    const AllocationScale& scale;
    const Shares& shares;
    KernelInput in;
    Kernels::Allocate kernel;

    Allocating(const Problem& problem, const Pool& pool, const TimedSplit& split, double ratio,
               const AllocationScale& by, const Shares& to)
        : samples(split.samples),
          scale(by),
          shares(to),
          in(kernel_input(problem, {}, {split.tau, split.cycle_s, {1.0, ratio}})),
          kernel(allocate_loop(pool, problem.law(), in)) {}
    AllocationSums operator()(std::size_t first, std::size_t last) const {
        return kernel(in, scale, {first, last}, samples, shares);
    }
};

}  // namespace

std::vector<FillSums>& FillsHere::fill_chunks(const TimedSplit& split, double ratio,
                                              std::size_t stride) {
    Filling filling(problem_, pool_, split, ratio);
    filling.in.stride = stride;
    each_chunk(pool_, problem_.size(), chunks_, filling, stride);
    return chunks_;
}

FillSums FillsHere::fill(const TimedSplit& split, double ratio) {
    return sum_over_chunks(pool_, problem_.size(), chunks_, Filling(problem_, pool_, split, ratio));
}

FillSums FillsHere::fill_some(const TimedSplit& split, double ratio, std::size_t stride) {
    return reduce_tree(std::span<FillSums>(fill_chunks(split, ratio, stride)));
}

std::vector<AllocationSums>& FillsHere::allocate_chunks(const TimedSplit& split, double finish_s,
                                                        double ratio, const AllocationScale& scale,
                                                        const Shares& shares) {
    each_chunk(pool_, problem_.size(), allocation_chunks_,
               Allocating(problem_, pool_, split.within(finish_s), ratio, scale, shares));
    return allocation_chunks_;
}

AllocationSums FillsHere::allocate(const TimedSplit& split, double finish_s, double ratio,
                                   const AllocationScale& scale, const Shares& shares) {
    return sum_over_chunks(
        pool_, problem_.size(), allocation_chunks_,
        Allocating(problem_, pool_, split.within(finish_s), ratio, scale, shares));
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
