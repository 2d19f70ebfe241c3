// Who of many learners stands for all.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mel/problem.hpp"

namespace mel {

// The least that each learner may take, one number each or one for all; whoever may rest has 1.
struct LeastTaken {
    std::span<const double> each = {};
    double all = 1;

    double operator[](std::size_t k) const {
        const double least = each.empty() ? all : each[k];
        return least > 1 ? least : 1;
    }
};

// Of learners in the order of what they need: every so-many-th, and about so many at its end, who
// are all there and not among the others.
struct NeedOrder {
    std::vector<std::size_t> every;
    std::vector<std::size_t> neediest;
    std::size_t others = 0;  // learners that are not at the end
};
struct Sampling {
    std::size_t stride;
    std::size_t neediest = 0;
};
NeedOrder order_by_need(const Problem& problem, double tau, const LeastTaken& least,
                        const Sampling& wanted);

}  // namespace mel
