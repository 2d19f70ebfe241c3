// A learner that sends over the planned link itself, with power of its own and an energy for
// computing and sending; no power is shared. Its power at d samples is what both leave,
//
//   P(d) = min(cap, (E - e d) / s(d)),   e = joules of computing a sample at tau,
//
// and the bandwidth B(d) that then carries the rate is increasing and convex (docs/uplink.md). So
// bandwidth alone is bought. In sums of power the learner counts with its whole cap: their budget
// is that of all caps, which no plan exceeds, whatever a watt is said to cost.
#pragma once

#include "learner/response.hpp"

namespace mel {

struct Battery {
    LinkLaw law;
    double noise;
    double bandwidth_hz;  // the caps
    double power_w;
    double energy_j;
    double each_j;  // e

    double left_j(double d) const { return energy_j - each_j * d; }
    double power(const Demand& q, double d) const;
    // Infinite where no bandwidth carries d samples in time, or the energy does not suffice.
    double bandwidth(const Demand& q, double d) const;
    bool carries(const Demand& q, double d) const { return fits(bandwidth(q, d)); }
    bool fits(double band) const { return band < no_limit && band <= bandwidth_hz; }
};

// At an interior d: how bandwidth follows the samples, the slack and the energy that is left.
struct BatterySlopes {
    double samples;  // dB/dd
    double slack;    // dB/ds
    double energy;   // dB/dE
};
BatterySlopes slopes_of(const Battery& battery, const Demand& q, double d);

Battery battery_of(const Problem& problem, std::size_t k, double tau);

// With limits that rounding can not have made too narrow.
Battery generous(Battery battery);

// Largest integer d in [0, upper] that is carried; -1 if none.
double largest_carried(const Battery& battery, const Demand& q, double upper);

// The real d in [low, high] that maximises d - lambda B(d), caps of bandwidth left out; `carried`
// is false where not even `low` is.
struct BatteryBest {
    double samples;
    bool interior;
    double steepness;  // d ln(dB/dd) / dd there
    bool carried;
};
BatteryBest best_with_battery(const Battery& battery, const Demand& q, double low, double high,
                              double lambda);

// As respond_capped(): d - cost is never below the truth.
Response respond_with_battery(const Battery& battery, const Demand& q, bool excused, double lower,
                              double upper, Prices prices, double guard_s);

}  // namespace mel
