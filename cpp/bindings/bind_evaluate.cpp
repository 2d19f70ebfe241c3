#include "bindings.hpp"
#include "mel/problem.hpp"
#include "mel/usual_arithmetic.hpp"

namespace mel_bindings {
namespace {

py::tuple evaluate(const mel::Problem& problem, std::int64_t tau,
                   const Column<std::int64_t>& samples, const Column<double>& bandwidth_hz,
                   const Column<double>& power_w) {
    const auto d = span_of(samples);
    const auto b = span_of(bandwidth_hz);
    const auto p = span_of(power_w);
    const std::size_t size = problem.size();
    if (d.size() != size || b.size() != size || p.size() != size) {
        throw py::value_error("samples, bandwidth_hz and power_w must have one element a learner");
    }
    py::array_t<double> send(static_cast<py::ssize_t>(size));
    py::array_t<double> compute(static_cast<py::ssize_t>(size));
    py::array_t<double> back(static_cast<py::ssize_t>(size));
    double* out_send = send.mutable_data();
    double* out_compute = compute.mutable_data();
    double* out_back = back.mutable_data();
    {
        const mel::UsualArithmetic usual;
        const py::gil_scoped_release release;  // the arrays are held by this call
        for (std::size_t k = 0; k < size; ++k) {
            const mel::LearnerTimes times =
                mel::evaluate_learner(problem, k, static_cast<double>(tau), d[k], b[k], p[k]);
            out_send[k] = times.send_s;
            out_compute[k] = times.compute_s;
            out_back[k] = times.return_s;
        }
    }
    return py::make_tuple(send, compute, back);
}

}  // namespace

void bind_evaluate(py::module_& module) {
    module.def("evaluate", &evaluate, py::arg("problem"), py::arg("tau"), py::arg("samples"),
               py::arg("bandwidth_hz"), py::arg("power_w"));
}

}  // namespace mel_bindings
