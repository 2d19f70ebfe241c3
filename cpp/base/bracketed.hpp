// Steps of Newton's method or by secants, between ends that are kept.
#pragma once

namespace mel {

// After so many steps every other one halves what is left: a step from where the function is flat
// may jump far away, and the next one back, for as long as both stay inside the ends.
constexpr int hopeful_steps = 20;

inline double step_between(double low, double high, double next, int step) {
    const bool halve = step >= hopeful_steps && step % 2 == 0;
    return !halve && next > low && next < high ? next : 0.5 * (low + high);
}

}  // namespace mel
