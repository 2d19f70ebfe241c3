// What the binding files share.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <span>
#include <string>
#include <vector>

#include "mel/columns.hpp"

namespace mel_bindings {

namespace py = pybind11;

void bind_problem(py::module_& module);
void bind_result(py::module_& module);
void bind_solve(py::module_& module);
void bind_least(py::module_& module);
void bind_energy(py::module_& module);
void bind_selection(py::module_& module);
void bind_shards(py::module_& module);
void bind_evaluate(py::module_& module);
void bind_batch(py::module_& module);
void bind_build(py::module_& module);

// A column of the learners by its keyword, taken out of the others; None where a limit is not
// given.
py::object taken(py::kwargs& columns, const mel::LearnerColumn& column);
// What no column is called.
void refuse_others(const py::kwargs& columns);

template <class T>
T as(const py::object& given, const char* name) {
    try {
        return given.cast<T>();
    } catch (const py::cast_error&) {
        throw py::type_error(std::string(name) + ": wrong type");
    }
}

template <class T>
using Column = py::array_t<T, py::array::c_style>;

template <class T>
std::span<const T> span_of(const Column<T>& column) {
    if (column.ndim() != 1) throw py::value_error("columns must be one-dimensional");
    return {column.data(), static_cast<std::size_t>(column.size())};
}

// A read-only view of memory that `owner` keeps alive.
template <class T, class Allocator>
py::array_t<T> view_of(const std::vector<T, Allocator>& values, py::handle owner) {
    py::array_t<T> view({static_cast<py::ssize_t>(values.size())},
                        {static_cast<py::ssize_t>(sizeof(T))}, values.data(), owner);
    py::detail::array_proxy(view.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    return view;
}

}  // namespace mel_bindings
