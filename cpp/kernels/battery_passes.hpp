// The loops over learners that send with power and energy of their own, one learner at a time: the
// same bits on every instruction set. And which loop a problem's learners need.
#pragma once

#include "kernels/kernels.hpp"

namespace mel {

PassSums battery_real(const KernelInput& in, Stretch at);
double battery_samples(const KernelInput& in, Stretch at, std::span<double> samples);
FillSums battery_fill(const KernelInput& in, Stretch at, std::span<const double> samples);
AllocationSums battery_allocate(const KernelInput& in, const AllocationScale& scale, Stretch at,
                                std::span<const double> samples, const Shares& shares);

inline Kernels::Real real_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.computing_j ? battery_real : kernels_of(pool).real(law, in.limited());
}
inline Kernels::Samples samples_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.computing_j ? battery_samples : kernels_of(pool).samples(law, in.limited());
}
inline Kernels::Fill fill_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.computing_j ? battery_fill : kernels_of(pool).fill(law, in.capped());
}
inline Kernels::Allocate allocate_loop(const Pool& pool, LinkLaw law, const KernelInput& in) {
    return in.computing_j ? battery_allocate : kernels_of(pool).allocate(law, in.capped());
}

}  // namespace mel
