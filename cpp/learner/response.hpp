// One learner at a given number of local cycles: what rate its samples need, and what it would do
// at given prices.
#pragma once

#include "learner/link_law.hpp"
#include "mel/problem.hpp"

namespace mel {

// The deadline constraint of one learner at tau: rate(d) = (alpha d + beta) / (budget - per_sample
// d).
struct Demand {
    double budget_s;      // T' = T - b' / R
    double per_sample_s;  // g = tau C / f + a' / R
    double alpha;
    double beta;
    double shape;  // A = alpha T' + g beta, so rate'(d) = A / slack^2

    double slack(double d) const { return budget_s - per_sample_s * d; }
    double rate(double d) const {
        const double bits = alpha * d + beta;
        return bits > 0 ? bits / slack(d) : 0;
    }
    bool allows(double d) const {
        const double s = slack(d);
        return s > 0 || (s == 0 && alpha * d + beta == 0);
    }
};

// The numbers of samples that a learner may have.
struct Interval {
    double lower;
    double upper;
};

// With so many local cycles, within so long a global one.
struct Timing {
    double tau;
    double cycle_s;
};

inline Demand demand_of(const Problem& problem, std::size_t k, Timing at) {
    const double back = problem.return_s_per_bit()[k];
    const double budget = at.cycle_s - problem.return_bits(k) * back;
    const double per_sample =
        at.tau * problem.compute_s()[k] + problem.return_bits_per_sample(k) * back;
    const double alpha = problem.send_bits_per_sample(k);
    const double beta = problem.send_bits(k);
    return {budget, per_sample, alpha, beta, alpha * budget + per_sample * beta};
}
inline Demand demand_of(const Problem& problem, std::size_t k, double tau) {
    return demand_of(problem, k, Timing{tau, problem.cycle_s()});
}

// Whatever else it says: prices, or samples.
template <class Point>
concept HasTiming = requires(const Point& at) { Timing{at.tau, at.cycle_s}; };

template <HasTiming Point>
Demand demand_of(const Problem& problem, std::size_t k, const Point& at) {
    return demand_of(problem, k, Timing{at.tau, at.cycle_s});
}

// Largest integer d in [0, upper] that the deadline allows with an infinite rate; -1 if there is
// none.
double largest_allowed(const Demand& demand, double upper);

// fixed law: the slack that the best real d leaves; negative where d - cost falls everywhere, so
// that the lower end is best.
double stationary_slack_fixed(const Demand& demand, double noise, Prices prices);

// What a learner does at given prices: the integer d of the box that maximises d - cost.
// `served` is false where d = 0 costs nothing (an excused learner that stays out).
struct Response {
    double samples;
    double bandwidth_hz;
    double power_w;
    double cost;
    double slack_s;  // what the deadline leaves for sending
    bool possible;   // false: no integer of the box meets the deadline at any rate
    // What another may be worth more than samples - cost, for its slack may be off; mostly 0.
    double overlooked = 0;
};
// `off_s`: by how much a slack may be off.
Response respond(Link link, const Demand& demand, bool excused, Interval box, Prices prices,
                 double off_s = 0);

// The better of the two integers around the interior maximum of d - cost, whatever an end of the
// box is worth; not possible where there is no such maximum.
Response respond_inside(Link link, const Demand& demand, Interval box, Prices prices);

// Upper bound on max d - cost over the allowed integers above `beyond.lower`, the largest that
// rounded arithmetic allows, up to `beyond.upper`: `guard_s` bounds the rounding error of a slack.
// Minus infinity in all but a tie.
double overlooked_value(Link link, const Demand& demand, Interval beyond, double guard_s,
                        Prices prices);

// Cost of exactly d samples (allowed ones); d = 0 is free for an excused learner.
Purchase cost_of(Link link, const Demand& demand, bool excused, double d, Prices prices);

}  // namespace mel
