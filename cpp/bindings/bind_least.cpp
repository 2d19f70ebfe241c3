#include "bindings.hpp"
#include "mel/least.hpp"
#include "settings.hpp"

namespace mel_bindings {
namespace {

py::tuple estimate_least(const mel::Problem& problem, std::int64_t tau, int resource, int scheme,
                         int threads, const py::object& start) {
    const mel::Settings settings =
        settings_of(scheme, std::numeric_limits<double>::infinity(), threads, start);
    mel::Estimate found;
    {
        const py::gil_scoped_release release;  // the core touches no Python object
        found = mel::estimate_least(problem, tau, static_cast<mel::Resource>(resource), settings);
    }
    return py::make_tuple(found.amount, found.prices.lambda, found.prices.mu, found.converged);
}

py::tuple settle(const mel::Problem& problem, std::int64_t tau, const Column<std::int64_t>& samples,
                 int resource, int threads, const py::object& start) {
    const auto split = span_of(samples);
    if (split.size() != problem.size()) {
        throw py::value_error("samples must have one element a learner");
    }
    const mel::Settings settings =
        settings_of(0, std::numeric_limits<double>::infinity(), threads, start);
    mel::Settled found;
    {
        const py::gil_scoped_release release;  // the array is held by this call
        found = mel::settle(problem, tau, split, static_cast<mel::Resource>(resource), settings);
    }
    if (found.bandwidth_hz.empty()) return py::make_tuple(0.0, py::none(), py::none(), py::none());
    const auto size = static_cast<py::ssize_t>(split.size());
    py::object blocks = py::none();
    if (!found.blocks.empty()) blocks = py::array_t<std::int64_t>(size, found.blocks.data());
    return py::make_tuple(found.amount, py::array_t<double>(size, found.bandwidth_hz.data()),
                          py::array_t<double>(size, found.power_w.data()), blocks);
}

py::tuple worth_at(const mel::Problem& problem, double tau, int scheme, int threads,
                   const py::object& start) {
    const mel::Settings settings =
        settings_of(scheme, std::numeric_limits<double>::infinity(), threads, start);
    mel::Worth found;
    {
        const py::gil_scoped_release release;  // the core touches no Python object
        found = mel::worth_at(problem, tau, settings);
    }
    return py::make_tuple(found.samples, found.per_s, found.prices.lambda, found.prices.mu,
                          found.possible);
}

}  // namespace

void bind_least(py::module_& module) {
    module.def("estimate_least", &estimate_least, py::arg("problem"), py::arg("tau"),
               py::arg("resource"), py::arg("scheme"), py::arg("threads"),
               py::arg("start") = py::none());
    module.def("settle", &settle, py::arg("problem"), py::arg("tau"), py::arg("samples"),
               py::arg("resource"), py::arg("threads"), py::arg("start") = py::none());
    module.def("worth_at", &worth_at, py::arg("problem"), py::arg("tau"), py::arg("scheme"),
               py::arg("threads"), py::arg("start") = py::none());
}

}  // namespace mel_bindings
