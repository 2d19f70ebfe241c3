#include <pybind11/stl.h>

#include <optional>
#include <variant>

#include "bindings.hpp"
#include "mel/problem.hpp"
#include "mel/usual_arithmetic.hpp"

namespace mel_bindings {
namespace {

// A column that may be absent: None is no limit.
using Limit = std::optional<Column<double>>;

// One number for all learners, or a column of them.
using Either = std::variant<double, Column<double>>;

mel::Amount amount_of(const Either& either) {
    if (const double* same = std::get_if<double>(&either)) return *same;
    return mel_bindings::span_of(std::get<Column<double>>(either));
}

std::span<const double> span_of(const Limit& column) {
    if (!column) return {};
    return mel_bindings::span_of(*column);
}

}  // namespace

void bind_problem(py::module_& module) {
    py::class_<mel::Problem>(module, "Problem",
                             "A validated, immutable problem in the core's own columns.")
        .def(py::init([](std::int64_t samples, const Either& send_bits,
                         const Either& send_bits_per_sample, const Either& return_bits,
                         const Either& return_bits_per_sample, const Either& flops_per_sample,
                         const Column<double>& flops_per_s, const Column<double>& gain,
                         const Column<double>& return_bandwidth_hz,
                         const Column<double>& return_power_w, double bandwidth_hz, double power_w,
                         double noise, bool fixed_law, double cycle_s, bool excused,
                         const Limit& min_samples, const Limit& max_samples,
                         const Limit& max_bandwidth_hz, const Limit& max_power_w,
                         const Limit& energy_j, const Limit& energy_per_flop_j, double block_hz) {
                 mel::ProblemStatement statement;
                 statement.samples = samples;
                 statement.send_bits = amount_of(send_bits);
                 statement.send_bits_per_sample = amount_of(send_bits_per_sample);
                 statement.return_bits = amount_of(return_bits);
                 statement.return_bits_per_sample = amount_of(return_bits_per_sample);
                 statement.flops_per_sample = amount_of(flops_per_sample);
                 statement.flops_per_s = mel_bindings::span_of(flops_per_s);
                 statement.gain = mel_bindings::span_of(gain);
                 statement.return_bandwidth_hz = mel_bindings::span_of(return_bandwidth_hz);
                 statement.return_power_w = mel_bindings::span_of(return_power_w);
                 statement.bandwidth_hz = bandwidth_hz;
                 statement.power_w = power_w;
                 statement.noise = noise;
                 statement.law = fixed_law ? mel::LinkLaw::fixed : mel::LinkLaw::density;
                 statement.cycle_s = cycle_s;
                 statement.idle = excused ? mel::Idle::excused : mel::Idle::served;
                 statement.min_samples = span_of(min_samples);
                 statement.max_samples = span_of(max_samples);
                 statement.max_bandwidth_hz = span_of(max_bandwidth_hz);
                 statement.max_power_w = span_of(max_power_w);
                 statement.energy_j = span_of(energy_j);
                 statement.energy_per_flop_j = span_of(energy_per_flop_j);
                 statement.block_hz = block_hz;
                 const mel::UsualArithmetic usual;
                 const py::gil_scoped_release
                     release;  // a pass over all learners; the arrays are held by the call
                 return mel::Problem(statement);
             }),
             py::kw_only(), py::arg("samples"), py::arg("send_bits"),
             py::arg("send_bits_per_sample"), py::arg("return_bits"),
             py::arg("return_bits_per_sample"), py::arg("flops_per_sample"), py::arg("flops_per_s"),
             py::arg("gain"), py::arg("return_bandwidth_hz"), py::arg("return_power_w"),
             py::arg("bandwidth_hz"), py::arg("power_w"), py::arg("noise"), py::arg("fixed_law"),
             py::arg("cycle_s"), py::arg("excused"), py::arg("min_samples") = py::none(),
             py::arg("max_samples") = py::none(), py::arg("max_bandwidth_hz") = py::none(),
             py::arg("max_power_w") = py::none(), py::arg("energy_j") = py::none(),
             py::arg("energy_per_flop_j") = py::none(), py::arg("block_hz") = 0.0)
        .def("with_budgets", &mel::Problem::with, py::arg("cycle_s"), py::arg("bandwidth_hz"),
             py::arg("power_w"), py::call_guard<py::gil_scoped_release, mel::UsualArithmetic>())
        .def_property_readonly("largest_cycle_s", &mel::Problem::largest_cycle_s)
        .def_property_readonly("size", &mel::Problem::size)
        .def_property_readonly("limited", &mel::Problem::limited);
}

}  // namespace mel_bindings
