// Whole samples that sum to D, and the price at which their bandwidth is used up.
#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <vector>

#include "energy/energy_learners.hpp"

namespace mel {

class WholeEnergy {
  public:
    explicit WholeEnergy(EnergyLearners& learners) : learners_(learners) {}

    // Everybody's best at the prices, rounded down, and one more for whom that is cheapest; the
    // worth of a sample becomes what the next would cost. False where that can not be.
    bool make(JoulePrices& p);

    // The price at which the split takes all of the bandwidth, a little less; and its costs there.
    // Where power is another's, with the price of a watt at which that is used up, too. `near` is
    // where it is looked for, and about the worth of a sample.
    double price(JoulePrices near, std::vector<EnergyCost>& costs, EnergySums& sums);

    std::span<const double> samples() const { return whole_; }
    // These in their place.
    void take(std::span<const std::int64_t> samples) {
        whole_.assign(samples.begin(), samples.end());
    }
    void take(std::span<const double> samples) { whole_.assign(samples.begin(), samples.end()); }
    void move(std::size_t from, std::size_t to) {
        whole_[from] -= 1;
        whole_[to] += 1;
    }

  private:
    // Who comes or goes where a sample is worth so large a share of a step more, or less.
    struct Switching {
        double at;
        std::size_t learner;
        auto operator<=>(const Switching&) const = default;
    };
    // Where a sample worth a little more, or less, makes learners take many, or come and go: those
    // who do so first, as many as are missing. What was added is returned.
    double bridge(const JoulePrices& p, double left);
    // By one sample at a time where so many are missing, or too many: marginal costs in a heap.
    bool step_by_step(JoulePrices& p, double missing);

    // Both prices at once, from near them; false where that does not end soon.
    bool price_both(JoulePrices& p, std::vector<EnergyCost>& costs, EnergySums& sums);
    double price_of_all(JoulePrices near, std::vector<EnergyCost>& costs, EnergySums& sums);
    // Where a search ended above what there is, mostly by a hair's breadth: a little dearer, until
    // `above`, of the sums, is no more than 0. Where a price moves what is taken by less than
    // rounding does, that is further, and costs as little.
    template <class Above>
    double dearer(double lambda, std::vector<EnergyCost>& costs, EnergySums& sums, Above above);

    EnergyLearners& learners_;
    std::vector<double> whole_, more_;
    double price_slope_ = -0.5;
    double watt_slope_ = 1;
};

}  // namespace mel
