// The core at work without the GIL; `callback` and signals are looked at every 10 ms at most, on
// the calling thread and with the GIL held.
#pragma once

#include <exception>
#include <utility>

#include "bindings.hpp"
#include "mel/solve.hpp"

namespace mel_bindings {

// Sets `interrupted` after Ctrl-C; raises what the callback raised.
template <class Ask>
auto watched(mel::Settings settings, const py::object& callback, bool& interrupted, Ask&& ask) {
    interrupted = false;
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
    auto found = [&] {
        const py::gil_scoped_release release;  // the core touches no Python object
        return ask(settings);
    }();
    if (failure) std::rethrow_exception(failure);
    return found;
}

// The same for what has nothing to show before its end: raises KeyboardInterrupt.
template <class Ask>
auto watched(mel::Settings settings, Ask&& ask) {
    bool interrupted = false;
    auto found = watched(std::move(settings), py::none(), interrupted, std::forward<Ask>(ask));
    if (interrupted) {
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        throw py::error_already_set();
    }
    return found;
}

}  // namespace mel_bindings
