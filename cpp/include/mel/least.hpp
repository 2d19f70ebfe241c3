// How little of one resource a tau needs: an estimate from the continuous problem, the exact need
// of one split, and what every resource is worth.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mel/buffer.hpp"
#include "mel/prices.hpp"
#include "mel/problem.hpp"
#include "mel/result.hpp"
#include "mel/settings.hpp"

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
struct SplitNeed {
    double amount = 0;
    Buffer<double> bandwidth_hz;
    Buffer<double> power_w;
    Buffer<std::int64_t> blocks;  // empty where bandwidth is divisible at will
};
SplitNeed least_of_split(const Problem& problem, std::int64_t tau,
                         std::span<const std::int64_t> samples, Resource resource,
                         const Settings& settings);

// Both ends at once, at the prices that rule out most: the best whole samples there are a proof of
// too little, and, repaired to D in all, nearly the best split. With few learners the
// ends may be far apart, or missing; whoever asks looks at their distance.
struct Bracket {
    double lower = 0;              // too little, by the tree; 0 if that is not proved
    std::vector<TreeNode> tree;    // boxes and prices, in preorder
    Prices prices{};               // usable() where the search arrived anywhere
    Buffer<std::int64_t> samples;  // fit need.amount; empty if none were found
    SplitNeed need;                // without samples: about what is needed, or 0
    std::int64_t passes = 0;
};
// `too_short` is a cycle that is known to be.
Bracket bracket(const Problem& problem, std::int64_t tau, Resource resource,
                const Settings& settings, double too_short = 0);

// The least cycle in which computing, returning and the learners' own limits allow tau, however
// much bandwidth and power there is, as two ends close to each other: too short (0 if none is), and
// not (infinite if all are).
struct ReachableCycle {
    double too_short_s = 0;
    double enough_s = 0;
    bool stopped = false;
    std::int64_t passes = 0;
};
ReachableCycle reachable_cycle(const Problem& problem, std::int64_t tau, const Settings& settings);

// Whether tau is impossible however much bandwidth and power there is: bound = tau - 1 with the
// proof, or a larger bound that says nothing.
Result without_radio(const Problem& problem, std::int64_t tau, const Settings& settings);

// `empty`: not even the fewest samples fit, the bound has no least. `stopped`: before its least was
// found; it holds as a bound.
enum class BoundOutcome : std::uint8_t { found, empty, stopped };

// The least bound on the samples that fit at tau (as real numbers), and how it grows with each
// resource: with a little more of it, where it falls faster with less.
struct MarginalValues {
    BoundOutcome outcome;
    double samples;
    double per_s;
    Prices prices;
};
// So many learners must have samples. Where some may sit out, or must take part, nobody may have an
// energy for sending, or for a speed that is chosen.
MarginalValues marginal_values_at(const Problem& problem, double tau, const Settings& settings,
                                  std::int64_t at_least = 0);

}  // namespace mel
