// The prices that could still prove a box infeasible, as a polygon.
//
// With weights on the simplex, nu + y1 + y2 = 1 where y1 = lambda B and y2 = mu P in units of nu D,
// every response to prices gives a linear function that the bound can not fall below: nu (sum d / D
// - 1) + y1 (1 - sum B_k / B) + y2 (1 - sum P_k / P). Proving prices make all of them negative.
// When none are left, a convex combination of the responses fits the budgets.
#pragma once

#include <span>
#include <vector>

#include "learner/link_law.hpp"
#include "mel/problem.hpp"
#include "prices/polygon.hpp"

namespace mel {

struct Cut {
    double samples;    // sum d / D - 1
    double bandwidth;  // 1 - sum B_k / B
    double power;      // 1 - sum P_k / P
};

// A convex combination of at most three cuts, its smallest slack as large as can be: not negative
// where the combined responses fit the budgets and hold D samples.
struct Mixture {
    int count = 0;
    std::size_t index[3] = {0, 0, 0};
    double weight[3] = {0, 0, 0};
    double slack = -1e300;
};
Mixture best_mixture(std::span<const Cut> cuts);

class PricePolygon {
  public:
    explicit PricePolygon(const Problem& problem) : problem_(problem) {}

    void reset() { polygon_.reset({{0, 0}, {1, 0}, {0, 1}}); }
    void clip(const Cut& cut);
    // The centre of what is left; false if nothing is.
    bool centre(Prices& prices) const;

  private:
    const Problem& problem_;
    Polygon polygon_;
};

}  // namespace mel
