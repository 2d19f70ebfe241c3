// Where the continuous problem stops being feasible: the real tau, or the cycle, at which the best
// prices leave a bound of exactly D. Newton's method in (prices, tau) or (prices, cycle); a guide
// for the exact steps, never a proof.
#pragma once

#include <optional>

#include "base/infinity.hpp"
#include "passes/proof.hpp"
#include "passes/sweeps.hpp"
#include "prices/price_step.hpp"

namespace mel {

// What one more unit of a resource adds to the bound at given prices.
inline double growth(Resource resource, Prices prices, const PassSums& sums) {
    return resource == Resource::cycle       ? sums.value_time
           : resource == Resource::bandwidth ? prices.lambda
                                             : prices.mu;
}

class SwitchingPoint {
  public:
    // `problem` is asked for what it says of all learners together, never for one of them.
    SwitchingPoint(const Problem& problem, Pool& pool, Sweeps& sweeps);

    // A cold start: a guess of tau and prices from typical numbers.
    PassPoint guess() const;
    void leave_out_power(Prices& prices) const;

    // Moves point.tau and prices towards that point. True once tau is known well enough to tell
    // its integer part, or to the relative tolerance. stride > 1 looks at a sample of the learners
    // only. No tau above `most` is looked at: towards the end of what the learners can hold at all,
    // prices lose all measure.
    struct Search {
        double tolerance;
        int max_passes;
        std::size_t stride = 1;
        double most = infinity;
    };
    bool find_tau(PassPoint& point, const Search& search);

    // What the last find_tau() foretells of another tau near that point, at the same cycle; or in
    // the cycle in which as many samples fit.
    PassPoint foretold(const PassPoint& from, double tau) const;
    PassPoint foretold_cycle(const PassPoint& from, double tau) const;

    // Moves point.cycle_s and prices towards that point at point.tau.
    bool find_cycle(PassPoint& point, const Search& search) {
        return find_least(point, Resource::cycle, search);
    }

    // The same for any resource; bandwidth and power are then this object's own.
    bool find_least(PassPoint& point, Resource resource, const Search& search);
    double amount(Resource resource, const PassPoint& point) const;

    // Of what the last such search looked at: the prices that rule out most, and how much. Where
    // responses jump Newton's steps circle that point and these are the nearest.
    struct Best {
        PassPoint point{};
        double amount = 0;
    };
    const Best& best() const { return best_; }

    // Whether the bound is so far below D at these very prices that half a pass can tell.
    std::optional<ProvingPrices> refute_roughly(const PassPoint& point);

    // Moves the prices to a bound below D at point.tau, if the real bound gets there with room for
    // rounding.
    std::optional<ProvingPrices> prove(PassPoint& point, int max_passes);

    // Whether the bound is below D at these very prices, with room for rounding.
    std::optional<ProvingPrices> refute(const PassPoint& point);

    long passes() const { return passes_; }

  private:
    // By what the best prices change with tau and with the cycle.
    struct Drift {
        double share = 0;  // of sending in the cycle, where this was found; 0: unknown
        double model = 0;  // of the bits that are sent, nearly
        // To such multiples of both.
        struct Times {
            double tau = 1, cycle = 1;
        };
        double by(Times times) const;
    };
    Drift drift(const PassPoint& point, const PassSums& sums) const;
    double bound(const PassPoint& point, const PassSums& sums) const;
    PassSums pass(const PassPoint& point, std::size_t stride);
    // The sums' own, or that of a careful pass where only doubts keep them from one.
    std::optional<ProvingPrices> proof_by(const PassPoint& point, const PassSums& sums);

    const Problem& problem_;
    Pool& pool_;
    Sweeps& sweeps_;
    Budgets budgets_;
    double model_share_;       // of the bits that learners are sent, nearly
    Drift drift_;              // where find_tau() ended,
    double cycle_by_tau_ = 0;  // and by how much a longer cycle makes up for a local cycle more
    Best best_;
    long passes_ = 0;
};

}  // namespace mel
