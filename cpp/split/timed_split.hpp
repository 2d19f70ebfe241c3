// A split of the samples with what it is for, and where the shares go that it gets.
#pragma once

#include <span>

namespace mel {

struct TimedSplit {
    double tau;
    double cycle_s;
    std::span<const double> samples;

    TimedSplit within(double other_cycle_s) const { return {tau, other_cycle_s, samples}; }
};

struct Shares {
    std::span<double> bandwidth_hz;
    std::span<double> power_w;
};

}  // namespace mel
