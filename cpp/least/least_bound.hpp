// Where the dual bound on the samples that fit at a tau is least: a convex function of two prices,
// none below zero.
#pragma once

#include <vector>

#include "mel/least.hpp"
#include "prices/polygon.hpp"
#include "prices/price_polygon.hpp"
#include "prices/price_step.hpp"

namespace mel {

class LeastBound {
  public:
    LeastBound(const Problem& problem, Pool& pool, const Box& box, double tau);

    BoundOutcome run(const Budgets& amounts, Prices start);

    double bound() const { return bound_; }
    Prices prices() const { return prices_; }  // zero where more of a budget is worth nothing
    double per_s() const { return per_s_; }    // d bound / d cycle, where it is smooth
    bool smooth() const { return smooth_; }    // one response fits the budgets, not a mixture
    bool flat() const { return flat_; }        // as low at prices apart
    double noise() const;                      // by how much the bound found may be too high
    long passes() const { return passes_; }

  private:
    // The response to one pair of prices: linear in the prices, and nowhere above the bound.
    struct Look {
        Prices prices;
        double value;
        double samples, bandwidth, power;
        double per_s;
    };
    enum class Step { on, found, empty, stopped };

    Step look(Prices prices);
    Step descend(Prices start, int max_passes);
    Step close_in();
    Step conclude();
    Step free_prices(Prices& here);
    Step probe(Prices here, double least);
    bool converged(const PriceStep& step) const;
    double over(const Look& look) const;
    double scale() const;
    bool below(double level);
    bool aim(double level, Prices& prices);
    Prices at(double band_share, double watt_share) const;
    Cut cut_of(const Look& look, double level) const;

    const Problem& problem_;
    Pool& pool_;
    Box box_;
    double tau_;
    double fewest_ = 0;  // samples that some must take in any case
    Budgets amounts_{};
    PassSums sums_;  // of the last look
    std::vector<Look> looks_;
    std::vector<PassSums> chunks_;
    Look best_{};
    PassSums best_sums_;
    double proved_ = 0;  // no prices have a bound below, by the looks
    Polygon polygon_;
    double bound_ = 0;
    Prices prices_{};
    double per_s_ = 0;
    bool flat_ = false;
    bool smooth_ = true;
    long passes_ = 0;
};

}  // namespace mel
