// A learner that sends over the planned link itself, with power of its own and an energy for
// computing and sending; no power is shared. Its power at d samples is what both leave,
//
//   P(d) = min(cap, (E - e d) / s(d)),   e = joules of computing a sample at tau,
//
// and the bandwidth B(d) that then carries the rate is increasing and convex (docs/uplink.md). So
// bandwidth alone is bought. In sums of power the learner counts with its whole cap: their budget
// is that of all caps, which no plan exceeds, whatever a watt is said to cost.
//
// Where it may compute slower, at a share v in [slowest, 1] of its full speed, computing takes 1/v
// of the time and v^2 of the energy, and B(d) is the least over v: convex still (docs/energy.md).
// That v has a power of computing 2 c v^3 = N ((1 + p) ln(1 + p) - p), with c = e / (tau C / f), p
// the signal to noise and N = n B (density) or n (fixed): a second and a joule are then worth the
// same in both uses.
#pragma once

#include "learner/response.hpp"

namespace mel {

struct Battery : Link {
    double bandwidth_hz;  // the caps
    double power_w;
    double energy_j;
    double each_j;       // e at full speed
    double slowest = 1;  // least speed; 1: not chosen
    double work_s = 0;   // tau C / f: seconds of a sample at full speed

    double power(const Demand& q, double d) const;
    // Infinite where no bandwidth carries d samples in time, or the energy does not suffice.
    double bandwidth(const Demand& q, double d) const;
    bool carries(const Demand& q, double d) const { return fits(bandwidth(q, d)); }
    bool fits(double band) const { return band < no_limit && band <= bandwidth_hz; }
};

// What d samples leave at the speed that needs the least bandwidth, and that bandwidth.
struct Held {
    double speed;
    double slack;   // seconds to send in
    double left_j;  // and joules
    double bandwidth_hz;
    bool all_power;   // the limit of power holds,
    bool all_energy;  // or the energy, or both
    double log_gain = 0;
};
Held hold(const Battery& battery, const Demand& q, double d);

// At an interior d: how bandwidth follows the samples, the slack and the energy that is left.
struct BatterySlopes {
    double samples;  // dB/dd
    double slack;    // dB/ds
    double energy;   // dB/dE
};
BatterySlopes slopes_of(const Battery& battery, const Demand& q, double d, const Held& held);

// dB/dd where full speed leaves just the joules of the limit of power, on the side where the energy
// decides, at the better of full speed and a slower one.
double rise_at_join(const Battery& battery, const Demand& q, double join);

// Samples, at a share of full speed.
struct Computed {
    double samples;
    double speed = 1;
};

// The bandwidth at a speed, and d ln B / d ln v there: infinite with the sign of where to turn.
struct AtSpeed {
    double bandwidth_hz;
    double rise;
};
AtSpeed at_speed(const Battery& battery, const Demand& q, Computed work);

// No more than the least bandwidth over all speeds: from tangents at two between which it is, as
// the signs of slopes there say, so that nothing rests on how near to the best `held` came.
double least_bandwidth(const Battery& battery, const Demand& q, double d, const Held& held);

// With the whole power, or all the energy that full speed leaves.
BatterySlopes slopes_at_full_speed(const Battery& battery, const Demand& q, double d,
                                   bool by_energy);

// ln(1 + P / N) of a learner that sends so many nats a second with power P.
struct Signal {
    double nats;
    double power_w;
};
double log_gain(const Battery& battery, Signal sent);

Battery battery_of(const Problem& problem, std::size_t k, double tau);

// With limits that rounding can not have made too narrow.
Battery generous(Battery battery);

// Largest integer d in [0, upper] that is carried; -1 if none.
double largest_carried(const Battery& battery, const Demand& q, double upper);

// No integer above it is carried, whatever speed the search for the best one missed.
double largest_possible(const Battery& battery, const Demand& q, double upper);

// The same in closed form but for one unknown, for all of the bandwidth that there may be.
double largest_at_any_bandwidth(const Battery& battery, const Demand& q, double upper);

// The real d of the box that maximises d - lambda B(d), caps of bandwidth left out; `carried`
// is false where not even its lower end is.
struct BatteryBest {
    double samples;
    bool interior;
    double steepness;  // d ln(dB/dd) / dd there
    bool carried;
    double excess = 0;  // no d is worth more than so much above what `samples` are
};
BatteryBest best_with_battery(const Battery& battery, const Demand& q, Interval box, double lambda);

// As respond_capped(): d - cost is never below the truth.
Response respond_with_battery(const Battery& battery, const Demand& q, bool excused, Interval box,
                              Prices prices, double guard_s);

}  // namespace mel
