// One learner with an energy and a chosen speed, slowly and in long double: golden sections over
// the seconds of computing and over the samples. Which speeds and samples leave enough to send with
// is said in closed form, so that no section begins on what is infinite.
#pragma once

#include <algorithm>
#include <cmath>

#include "capped_oracle.hpp"
#include "learner/battery.hpp"

namespace battery_oracle {

using capped_oracle::golden;
using capped_oracle::infinity;
using capped_oracle::Real;

struct Learner {
    mel::Battery battery;
    mel::Demand demand;
    Real lambda;

    Real noise() const { return battery.noise; }
    Real bits(Real d) const { return (Real)demand.alpha * d + (Real)demand.beta; }
    // Joules without which even boundless bandwidth does not carry the bits.
    Real floor_j(Real d) const {
        return battery.law == mel::LinkLaw::density ? noise() * capped_oracle::ln2 * bits(d) : 0;
    }
    Real log_gain(Real nats, Real watt) const {
        if (battery.law == mel::LinkLaw::fixed) return std::log1p(watt / noise());
        const Real mean = watt / (noise() * nats);
        if (!(mean > 1)) return 0;
        const Real y = std::log(mean);  // ln((e^w - 1)/w), concave: Newton from the right of it
        Real w = y < 1 ? 2 * y : y + std::log(y + 1) + 1;
        for (int i = 0; i < 40; ++i) {
            const Real less = -std::expm1(-w), q = w * w;
            const bool small = w < 0.01L;
            const Real off = (small ? w / 2 + q / 24 - q * q / 2880 + q * q * q / 181440
                                    : w + std::log(less / w)) -
                             y;
            const Real next = w - off / (small ? 0.5L + w / 12 - w * q / 720 : 1 / less - 1 / w);
            if (!(std::fabs(next - w) > 1e-19L * w)) break;
            w = next;
        }
        return w;
    }
    // At 1/u of the full speed.
    Real band_at(Real d, Real u) const {
        const Real work = (Real)battery.work_s * d;
        const Real slack =
            (Real)demand.budget_s - ((Real)demand.per_sample_s * d - work) - work * u;
        const Real left = (Real)battery.energy_j - (Real)battery.each_j * d / (u * u);
        if (!(slack > 0) || !(left > 0)) return infinity;
        const Real watt = std::min<Real>(battery.power_w, left / slack);
        const Real nats = bits(d) * capped_oracle::ln2 / slack;
        const Real w = log_gain(nats, watt);
        return w > 0 ? nats / w : infinity;
    }
    struct Range {
        Real low, high;
    };
    Range seconds(Real d) const {  // of computing, in those at full speed
        const Real work = (Real)battery.work_s * d, joules = (Real)battery.each_j * d;
        const Real left = (Real)battery.energy_j - floor_j(d);
        const Real base = (Real)demand.budget_s - ((Real)demand.per_sample_s * d - work) -
                          floor_j(d) / (Real)battery.power_w;
        if (!(left > 0) || !(base > 0)) return {1, 0};
        const Real low = std::max<Real>(1, joules > 0 ? std::sqrt(joules / left) : 1);
        const Real slowest = battery.slowest > 0 ? 1 / (Real)battery.slowest : infinity;
        if (!(work > 0)) return {low, low <= slowest ? low : 0};
        return {low, std::min(slowest, base / work)};
    }
    bool carries(Real d) const {
        const Range r = seconds(d);
        return r.low <= r.high && band(d) < infinity;
    }
    Real band(Real d) const {
        if (!(bits(d) > 0)) return 0;
        const Range r = seconds(d);
        if (!(r.low <= r.high)) return infinity;
        const auto at = [&](Real u) { return band_at(d, u); };
        Real u = golden(at, r.low, r.high, 95);
        Real best = at(u);
        for (const Real end : {r.low, r.high}) best = std::min(best, at(end));
        return best;
    }
    Real value(Real d) const { return d - lambda * band(d); }

    struct Best {
        Real samples, value;      // real samples
        Real whole, whole_value;  // whole ones
        bool possible;
    };
    Best best(double low, double high) const {
        if (!carries(low)) return {0, 0, 0, 0, false};
        Real end = high;
        if (!carries(end)) {
            Real a = low, b = end;
            for (int i = 0; i < 70; ++i) {
                const Real m = 0.5L * (a + b);
                (carries(m) ? a : b) = m;
            }
            end = a;
        }
        Best best{0, -infinity, 0, -infinity, true};
        const Real d = golden([&](Real x) { return -value(x); }, (Real)low, end, 70);
        for (const Real x : {d, (Real)low, end}) {
            const Real there = value(x);
            if (there > best.value) best.samples = x, best.value = there;
        }
        for (const Real x : {std::floor(best.samples), std::ceil(best.samples)}) {
            const Real there = x >= low && x <= end ? value(x) : -infinity;
            if (there > best.whole_value) best.whole = x, best.whole_value = there;
        }
        return best;
    }
};

}  // namespace battery_oracle
