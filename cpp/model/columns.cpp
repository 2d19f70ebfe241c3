#include "mel/columns.hpp"

#include "model/checks.hpp"

namespace mel {
namespace {

constexpr double low = smallest_number;
constexpr double high = largest_number;

constexpr Range positive{low, high, false, false, false, "a finite number in [1e-60, 1e+60]"};
constexpr Range positive_or_zero{low,   high,  true,
                                 false, false, "a finite number in [1e-60, 1e+60] or 0"};
constexpr Range count{0, largest_count, true, false, true, "an integer in [0, 2^53]"};
constexpr Range flag{1, 1, true, false, true, "0 or 1"};
constexpr Range cap{low, high, true, true, false, "in [1e-60, 1e+60], 0 or infinity"};
constexpr Range price{low, high, true, false, false, "0 or in [1e-60, 1e+60]"};

#define MEL_REQUIRED(name, range) {#name, &StatedColumns::name, nullptr, nullptr, range, 0},
#define MEL_AMOUNT(name, range) {#name, nullptr, &StatedColumns::name, nullptr, range, 0},
#define MEL_LIMIT(name, range, harmless) \
    {#name, &StatedColumns::name, nullptr, &LimitColumns::name, range, harmless},

constexpr LearnerColumn columns[] = {MEL_LEARNER_COLUMNS(MEL_REQUIRED, MEL_AMOUNT, MEL_LIMIT)};

}  // namespace

std::span<const LearnerColumn> learner_columns() { return columns; }

}  // namespace mel
