#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "mel/instruction_set.hpp"
#include "mel/usual_arithmetic.hpp"

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

constexpr std::pair<const char*, mel::InstructionSet> instruction_sets[] = {
    {"automatic", mel::InstructionSet::automatic},
    {"baseline", mel::InstructionSet::baseline},
    {"avx2", mel::InstructionSet::avx2},
    {"avx512", mel::InstructionSet::avx512}};

// Those that this machine has, and "automatic".
std::vector<std::string> names_of_instruction_sets() {
    std::vector<std::string> names;
    for (const auto& [name, set] : instruction_sets) {
        if (set <= mel::widest_instruction_set()) names.emplace_back(name);
    }
    return names;
}

void use_instruction_set(const std::string& name) {
    for (const auto& [known, set] : instruction_sets) {
        if (name == known && set <= mel::widest_instruction_set()) {
            mel::prefer_instruction_set(set);
            return;
        }
    }
    throw py::value_error("instruction set " + name + ": this machine has none of that name");
}

}  // namespace

void bind_build(py::module_& module) {
    module.def("build_info", &build_info);
    module.def("instruction_sets", &names_of_instruction_sets);
    module.def("use_instruction_set", &use_instruction_set, py::arg("name"));
    module.def("set_usual_arithmetic", &mel::set_usual_arithmetic);
    module.def("restore_arithmetic", &mel::restore_arithmetic, py::arg("before"));
}

}  // namespace mel_bindings
