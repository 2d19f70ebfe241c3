// Both ends of a bracket brought together by decisions, where learners are so few that one costs
// next to nothing.
#pragma once

#include <cstdint>

#include "learner/response.hpp"
#include "mel/least.hpp"

namespace mel {

inline constexpr std::size_t soon_decided = 4096;  // learners

// `part`: of a problem whose other learners may hold what these can not. Not for bandwidth.
void close_by_decisions(const Problem& part, std::int64_t tau, Resource resource,
                        const Settings& settings, Interval box, Bracket& known);

}  // namespace mel
