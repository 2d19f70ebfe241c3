#include "passes/sweeps.hpp"

#include <algorithm>

#include "learner/pacing.hpp"

namespace mel {

SweepsHere::Few::Few(const Problem& problem, const Pool& pool, Boxes& boxes) {
    if (problem.size() > chunk_size || problem.limits()) return;
    in_ = kernel_input(problem, boxes.root(), {});
    kernels_ = &kernels_of(pool).of(problem.law());
}

double SweepsHere::impossible_cycle(double tau) {
    const Box box = boxes_.real(tau);
    return largest_over_learners(pool_, problem_.size(), [&](std::size_t k) {
        const double least = std::max(box.low(k), 0.0);
        if (problem_.excused() && least == 0) return 0.0;
        return -demand_at(problem_, k, Timing{tau, 0}, least, Energy::generous).slack(least);
    });
}

}  // namespace mel
