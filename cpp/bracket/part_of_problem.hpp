// The least of a resource for a part of the learners: a sample that tells where prices are, and
// those who matter, whose answer is that of all.
#pragma once

#include <cstddef>
#include <vector>

#include "bracket/least_prices.hpp"

namespace mel {

struct SampledPrices {
    const Problem& problem;
    Interval box;
    Resource resource;
    double too_short;
    const Bottleneck* few = nullptr;  // on whom the cycle may hang: looked at beside the sample

    // Searches among a sample of the learners; nothing moved where that leads nowhere or there are
    // too few for one, or where the sample climbs: then the point is where it did.
    enum class Led { there, nowhere, up };
    Led search(PassPoint& point, double& amount, LeastPrices::Cycles cycles, Pool& pool) const;
};

// What was found for the learners `part`, in the columns of the whole problem.
Bracket in_whole_columns(Bracket found, const std::vector<std::size_t>& part, std::size_t size);

}  // namespace mel
