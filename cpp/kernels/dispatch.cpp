#include "kernels/battery_passes.hpp"

namespace mel {

namespace baseline {
extern const Kernels kernels;
extern const BatteryKernels battery_kernels[2];
}  // namespace baseline
#if defined(MEL_X86_KERNELS)
namespace avx2 {
extern const Kernels kernels;
extern const BatteryKernels battery_kernels[2];
}  // namespace avx2
namespace avx512 {
extern const Kernels kernels;
extern const BatteryKernels battery_kernels[2];
}  // namespace avx512
#endif

const Kernels& kernels_for(InstructionSet set) {
    switch (instruction_set_for(set)) {
#if defined(MEL_X86_KERNELS)
        case InstructionSet::avx512:
            return avx512::kernels;
        case InstructionSet::avx2:
            return avx2::kernels;
#endif
        default:
            return baseline::kernels;
    }
}

const BatteryKernels& battery_kernels_for(InstructionSet set, LinkLaw law) {
    const std::size_t which = law == LinkLaw::density ? 0 : 1;
    switch (instruction_set_for(set)) {
#if defined(MEL_X86_KERNELS)
        case InstructionSet::avx512:
            return avx512::battery_kernels[which];
        case InstructionSet::avx2:
            return avx2::battery_kernels[which];
#endif
        default:
            return baseline::battery_kernels[which];
    }
}

KernelInput kernel_input(const Problem& problem, const Box& box, const PassPoint& point) {
    KernelInput in{.compute_s = problem.compute_s().data(),
                   .return_s_per_bit = problem.return_s_per_bit().data(),
                   .noise = problem.noise_over_gain().data(),
                   .send_bits = problem.send_bits(0),
                   .send_bits_per_sample = problem.send_bits_per_sample(0),
                   .return_bits = problem.return_bits(0),
                   .return_bits_per_sample = problem.return_bits_per_sample(0),
                   .grows = problem.grows(),
                   .excused = problem.excused(),
                   .box = box.uniform,
                   .point = point,
                   .size = problem.size(),
                   .send_bits_each = problem.payload_column(0).data(),
                   .send_bits_per_sample_each = problem.payload_column(1).data(),
                   .return_bits_each = problem.payload_column(2).data(),
                   .return_bits_per_sample_each = problem.payload_column(3).data()};
    if (const LearnerLimits* limits = problem.limits()) {
        in.lower = box.lower.data();
        in.upper = box.upper.data();
        in.upper_slope = box.upper_slope.data();
        if (limits->caps()) {
            in.max_bandwidth = limits->max_bandwidth_hz.data();
            in.max_power = limits->max_power_w.data();
            in.max_rate = limits->max_rate.data();
        }
        if (limits->battery()) {
            in.energy_j = limits->energy_j.data();
            in.computing_j = limits->computing_j.data();
            in.slowest = limits->slowest.data();
            in.law = problem.law();
        }
        if (limits->paces()) {
            in.slowest = limits->slowest.data();
            in.paced_j = limits->paced_j.data();
            in.back_j = limits->back_j.data();
            in.spare_j = limits->spare_j.data();
            in.kept_j = limits->kept_j.data();
        }
    }
    return in;
}

}  // namespace mel
