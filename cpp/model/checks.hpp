// How a statement is refused: field, index, value and range, before anything is solved.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/rounding.hpp"
#include "mel/columns.hpp"

namespace mel {

inline constexpr double smallest_number = 1e-60;
inline constexpr double largest_number = 1e60;

// Of a channel in outage: above every time a bit may take, a return rate being at least 1e-200.
inline constexpr double never_s_per_bit = 1e201;

[[noreturn]] void refuse(const std::string& field, double value, const std::string& range);
// A number as refusals write it.
std::string written(double value);
std::string element(const char* field, std::size_t k);

struct Ends {
    double low = smallest_number;
    double high = largest_number;
};
void require_in(const char* field, double value, const Ends& ends = {});
void require_positive(const char* field, double value);
void require_samples(std::int64_t samples);
void require_count(const char* field, double value);
void require_column(const LearnerColumn& column, const Amount& values, std::size_t size);

}  // namespace mel
