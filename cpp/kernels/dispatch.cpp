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
    KernelInput in{problem.compute_s().data(),
                   problem.return_s_per_bit().data(),
                   problem.noise_over_gain().data(),
                   problem.sample_bits_sent(),
                   problem.model_bits(),
                   problem.model_bits_per_sample(),
                   problem.excused(),
                   box.uniform,
                   point,
                   problem.size(),
                   1};
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
