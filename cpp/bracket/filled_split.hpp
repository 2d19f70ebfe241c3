// A split in which learners that take all or nothing make up for the samples that are too many or
// too few: a few of those nearest to doing otherwise, whose sizes add up to that.
#pragma once

#include <cstdint>
#include <span>

#include "least/least_parts.hpp"

namespace mel {

struct FilledSplit {
    Buffer<std::int64_t> samples;  // empty where none needs less than is known to suffice
    SplitNeed need;
    std::int64_t passes = 0;
};

// What is too little, and what suffices.
struct Ends {
    double lower, upper;
};
// What that split needs, near such prices. In one pass.
FilledSplit split_near(const Problem& problem, double tau, Prices prices,
                       std::span<const double> held, Resource resource, Ends ends, Pool& pool);
// At the best prices of samples.
FilledSplit filled_split(const Problem& problem, const PassPoint& point, Resource resource,
                         Ends ends, Workshop& shop);

}  // namespace mel
