#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "bindings.hpp"
#include "core_result.hpp"
#include "mel/least.hpp"
#include "mel/parts.hpp"
#include "mel/solve.hpp"
#include "settings.hpp"
#include "watched.hpp"

namespace mel_bindings {
namespace {

template <class Ask>
std::unique_ptr<CoreResult> result_of(mel::Settings settings, const py::object& callback,
                                      Ask&& ask) {
    Watch watch{callback};
    auto result =
        std::make_unique<CoreResult>(watched(std::move(settings), watch, std::forward<Ask>(ask)));
    result->interrupted = watch.interrupt();
    return result;
}

// Of one whose leaf may count parts.
template <class Ask>
std::unique_ptr<CoreResult> result_with_parts(mel::Settings settings, const py::object& callback,
                                              Ask&& ask) {
    mel::PartsResult whole;
    auto result = result_of(std::move(settings), callback, [&](const mel::Settings& s) {
        whole = ask(s);
        return std::move(whole.found);
    });
    result->parts = whole.parts;
    return result;
}

std::unique_ptr<CoreResult> solve(const mel::Problem& problem, int scheme, double time_limit_s,
                                  int threads, const py::object& callback, bool spare_time,
                                  const py::object& start, bool tentative, double work_limit,
                                  bool parts) {
    mel::Settings settings = settings_of(scheme, time_limit_s, threads, start);
    settings.work_limit = std::min(settings.work_limit, work_limit);
    settings.total_work_limit = work_limit;
    settings.spare = spare_time ? mel::Spare::time : mel::Spare::none;
    if (tentative) settings.trust = mel::Trust::tentative;
    return result_with_parts(std::move(settings), callback, [&](const mel::Settings& s) {
        return parts ? mel::solve_with_parts(problem, s) : mel::PartsResult{mel::solve(problem, s)};
    });
}

struct Leaf {
    mel::Prices prices;
    mel::LeafParts parts;
};

// In the order of a certificate's words, or none.
std::optional<Leaf> leaf_of(const py::object& words) {
    if (words.is_none()) return {};
    const auto [lambda, mu, per_part, part, above] =
        words.cast<std::tuple<double, double, double, double, py::object>>();
    const double most = above.is_none() ? -1.0 : above.cast<double>();
    return Leaf{{lambda, mu}, {per_part, part, most}};
}

std::unique_ptr<CoreResult> decide(const mel::Problem& problem, std::int64_t tau, int scheme,
                                   double time_limit_s, int threads, const py::object& callback,
                                   const py::object& start, bool tentative, double work_limit,
                                   bool parts, const py::object& leaf, bool only_refutes) {
    mel::Settings settings = settings_of(scheme, time_limit_s, threads, start);
    settings.work_limit = std::min(settings.work_limit, work_limit);
    settings.only_refutes = only_refutes;
    settings.spare = mel::Spare::none;
    if (tentative) settings.trust = mel::Trust::tentative;
    const std::optional<Leaf> known = leaf_of(leaf);
    return result_with_parts(std::move(settings), callback, [&](const mel::Settings& s) {
        if (known) return mel::decide_with_leaf(problem, tau, s, known->prices, known->parts);
        return parts ? mel::decide_with_parts(problem, tau, s)
                     : mel::PartsResult{mel::decide(problem, tau, s)};
    });
}

std::unique_ptr<CoreResult> without_radio(const mel::Problem& problem, std::int64_t tau, int scheme,
                                          double time_limit_s, int threads,
                                          const py::object& callback) {
    return result_of(settings_of(scheme, time_limit_s, threads, py::none()), callback,
                     [&](const mel::Settings& s) { return mel::without_radio(problem, tau, s); });
}

}  // namespace

void bind_solve(py::module_& module) {
    module.def("solve", &solve, py::arg("problem"), py::arg("scheme"), py::arg("time_limit_s"),
               py::arg("threads"), py::arg("callback").none(true), py::arg("spare_time") = true,
               py::arg("start") = py::none(), py::arg("tentative") = false,
               py::arg("work_limit") = std::numeric_limits<double>::infinity(),
               py::arg("parts") = false);
    module.def("decide", &decide, py::arg("problem"), py::arg("tau"), py::arg("scheme"),
               py::arg("time_limit_s"), py::arg("threads"), py::arg("callback").none(true),
               py::arg("start") = py::none(), py::arg("tentative") = false,
               py::arg("work_limit") = std::numeric_limits<double>::infinity(),
               py::arg("parts") = false, py::arg("leaf") = py::none(),
               py::arg("only_refutes") = false);
    module.def("without_radio", &without_radio, py::arg("problem"), py::arg("tau"),
               py::arg("scheme"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true));
}

}  // namespace mel_bindings
