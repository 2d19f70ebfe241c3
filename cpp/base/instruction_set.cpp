#include "mel/instruction_set.hpp"

#include <atomic>

namespace mel {
namespace {

constexpr Implementation compiled[] = {
    {InstructionSet::baseline, "baseline"},
#if defined(MEL_X86_KERNELS)
    {InstructionSet::avx2, "avx2"},
    {InstructionSet::avx512, "avx512"},
#endif
};

std::atomic<InstructionSet> preferred{InstructionSet::automatic};

}  // namespace

std::span<const Implementation> implementations() { return compiled; }

InstructionSet widest_instruction_set() {
#if defined(MEL_X86_KERNELS)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        return InstructionSet::avx512;
    }
    if (__builtin_cpu_supports("avx2")) return InstructionSet::avx2;
#endif
    return InstructionSet::baseline;
}

bool supported(InstructionSet set) {
    return set != InstructionSet::automatic && set <= widest_instruction_set();
}

void prefer_instruction_set(InstructionSet set) { preferred.store(set, std::memory_order_relaxed); }

InstructionSet instruction_set_for(InstructionSet set) {
    const InstructionSet widest = widest_instruction_set();
    if (set == InstructionSet::automatic) set = preferred.load(std::memory_order_relaxed);
    return set == InstructionSet::automatic || set > widest ? widest : set;
}

}  // namespace mel
