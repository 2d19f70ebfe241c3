// Every allowance for rounding, said once: what is proved counts on these numbers, and
// docs/rounding.md derives them. A bound may only be too large, a plan only too careful.
#pragma once

#include <cmath>

namespace mel {

inline constexpr double unit_roundoff = 1.1102230246251565e-16;  // 2^-53
inline constexpr double largest_count = 9007199254740992.0;      // 2^53: all integers are doubles
inline constexpr double round_magic =
    6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer

// std::nearbyint() without a call.
inline double nearest_integer(double x) {
    constexpr double last = 2251799813685248.0;  // 2^51
    return x > -last && x < last ? (x + round_magic) - round_magic : std::nearbyint(x);
}

constexpr double units(double count) { return count * unit_roundoff; }

namespace rounding {

// --- of one learner; docs/rounding.md, section 2
// A slack T' - g d, as a share of the cycle.
inline constexpr double slack = units(64);
// A rate, a largest rate, or their logarithms.
inline constexpr double rate = 3.5e-15;
// A quotient of stated numbers, before it is decided exactly.
inline constexpr double quotient = units(8);
// What energy is left for samples, and its quotient by what each takes.
inline constexpr double energy_left = units(32);
inline constexpr double energy_returning = units(64);
inline constexpr double energy_rest = units(16);
// Caps are taken so much too wide where they bound a response in whole blocks.
inline constexpr double block_cap = 1e-13;
// What follows at one cap may be so far beyond the other.
inline constexpr double other_cap = 1e-12;
// Real samples keep so far from an infinite rate, as a share of the cycle.
inline constexpr double end_of_cycle = 1e-12;
// The largest tau at which a learner holds its fewest samples, and the least cycle of a split.
inline constexpr double largest_tau = 1e-12;
inline constexpr double energy_of_fewest = 1e-14;
inline constexpr double least_cycle = 1e-11;

// --- of a bound; section 3
// Whole samples, learner by learner, and in lanes: of all terms and of cycle times condition.
inline constexpr double whole_bound = units(64);
inline constexpr double whole_bound_in_lanes = units(512);
// Real samples: of all terms, of cycle times condition, and of the samples a whole cycle would
// hold.
inline constexpr double real_bound = 1e-9;
// The same at starts of roots.
inline constexpr double rough_bound = 1e-6;
inline constexpr double real_condition = units(256);
inline constexpr double real_samples = units(64);
// Prices are lowered by so much before who is worth nothing is believed.
inline constexpr double left_out_prices = 1e-3;

// --- of a plan; section 4
// Plain sums of an allocation, checked against a budget: docs/rounding.md counts at most 92.
inline constexpr double budget_check = units(128);
inline constexpr double block_power_check = units(8);  // a compensated sum
// Left unspent by the scale, so that scaled sums pass that check.
inline constexpr double budget_reserve = 5e-14;
// Left of the cycle: covers every rounding error of a learner's time.
inline constexpr double deadline_reserve = 1e-14;
// Left of an energy within which a speed is chosen.
inline constexpr double energy_reserve = 1e-14;
// Left of what is not sought where a split's least need is.
inline constexpr double other_budget = 2e-13;
// What is tentative fills its budgets but for the rounding of a scale.
inline constexpr double tentative_scale = units(4);

// --- of a verdict on a split; section 5
// Below this share of a budget, double precision decides nothing.
inline constexpr double filling_verdict = 1e-13;
inline constexpr double block_filling_verdict = 1e-12;
// Seconds of equal shares, scaled to be sure or generous.
inline constexpr double equal_shares_verdict = 1e-13;

}  // namespace rounding
}  // namespace mel
