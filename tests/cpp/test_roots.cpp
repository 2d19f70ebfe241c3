// The Lambert-type roots, scalar and in lanes, over the whole exponent range of a double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "check.hpp"
#include "kernels/kernels.hpp"
#include "learner/link_law.hpp"
#include "one_rate.hpp"

namespace {

struct Root {
    double argument, root;
};
#include "base/chunks.hpp"
#include "roots.inc"

double ulps(double got, double expected) {
    const double ulp =
        std::max(std::nextafter(expected, std::numeric_limits<double>::infinity()) - expected,
                 std::numeric_limits<double>::denorm_min());
    return std::fabs(got - expected) / ulp;
}

// The contract, in units in the last place of the root. Largest errors over 12 arguments for each
// exponent and up to 600 where errors are largest: density 7 at 2^-4 (just right of where the
// series ends), else 1; fixed abs(w) + 0.99. The scalar roots stand in proofs.
double density_scalar_ulps(double y) { return y > 0x1p-4 && y < 0x1p-2 ? 8 : 2; }
double fixed_scalar_ulps(double w) { return 2 + std::fabs(w); }

// The roots in lanes guide the search and price plans that are timed afterwards: last bits where
// signal-to-noise ratios lie, fewer digits at the ends of the exponent range. Largest errors seen:
// density 3, 10 between 2^63 and 2^128 and 1.673e10 (a relative 3.7e-6) below 2^-670, where the
// products of a Halley step underflow; fixed 3, 46 between 2^147 and 2^167, 18 for subnormals.
constexpr double density_lane_end = 0x1p1014;  // beyond it a step overflows to NaN
double density_lane_ulps(double y) {
    if (y < 0x1p-670) return 1.7e10;
    return y > 0x1p63 && y < 0x1p128 ? 12 : 4;
}
double fixed_lane_ulps(double y) {
    if (y < 0x1p-1022) return 24;
    return y > 0x1p147 && y < 0x1p167 ? 56 : 4;
}

// One learner that needs a rate of one: its bandwidth is ln2 / root.
double lane_root(mel::LinkLaw law, mel::InstructionSet set, double price_ratio) {
    return mel::ln2 / one_rate::taken(set, law, mel::Roots::exact, price_ratio).bandwidth;
}

constexpr mel::InstructionSet sets[] = {mel::InstructionSet::baseline, mel::InstructionSet::avx2,
                                        mel::InstructionSet::avx512};

}  // namespace

TEST(density_root_is_good_to_a_few_ulps_for_every_exponent) {
    for (const Root& r : density_roots) {
        const double error = ulps(mel::density_log_gain(r.argument), r.root);
        CHECK(error <= density_scalar_ulps(r.argument), error, r.argument);
    }
}

TEST(fixed_root_is_good_to_the_last_bits_of_its_logarithmic_argument) {
    for (const Root& r : fixed_roots) {
        const double w = std::log(r.argument);
        // The argument's own rounding moves the root by up to |w| / 2 units; the residual as much.
        const double error = ulps(mel::fixed_log_gain(w), r.root);
        CHECK(error <= fixed_scalar_ulps(w), error, r.argument);
    }
}

TEST(density_root_in_lanes_keeps_its_contract_for_every_exponent) {
    for (const auto set : sets) {
        for (const Root& r : density_roots) {
            if (r.argument > density_lane_end) continue;
            const double error = ulps(lane_root(mel::LinkLaw::density, set, r.argument), r.root);
            CHECK(error <= density_lane_ulps(r.argument), error, r.argument, static_cast<int>(set));
        }
    }
}

TEST(fixed_root_in_lanes_keeps_its_contract_for_every_exponent) {
    for (const auto set : sets) {
        for (const Root& r : fixed_roots) {
            const double price_ratio = r.argument / mel::ln2;
            if (!std::isfinite(price_ratio) || price_ratio * mel::ln2 != r.argument) continue;
            const double error = ulps(lane_root(mel::LinkLaw::fixed, set, price_ratio), r.root);
            CHECK(error <= fixed_lane_ulps(r.argument), error, r.argument, static_cast<int>(set));
        }
    }
}
