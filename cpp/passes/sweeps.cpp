#include "passes/sweeps.hpp"

#include <algorithm>

#include "learner/response.hpp"

namespace mel {

double SweepsHere::impossible_cycle(double tau) {
    const Box box = boxes_.real(tau);
    return largest_over_learners(pool_, problem_.size(), [&](std::size_t k) {
        const double least = std::max(box.low(k), 0.0);
        if (problem_.excused() && least == 0) return 0.0;
        return -demand_of(problem_, k, tau, 0).slack(least);
    });
}

}  // namespace mel
