// The highest of a concave function of up to three prices, of which each look says its value and a
// slope. Where speeds are given a learner hardly answers to prices, or takes all or nothing: there
// no slope foretells the next, but the tangents together bound the function from above.
#pragma once

#include <array>
#include <vector>

#include "energy/energy_learners.hpp"

namespace mel {

constexpr std::size_t price_count = 3;
using Prices3 = std::array<double, price_count>;

class PriceCuts {
  public:
    struct Cut {
        double value;
        Prices3 at;
        Prices3 slope;
        double taking = 0;  // what taking part costs there
    };
    void add(const Cut& cut) { cuts_.push_back(cut); }
    std::size_t size() const { return cuts_.size(); }

    // The highest of the least of all tangents between prices that are none of them more than
    // `reach` times as high or as low as at the center; and where that is.
    struct Top {
        double value;
        Prices3 at;
    };
    Top top(const Cut& center, double reach) const;

  private:
    std::vector<Cut> cuts_;
};

// Prices at which the bound is highest, to a share `fine` of it, from some that are near; where
// watts have a price the learners have it then.
void find_by_cuts(EnergyLearners& learners, JoulePrices& prices, std::size_t stride, double fine);

}  // namespace mel
