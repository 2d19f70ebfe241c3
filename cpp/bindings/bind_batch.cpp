#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "mel/batch.hpp"
#include "watched.hpp"

namespace mel_bindings {
namespace {

// Strided input: broadcast arrays come with strides of zero.
using Input = py::array_t<double>;
using Limit = std::optional<Input>;  // None is no limit

mel::StridedColumn strided(const Input& array, const char* name, py::ssize_t rows,
                           py::ssize_t learners) {
    const bool per_learner = learners > 0;
    if (array.ndim() != (per_learner ? 2 : 1) || array.shape(0) != rows ||
        (per_learner && array.shape(1) != learners)) {
        throw py::value_error(std::string(name) + " has the wrong shape");
    }
    constexpr auto item = static_cast<py::ssize_t>(sizeof(double));
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        if (array.strides(axis) % item != 0) {
            throw py::value_error(std::string(name) + " has strides that are not whole elements");
        }
    }
    return {array.data(), array.strides(0) / item, per_learner ? array.strides(1) / item : 0};
}

mel::StridedColumn strided(const Limit& array, const char* name, py::ssize_t rows,
                           py::ssize_t learners) {
    return array ? strided(*array, name, rows, learners) : mel::StridedColumn{};
}

// What the two ways in share.
struct How {
    int scheme;
    double time_limit_s, row_time_limit_s;
    int threads;
    bool spare_time;
    std::optional<Column<double>> starts;  // tau, lambda, mu of each row
    py::object callback;
};

mel::BatchSettings settings_of(const How& how, py::ssize_t rows) {
    mel::BatchSettings settings;
    settings.scheme = static_cast<mel::Scheme>(how.scheme);
    settings.time_limit_s = how.time_limit_s;
    settings.row_time_limit_s = how.row_time_limit_s;
    settings.threads = how.threads;
    settings.spare = how.spare_time ? mel::Spare::time : mel::Spare::none;
    if (how.starts) {
        if (how.starts->size() != 3 * rows) throw py::value_error("starts has the wrong shape");
        settings.starts = {how.starts->data(), static_cast<std::size_t>(how.starts->size())};
    }
    return settings;
}

// The columns of the result, allocated here as zeros: pages that no row writes to cost nothing.
class Columns {
  public:
    Columns(std::vector<std::size_t> offset, bool blocks)
        : offset_(std::move(offset)),
          rows_(static_cast<py::ssize_t>(offset_.size()) - 1),
          cells_(static_cast<py::ssize_t>(offset_.back())) {
        out_.offset = offset_;
        out_.status = add<std::int8_t>("status", rows_);
        out_.blame = add<std::int8_t>("blame", rows_);
        out_.stopped = add<std::int8_t>("stopped", rows_);
        out_.tau = add<std::int64_t>("tau", rows_);
        out_.bound = add<std::int64_t>("bound", rows_);
        out_.nodes = add<std::int64_t>("nodes", rows_);
        out_.passes = add<std::int64_t>("passes", rows_);
        out_.elapsed_s = add<double>("elapsed_s", rows_);
        out_.lambda_per_hz = add<double>("lambda_per_hz", rows_);
        out_.mu_per_w = add<double>("mu_per_w", rows_);
        out_.end = add<double>("end", 3 * rows_);
        out_.samples = add<std::int64_t>("samples", cells_);
        out_.bandwidth_hz = add<double>("bandwidth_hz", cells_);
        out_.power_w = add<double>("power_w", cells_);
        if (blocks) out_.blocks = add<std::int64_t>("blocks", cells_);
    }

    const mel::BatchOutputs& out() const { return out_; }
    py::dict take() { return std::move(arrays_); }

  private:
    template <class T>
    std::span<T> add(const char* name, py::ssize_t size) {
        const py::object zeros = py::module_::import("numpy").attr("zeros");
        py::array_t<T> array = zeros(size, py::dtype::of<T>());
        arrays_[name] = array;
        return {array.mutable_data(), static_cast<std::size_t>(size)};
    }

    std::vector<std::size_t> offset_;
    py::ssize_t rows_;
    py::ssize_t cells_;
    py::dict arrays_;
    mel::BatchOutputs out_;
};

py::dict trees_of(const mel::BatchResult& found) {
    py::dict trees;
    for (const auto& [row, tree] : found.trees) {
        py::list nodes;
        for (const mel::TreeNode& node : tree) {
            nodes.append(py::make_tuple(node.learner, node.at, node.prices.lambda, node.prices.mu));
        }
        trees[py::int_(row)] = std::move(nodes);
    }
    return trees;
}

py::dict parts_of(const mel::BatchResult& found) {
    py::dict parts;
    for (const auto& [row, of] : found.parts) {
        parts[py::int_(row)] = py::make_tuple(of.per_part, of.part, of.above);
    }
    return parts;
}

py::dict errors_of(const mel::BatchResult& found) {
    py::dict errors;
    for (const auto& [row, why] : found.errors) errors[py::int_(row)] = why;
    return errors;
}

template <class Rows>
py::dict run(const Rows& rows, std::vector<std::size_t> offset, bool blocks, const How& how) {
    mel::BatchSettings settings = settings_of(how, static_cast<py::ssize_t>(offset.size()) - 1);
    Watch watch{how.callback};
    settings.should_stop = [&watch, rows = offset.size() - 1](std::size_t done, std::int64_t passes,
                                                              double elapsed_s) {
        return watch(done, rows, passes, elapsed_s);
    };
    Columns columns(std::move(offset), blocks);
    mel::BatchResult found;
    {
        const py::gil_scoped_release release;  // the arrays are held by this call
        found = mel::solve_many(rows, settings, columns.out());
    }
    watch.rethrow();
    py::dict result = columns.take();
    result["errors"] = errors_of(found);
    result["trees"] = trees_of(found);
    result["parts"] = parts_of(found);
    result["done"] = found.done;
    result["total_s"] = found.elapsed_s;
    result["ended_early"] = found.stopped;
    result["interrupted"] = watch.interrupt();
    return result;
}

py::dict solve_columns(std::size_t rows, std::size_t learners, const Input& samples,
                       const Input& bandwidth_hz, const Input& power_w, const Input& noise,
                       const Input& cycle_s, const Limit& block_hz, bool fixed_law, bool excused,
                       bool energy_sends, const How& how, py::kwargs of_learners) {
    const auto m = static_cast<py::ssize_t>(rows);
    const auto k = static_cast<py::ssize_t>(learners);
    mel::BatchColumns columns;
    columns.rows = rows;
    columns.learners = learners;
    std::vector<Input> kept;  // the arrays that the columns read
    for (std::size_t i = 0; i < mel::learner_columns().size(); ++i) {
        const mel::LearnerColumn& column = mel::learner_columns()[i];
        const py::object given = taken(of_learners, column);
        if (given.is_none()) continue;
        const Input& array = kept.emplace_back(as<Input>(given, column.name));
        const bool a_row = column.amount && array.ndim() != 2;
        columns.*mel::strided_columns[i] = strided(array, column.name, m, a_row ? 0 : k);
    }
    refuse_others(of_learners);
    columns.samples = strided(samples, "samples", m, 0);
    columns.bandwidth_hz = strided(bandwidth_hz, "bandwidth_hz", m, 0);
    columns.power_w = strided(power_w, "power_w", m, 0);
    columns.noise = strided(noise, "noise", m, 0);
    columns.cycle_s = strided(cycle_s, "cycle_s", m, 0);
    columns.block_hz = strided(block_hz, "block_hz", m, 0);
    columns.law = fixed_law ? mel::LinkLaw::fixed : mel::LinkLaw::density;
    columns.idle = excused ? mel::Idle::excused : mel::Idle::served;
    columns.energy_sends = energy_sends;
    std::vector<std::size_t> offset(rows + 1);
    for (std::size_t row = 0; row <= rows; ++row) offset[row] = row * learners;
    return run(columns, std::move(offset), block_hz.has_value(), how);
}

// None stands for a row that was refused before; `learners` has the number of each row.
py::dict solve_problems(const std::vector<const mel::Problem*>& problems,
                        const std::vector<std::size_t>& learners, const How& how) {
    if (learners.size() != problems.size()) throw py::value_error("learners has the wrong length");
    std::vector<std::size_t> offset(problems.size() + 1);
    bool blocks = false;
    for (std::size_t row = 0; row < problems.size(); ++row) {
        const mel::Problem* problem = problems[row];
        if (problem && problem->size() != learners[row]) {
            throw py::value_error("learners is not the problems' own");
        }
        offset[row + 1] = offset[row] + learners[row];
        blocks = blocks || (problem && problem->block_hz() > 0);
    }
    return run(problems, std::move(offset), blocks, how);
}

}  // namespace

void bind_batch(py::module_& module) {
    py::class_<How>(module, "BatchSettings", "What solve_columns and solve_problems share.")
        .def(py::init([](int scheme, double time_limit_s, double row_time_limit_s, int threads,
                         bool spare_time, const std::optional<Column<double>>& starts,
                         const py::object& callback) {
                 return How{scheme,     time_limit_s, row_time_limit_s, threads,
                            spare_time, starts,       callback};
             }),
             py::kw_only(), py::arg("scheme"), py::arg("time_limit_s"), py::arg("row_time_limit_s"),
             py::arg("threads"), py::arg("spare_time"), py::arg("starts").none(true),
             py::arg("callback").none(true));
    module.def("solve_columns", &solve_columns, py::kw_only(), py::arg("rows"), py::arg("learners"),
               py::arg("samples"), py::arg("bandwidth_hz"), py::arg("power_w"), py::arg("noise"),
               py::arg("cycle_s"), py::arg("block_hz") = py::none(), py::arg("fixed_law"),
               py::arg("excused"), py::arg("energy_sends") = false, py::arg("settings"));
    module.def("solve_problems", &solve_problems, py::kw_only(), py::arg("problems"),
               py::arg("learners"), py::arg("settings"));
}

}  // namespace mel_bindings
