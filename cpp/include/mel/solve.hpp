// The whole question: the largest tau, a plan for it, and the proof that one more is too much.
#pragma once

#include <cstdint>

#include "mel/problem.hpp"
#include "mel/result.hpp"
#include "mel/settings.hpp"

namespace mel {

Result solve(const Problem& problem, const Settings& settings);

// The same question about one tau alone: tau = `tau` with a plan, or bound = tau - 1 with the proof
// that it is too much, or neither (undecided, or stopped).
Result decide(const Problem& problem, std::int64_t tau, const Settings& settings);

}  // namespace mel
