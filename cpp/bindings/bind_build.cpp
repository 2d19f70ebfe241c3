#include <pybind11/stl.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "mel/instruction_set.hpp"
#include "mel/usual_arithmetic.hpp"

namespace mel_bindings {
namespace {

const char* name_of(mel::InstructionSet set) {
    for (const mel::Implementation& known : mel::implementations()) {
        if (known.set == set) return known.name;
    }
    return "automatic";
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
    info["flags"] = MEL_COMPILE_FLAGS;
    return info;
}

// (name, whether this machine has it) of all that the kernels were compiled for.
std::vector<std::pair<std::string, bool>> implementations() {
    std::vector<std::pair<std::string, bool>> found;
    for (const mel::Implementation& known : mel::implementations()) {
        found.emplace_back(known.name, mel::supported(known.set));
    }
    return found;
}

std::string active_instruction_set() {
    return name_of(mel::instruction_set_for(mel::InstructionSet::automatic));
}

// For all threads, from their next solve on; "automatic" is the widest that this machine has.
void use_instruction_set(const std::string& name) {
    if (name == "automatic") return mel::prefer_instruction_set(mel::InstructionSet::automatic);
    std::string names = "automatic";
    for (const mel::Implementation& known : mel::implementations()) {
        if (!mel::supported(known.set)) continue;
        if (name == known.name) return mel::prefer_instruction_set(known.set);
        names += std::string(", ") + known.name;
    }
    throw py::value_error("instruction set = '" + name + "': must be one of " + names);
}

}  // namespace

void bind_build(py::module_& module) {
    module.def("build_info", &build_info);
    module.def("implementations", &implementations);
    module.def("active_instruction_set", &active_instruction_set);
    module.def("hardware_threads", [] { return std::thread::hardware_concurrency(); });
    module.def("use_instruction_set", &use_instruction_set, py::arg("name"));
    module.def("set_usual_arithmetic", &mel::set_usual_arithmetic);
    module.def("restore_arithmetic", &mel::restore_arithmetic, py::arg("before"));
}

}  // namespace mel_bindings
