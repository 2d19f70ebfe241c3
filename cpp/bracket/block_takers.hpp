// The least in whole blocks where few of many learners take part: the problem of the few is asked
// in place of the whole, and its proof looked at with all others.
#pragma once

#include <functional>
#include <optional>

#include "blocks/block_prices.hpp"
#include "learner/response.hpp"
#include "mel/least.hpp"

namespace mel {

// How both ends are found for a part of the learners, in so many seconds, from where others looked.
using BracketOfPart =
    std::function<Bracket(const Problem& part, double time_limit_s, const BlockPoint& from)>;

// Whether it is worth while to know first about how much is needed.
bool may_be_few(const Problem& problem);

// The problem with about what is needed.
Problem with_about(const Problem& problem, Resource resource, const BlockPoint& rough);

// `rough`: prices and amount from a few hundred learners; `about`: with_about() of it. Empty where
// many take part, or nothing comes of it.
std::optional<Bracket> bracket_of_takers(const Problem& problem, std::int64_t tau,
                                         Resource resource, const Settings& settings, Interval box,
                                         const BlockPoint& rough, const Problem& about,
                                         const BracketOfPart& ask);

}  // namespace mel
