#include "bindings.hpp"
#include "mel/kernels.hpp"

namespace mel_bindings {
namespace {

const char* name_of(mel::InstructionSet set) {
    switch (set) {
        case mel::InstructionSet::avx512:
            return "AVX-512";
        case mel::InstructionSet::avx2:
            return "AVX2";
        default:
            return "baseline";
    }
}

py::dict build_info() {
    py::dict info;
#if defined(__clang__)
    info["compiler"] = "Clang " __clang_version__;
#elif defined(__GNUC__)
    info["compiler"] = "GCC " __VERSION__;
#else
    info["compiler"] = "unknown";
#endif
#if defined(NDEBUG)
    info["kind"] = "release";
#else
    info["kind"] = "debug";
#endif
    info["instruction_set"] = name_of(mel::widest_instruction_set());
    return info;
}

}  // namespace

void bind_build(py::module_& module) { module.def("build_info", &build_info); }

}  // namespace mel_bindings
