#include <span>

#include "bindings.hpp"
#include "mel/energy.hpp"
#include "settings.hpp"
#include "watched.hpp"

namespace mel_bindings {
namespace {

// A division's learner and where, or -2 and how many take part, or -1, 0 and a box's prices.
py::list nodes_of(const std::vector<mel::EnergyNode>& tree) {
    py::list nodes;
    for (const mel::EnergyNode& node : tree) {
        nodes.append(
            py::make_tuple(node.learner, node.at, node.lambda, node.mu, node.nu, node.taking));
    }
    return nodes;
}

// Energy, bound, their three prices, and the plan's columns or four times None; then the tree of
// boxes, the passes, and whether a limit or Ctrl-C came first, and the KeyboardInterrupt or None.
py::tuple least_energy(const mel::Problem& problem, std::int64_t tau, double time_limit_s,
                       int threads, const py::object& callback, const py::object& known) {
    const mel::LearnerLimits* limits = problem.limits();
    if (!limits || (!limits->battery() && limits->spent_j.empty()))
        throw py::value_error("learners have no energy that counts");
    std::span<const std::int64_t> samples;
    py::array_t<std::int64_t, py::array::c_style> column;
    if (!known.is_none()) {
        column = py::cast<decltype(column)>(known);
        if (column.ndim() != 1 || column.size() != static_cast<py::ssize_t>(problem.size()))
            throw py::value_error("known samples: must be one of each learner");
        samples = {column.data(), problem.size()};
    }
    Watch watch{callback};
    const auto found = watched(
        settings_of(0, time_limit_s, threads, py::none()), watch,
        [&](const mel::Settings& s) { return mel::least_energy(problem, tau, s, samples); });
    py::object columns[4] = {py::none(), py::none(), py::none(), py::none()};
    if (!found.samples.empty()) {
        const auto size = static_cast<py::ssize_t>(found.samples.size());
        columns[0] = py::array_t<std::int64_t>(size, found.samples.data());
        columns[1] = py::array_t<double>(size, found.bandwidth_hz.data());
        columns[2] = py::array_t<double>(size, found.power_w.data());
        columns[3] = py::array_t<double>(size, found.speed.data());
    }
    return py::make_tuple(found.value_j, found.bound_j, found.lambda, found.mu, found.nu,
                          columns[0], columns[1], columns[2], columns[3], nodes_of(found.tree),
                          found.passes, found.stopped, watch.interrupt());
}

}  // namespace

void bind_energy(py::module_& module) {
    module.def("least_energy", &least_energy, py::arg("problem"), py::arg("tau"),
               py::arg("time_limit_s"), py::arg("threads"), py::arg("callback").none(true),
               py::arg("known") = py::none());
}

}  // namespace mel_bindings
