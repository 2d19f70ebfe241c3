// The fewest blocks for a split: by the price at which power just suffices.
#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "split/block_filling.hpp"

namespace mel {
namespace {
constexpr double close_to_all = 1e-6;   // of the power: near enough to all of it
constexpr double finest_ratio = 1e-12;  // of the prices: who ties there is not parted
}  // namespace

bool BlockFilling::give_out_fewest(const TimedSplit& split, double& ratio) {
    if (!rates_at(split)) return false;
    const double watt = problem_.power_w() * (1 - rounding::block_filling_verdict);
    double low = -infinity, high = infinity;  // in ln ratio: too much power, and not
    double z = std::log(ratio);
    double stride = 1e-3;
    for (int step = 0; step < 100; ++step) {
        const BlockSums sums = pass(split, std::exp(z));
        if (pool_.stop().check() || sums.impossible > 0) return false;
        const double power = sums.power.value();
        const bool enough = power <= watt;
        (enough ? high : low) = z;
        if (enough && above(sums.blocks, sums.fewest.value()) <= 0) break;  // no fewer serve
        if (enough && (power > watt * (1 - close_to_all) || high - low < finest_ratio)) break;
        if (high - low < finest_ratio)
            z = high;
        else if (low > -infinity && high < infinity)
            z = 0.5 * (low + high);
        else {
            // Power falls about as the price of a block's worth rises.
            stride = std::min(std::max(2 * stride, std::fabs(std::log(power / watt))), 8.0);
            z += enough ? -stride : stride;
            if (!(std::fabs(z) < 600)) return false;
        }
    }
    ratio = std::exp(z);
    CompensatedSum taken, power;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
        taken.add(counts_[k]);
        power.add(powers_[k]);
    }
    given_ = true;
    power_ = power.value();
    return power_ <= watt && above(taken, problem_.block_budget()) <= 0;
}

}  // namespace mel
