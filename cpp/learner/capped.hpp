// Buying a rate within caps on a learner's bandwidth and power. Where the cheapest purchase would
// break a cap that variable stands at it and the other follows from the rate, so the cost has three
// pieces: no cap, one cap, the other; its derivative has no jumps.
//
// at Bc:  P = m (e^v - 1), v = rate ln2 / Bc, m = n Bc (density) or n (fixed)
// at Pc:  fixed: B = rate ln2 / ln(1 + Pc/n);  density: B = rate ln2 / l with l / (e^l - 1) = G,
//         G = n rate ln2 / Pc, which must be below 1
#pragma once

#include "base/rounding.hpp"
#include "learner/response.hpp"

namespace mel {

struct Caps {
    double bandwidth_hz;
    double power_w;
    double rate;  // of both together
};

inline Caps caps_of(const LearnerLimits& limits, std::size_t k) {
    return {limits.max_bandwidth_hz[k], limits.max_power_w[k], limits.max_rate[k]};
}

// l - 1 + e^-l without cancellation.
double log_rest(double l);

// The root l >= 0 of ln((e^l - 1) / l) = y; relative error a few ulp.
double power_capped_log_gain(double y);

// The same for learners with an energy: a rational start good to 6e-6, and one step.
double mean_log_gain(double y);

// The cheapest purchase of a rate up to caps.rate, and how it changes.
struct CappedPurchase {
    Purchase purchase;
    double unit_cost;                // d cost / d rate
    double band_slope, power_slope;  // d B / d rate, d P / d rate
    double bend;                     // d unit_cost / d rate
    double shift;                    // - lambda d B / d lambda at fixed rate
};
CappedPurchase buy_capped(Link link, Prices prices, const Caps& caps, double rate);

// The slack that the best real d leaves under the caps (the largest stationary point of d - cost);
// negative where d - cost falls everywhere.
double capped_stationary_slack(Link link, const Demand& demand, Prices prices, const Caps& caps);

struct AtMost {
    double samples;
    double rate;
};

// Largest integer d, not below 0, that the deadline allows within both; -1 if none.
double largest_within(const Demand& demand, AtMost most);

// As respond(), but rounding always errs towards a lower cost and towards what is allowed, by
// `guard_s` of slack and some units in the last place: d - cost is never below the truth.
Response respond_capped(Link link, const Demand& demand, bool excused, Interval box, Prices prices,
                        const Caps& caps, double guard_s);

}  // namespace mel
