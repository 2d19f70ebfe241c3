// The core at work without the GIL; `callback` and signals are looked at every 10 ms at most, on
// the calling thread and with the GIL held.
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <utility>

#include "bindings.hpp"
#include "mel/solve.hpp"

namespace mel_bindings {

// What the callback or a signal's handler has raised. KeyboardInterrupt, with what is derived from
// it, only ends the work, which then returns the best so far; anything else is the caller's, and
// comes out as it is.
class Watch {
  public:
    explicit Watch(py::object callback) : callback_(std::move(callback)) {}

    // Says whether to stop, and once it has said so does not look again.
    template <class... Progress>
    bool operator()(const Progress&... progress) {
        if (stopped_) return true;
        const py::gil_scoped_acquire acquire;
        return asked(
            [&] { return !callback_.is_none() && callback_(progress...).template cast<bool>(); });
    }

    // With the GIL held, when the work is done: what a signal has come for since the last look.
    // Left to the interpreter it would be raised before the caller has the answer, which would be
    // lost.
    void last_look() {
        if (!stopped_) asked([] { return false; });
    }
    bool stopped() const { return stopped_; }
    // The KeyboardInterrupt, or None.
    const py::object& interrupt() const { return interrupt_; }

    // With the GIL held: raises again what is the caller's.
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    template <class Question>
    bool asked(Question question) {
        try {
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            stopped_ = question();
        } catch (py::error_already_set& error) {
            stopped_ = true;
            if (error.matches(PyExc_KeyboardInterrupt)) {
                interrupt_ = error.value();
                if (error.trace()) PyException_SetTraceback(interrupt_.ptr(), error.trace().ptr());
            } else {
                failure_ = std::current_exception();
            }
        } catch (...) {
            stopped_ = true;
            failure_ = std::current_exception();
        }
        return stopped_;
    }

    py::object callback_;
    py::object interrupt_ = py::none();
    std::exception_ptr failure_;
    bool stopped_ = false;
};

// `ask(settings)` without the GIL. Where there is no memory for the threads asked for, one does it.
template <class Ask>
auto watched(mel::Settings settings, Watch& watch, Ask&& ask) {
    settings.should_stop = [&watch](const mel::Progress& at) {
        return watch(at.tau, at.bound, at.passes, at.elapsed_s);
    };
    auto found = [&] {
        const py::gil_scoped_release release;  // the core touches no Python object
        const auto begin = std::chrono::steady_clock::now();
        try {
            return ask(settings);
        } catch (const std::bad_alloc&) {
            if (settings.threads <= 1 || watch.stopped()) throw;
        }
        settings.threads = 1;
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
        settings.time_limit_s = std::max(settings.time_limit_s - spent.count(), 0.0);
        return ask(settings);
    }();
    watch.last_look();
    watch.rethrow();
    return found;
}

// The same; `interrupted` becomes the KeyboardInterrupt that ended it.
template <class Ask>
auto watched(mel::Settings settings, const py::object& callback, py::object& interrupted,
             Ask&& ask) {
    Watch watch{callback};
    auto found = watched(std::move(settings), watch, std::forward<Ask>(ask));
    interrupted = watch.interrupt();
    return found;
}

}  // namespace mel_bindings
