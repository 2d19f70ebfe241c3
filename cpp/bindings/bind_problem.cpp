#include "bindings.hpp"
#include "mel/problem.hpp"

namespace mel_bindings {

void bind_problem(py::module_& module) {
    py::class_<mel::Problem>(module, "Problem",
                             "A validated, immutable problem in the core's own columns.")
        .def(py::init([](std::int64_t samples, double sample_bits, double model_bits_per_sample,
                         double model_bits, double flops_per_sample,
                         const Column<double>& flops_per_s, const Column<double>& gain,
                         const Column<double>& return_bandwidth_hz,
                         const Column<double>& return_power_w, double bandwidth_hz, double power_w,
                         double noise, bool fixed_law, double cycle_s, bool excused) {
                 mel::ProblemStatement statement;
                 statement.samples = samples;
                 statement.sample_bits = sample_bits;
                 statement.model_bits_per_sample = model_bits_per_sample;
                 statement.model_bits = model_bits;
                 statement.flops_per_sample = flops_per_sample;
                 statement.flops_per_s = span_of(flops_per_s);
                 statement.gain = span_of(gain);
                 statement.return_bandwidth_hz = span_of(return_bandwidth_hz);
                 statement.return_power_w = span_of(return_power_w);
                 statement.bandwidth_hz = bandwidth_hz;
                 statement.power_w = power_w;
                 statement.noise = noise;
                 statement.law = fixed_law ? mel::LinkLaw::fixed : mel::LinkLaw::density;
                 statement.cycle_s = cycle_s;
                 statement.idle = excused ? mel::Idle::excused : mel::Idle::served;
                 const py::gil_scoped_release
                     release;  // a pass over all learners; the arrays are held by the call
                 return mel::Problem(statement);
             }),
             py::kw_only(), py::arg("samples"), py::arg("sample_bits"),
             py::arg("model_bits_per_sample"), py::arg("model_bits"), py::arg("flops_per_sample"),
             py::arg("flops_per_s"), py::arg("gain"), py::arg("return_bandwidth_hz"),
             py::arg("return_power_w"), py::arg("bandwidth_hz"), py::arg("power_w"),
             py::arg("noise"), py::arg("fixed_law"), py::arg("cycle_s"), py::arg("excused"))
        .def("with_budgets", &mel::Problem::with, py::arg("cycle_s"), py::arg("bandwidth_hz"),
             py::arg("power_w"), py::call_guard<py::gil_scoped_release>())
        .def_property_readonly("size", &mel::Problem::size);
}

}  // namespace mel_bindings
