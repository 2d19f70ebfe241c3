// Where the best with all of the energy nearly is: a first guess for the search of
// battery_search_lanes.hpp, which judges it like any other. Newton's method in two unknowns in
// which all else is explicit, so that no root is looked for in between:
//
//   density:  ln w and ln v, from which the energy gives the samples,
//   fixed:    the samples and ln v.
//
// Both equations are in logarithms: the price of one more sample is that of lambda dB/dd, and
// computing is worth its seconds (docs/energy.md). Steps are not kept between ends; where they
// leave what is possible the search begins elsewhere.
#pragma once

#include "kernels/battery_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr int approach_steps = 7;
inline constexpr int both_steps = 4;
inline constexpr double approached = 1e-5;  // what is off, of which about the square is left

struct ApproachLanes {
    Lanes samples, speed;
    Mask found;
};

// ln x for x near 1, and of the sign of x - 1 everywhere.
MEL_INLINE Lanes near_logarithm(Lanes x) {
    const Lanes z = (x - 1) / (x + 1);
    return z * (2 + (2.0 / 3) * (z * z));
}

// e^x for small x, and positive everywhere.
MEL_INLINE Lanes near_exponential(Lanes x) {
    x = larger(smaller(x, fill(1)), fill(-1));
    return (2 + x) / (2 - x);
}

// A price of one more sample and a worth of speed, both 1 where they are right, and what changes
// their logarithms.
struct ApproachStep {
    Lanes price, price_x, price_v;
    Lanes worth, worth_x, worth_v;
};

// Newton's step in x and ln v; the speed stays within its ends. `f` is what the price is off.
// Returns where a step like this is the last.
MEL_INLINE Mask approach_by(const BatteryLanes& b, const ApproachStep& s, Lanes f, Mask free,
                            Lanes& by_x, Lanes& by_v) {
    const Lanes h = near_logarithm(s.worth);
    const Lanes det = s.price_x * s.worth_v - s.price_v * s.worth_x;
    by_x = (s.price_v * h - s.worth_v * f) / det;
    by_v = (s.worth_x * f - s.price_x * h) / det;
    free = free & b.chosen;
    by_x = select(free, by_x, -f / s.price_x);
    by_v = only(free, by_v);
    return (magnitude(f) <= fill(approached)) & (~free | (magnitude(h) <= fill(approached)));
}

// Whether the speed is at the end to which it would go on.
MEL_INLINE Mask held_back(const BatteryLanes& b, Lanes v, Lanes worth) {
    return ((v == fill(1)) & (worth < fill(1))) | ((v == b.slowest) & (worth > fill(1)));
}

MEL_INLINE Lanes moved_speed(const BatteryLanes& b, Lanes v, Lanes by) {
    return larger(smaller(v * near_exponential(by), fill(1)), b.slowest);
}

// With the limit of power and the energy both a speed gives the samples, and all that follows.
struct BothPoint {
    Lanes samples, t, bits, inverse_t, each_j, work;
    Lanes t_v, bits_v;   // of the logarithms, by ln v
    Lanes loss, loss_v;  // of ln t, a sample; and of its logarithm by ln v
};

MEL_INLINE Lanes both_samples(const BatteryLanes& b, Lanes v) {
    const Lanes each_j = b.joules * v * v - b.power * (b.other + b.work / v);
    return (b.energy - b.power * b.q.budget) / each_j;
}

MEL_INLINE BothPoint both_point(const BatteryLanes& b, Lanes v) {
    BothPoint p;
    p.each_j = b.joules * v * v;
    p.work = b.work / v;
    const Lanes each = b.other + p.work;
    const Lanes inverse = 1 / (p.each_j - b.power * each);
    p.samples = (b.energy - b.power * b.q.budget) * inverse;
    const Lanes rise = 2 * p.each_j + b.power * p.work;
    const Lanes by_v = -p.samples * rise * inverse;
    p.t = b.q.budget - each * p.samples;
    p.bits = b.q.alpha * p.samples + b.q.beta;
    const Lanes twice = 2 * each + p.work;
    const Lanes every = 1 / (p.t * p.bits * rise * twice);
    p.inverse_t = every * p.bits * rise * twice;
    const Lanes inverse_rise = every * p.t * p.bits * twice;
    p.t_v = (p.work * p.samples - each * by_v) * p.inverse_t;
    p.bits_v = b.q.alpha * by_v * (every * p.t * rise * twice);
    p.loss = p.each_j * twice * inverse_rise * p.inverse_t;
    p.loss_v = 2 - 3 * p.work * (every * p.t * p.bits * rise) - p.t_v -
               (4 * p.each_j - b.power * p.work) * inverse_rise;
    return p;
}

// About the speed at which given samples leave what the limit of power takes.
MEL_INLINE Lanes both_speed(const BatteryLanes& b, Lanes d, Lanes v, Mask wanted) {
    const Lanes base = b.power * (b.q.budget - b.other * d);
    const Lanes work = b.power * b.work * d;
    const Lanes joules = b.joules * d;
    for (int step = 0; step < both_steps; ++step) {
        const Lanes spent = joules * v * v, saved = work / v;
        const Lanes by = (b.energy - spent - base + saved) / (2 * spent + saved);
        v = select(wanted & (by == by), v * near_exponential(by), v);
    }
    return v;
}

}  // namespace mel::MEL_ISA
