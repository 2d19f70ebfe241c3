#include <exception>
#include <memory>

#include "bindings.hpp"
#include "core_result.hpp"
#include "mel/solve.hpp"
#include "settings.hpp"

namespace mel_bindings {
namespace {

// Runs the core without the GIL; `callback` and signals are looked at every 10 ms at most, on this
// thread and with the GIL held.
template <class Ask>
std::unique_ptr<CoreResult> watched(mel::Settings settings, const py::object& callback, Ask&& ask) {
    bool interrupted = false;
    std::exception_ptr failure;
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
        found = ask(settings);
    }
    if (failure) std::rethrow_exception(failure);
    auto result = std::make_unique<CoreResult>(std::move(found));
    result->interrupted = interrupted;
    return result;
}

std::unique_ptr<CoreResult> solve(const mel::Problem& problem, int scheme, double time_limit_s,
                                  int threads, const py::object& callback, bool spare_time,
                                  const py::object& start, bool tentative) {
    mel::Settings settings = settings_of(scheme, time_limit_s, threads, start);
    settings.spare = spare_time ? mel::Spare::time : mel::Spare::none;
    if (tentative) settings.trust = mel::Trust::tentative;
    return watched(std::move(settings), callback,
                   [&](const mel::Settings& s) { return mel::solve(problem, s); });
}

std::unique_ptr<CoreResult> decide(const mel::Problem& problem, std::int64_t tau, int scheme,
                                   double time_limit_s, int threads, const py::object& start) {
    mel::Settings settings = settings_of(scheme, time_limit_s, threads, start);
    settings.spare = mel::Spare::none;
    return watched(std::move(settings), py::none(),
                   [&](const mel::Settings& s) { return mel::decide(problem, tau, s); });
}

}  // namespace

void bind_solve(py::module_& module) {
    module.def("solve", &solve, py::arg("problem"), py::arg("scheme"), py::arg("time_limit_s"),
               py::arg("threads"), py::arg("callback").none(true), py::arg("spare_time") = true,
               py::arg("start") = py::none(), py::arg("tentative") = false);
    module.def("decide", &decide, py::arg("problem"), py::arg("tau"), py::arg("scheme"),
               py::arg("time_limit_s"), py::arg("threads"), py::arg("start") = py::none());
}

}  // namespace mel_bindings
