// A learner of least energy whose time to send is known, or follows from what a sample is worth.
#pragma once

#include "learner/energy_sending.hpp"

namespace mel {

// Where t seconds are left to send in: the samples, the speed, and what one more sample costs.
// Either samples add no bits or a rate costs in proportion to it.
struct Timed {
    double samples, speed, slope;
    double sent;  // of the slope what the shorter time to send costs
    Sending sending;
};
Timed timed(const Spender& spender, const Demand& q, HertzPrice price, double t, bool& limited);

// Where samples add no bits: what one more second saves, and the speed, follow from what a sample
// is worth, and the time to send from that. False where only a search finds it.
bool timed_by_worth(const Spender& spender, const Demand& q, HertzPrice price, double worth,
                    double& t, Timed& at);

}  // namespace mel
