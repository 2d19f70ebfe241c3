#include <exception>
#include <memory>

#include "bindings.hpp"
#include "core_result.hpp"
#include "mel/solve.hpp"

namespace mel_bindings {
namespace {

std::unique_ptr<CoreResult> solve(const mel::Problem& problem, int scheme, double time_limit_s,
                                  int threads, const py::object& callback) {
    mel::Settings settings;
    settings.scheme = static_cast<mel::Scheme>(scheme);
    settings.time_limit_s = time_limit_s;
    settings.threads = threads;
    bool interrupted = false;
    std::exception_ptr failure;
    // Runs on this thread every 10 ms at most: signals are only seen with the GIL held.
    settings.should_stop = [&](const mel::Progress& at) {
        const py::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) {
            PyErr_Clear();
            interrupted = true;
            return true;
        }
        if (callback.is_none()) return false;
        try {
            return callback(at.tau, at.bound, at.passes, at.elapsed_s).cast<bool>();
        } catch (...) {
            failure = std::current_exception();
            return true;
        }
    };
    mel::Result found;
    {
        const py::gil_scoped_release release;  // the core touches no Python object
        found = mel::solve(problem, settings);
    }
    if (failure) std::rethrow_exception(failure);
    auto result = std::make_unique<CoreResult>(std::move(found));
    result->interrupted = interrupted;
    return result;
}

}  // namespace

void bind_solve(py::module_& module) {
    module.def("solve", &solve, py::arg("problem"), py::arg("scheme"), py::arg("time_limit_s"),
               py::arg("threads"), py::arg("callback").none(true));
}

}  // namespace mel_bindings
