// What the time on the planned link is worth to a learner of least energy: a learner that sends
// pays for power with joules of its own, one that receives with a price of what all have in common.
#pragma once

#include "learner/battery.hpp"

namespace mel {

struct Spender : Battery {
    bool receives = false;
    double watt_hz = 0;   // q
    double max_rate = 0;  // that both caps of what it receives over let through
    UnitRate unit{};      // at a hertz for a hertz, where a rate costs in proportion to it
    bool in_proportion() const { return unit.cost > 0; }
    double return_j = 0;     // of the bare model
    double return_each = 0;  // and of a sample

    // Of what is shared, in hertz.
    double taken(double bandwidth, double power) const { return bandwidth + watt_hz * power; }
};

// What sending `bits` in t seconds takes at a price of bandwidth, and how it changes.
struct Sending {
    double bandwidth_hz = 0;
    double power_w = 0;
    double taken = 0;    // of what is shared
    double cost = 0;     // lambda B + P t, or lambda (B + q P)
    double by_bits = 0;  // joules a bit
    double time_w = 0;   // joules that one more second saves
};
// `limited`: whether the limit of power is looked at first; then, whether it held.
Sending sending_at(const Spender& spender, double lambda, double bits, double t, bool& limited);

}  // namespace mel
