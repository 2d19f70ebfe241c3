#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bindings.hpp"
#include "mel/need_order.hpp"
#include "mel/problem.hpp"
#include "mel/usual_arithmetic.hpp"

namespace mel_bindings {
namespace {

// One number for all learners, or a column of them.
using Either = std::variant<double, Column<double>>;

// What a column is given, kept for as long as the statement reads it.
void put(const mel::LearnerColumn& column, py::kwargs& columns, mel::ProblemStatement& s,
         std::vector<Column<double>>& kept) {
    const py::object given = taken(columns, column);
    if (given.is_none()) return;
    Either either = column.amount ? as<Either>(given, column.name)
                                  : Either(as<Column<double>>(given, column.name));
    if (const double* same = std::get_if<double>(&either)) {
        s.*column.amount = *same;
        return;
    }
    kept.push_back(std::get<Column<double>>(std::move(either)));
    column.put(span_of(kept.back()), s);
}

// The problem of some learners alone; their numbers rise.
mel::Problem part_of(const mel::Problem& problem, const Column<std::int64_t>& learners) {
    const std::span<const std::int64_t> given = span_of(learners);
    std::vector<std::size_t> who;
    for (const std::int64_t k : given) {
        const auto learner = static_cast<std::size_t>(k);
        if (learner >= problem.size() || (!who.empty() && learner <= who.back())) {
            throw py::value_error("learners must be numbers of learners that rise");
        }
        who.push_back(learner);
    }
    if (who.empty()) throw py::value_error("learners is empty");
    return problem.taken(who);
}

// Every so-many-th learner in the order of what its least takes, in one local cycle.
Column<std::int64_t> every_by_need(const mel::Problem& problem, std::size_t stride) {
    if (stride < 1) throw py::value_error("stride must be at least 1");
    const mel::LearnerLimits* limits = problem.limits();
    mel::LeastTaken least;
    if (limits && !limits->min_samples.empty()) least.each = limits->min_samples;
    const mel::UsualArithmetic usual;
    const auto order = mel::order_by_need(problem, 1, least, {.stride = stride});
    Column<std::int64_t> every(static_cast<py::ssize_t>(order.every.size()));
    std::copy(order.every.begin(), order.every.end(), every.mutable_data());
    return every;
}

mel::Problem with_payload(const mel::Problem& problem, const Column<double>& flops_per_s,
                          py::kwargs columns) {
    mel::ProblemStatement s;
    std::vector<Column<double>> kept;
    for (const mel::LearnerColumn& column : mel::learner_columns()) {
        if (column.amount) put(column, columns, s, kept);
    }
    refuse_others(columns);
    if (static_cast<std::size_t>(flops_per_s.size()) != problem.size() || problem.limited()) {
        throw py::value_error("with_payload needs every speed, and a problem without limits");
    }
    s.flops_per_s = span_of(flops_per_s);
    const mel::UsualArithmetic usual;
    const py::gil_scoped_release release;
    return problem.with_payload(s);
}

mel::Problem make(std::int64_t samples, double bandwidth_hz, double power_w, double noise,
                  bool fixed_law, double cycle_s, bool excused, double block_hz, bool energy_sends,
                  bool energy_counts, py::kwargs columns) {
    mel::ProblemStatement s;
    s.samples = samples;
    s.bandwidth_hz = bandwidth_hz;
    s.power_w = power_w;
    s.noise = noise;
    s.law = fixed_law ? mel::LinkLaw::fixed : mel::LinkLaw::density;
    s.cycle_s = cycle_s;
    s.idle = excused ? mel::Idle::excused : mel::Idle::served;
    s.block_hz = block_hz;
    s.energy_sends = energy_sends;
    s.energy_counts = energy_counts;
    std::vector<Column<double>> kept;  // the arrays that the statement reads
    for (const mel::LearnerColumn& column : mel::learner_columns()) {
        put(column, columns, s, kept);
    }
    refuse_others(columns);
    const mel::UsualArithmetic usual;
    const py::gil_scoped_release release;  // a pass over all learners
    return mel::Problem(s);
}

}  // namespace

py::object taken(py::kwargs& columns, const mel::LearnerColumn& column) {
    if (columns.contains(column.name)) return columns.attr("pop")(column.name);
    if (!column.limit) throw py::type_error(std::string("missing column ") + column.name);
    return py::none();
}

void refuse_others(const py::kwargs& columns) {
    for (const auto& [name, value] : columns) {
        throw py::type_error("unexpected column " + name.cast<std::string>());
    }
}

void bind_problem(py::module_& module) {
    py::class_<mel::Problem>(module, "Problem",
                             "A validated, immutable problem in the core's own columns.")
        .def(py::init(&make), py::kw_only(), py::arg("samples"), py::arg("bandwidth_hz"),
             py::arg("power_w"), py::arg("noise"), py::arg("fixed_law"), py::arg("cycle_s"),
             py::arg("excused"), py::arg("block_hz") = 0.0, py::arg("energy_sends") = false,
             py::arg("energy_counts") = false)
        .def(
            "with_budgets",
            [](const mel::Problem& problem, double cycle_s, double bandwidth_hz, double power_w) {
                return problem.with({cycle_s, bandwidth_hz, power_w});
            },
            py::arg("cycle_s"), py::arg("bandwidth_hz"), py::arg("power_w"),
            py::call_guard<py::gil_scoped_release, mel::UsualArithmetic>())
        .def("with_payload", &with_payload, py::kw_only(), py::arg("flops_per_s"))
        .def("taken", &part_of, py::arg("learners"))
        .def("every_by_need", &every_by_need, py::arg("stride"))
        .def("with_samples", &mel::Problem::with_samples, py::arg("samples"))
        .def(
            "with_bounds",
            [](const mel::Problem& problem, std::int64_t least, std::int64_t most) {
                return problem.with_bounds({.least = least, .most = most});
            },
            py::arg("min_samples"), py::arg("max_samples"))
        .def(
            "among",
            [](const mel::Problem& problem, bool differ, bool send, bool give_back, bool grow) {
                return problem.among({differ, send, give_back, grow});
            },
            py::arg("differ"), py::arg("send"), py::arg("give_back"), py::arg("grow"))
        .def_property_readonly("largest_cycle_s", &mel::Problem::largest_cycle_s)
        .def_property_readonly("size", &mel::Problem::size)
        .def_property_readonly("limited", &mel::Problem::limited);
}

}  // namespace mel_bindings
