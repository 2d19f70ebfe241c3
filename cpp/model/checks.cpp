#include "model/checks.hpp"

#include <sstream>
#include <stdexcept>

namespace mel {

std::string written(double value) {
    std::ostringstream text;
    text.precision(17);
    text << value;
    return text.str();
}

void refuse(const std::string& field, double value, const std::string& range) {
    throw std::invalid_argument(field + " = " + written(value) + ": must be " + range);
}

std::string element(const char* field, std::size_t k) {
    return std::string(field) + "[" + std::to_string(k) + "]";
}

void require_in(const char* field, double value, const Ends& ends) {
    if (value >= ends.low && value <= ends.high) return;
    refuse(field, value, "in [" + written(ends.low) + ", " + written(ends.high) + "]");
}

void require_positive(const char* field, double value) {
    if (value >= smallest_number && value <= largest_number) return;
    refuse(field, value, "a finite number in [1e-60, 1e+60]");
}

void require_samples(std::int64_t samples) {
    if (samples >= 1 && samples <= static_cast<std::int64_t>(largest_count)) return;
    throw std::invalid_argument("samples = " + std::to_string(samples) + ": must be in [1, 2^53]");
}

void require_count(const char* field, double value) {
    if (!(value >= 0 && value <= largest_count)) refuse(field, value, "in [0, 2^53]");
}

void require_column(const LearnerColumn& column, const Amount& values, std::size_t size) {
    if (column.amount && values.column.empty()) {
        if (!column.range.holds(values.value)) {
            refuse(column.name, values.value, column.range.words);
        }
        return;
    }
    if (values.column.size() != size) {
        throw std::invalid_argument(std::string(column.name) + " has " +
                                    std::to_string(values.column.size()) + " learners: must have " +
                                    std::to_string(size) + " as flops_per_s");
    }
    const Range range = column.range;
    // All at once first: the usual case, without a branch a learner.
    if (!range.whole) {
        std::size_t outside = 0;
        for (const double value : values.column) {
            outside += static_cast<std::size_t>(!((value >= range.low) & (value <= range.high)));
        }
        if (outside == 0) return;
    }
    for (std::size_t k = 0; k < size; ++k) {
        const double value = values.column[k];
        if (!range.holds(value)) refuse(element(column.name, k), value, range.words);
    }
}

}  // namespace mel
