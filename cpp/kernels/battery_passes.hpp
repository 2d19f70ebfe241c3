// The loops over learners that send with power and energy of their own: in lanes, and one learner
// at a time for those that lanes are unsure of. And which loop a problem's learners need.
#pragma once

#include "kernels/kernels.hpp"

namespace mel {

struct BatteryKernels {
    struct BandColumns {
        std::span<double> bandwidth_hz;
        std::span<double> rise_hz;
    };
    using Bands = void (*)(const KernelInput&, Stretch, std::span<const double> samples,
                           const BandColumns&);
    Kernels::Real real;
    Kernels::Samples samples;
    Kernels::Fill fill;
    Kernels::Allocate allocate;
    // The least bandwidth of given samples, infinite where none carries them, and what it rises by
    // a sample; all columns begin at the first learner.
    Bands bands;
};
const BatteryKernels& battery_kernels_for(InstructionSet set, LinkLaw law);

// What is allocated leaves so much of a battery; the check of what was written, a part of it.
inline constexpr double energy_kept = 1 - 1e-14;
inline constexpr double energy_kept_written = 1 - 2.5e-15;

// One learner, added to the sums of the others.
void battery_real_one(const KernelInput& in, std::size_t k, PassSums& sums);
double battery_samples_one(const KernelInput& in, std::size_t k);
void battery_fill_one(const KernelInput& in, std::size_t k, double samples, FillSums& sums);
void battery_allocate_one(const KernelInput& in, const AllocationScale& scale, std::size_t k,
                          std::span<const double> samples, const Shares& shares,
                          AllocationSums& sums);
double battery_band_one(const KernelInput& in, std::size_t k, double samples, double& rise_hz);

inline const BatteryKernels& battery_kernels_of(const Pool& pool, LinkLaw law) {
    return battery_kernels_for(pool.instruction_set(), law);
}
inline Kernels::Real real_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.computing_j ? battery_kernels_of(pool, law).real
           : in.paced_j   ? kernels_of(pool).of(law).paced_real
                          : kernels_of(pool).real(law, in.limited());
}
inline Kernels::Samples samples_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.computing_j ? battery_kernels_of(pool, law).samples
           : in.paced_j   ? kernels_of(pool).of(law).paced_samples
                          : kernels_of(pool).samples(law, in.limited());
}
inline Kernels::Fill fill_loop(const Pool& pool, LinkLaw law, const KernelInput& in, Roots roots) {
    return in.computing_j ? battery_kernels_of(pool, law).fill
           : in.paced_j   ? kernels_of(pool).paced_fill(law, in.capped())
                          : kernels_of(pool).fill(law, in.capped(), roots);
}
inline Kernels::Allocate allocate_loop(const Pool& pool, LinkLaw law, const KernelInput& in,
                                       Roots roots) {
    return in.computing_j ? battery_kernels_of(pool, law).allocate
           : in.paced_j   ? kernels_of(pool).paced_allocate(law, in.capped())
                          : kernels_of(pool).allocate(law, in.capped(), roots);
}
inline Kernels::Whole whole_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.paced_j ? kernels_of(pool).of(law).paced_whole
                      : kernels_of(pool).whole(law, in.limited());
}

}  // namespace mel
