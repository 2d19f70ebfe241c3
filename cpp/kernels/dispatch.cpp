#include "kernels/kernels.hpp"

namespace mel {

namespace baseline {
extern const Kernels kernels;
}
#if defined(MEL_X86_KERNELS)
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}
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

KernelInput kernel_input(const Problem& problem, const Box& box, const PassPoint& point) {
    KernelInput in{.compute_s = problem.compute_s().data(),
                   .return_s_per_bit = problem.return_s_per_bit().data(),
                   .noise = problem.noise_over_gain().data(),
                   .alpha = problem.sample_bits_sent(),
                   .beta = problem.model_bits(),
                   .returned_bits_per_sample = problem.model_bits_per_sample(),
                   .excused = problem.excused(),
                   .box = box.uniform,
                   .point = point,
                   .size = problem.size()};
    if (const LearnerLimits* limits = problem.limits()) {
        in.lower = box.lower;
        in.upper = box.upper;
        in.upper_slope = box.upper_slope;
        if (limits->caps()) {
            in.max_bandwidth = limits->max_bandwidth_hz.data();
            in.max_power = limits->max_power_w.data();
            in.max_rate = limits->max_rate.data();
        }
    }
    return in;
}

}  // namespace mel
