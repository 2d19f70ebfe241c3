// What a pass says of its slopes, against differences of what it says at points near by.
#pragma once

#include <algorithm>
#include <cmath>

#include "check.hpp"
#include "kernels/pass_sums.hpp"
#include "passes/real_pass.hpp"

namespace slopes {

inline bool near(double x, double y, double relative, double floor) {
    return std::fabs(x - y) <= relative * std::max(std::fabs(x), std::fabs(y)) + floor;
}

// The sums at a point whose prices, tau and cycle are such multiples of the first's. `jumps`: some
// learners may switch off, at which second differences say nothing.
template <class Pass>
void check(const mel::PassPoint& point, bool jumps, Pass&& pass) {
    const auto sums = [&](double lambda, double mu, double tau, double cycle) {
        mel::PassPoint at = point;
        at.prices.lambda *= lambda;
        at.prices.mu *= mu;
        at.tau *= tau;
        at.cycle_s *= cycle;
        return pass(at);
    };
    const double h = 1e-5;
    const mel::PassSums s = sums(1, 1, 1, 1);
    const double l = point.prices.lambda;
    const double m = point.prices.mu;
    const auto slope = [&](auto at) { return (at(1 + h).value - at(1 - h).value) / (2 * h); };
    const double by_l = slope([&](double x) { return sums(x, 1, 1, 1); });
    const double by_m = slope([&](double x) { return sums(1, x, 1, 1); });
    const double by_tau = slope([&](double x) { return sums(1, 1, x, 1); });
    const double by_time = slope([&](double x) { return sums(1, 1, 1, x); });
    CHECK(near(by_l, -s.bandwidth * l, 1e-4, 0), by_l, -s.bandwidth * l);
    CHECK(near(by_m, -s.power * m, 1e-4, 0), by_m, -s.power * m);
    CHECK(near(by_tau, s.value_tau * point.tau, 1e-4, 0), by_tau, s.value_tau * point.tau);
    CHECK(near(by_time, s.value_time * point.cycle_s, 1e-4, 0), by_time);
    if (jumps) return;
    const mel::PassSums l_up = sums(1 + h, 1, 1, 1), l_down = sums(1 - h, 1, 1, 1);
    const mel::PassSums m_up = sums(1, 1 + h, 1, 1), m_down = sums(1, 1 - h, 1, 1);
    const double ll = -(l_up.bandwidth - l_down.bandwidth) / (2 * h * l);
    const double lm = -(l_up.power - l_down.power) / (2 * h * l);
    const double mm = -(m_up.power - m_down.power) / (2 * h * m);
    CHECK(near(ll, s.h_ll, 1e-3, 0), ll, s.h_ll);
    CHECK(near(lm, s.h_lm, 1e-3, 1e-3 * std::sqrt(s.h_ll * s.h_mm)), lm, s.h_lm);
    CHECK(near(mm, s.h_mm, 1e-3, 0), mm, s.h_mm);
}

}  // namespace slopes
