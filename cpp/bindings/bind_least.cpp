#include <limits>
#include <memory>

#include "bindings.hpp"
#include "core_result.hpp"
#include "mel/least.hpp"
#include "mel/parts.hpp"
#include "settings.hpp"
#include "watched.hpp"

namespace mel_bindings {
namespace {

// The last of what each of these returns says whether Ctrl-C ended it.
py::tuple estimate_least(const mel::Problem& problem, std::int64_t tau, int resource, int scheme,
                         double time_limit_s, int threads, const py::object& callback,
                         const py::object& start) {
    py::object interrupted = py::none();
    const auto found = watched(settings_of(scheme, time_limit_s, threads, start), callback,
                               interrupted, [&](const mel::Settings& s) {
                                   return mel::estimate_least(
                                       problem, tau, static_cast<mel::Resource>(resource), s);
                               });
    return py::make_tuple(found.amount, found.prices.lambda, found.prices.mu, found.converged,
                          interrupted);
}

py::tuple least_of_split(const mel::Problem& problem, std::int64_t tau,
                         const Column<std::int64_t>& samples, int resource, double time_limit_s,
                         int threads, const py::object& callback, const py::object& start) {
    const auto split = span_of(samples);
    if (split.size() != problem.size()) {
        throw py::value_error("samples must have one element a learner");
    }
    py::object interrupted = py::none();
    const auto found =
        watched(settings_of(0, time_limit_s, threads, start), callback, interrupted,
                [&](const mel::Settings& s) {
                    return mel::least_of_split(problem, tau, split,
                                               static_cast<mel::Resource>(resource), s);
                });
    if (found.bandwidth_hz.empty()) {
        return py::make_tuple(0.0, py::none(), py::none(), py::none(), interrupted);
    }
    const auto size = static_cast<py::ssize_t>(split.size());
    py::object blocks = py::none();
    if (!found.blocks.empty()) blocks = py::array_t<std::int64_t>(size, found.blocks.data());
    return py::make_tuple(found.amount, py::array_t<double>(size, found.bandwidth_hz.data()),
                          py::array_t<double>(size, found.power_w.data()), blocks, interrupted);
}

py::tuple reachable_cycle(const mel::Problem& problem, std::int64_t tau, int scheme,
                          double time_limit_s, int threads, const py::object& callback) {
    py::object interrupted = py::none();
    const auto found =
        watched(settings_of(scheme, time_limit_s, threads, py::none()), callback, interrupted,
                [&](const mel::Settings& s) { return mel::reachable_cycle(problem, tau, s); });
    // What a limit cut short says nothing; that is no interrupt.
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    return py::make_tuple(found.stopped ? nothing : found.too_short_s,
                          found.stopped ? nothing : found.enough_s, found.passes, interrupted);
}

// Null where there are no samples.
std::unique_ptr<CoreResult> plan_of(std::int64_t tau, mel::Buffer<std::int64_t> samples,
                                    mel::SplitNeed need, const mel::Start& end,
                                    std::int64_t passes) {
    if (samples.empty()) return nullptr;
    auto plan = std::make_unique<CoreResult>(mel::Result{});
    plan->result.tau = tau;
    plan->result.bound = tau;
    plan->result.samples = std::move(samples);
    plan->result.bandwidth_hz = std::move(need.bandwidth_hz);
    plan->result.power_w = std::move(need.power_w);
    plan->result.blocks = std::move(need.blocks);
    plan->result.end = end;
    plan->result.passes = passes;
    return plan;
}

// Two results: the proof that `lower` is too little, and the plan that `amount` suffices; None
// where an end is missing.
py::tuple bracket(const mel::Problem& problem, std::int64_t tau, int resource, int scheme,
                  double time_limit_s, int threads, const py::object& callback,
                  const py::object& start, double too_short, bool parts) {
    py::object interrupted = py::none();
    auto whole = watched(settings_of(scheme, time_limit_s, threads, start), callback, interrupted,
                         [&](const mel::Settings& s) {
                             const auto of = static_cast<mel::Resource>(resource);
                             if (parts) {
                                 return mel::bracket_with_parts(problem, tau, of, s, too_short);
                             }
                             return mel::PartsBracket{mel::bracket(problem, tau, of, s, too_short)};
                         });
    mel::Bracket& found = whole.found;
    const mel::Start end{static_cast<double>(tau), found.prices};
    std::unique_ptr<CoreResult> refuted;
    if (found.lower > 0) {
        refuted = std::make_unique<CoreResult>(mel::Result{});
        refuted->result.bound = tau - 1;
        refuted->result.tree = std::move(found.tree);
        refuted->result.end = end;
        refuted->result.passes = found.passes;
        refuted->parts = whole.parts;
    }
    const double amount = found.need.amount;
    return py::make_tuple(
        found.lower, std::move(refuted), amount,
        plan_of(tau, std::move(found.samples), std::move(found.need), end, found.passes),
        interrupted, found.passes);
}

// What is proved too little where parts of so many samples count, the leaf that proves it, and a
// plan with less than `upper` or None.
py::tuple least_by_parts(const mel::Problem& problem, std::int64_t tau, int resource, double part,
                         double lower, double upper, double time_limit_s, int threads,
                         const py::object& callback, const py::object& start, double above) {
    py::object interrupted = py::none();
    auto found =
        watched(settings_of(0, time_limit_s, threads, start), callback, interrupted,
                [&](const mel::Settings& s) {
                    return mel::least_by_parts(problem, tau, static_cast<mel::Resource>(resource),
                                               {part, lower, upper, above}, s);
                });
    const mel::Start end{static_cast<double>(tau), found.prices};
    const double amount = found.need.amount;
    return py::make_tuple(
        found.lower, found.prices.lambda, found.prices.mu, found.parts.per_part, amount,
        plan_of(tau, std::move(found.samples), std::move(found.need), end, found.passes),
        found.passes, interrupted);
}

py::tuple worth_at(const mel::Problem& problem, double tau, int scheme, double time_limit_s,
                   int threads, const py::object& start, std::int64_t at_least) {
    Watch watch{py::none()};
    const auto found = watched(
        settings_of(scheme, time_limit_s, threads, start), watch,
        [&](const mel::Settings& s) { return mel::marginal_values_at(problem, tau, s, at_least); });
    if (!watch.interrupt().is_none()) {
        PyErr_SetObject(py::type::of(watch.interrupt()).ptr(), watch.interrupt().ptr());
        throw py::error_already_set();
    }
    return py::make_tuple(static_cast<int>(found.outcome), found.samples, found.per_s,
                          found.prices.lambda, found.prices.mu);
}

}  // namespace

void bind_least(py::module_& module) {
    module.def("estimate_least", &estimate_least, py::arg("problem"), py::arg("tau"),
               py::arg("resource"), py::arg("scheme"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true), py::arg("start") = py::none());
    module.def("bracket", &bracket, py::arg("problem"), py::arg("tau"), py::arg("resource"),
               py::arg("scheme"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true), py::arg("start") = py::none(),
               py::arg("too_short") = 0.0, py::arg("parts") = false);
    module.def("least_by_parts", &least_by_parts, py::arg("problem"), py::arg("tau"),
               py::arg("resource"), py::arg("part"), py::arg("lower"), py::arg("upper"),
               py::arg("time_limit_s"), py::arg("threads"), py::arg("callback").none(true),
               py::arg("start") = py::none(), py::arg("above") = -1.0);
    module.def("reachable_cycle", &reachable_cycle, py::arg("problem"), py::arg("tau"),
               py::arg("scheme"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true));
    module.def("least_of_split", &least_of_split, py::arg("problem"), py::arg("tau"),
               py::arg("samples"), py::arg("resource"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true), py::arg("start") = py::none());
    module.def("worth_at", &worth_at, py::arg("problem"), py::arg("tau"), py::arg("scheme"),
               py::arg("time_limit_s"), py::arg("threads"), py::arg("start") = py::none(),
               py::arg("at_least") = 0);
}

}  // namespace mel_bindings
