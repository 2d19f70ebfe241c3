// The least energy of all learners together at a given number of local cycles.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mel/buffer.hpp"
#include "mel/problem.hpp"
#include "mel/settings.hpp"

namespace mel {

// A node of a tree of boxes: a division of a learner's samples, d <= at and d > at, or of how many
// learners take part, at most `at` or more; or a box with prices of its own.
struct EnergyNode {
    static constexpr std::int64_t box = -1, takers = -2;
    std::int64_t learner = box;
    std::int64_t at = 0;
    double lambda = 0;  // joules a hertz
    double mu = 0;      // joules a watt
    double nu = 0;      // joules a sample
    double taking = 0;  // joules of taking part, where the box says how many do; below 0 a reward
};

// Of learners that send over the planned link themselves, without limits of energy or bandwidth, or
// of learners that receive over it, whose power is then another's and within P in all. `bound_j` is
// what no plan goes below, by the prices: nu D - lambda B - mu P + sum of min (C - nu d), with C
// the least energy plus lambda times the bandwidth and mu times the power; mu is 0 where they send.
// A guess but for its rounding errors, which are taken off; the prices are for who wants to look.
// Without a plan the columns are empty.
struct LeastEnergy {
    double value_j = 0;
    double bound_j = 0;
    double lambda = 0;  // joules a hertz
    double mu = 0;      // joules a watt
    double nu = 0;      // joules a sample
    double taking = 0;  // joules of taking part, where it is said how many do
    Buffer<std::int64_t> samples;
    Buffer<double> bandwidth_hz;
    Buffer<double> power_w;
    Buffer<double> speed;  // of full speed
    std::int64_t passes = 0;
    bool stopped = false;
    // Where these prices alone prove less: boxes of splits, in preorder.
    std::vector<EnergyNode> tree;
};
// `known` samples, if any, are a plan's in which `tau` local cycles fit.
LeastEnergy least_energy(const Problem& problem, std::int64_t tau, const Settings& settings,
                         std::span<const std::int64_t> known = {});

}  // namespace mel
