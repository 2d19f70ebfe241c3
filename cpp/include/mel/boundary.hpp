// Where the continuous problem stops being feasible: the real tau, or the cycle, at which the best
// prices leave a bound of exactly D. Newton's method in (prices, tau) or (prices, cycle); a guide
// for the exact steps, never a proof.
#pragma once

#include <cstdint>
#include <vector>

#include "mel/real_pass.hpp"

namespace mel {

class Boundary {
  public:
    Boundary(const Problem& problem, Pool& pool, UniformBox box)
        : problem_(problem), pool_(pool), box_(box) {}

    // A cold start: a guess of tau and prices from typical numbers.
    PassPoint guess() const;

    // Moves point.tau and prices towards the boundary. True once tau is known well enough to tell
    // its integer part, or to the relative tolerance. stride > 1 looks at a sample of the learners
    // only.
    bool find_tau(PassPoint& point, double tolerance, int max_passes, std::size_t stride = 1);

    // Moves point.cycle_s and prices towards the boundary at point.tau.
    bool find_cycle(PassPoint& point, double tolerance, int max_passes, std::size_t stride = 1);

    // Moves the prices to a bound below D at point.tau: true if the real bound gets there with room
    // for rounding.
    bool prove(PassPoint& point, int max_passes);

    long passes() const { return passes_; }

  private:
    struct Step {
        double d_lambda;  // changes of ln lambda and ln mu
        double d_mu;
        double drop;       // predicted fall of the bound
        double over_band;  // ln(sum B_k / B)
        double over_power;
    };
    PassSums pass(const PassPoint& point, std::size_t stride);
    double bound(const PassPoint& point, const PassSums& sums) const;
    Step newton(const PassPoint& point, const PassSums& sums) const;

    const Problem& problem_;
    Pool& pool_;
    UniformBox box_;
    std::vector<PassSums> blocks_;
    long passes_ = 0;
};

}  // namespace mel
