// Whether learners with energies of their own may hold the next whole number of samples: asked of
// a chunk at once, so that few of them need a look of their own.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "base/chunks.hpp"
#include "kernels/battery_passes.hpp"

namespace mel {

// A sample more may take so much more of the bandwidth, and no more where others can take it.
inline constexpr double steep_bandwidth = 1.5;

class RoundedUp {
  public:
    // Reals that the scale has still to multiply.
    RoundedUp(const Pool& pool, LinkLaw law, const KernelInput& in, Stretch learners,
              std::span<const double> samples, double factor)
        : in_(in), first_(learners.first) {
        double next[chunk_size] = {};
        for (std::size_t k = first_; k < learners.last; ++k) {
            next[k - first_] = std::floor(samples[k] * factor) + 1;
        }
        battery_kernels_of(pool, law).bands(in, learners, std::span(next), {up_, rise_});
    }

    // A number of samples, the integer below it, and the fewest that are allowed.
    struct Real {
        double samples, whole, fewest;
    };
    // Takes back what is too steep of d, the real rounded down or up; false where the learner needs
    // a look of its own.
    bool settle(std::size_t k, const Real& at, double& d) const {
        const auto [real, whole, low] = at;
        const double most = in_.max_bandwidth[k];
        if (!(whole <= real && whole >= low)) return false;
        // Convex: from the next whole number on down to the real at most as the slope there says.
        const double up = up_[k - first_];
        const double now = up - rise_[k - first_] * std::max(whole + 1 - real, 0.0);
        const bool level = up < no_limit && up <= std::min(most, steep_bandwidth * now);
        if (!level) d = std::min(d, whole);
        return d <= whole + 1;
    }

  private:
    KernelInput in_;
    std::size_t first_;
    double up_[chunk_size];
    double rise_[chunk_size];
};

}  // namespace mel
