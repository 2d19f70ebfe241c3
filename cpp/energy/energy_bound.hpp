// What no plan goes below, at any prices (docs/energy.md).
#pragma once

#include <span>

#include "energy/energy_learners.hpp"

namespace mel {

// `near` are whole samples to begin at.
double energy_bound(EnergyLearners& learners, JoulePrices p, std::span<const double> near);

}  // namespace mel
