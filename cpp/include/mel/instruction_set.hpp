// The instruction sets that the kernels are compiled for, which of them this machine has, and which
// one is in use. Answers do not depend on it.
#pragma once

#include <cstdint>
#include <span>

namespace mel {

enum class InstructionSet : std::uint8_t { automatic, baseline, avx2, avx512 };

struct Implementation {
    InstructionSet set;
    const char* name;
};

// Those compiled, from the narrowest on.
std::span<const Implementation> implementations();
bool supported(InstructionSet set);  // compiled, and this machine has it
InstructionSet widest_instruction_set();

// What `automatic` is from now on, in every thread; `automatic` itself goes back to the widest.
void prefer_instruction_set(InstructionSet set);

// What a solve that asks for `set` gets: the set in use for `automatic`, and where this machine
// lacks it the widest below.
InstructionSet instruction_set_for(InstructionSet set);

}  // namespace mel
