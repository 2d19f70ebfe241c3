// Steps of Newton's method or by secants, between ends that are kept.
#pragma once

namespace mel {

// After so many steps every other one halves what is left: a step from where the function is flat
// may jump far away, and the next one back, for as long as both stay inside the ends.
constexpr int hopeful_steps = 20;

// Where a function has another sign.
struct Between {
    double low, high;
};

inline double step_between(Between ends, double next, int step) {
    const bool halve = step >= hopeful_steps && step % 2 == 0;
    return !halve && next > ends.low && next < ends.high ? next : 0.5 * (ends.low + ends.high);
}

}  // namespace mel
