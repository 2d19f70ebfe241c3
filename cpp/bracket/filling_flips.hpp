// Learners that take their other answer, so that what all hold is a given sum.
#pragma once

#include <cstddef>
#include <vector>

#include "bracket/jump_model.hpp"

namespace mel {

// The jumps with which `over` too much of what `held` has is none, for the least loss of value, by
// a knapsack over those nearest to switching; whole numbers. Empty where none do.
std::vector<std::size_t> flips_that_fill(const std::vector<Jump>& jumps,
                                         const std::vector<double>& held, double over);

}  // namespace mel
