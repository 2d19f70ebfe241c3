// The columns of the learners: one line each. What a problem is stated with, what is checked, how
// batches, bindings, parts of a problem and equal learners see a column follow from its line; what
// it means is for the response to say (learner/).
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "mel/buffer.hpp"

// REQUIRED(name, range) is compiled into the problem's own columns. AMOUNT(name, range) may be one
// number for all learners; Problem numbers the amounts in the order of these lines. LIMIT(name,
// range, harmless) may be left out, is kept as it is, and stands at `harmless` for learners that
// only fill a group.
#define MEL_LEARNER_COLUMNS(REQUIRED, AMOUNT, LIMIT)                                      \
    REQUIRED(flops_per_s, positive)                                                       \
    REQUIRED(gain, positive_or_zero) /* 0: in outage */                                   \
    REQUIRED(return_bandwidth_hz, positive)                                               \
    REQUIRED(return_power_w, positive)                                                    \
    AMOUNT(send_bits, positive_or_zero)              /* b */                              \
    AMOUNT(send_bits_per_sample, positive_or_zero)   /* a */                              \
    AMOUNT(return_bits, positive_or_zero)            /* b' */                             \
    AMOUNT(return_bits_per_sample, positive_or_zero) /* a' */                             \
    AMOUNT(flops_per_sample, positive)               /* C */                              \
    LIMIT(min_samples, count, 0)                                                          \
    LIMIT(max_samples, count, 0)                                                          \
    LIMIT(optional, flag, 0)               /* 1: may sit out although it has a minimum */ \
    LIMIT(max_bandwidth_hz, cap, no_limit) /* forward; 0: nothing is sent */              \
    LIMIT(max_power_w, cap, no_limit)                                                     \
    LIMIT(energy_j, cap, no_limit) /* of computing and returning */                       \
    LIMIT(energy_per_flop_j, price, 0)                                                    \
    LIMIT(energy_coefficient, price, 0) /* of a flop, over the square of the speed */     \
    LIMIT(min_flops_per_s, price, 0)    /* where the speed is chosen */

namespace mel {

inline constexpr double no_limit = std::numeric_limits<double>::infinity();

// Of a limit: one number each.
using LimitColumn = std::vector<double, InLargePages<double>>;

// The numbers that a column may hold, and how a refusal says it.
struct Range {
    double low;
    double high;
    bool zero;      // and 0
    bool infinite;  // and infinity
    bool whole;     // integers alone
    const char* words;

    bool holds(double x) const {
        if (x >= low && x <= high) return !whole || x == std::floor(x);
        return (zero && x == 0) || (infinite && x == std::numeric_limits<double>::infinity());
    }
};

// One number for all learners, or one each.
struct Amount {
    double value = 0;
    std::span<const double> column = {};

    Amount() = default;
    Amount(double same) : value(same) {}
    Amount(std::span<const double> each) : column(each) {}
    double operator[](std::size_t k) const { return column.empty() ? value : column[k]; }
};

#define MEL_SPAN(name, ...) std::span<const double> name;
#define MEL_AMOUNT(name, ...) Amount name;
#define MEL_VECTOR(name, ...) LimitColumn name;
#define MEL_ONE(...) +1
#define MEL_NOTHING(...)

// As stated: one element a learner, only read. An empty limit is none.
struct StatedColumns {
    MEL_LEARNER_COLUMNS(MEL_SPAN, MEL_AMOUNT, MEL_SPAN)
};

// The limits of a problem's learners. A column is empty where nothing is limited, else followed by
// harmless values up to a multiple of sixteen learners.
struct LimitColumns {
    MEL_LEARNER_COLUMNS(MEL_NOTHING, MEL_NOTHING, MEL_VECTOR)
};

inline constexpr std::size_t amount_columns =
    0 MEL_LEARNER_COLUMNS(MEL_NOTHING, MEL_ONE, MEL_NOTHING);

#undef MEL_SPAN
#undef MEL_AMOUNT
#undef MEL_VECTOR
#undef MEL_ONE
#undef MEL_NOTHING

struct LearnerColumn {
    const char* name;
    std::span<const double> StatedColumns::* stated;  // null for an amount
    Amount StatedColumns::* amount;                   // null for others
    LimitColumn LimitColumns::* limit;                // null for others
    const Range& range;
    double harmless;

    Amount of(const StatedColumns& s) const { return amount ? s.*amount : Amount(s.*stated); }
    void put(std::span<const double> values, StatedColumns& s) const {
        if (amount) {
            s.*amount = values;
        } else {
            s.*stated = values;
        }
    }
};

// All of them, in the order of their lines.
std::span<const LearnerColumn> learner_columns();

}  // namespace mel
