// Settings from the arguments that the solving functions share.
#pragma once

#include "bindings.hpp"
#include "mel/settings.hpp"

namespace mel_bindings {

// `start` is None or (tau, lambda_per_hz, mu_per_w), as a result's `end`.
inline mel::Settings settings_of(int scheme, double time_limit_s, int threads,
                                 const py::object& start) {
    mel::Settings settings;
    settings.scheme = static_cast<mel::Scheme>(scheme);
    settings.time_limit_s = time_limit_s;
    settings.threads = threads;
    if (!start.is_none()) {
        const auto [tau, lambda, mu] = start.cast<std::tuple<double, double, double>>();
        if (tau > 0 && lambda > 0 && mu > 0) settings.start = mel::Start{tau, {lambda, mu}};
    }
    return settings;
}

}  // namespace mel_bindings
