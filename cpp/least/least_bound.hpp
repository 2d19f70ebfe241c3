// Where the dual bound on the samples that fit at a tau is least: a convex function of two prices,
// none below zero.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "mel/least.hpp"
#include "passes/choice_pass.hpp"
#include "prices/polygon.hpp"
#include "prices/price_polygon.hpp"
#include "prices/price_step.hpp"

namespace mel {

// With a least number of participants, of a third price too: that of taking part.
class LeastBound {
  public:
    // Who may rest, where some may who have a minimum; and how many must take part at least.
    struct Choice {
        std::span<const double> rests = {};
        double at_least = 0;
    };
    LeastBound(const Problem& problem, Pool& pool, const Box& box, double tau, Choice choice);

    BoundOutcome run(const Budgets& amounts, Prices start);

    double bound() const { return bound_; }
    Prices prices() const { return prices_; }  // zero where more of a budget is worth nothing
    double per_s() const { return per_s_; }    // d bound / d cycle, where it is smooth
    bool smooth() const { return smooth_; }    // one response fits the budgets, not a mixture
    bool flat() const { return flat_; }        // as low at prices apart
    // What time is worth where a mixture fits the budgets; nothing where the looks do not tell.
    std::optional<double> per_s_of_mixture() const;
    double noise() const;  // by how much the bound found may be too high
    long passes() const { return passes_; }

  private:
    static constexpr double close = 1e-11;  // relative: how far above the least a search may end
    static constexpr double sharp = 1e-6;   // relative: where steps are as short, the next is none
    // Worth nothing, and yet a reason to count who takes part.
    static constexpr double unpriced = 1e-200;

    // The response to one pair of prices: linear in the prices, and nowhere above the bound.
    struct Look {
        Prices prices;
        double value;
        double samples, bandwidth, power;
        double per_s;
        double takers;
        double joined;  // what it says of those who take part more than must, or fewer
    };
    struct Seen {
        Look look;
        PassSums sums;
        bool sound;  // all of it finite
    };
    enum class Step { on, found, empty, stopped };

    Step look(Prices prices);
    Step see(Prices prices, double per_learner, Seen& seen);
    void keep(const Seen& seen);
    Step settle(Prices start);
    // least_members.cpp
    Step look_with_members(Prices prices);
    Seen mixed(const Seen& low, const Seen& high, double share) const;
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
    struct Shares {
        double band, power;
    };
    Prices at(Shares of) const;
    Cut cut_of(const Look& look, double level) const;

    const Problem& problem_;
    Pool& pool_;
    Box box_;
    double tau_;
    double fewest_ = 0;  // samples that some must take in any case
    std::span<const double> rests_;
    double at_least_ = 0;          // participants
    double members_price_ = 0;     // what taking part was worth at the last look,
    double joined_per_price_ = 0;  // how many more joined where it was worth more,
    double members_fine_ = 0;      // and how far above the lowest a look may stay
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
