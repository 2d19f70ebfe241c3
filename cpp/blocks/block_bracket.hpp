// The least of one resource in whole blocks, from both sides at once.
#pragma once

#include "blocks/block_prices.hpp"
#include "least/least_parts.hpp"
#include "mel/least.hpp"

namespace mel {

// `from`: where others looked first; prices that are not usable where nobody did. `decided`:
// whether some number of blocks suffices is soon decided otherwise.
Bracket block_bracket(const Problem& problem, std::int64_t tau, Resource resource,
                      const Settings& settings, Interval box, const BlockPoint& from,
                      bool decided = false);
// Where it looks first: prices and amount from a few hundred learners; prices that are not usable
// where there are none.
BlockPoint block_prices_roughly(const Problem& problem, std::int64_t tau, Resource resource,
                                const Settings& settings, Interval box);
// Both ends from prices that are nearly right, for an amount that nearly suffices.
Bracket block_bracket_near(const Problem& problem, std::int64_t tau, Resource resource,
                           const Settings& settings, Interval box, Prices prices, double amount);

}  // namespace mel
