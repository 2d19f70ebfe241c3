// Newton's step in the prices, from the sums of one pass there.
#pragma once

#include "passes/real_pass.hpp"

namespace mel {

struct PriceStep {
    double d_lambda;  // changes of ln lambda and ln mu
    double d_mu;
    double drop;  // predicted fall of the bound

    double length() const;  // the larger change
    // `times`: by what both change beside it.
    void take(Prices& prices, double times = 1) const;
};
// Towards where the responses take the budgets.
PriceStep price_step(Prices prices, const PassSums& sums, const Budgets& budgets);

}  // namespace mel
