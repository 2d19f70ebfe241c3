// The cheapest way to buy a rate at given prices, for both link laws.
//
// density: r = B log2(1 + P/(n B)), n = N0/h.  The law is homogeneous, so the best signal-to-noise
// ratio x
//          depends on theta = mu n / lambda alone: (1+x) ln(1+x) - x = 1/theta. With l = ln(1+x):
//          B = rho ln2 / l,  P = x n B,  cost = kappa rho.
// fixed:   r = B log2(1 + P/n), n = N/h.  u = ln(1 + P/n) solves u^2 e^u = lambda rho ln2 / (mu n):
//          B = rho ln2 / u,  P = n (e^u - 1).
#pragma once

#include "mel/prices.hpp"
#include "mel/problem.hpp"

namespace mel {

inline constexpr double ln2 = 0.69314718055994530942;

// e^l (l - 1) + 1 without cancellation for small l.
double density_left_side(double l);

// The root l > 0 of e^l (l - 1) + 1 = y for y > 0; relative error a few ulp.
double density_log_gain(double y);

// The root u > 0 of 2 ln u + u = w, which is 2 W0(e^(w/2)/2); relative error a few ulp.
double fixed_log_gain(double w);

// What a learner is sent over: r = B log2(1 + P / (n B)) (density) or B log2(1 + P / n) (fixed).
struct Link {
    LinkLaw law;
    double noise;  // n, over the gain
};

inline Link link_of(const Problem& problem, std::size_t k) {
    return {problem.law(), problem.noise_over_gain()[k]};
}

struct Purchase {
    double bandwidth_hz;
    double power_w;
    double cost;
};

// density: what one unit of rate costs and is made of. Both prices positive.
struct UnitRate {
    double bandwidth_hz;  // ln2 / l
    double power_w;       // x n ln2 / l
    double cost;          // kappa
    double log_gain;      // l
    double gain;          // x
};
UnitRate density_unit(double noise, Prices prices);

// Cheapest bandwidth and power for the rate; both prices positive, rate >= 0.
Purchase buy_density(double noise, Prices prices, double rate);
Purchase buy_fixed(double noise, Prices prices, double rate);
inline Purchase buy(Link link, Prices prices, double rate) {
    return link.law == LinkLaw::density ? buy_density(link.noise, prices, rate)
                                        : buy_fixed(link.noise, prices, rate);
}

}  // namespace mel
