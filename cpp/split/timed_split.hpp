// A split of the samples with what it is for.
#pragma once

#include <span>

#include "kernels/kernels.hpp"

namespace mel {

struct TimedSplit {
    double tau;
    double cycle_s;
    std::span<const double> samples;

    TimedSplit within(double other_cycle_s) const { return {tau, other_cycle_s, samples}; }
};

}  // namespace mel
