// The search for a bracket by prices: those of the real samples first, then of whole ones, and a
// tree about them where learners switch between answers.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>

#include "learner/response.hpp"
#include "mel/least.hpp"

namespace mel {

inline constexpr double ends_apart = 9e-10;  // relative: ends so far apart are brought nearer

// Asked before a tree is grown, with what is enclosed, perhaps of a part of the learners: whether
// the ends are near enough to each other by something else.
using BeforeTree = std::function<bool(const Bracket& found)>;

// `part`: of a problem whose other learners may hold what these can not.
// Throws std::invalid_argument where the search left what a problem may be.
Bracket bracket_search(const Problem& problem, std::int64_t tau, Resource resource,
                       const Settings& settings, Interval box, double too_short, bool part = false,
                       const BeforeTree& before = {});

}  // namespace mel
