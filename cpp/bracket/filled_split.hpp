// A split in which learners that take all or nothing make up for the samples that are too many or
// too few: a few of those nearest to doing otherwise, whose sizes add up to that.
#pragma once

#include <cstdint>
#include <span>

#include "base/bracketed.hpp"
#include "least/least_parts.hpp"

namespace mel {

struct FilledSplit {
    Buffer<std::int64_t> samples;  // empty where none needs less than is known to suffice
    SplitNeed need;
    std::int64_t passes = 0;
};

// What that split needs, near such prices, between what is too little and what suffices. In one
// pass.
FilledSplit split_near(const Problem& problem, double tau, Prices prices,
                       std::span<const double> held, Resource resource, Between ends, Pool& pool);
// At the best prices of samples.
FilledSplit filled_split(const Problem& problem, const PassPoint& point, Resource resource,
                         Between ends, Workshop& shop);

}  // namespace mel
