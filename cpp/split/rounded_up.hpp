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
    // The reals of the learners from `first` on, which the scale has still to multiply.
    RoundedUp(const Pool& pool, LinkLaw law, const KernelInput& in, std::size_t first,
              std::size_t last, std::span<const double> samples, double factor)
        : in_(in), first_(first) {
        const auto bands = battery_kernels_of(pool, law).bands;
        double next[chunk_size];
        for (std::size_t k = first; k < last; ++k) {
            next[k - first] = std::floor(samples[k] * factor) + 1;
        }
        bands(in, {first, last}, samples.data() + first, now_);
        bands(in, {first, last}, next, up_);
    }

    // Takes back what is too steep of d, the real rounded down or up; false where the learner needs
    // a look of its own.
    bool settle(std::size_t k, double real, double whole, double low, double& d) const {
        const double now = now_[k - first_];
        const double most = in_.max_bandwidth[k];
        if (!(whole <= real && whole >= low && now <= most)) return false;
        const bool next = up_[k - first_] <= std::min(most, steep_bandwidth * now);
        if (!next) d = std::min(d, whole);
        return d <= whole + 1;
    }

  private:
    const KernelInput& in_;
    std::size_t first_;
    double now_[chunk_size];
    double up_[chunk_size];
};

}  // namespace mel
