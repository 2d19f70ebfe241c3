#include <algorithm>
#include <memory>
#include <utility>

#include "bindings.hpp"
#include "mel/selection.hpp"
#include "settings.hpp"
#include "watched.hpp"

namespace mel_bindings {
namespace {

using mel::Selection;
using mel::SelectionNode;

struct CoreSelection {
    Selection found;
    py::object interrupted = py::none();
};

template <class T, class Member>
py::array_t<T> tree_column(const CoreSelection& self, Member member) {
    py::array_t<T> column(static_cast<py::ssize_t>(self.found.tree.size()));
    T* out = column.mutable_data();
    for (const SelectionNode& node : self.found.tree) *out++ = member(node);
    return column;
}

template <class Values>
py::object plan_column(const py::object& self, const Values& values) {
    if (values.empty()) return py::none();
    return view_of(values, self);
}

// `of`: 0 samples, 1 weight, 2 learners. `depth`: as mel::Depth counts.
std::unique_ptr<CoreSelection> select(const mel::Problem& problem, std::int64_t tau, int of,
                                      const py::object& weight, bool whole, std::int64_t at_least,
                                      double grain, double time_limit_s, int threads,
                                      const py::object& callback, bool spare_time,
                                      const py::object& start, int depth) {
    mel::SelectionGoal goal;
    goal.of = static_cast<mel::Worth>(of);
    goal.whole = whole;
    goal.at_least = at_least;
    goal.grain = grain;
    goal.depth = static_cast<mel::Depth>(depth);
    Column<double> weights;
    if (!weight.is_none()) {
        weights = weight.cast<Column<double>>();
        goal.weight = span_of(weights);
    }
    if ((goal.of == mel::Worth::weight) != (goal.weight.size() == problem.size())) {
        throw py::value_error("weight must have one element a learner, where it counts");
    }
    mel::Settings settings = settings_of(0, time_limit_s, threads, start);
    settings.spare = spare_time ? mel::Spare::time : mel::Spare::none;
    Watch watch{callback};
    auto result = std::make_unique<CoreSelection>();
    result->found = watched(std::move(settings), watch, [&](const mel::Settings& s) {
        return mel::select(problem, tau, goal, s);
    });
    result->interrupted = watch.interrupt();
    return result;
}

}  // namespace

void bind_selection(py::module_& module) {
    py::class_<CoreSelection>(module, "Selection", "What a selection at one tau found.")
        .def_property_readonly("value", [](const CoreSelection& r) { return r.found.value; })
        .def_property_readonly("bound", [](const CoreSelection& r) { return r.found.bound; })
        .def_property_readonly("guessed", [](const CoreSelection& r) { return r.found.guessed; })
        .def_property_readonly("refuted", [](const CoreSelection& r) { return r.found.refuted; })
        .def_property_readonly("above_refuted",
                               [](const CoreSelection& r) { return r.found.above_refuted; })
        .def_property_readonly("stopped", [](const CoreSelection& r) { return r.found.stopped; })
        .def_property_readonly("interrupted", [](const CoreSelection& r) { return r.interrupted; })
        .def_property_readonly("samples",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreSelection&>().found.samples);
                               })
        .def_property_readonly("bandwidth_hz",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreSelection&>().found.bandwidth_hz);
                               })
        .def_property_readonly("power_w",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreSelection&>().found.power_w);
                               })
        .def_property_readonly("blocks",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreSelection&>().found.blocks);
                               })
        .def_property_readonly("tree_learner",
                               [](const CoreSelection& r) {
                                   return tree_column<std::int64_t>(
                                       r, [](const SelectionNode& n) { return n.learner; });
                               })
        .def_property_readonly("tree_at",
                               [](const CoreSelection& r) {
                                   return tree_column<std::int64_t>(
                                       r, [](const SelectionNode& n) { return n.at; });
                               })
        .def_property_readonly("tree_lambda_per_hz",
                               [](const CoreSelection& r) {
                                   return tree_column<double>(
                                       r, [](const SelectionNode& n) { return n.prices.lambda; });
                               })
        .def_property_readonly("tree_mu_per_w",
                               [](const CoreSelection& r) {
                                   return tree_column<double>(
                                       r, [](const SelectionNode& n) { return n.prices.mu; });
                               })
        .def_property_readonly("tree_per_sample",
                               [](const CoreSelection& r) {
                                   return tree_column<double>(
                                       r, [](const SelectionNode& n) { return n.per_sample; });
                               })
        .def_property_readonly("tree_per_learner",
                               [](const CoreSelection& r) {
                                   return tree_column<double>(
                                       r, [](const SelectionNode& n) { return n.per_learner; });
                               })
        .def_property_readonly("end",
                               [](const CoreSelection& r) {
                                   return py::make_tuple(r.found.end.lambda, r.found.end.mu);
                               })
        .def_property_readonly("nodes", [](const CoreSelection& r) { return r.found.nodes; })
        .def_property_readonly("passes", [](const CoreSelection& r) { return r.found.passes; })
        .def_property_readonly("elapsed_s",
                               [](const CoreSelection& r) { return r.found.elapsed_s; });
    module.def("select", &select, py::arg("problem"), py::arg("tau"), py::arg("of"),
               py::arg("weight").none(true), py::arg("whole"), py::arg("at_least"),
               py::arg("grain"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true), py::arg("spare_time") = true,
               py::arg("start") = py::none(),
               py::arg("depth") = static_cast<int>(mel::Depth::boxes));
}

}  // namespace mel_bindings
