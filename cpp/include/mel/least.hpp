// How little of one resource a tau needs: an estimate from the continuous problem, the exact need
// of one split, and what every resource is worth.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mel/boundary.hpp"
#include "mel/solve.hpp"

namespace mel {

// The resource of which the continuous problem needs `amount` for tau; a guide, never a proof.
struct Estimate {
    double amount;
    Prices prices;
    bool converged;
};
Estimate estimate_least(const Problem& problem, std::int64_t tau, Resource resource,
                        const Settings& settings);

// The least amount with which a split that fits the problem still does, up to a relative 1e-11, and
// an allocation that keeps every constraint with exactly that amount. No allocation (empty) where
// double precision can not vouch for it; nothing is allotted, and the amount is zero, where the
// split needs none of the resource.
struct Settled {
    double amount = 0;
    std::vector<double> bandwidth_hz;
    std::vector<double> power_w;
    std::vector<std::int64_t> blocks;  // empty where bandwidth is divisible at will
};
Settled settle(const Problem& problem, std::int64_t tau, std::span<const std::int64_t> samples,
               Resource resource, const Settings& settings);

// The least bound on the samples that fit at tau (as real numbers), and how it grows with each
// resource.
struct Worth {
    double samples;
    double per_s;
    Prices prices;
    bool possible;  // false: some served learner can not come home in time at any rate
};
Worth worth_at(const Problem& problem, double tau, const Settings& settings);

}  // namespace mel
