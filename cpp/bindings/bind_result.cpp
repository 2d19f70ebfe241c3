#include "bindings.hpp"
#include "core_result.hpp"

namespace mel_bindings {
namespace {

template <class T, class Member>
py::array_t<T> tree_column(const CoreResult& self, Member member) {
    const auto& tree = self.result.tree;
    py::array_t<T> column(static_cast<py::ssize_t>(tree.size()));
    T* out = column.mutable_data();
    for (std::size_t i = 0; i < tree.size(); ++i) out[i] = member(tree[i]);
    return column;
}

template <class Values>
py::object plan_column(const py::object& self, const Values& values) {
    if (values.empty()) return py::none();
    return view_of(values, self);
}

}  // namespace

void bind_result(py::module_& module) {
    using mel::TreeNode;
    py::class_<CoreResult>(module, "Result",
                           "What the core found; arrays are views that the result keeps alive.")
        .def_property_readonly(
            "status", [](const CoreResult& r) { return static_cast<int>(r.result.status); })
        .def_property_readonly("tau", [](const CoreResult& r) { return r.result.tau; })
        .def_property_readonly("bound", [](const CoreResult& r) { return r.result.bound; })
        .def_property_readonly("samples",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreResult&>().result.samples);
                               })
        .def_property_readonly("bandwidth_hz",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreResult&>().result.bandwidth_hz);
                               })
        .def_property_readonly("power_w",
                               [](const py::object& self) {
                                   return plan_column(
                                       self, self.cast<const CoreResult&>().result.power_w);
                               })
        .def_property_readonly("blocks",
                               [](const py::object& self) {
                                   return plan_column(self,
                                                      self.cast<const CoreResult&>().result.blocks);
                               })
        .def_property_readonly("tree_learner",
                               [](const CoreResult& r) {
                                   return tree_column<std::int64_t>(
                                       r, [](const TreeNode& n) { return n.learner; });
                               })
        .def_property_readonly("tree_at",
                               [](const CoreResult& r) {
                                   return tree_column<std::int64_t>(
                                       r, [](const TreeNode& n) { return n.at; });
                               })
        .def_property_readonly("tree_lambda_per_hz",
                               [](const CoreResult& r) {
                                   return tree_column<double>(
                                       r, [](const TreeNode& n) { return n.prices.lambda; });
                               })
        .def_property_readonly("tree_mu_per_w",
                               [](const CoreResult& r) {
                                   return tree_column<double>(
                                       r, [](const TreeNode& n) { return n.prices.mu; });
                               })
        .def_property_readonly("per_part", [](const CoreResult& r) { return r.parts.per_part; })
        .def_property_readonly("part", [](const CoreResult& r) { return r.parts.part; })
        .def_property_readonly("above", [](const CoreResult& r) { return r.parts.above; })
        .def_property_readonly("end",
                               [](const CoreResult& r) {
                                   const mel::Start& end = r.result.end;
                                   return py::make_tuple(end.tau, end.prices.lambda, end.prices.mu);
                               })
        .def_property_readonly("nodes", [](const CoreResult& r) { return r.result.nodes; })
        .def_property_readonly("passes", [](const CoreResult& r) { return r.result.passes; })
        .def_property_readonly("elapsed_s", [](const CoreResult& r) { return r.result.elapsed_s; })
        .def_property_readonly("stopped", [](const CoreResult& r) { return r.result.stopped; })
        .def_property_readonly("interrupted", [](const CoreResult& r) { return r.interrupted; })
        .def_property_readonly("blame",
                               [](const CoreResult& r) { return static_cast<int>(r.result.blame); })
        .def_property_readonly("blame_learner",
                               [](const CoreResult& r) { return r.result.blamed_learner; });
}

}  // namespace mel_bindings
