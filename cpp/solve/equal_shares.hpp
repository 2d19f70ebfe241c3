// The task-only baseline: every learner has B/K and P/K; tau and the samples are free.
#pragma once

#include "mel/solve.hpp"

namespace mel {

Result solve_equal_shares(const Problem& problem, const Settings& settings);
Result decide_equal_shares(const Problem& problem, std::int64_t tau, const Settings& settings);

}  // namespace mel
