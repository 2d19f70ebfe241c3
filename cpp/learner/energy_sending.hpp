// What the time on the planned link is worth to a learner of least energy: a learner that sends
// pays for power with joules of its own, one that receives with a price of what all have in common.
#pragma once

#include "learner/battery.hpp"

namespace mel {

// lambda: of what is shared.
struct HertzPrice {
    double joules;
};

// What is to be sent, and the time for it.
struct ToSend {
    double bits;
    double seconds;
    double rate() const { return bits / seconds; }
};

// What that takes at a price of bandwidth, and how it changes.
struct Sending {
    double bandwidth_hz = 0;
    double power_w = 0;
    double taken = 0;    // of what is shared
    double cost = 0;     // lambda B + P t, or lambda (B + q P)
    double by_bits = 0;  // joules a bit
    double time_w = 0;   // joules that one more second saves
};

struct Spender : Battery {
    bool receives = false;
    double watt_hz = 0;   // q
    double max_rate = 0;  // that both caps of what it receives over let through
    UnitRate unit{};      // at a hertz for a hertz, where a rate costs in proportion to it
    bool in_proportion() const { return unit.cost > 0; }
    double return_j = 0;     // of the bare model
    double return_each = 0;  // and of a sample

    // Of what is shared, in hertz.
    template <class Use>
    double taken(const Use& of) const {
        return of.bandwidth_hz + watt_hz * of.power_w;
    }
    // Whether a lower speed saves energy.
    bool chosen() const { return slowest < 1 && each_j > 0; }
    // Seconds a sample but for computing; what computing at full speed adds is work_s.
    double other_s(const Demand& q) const { return q.per_sample_s - work_s; }
    // Twice the power of computing at a speed: joules that one more second of computing saves.
    double computing_w(double speed) const { return 2 * each_j / work_s * speed * speed * speed; }
    // Joules of computing a sample.
    double computing_j(double speed) const { return each_j * speed * speed; }
    // What the learner spends that has t seconds to send in.
    double spent_j(const Sending& s, double t, Computed work) const {
        const auto [d, speed] = work;
        return (receives ? return_j + return_each * d : s.power_w * t) + computing_j(speed) * d;
    }
};

// `limited`: whether the limit of power is looked at first; then, whether it held.
Sending sending_at(const Spender& spender, HertzPrice price, ToSend what, bool& limited);

// The same in the time in which one more second saves so many joules, which is told. False where
// nothing but a search finds it: where caps limit what others send, and where no time saves so
// little.
bool sending_that_saves(const Spender& spender, HertzPrice price, double time_w, ToSend& what,
                        Sending& sending);

}  // namespace mel
