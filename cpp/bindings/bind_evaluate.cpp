#include "bindings.hpp"
#include "mel/each.hpp"
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
                mel::evaluate_learner(problem, k, static_cast<double>(tau), {d[k], b[k], p[k]});
            out_send[k] = times.send_s;
            out_compute[k] = times.compute_s;
            out_back[k] = times.return_s;
        }
    }
    return py::make_tuple(send, compute, back);
}

// Arrays of one element a learner: value, error, samples, bandwidth, power.
py::tuple worth_of_each(const mel::Problem& problem, std::int64_t tau, double lambda, double mu) {
    const mel::Prices prices{lambda, mu};
    if (!prices.usable()) throw py::value_error("prices must be in (1e-250, 1e250)");
    const auto size = static_cast<py::ssize_t>(problem.size());
    py::array_t<double> value(size), error(size), samples(size), bandwidth(size), power(size);
    const auto span = [&](py::array_t<double>& column) {
        return std::span<double>(column.mutable_data(), problem.size());
    };
    const mel::EachWorth into{span(value), span(error), span(samples), span(bandwidth),
                              span(power)};
    {
        const mel::UsualArithmetic usual;
        const py::gil_scoped_release release;
        mel::worth_of_each(problem, static_cast<double>(tau), prices, into);
    }
    return py::make_tuple(value, error, samples, bandwidth, power);
}

// Arrays of one element a learner: the most samples, bandwidth, power, blocks.
py::tuple equal_room(const mel::Problem& problem, std::int64_t tau, double cycle_s, bool generous) {
    const auto size = static_cast<py::ssize_t>(problem.size());
    py::array_t<double> samples(size), bandwidth(size), power(size), blocks(size);
    const auto span = [&](py::array_t<double>& column) {
        return std::span<double>(column.mutable_data(), problem.size());
    };
    const mel::EqualRoom into{span(samples), span(bandwidth), span(power), span(blocks)};
    {
        const py::gil_scoped_release release;
        mel::equal_room(problem, {static_cast<double>(tau), cycle_s, generous}, into);
    }
    return py::make_tuple(samples, bandwidth, power, blocks);
}

}  // namespace

void bind_evaluate(py::module_& module) {
    module.def("evaluate", &evaluate, py::arg("problem"), py::arg("tau"), py::arg("samples"),
               py::arg("bandwidth_hz"), py::arg("power_w"));
    module.def("worth_of_each", &worth_of_each, py::arg("problem"), py::arg("tau"),
               py::arg("lambda_per_hz"), py::arg("mu_per_w"));
    module.def("equal_room", &equal_room, py::arg("problem"), py::arg("tau"), py::arg("cycle_s"),
               py::arg("generous"));
}

}  // namespace mel_bindings
