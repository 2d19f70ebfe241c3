// The least of one resource in whole blocks, from both sides at once.
#pragma once

#include "least/least_parts.hpp"
#include "mel/least.hpp"

namespace mel {

Bracket block_bracket(const Problem& problem, std::int64_t tau, Resource resource,
                      const Settings& settings, Interval box);
// The same from prices that are nearly right, for an amount that nearly suffices.
Bracket block_bracket_near(const Problem& problem, std::int64_t tau, Resource resource,
                           const Settings& settings, Interval box, Prices prices, double amount);

}  // namespace mel
