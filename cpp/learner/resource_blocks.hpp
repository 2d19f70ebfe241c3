// Bandwidth in whole blocks of one width (OFDMA): what a learner pays for a rate, and what it would
// do at given prices. Power stays divisible. For n blocks, B = n w:
//   density: P = nu B (e^(rho ln2/B) - 1),   fixed: P = nu (e^(rho ln2/B) - 1),
// both convex and falling in n.
#pragma once

#include <cmath>

#include "base/infinity.hpp"
#include "base/rounding.hpp"
#include "learner/response.hpp"

namespace mel {

// A rate, and the blocks that it is sent in.
struct RateInBlocks {
    double rate;
    double blocks;
};

// What a learner holds, and the blocks in which it is sent.
struct InBlocks {
    double samples;
    double blocks;
};

// One learner's forward link, the width of a block, and what it may take at most.
struct BlockLink : Link {
    double width_hz;
    double most;  // blocks
    double power_cap_w = infinity;

    // What multiplies e^y - 1.
    double scale(double blocks) const {
        return law == LinkLaw::density ? noise * (blocks * width_hz) : noise;
    }
    double exponent(RateInBlocks at) const { return at.rate * ln2 / (at.blocks * width_hz); }
    double power(RateInBlocks at) const {
        return at.rate > 0 ? scale(at.blocks) * std::expm1(exponent(at)) : 0;
    }
    // Blocks (real) below which the rate takes more power than the cap; infinite where no number
    // of them serves.
    double least(double rate) const;
    // Least integer that does, at least one where there is a rate; larger than `most` if none does.
    double least_whole(double rate) const;
    // ln(1 + SNR) at which real blocks are cheapest, without any caps; with the density law the
    // same for every rate.
    double log_gain(double rate, Prices prices) const;
    // The real number of blocks that is cheapest at these prices, without any caps.
    double cheapest(double rate, Prices prices) const;
    // The best integer within the caps, and what it costs; 0 without a rate, negative where the
    // caps forbid the rate.
    struct Bought {
        double blocks, cost;
    };
    Bought buy(double rate, Prices prices, double log_gain) const;
    double best(double rate, Prices prices) const {
        return rate > 0 ? buy(rate, prices, log_gain(rate, prices)).blocks : 0;
    }
};

// What learner k may have: the problem's blocks, within its own limits.
BlockLink block_link(const Problem& problem, std::size_t k);

// What a learner does when it buys whole blocks: as Response, with two numbers for the proof.
struct BlockResponse {
    double samples;
    double blocks;
    double power_w;
    double cost;
    double slack_s;
    double stiffness;   // relative error of the power for one of the rate, at least 1
    double overlooked;  // the true maximum may exceed samples - cost by so much, almost always 0
    bool possible;
};

// Of n blocks, n at least 1. The real d at which one more sample costs a sample, without any caps;
double stationary_samples(const BlockLink& link, const Demand& demand, double n, Prices prices);
// and the most (real) samples that they carry at the power cap.
double most_carried(const BlockLink& link, const Demand& demand, double n);

// The integers d of the box and n that maximise d - lambda w n - mu P(d, n); `off_s`: by how much a
// slack may be off.
BlockResponse respond_in_blocks(const BlockLink& link, const Demand& demand, bool excused,
                                Interval box, Prices prices, double off_s = 0);

// Cost of d samples with the best number of blocks; infinite where the caps or the cycle forbid it.
// Where `log_gain` is known it is not worked out again.
double block_cost(const BlockLink& link, const Demand& demand, bool excused, double d,
                  Prices prices, double log_gain = 0);

}  // namespace mel
