// One learner under caps, slowly and in long double: the cheapest purchase by golden section over
// the bandwidth, the best samples by a scan and golden section.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "learner/response.hpp"

namespace capped_oracle {

using Real = long double;
inline constexpr Real infinity = std::numeric_limits<Real>::infinity();
inline constexpr Real ln2 = 0.693147180559945309417232121458176568L;

template <class F>
Real golden(F f, Real low, Real high, int steps) {  // where f is least
    constexpr Real part = 0.618033988749894848204586834365638118L;
    Real a = high - part * (high - low), b = low + part * (high - low);
    Real fa = f(a), fb = f(b);
    for (int i = 0; i < steps; ++i) {
        if (fa <= fb) {
            high = b;
            b = a;
            fb = fa;
            a = high - part * (high - low);
            fa = f(a);
        } else {
            low = a;
            a = b;
            fa = fb;
            b = low + part * (high - low);
            fb = f(b);
        }
    }
    return 0.5L * (low + high);
}

struct Learner {
    mel::LinkLaw law;
    mel::Demand demand;
    Real noise, lambda, mu;
    Real bandwidth_cap, power_cap;
    double low, high;
    bool may_rest;

    Real rate(Real d) const {
        const Real slack = (Real)demand.budget_s - (Real)demand.per_sample_s * d;
        const Real bits = (Real)demand.alpha * d + (Real)demand.beta;
        return bits > 0 ? (slack > 0 ? bits / slack : infinity) : 0;
    }
    Real power_at(Real bandwidth, Real rate_) const {
        const Real whole = law == mel::LinkLaw::density ? noise * bandwidth : noise;
        return whole * std::expm1(rate_ * ln2 / bandwidth);
    }
    struct Bought {
        Real bandwidth, power, cost;
    };
    Bought buy(Real rate_) const {
        if (!(rate_ > 0)) return {0, 0, 0};
        // ln B: the cost is convex in B, so it falls and then rises in any scale of it.
        Real top = std::isfinite(bandwidth_cap) ? std::log(bandwidth_cap) : std::log(rate_) + 40;
        Real bottom = std::log(rate_) - 9;
        if (bottom > top) bottom = top;
        if (power_at(std::exp(top), rate_) > power_cap) return {0, 0, infinity};
        if (power_at(std::exp(bottom), rate_) > power_cap) {
            Real a = bottom, b = top;
            for (int i = 0; i < 90; ++i) {
                const Real m = 0.5L * (a + b);
                (power_at(std::exp(m), rate_) > power_cap ? a : b) = m;
            }
            bottom = b;
        }
        const auto cost = [&](Real x) {
            const Real band = std::exp(x);
            return lambda * band + mu * power_at(band, rate_);
        };
        Real best = golden(cost, bottom, top, 75);
        for (const Real end : {bottom, top}) {
            if (cost(end) <= cost(best)) best = end;
        }
        return {std::exp(best), power_at(std::exp(best), rate_), cost(best)};
    }
    Real value(Real d) const { return d - buy(rate(d)).cost; }

    struct Best {
        Real samples, value;
        bool active, possible;
    };
    Best best() const {
        const double least = may_rest ? 1 : low;
        Real end = std::min<Real>(
            high, ((Real)demand.budget_s * (1 - 1e-12L)) / (Real)demand.per_sample_s);
        if (!(demand.budget_s > 0) || end < least || !(value(least) > -infinity)) {
            return {0, 0, false, may_rest};
        }
        if (value(end) == -infinity) {  // the caps end the box
            Real a = least, b = end;
            for (int i = 0; i < 90; ++i) {
                const Real m = 0.5L * (a + b);
                (value(m) == -infinity ? b : a) = m;
            }
            end = a;
        }
        constexpr int cells = 60;
        const auto at = [&](int i) { return least + (end - least) * i / cells; };
        int top = 0;
        Real most = value(at(0));
        for (int i = 1; i <= cells; ++i) {
            const Real v = value(at(i));
            if (v >= most) {
                most = v;
                top = i;
            }
        }
        const Real d = golden([&](Real x) { return -value(x); }, at(std::max(top - 1, 0)),
                              at(std::min(top + 1, cells)), 60);
        const Real found = std::max(value(d), most);
        const Real where = value(d) >= most ? d : at(top);
        if (may_rest && !(found > 0)) return {0, 0, false, true};
        return {where, found, true, true};
    }
};

}  // namespace capped_oracle
