// Whether parts of so many samples are worth asking for, and of how many samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bracket/parts_look.hpp"
#include "mel/problem.hpp"
#include "mel/settings.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

// What those who take part hold.
struct HeldByTakers {
    double takers = 0;
    double most = 0;   // samples of a learner
    double usual = 0;  // what more than half of them hold; 0 where that is nothing
};
// Without a split: as if as few took part as may.
HeldByTakers held_by(const Problem& problem, std::span<const std::int64_t> samples);

bool parts_may_count(const Problem& problem, const Settings& settings);

// Parts by which one learner more or less may be told from a share of one, at prices of samples
// alone that are about the best ones.
std::vector<PartSize> parts_that_tell(const Problem& problem, const HeldByTakers& held,
                                      const PassPoint& point, const Box& box, Pool& pool);

}  // namespace mel
