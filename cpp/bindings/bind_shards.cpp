// One problem in many places: messages are bytes here, the core's doubles as they lie in memory.
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "bindings.hpp"
#include "core_result.hpp"
#include "mel/problem.hpp"
#include "mel/shards.hpp"
#include "mel/usual_arithmetic.hpp"
#include "settings.hpp"
#include "watched.hpp"

namespace mel_bindings {
namespace {

py::bytes bytes_of(const mel::Message& message) {
    return {reinterpret_cast<const char*>(message.data()), message.size() * sizeof(double)};
}

mel::Message message_of(std::string_view bytes) {
    if (bytes.size() % sizeof(double) != 0) throw py::value_error("a message is whole numbers");
    mel::Message message(bytes.size() / sizeof(double));
    if (!message.empty()) std::memcpy(message.data(), bytes.data(), bytes.size());
    return message;
}

py::list listed(const std::vector<mel::Message>& messages) {
    py::list list;
    for (const mel::Message& message : messages) list.append(bytes_of(message));
    return list;
}

py::bytes answer(mel::Shard& shard, const py::bytes& question) {
    const mel::Message asked = message_of(std::string_view(question));
    const mel::Message found = [&] {
        const py::gil_scoped_release release;
        const mel::UsualArithmetic usual;
        return shard.answer(asked);
    }();
    return bytes_of(found);
}

// `ask(questions)` gives as many answers, or None to end the search; `some(numbers)` a Problem.
py::tuple solve_sharded(const std::vector<std::size_t>& first, std::size_t size,
                        const py::object& ask, const py::object& some, double time_limit_s,
                        int threads, const py::object& callback, bool spare_time) {
    Watch watch{callback};
    py::object interrupt = py::none();
    mel::Places places{first, size, {}, {}};
    places.ask = [&](const std::vector<mel::Message>& questions) {
        const py::gil_scoped_acquire acquire;
        std::vector<mel::Message> answers;
        try {
            const py::object given = ask(listed(questions));
            if (given.is_none()) return answers;
            for (const py::handle one : given) {
                answers.push_back(message_of(std::string_view(one.cast<py::bytes>())));
            }
        } catch (py::error_already_set& error) {
            if (!error.matches(PyExc_KeyboardInterrupt)) throw;
            interrupt = error.value();
            answers.clear();
        }
        return answers;
    };
    places.some = [&](std::span<const std::size_t> learners) {
        const py::gil_scoped_acquire acquire;
        py::array_t<std::int64_t> numbers(static_cast<py::ssize_t>(learners.size()));
        std::copy(learners.begin(), learners.end(), numbers.mutable_data());
        const py::object problem = some(numbers);
        return problem.cast<const mel::Problem&>();
    };
    mel::Settings settings = settings_of(0, time_limit_s, threads, py::none());
    settings.spare = spare_time ? mel::Spare::time : mel::Spare::none;
    mel::ShardedResult found = watched(std::move(settings), watch, [&](const mel::Settings& s) {
        return mel::solve_sharded(places, s);
    });
    auto result = std::make_unique<CoreResult>(std::move(found.result));
    result->interrupted = interrupt.is_none() ? watch.interrupt() : interrupt;
    return py::make_tuple(std::move(result), listed(found.plan));
}

}  // namespace

void bind_shards(py::module_& module) {
    module.attr("shard_grain") = mel::shard_grain;
    py::class_<mel::Shard>(module, "Shard", "The learners of one place, who answer questions.")
        .def(py::init([](const mel::Problem& problem, std::size_t first, std::size_t learners,
                         int threads) {
                 const py::gil_scoped_release release;
                 return std::make_unique<mel::Shard>(problem, mel::Among{first, learners}, threads);
             }),
             py::arg("problem"), py::arg("first"), py::arg("learners"), py::arg("threads") = 1)
        .def("answer", &answer, py::arg("question"));
    module.def(
        "sampled_learners",
        [](std::size_t size) {
            const std::vector<std::size_t> numbers = mel::sampled_learners(size);
            py::array_t<std::int64_t> column(static_cast<py::ssize_t>(numbers.size()));
            std::copy(numbers.begin(), numbers.end(), column.mutable_data());
            return column;
        },
        py::arg("size"));
    module.def("solve_sharded", &solve_sharded, py::arg("first"), py::arg("size"), py::arg("ask"),
               py::arg("some"), py::arg("time_limit_s"), py::arg("threads"),
               py::arg("callback").none(true), py::arg("spare_time") = true);
}

}  // namespace mel_bindings
