// Single samples from one learner to another that may lower the energy of a split.
#pragma once

#include <span>
#include <vector>

#include "energy/energy_learners.hpp"

namespace mel {

struct SampleMove {
    double cost;
    std::size_t from, to;
};

// The best first, a few of them. At the price at which a split takes the bandwidth only a move that
// costs less can save.
std::vector<SampleMove> sample_moves(EnergyLearners& learners, std::span<const double> whole,
                                     HertzPrice price);

}  // namespace mel
