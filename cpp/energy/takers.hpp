// Who takes part, decided: where a learner's part costs energy whatever it does, prices leave one
// or a few learners between taking part and not, and no price splits the samples as they need it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/energy_learners.hpp"

namespace mel {

// Those who may rest, by what taking part saves at the prices, most first; `gaining` of them gain.
struct ByGain {
    std::vector<std::size_t> order;
    std::size_t gaining = 0;
};
ByGain by_gain(EnergyLearners& learners, JoulePrices p);

// How many have samples.
double count_takers(std::span<const std::int64_t> samples);

// What taking part must cost, or earn, for as many to gain by it as are allowed to; 0 where they
// do.
double taking_of_count(EnergyLearners& learners, JoulePrices p);

}  // namespace mel
