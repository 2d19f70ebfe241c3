// Many small problems: one instance a thread at a time, results written straight into the caller's
// columns. Threads live as long as the call, so it is safe after fork; a row's result does not
// depend on their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "mel/leaf_parts.hpp"
#include "mel/problem.hpp"
#include "mel/result.hpp"
#include "mel/settings.hpp"

namespace mel {

// What became of a row: mel::Status goes on with the two answers that are not the solver's.
enum class RowStatus : std::int8_t {
    optimal = 0,
    feasible = 1,
    infeasible = 2,
    undecided = 3,
    invalid = 4,   // refused; BatchResult::errors says why
    unsolved = 5,  // not reached before the stop
};

// Numbers with a stride, in elements, along rows and along learners; 0 repeats.
struct StridedColumn {
    const double* data = nullptr;
    std::ptrdiff_t row = 0;
    std::ptrdiff_t learner = 0;
    explicit operator bool() const { return data != nullptr; }
    double at(std::size_t r) const { return data[static_cast<std::ptrdiff_t>(r) * row]; }
};

#define MEL_STRIDED(name, ...) StridedColumn name;
// The learners' columns; of an amount, one number a row or one a learner.
struct StridedColumns {
    MEL_LEARNER_COLUMNS(MEL_STRIDED, MEL_STRIDED, MEL_STRIDED)
};
#undef MEL_STRIDED

// In the order of learner_columns().
#define MEL_MEMBER(name, ...) &StridedColumns::name,
inline constexpr StridedColumn StridedColumns::* strided_columns[] = {
    MEL_LEARNER_COLUMNS(MEL_MEMBER, MEL_MEMBER, MEL_MEMBER)};
#undef MEL_MEMBER

// `rows` problems of `learners` learners each. What is not a span over the learners has one number
// a row.
struct BatchColumns : StridedColumns {
    std::size_t rows = 0;
    std::size_t learners = 0;
    StridedColumn samples;
    StridedColumn bandwidth_hz, power_w, noise, cycle_s;
    // Limits without data are none; without block_hz bandwidth is divisible at will.
    StridedColumn block_hz;
    LinkLaw law = LinkLaw::density;
    Idle idle = Idle::served;
    bool energy_sends = false;  // as in ProblemStatement
};

// One element a row, and for the allocation one a learner: row r begins at offset[r]. The
// allocation comes filled with zeros and stays so where there is no plan.
struct BatchOutputs {
    std::span<std::int8_t> status;
    std::span<std::int8_t> blame;
    std::span<std::int8_t> stopped;  // 1 where a limit or the caller ended this row's own search
    std::span<std::int64_t> tau;
    std::span<std::int64_t> bound;
    std::span<std::int64_t> nodes;
    std::span<std::int64_t> passes;
    std::span<double> elapsed_s;
    std::span<double> lambda_per_hz;  // not a number where the proof is a tree or needs no prices
    std::span<double> mu_per_w;
    std::span<double> end;                // three: where the search ended, as in Start
    std::span<const std::size_t> offset;  // rows + 1 elements
    std::span<std::int64_t> samples;
    std::span<double> bandwidth_hz;
    std::span<double> power_w;
    std::span<std::int64_t> blocks;  // empty where no row has any
};

struct BatchResult {
    std::vector<std::pair<std::size_t, std::string>> errors;           // by row
    std::vector<std::pair<std::size_t, std::vector<TreeNode>>> trees;  // those of several nodes
    std::vector<std::pair<std::size_t, LeafParts>> parts;  // of a row's only leaf, where any count
    std::size_t done = 0;
    double elapsed_s = 0;
    bool stopped = false;
};

struct BatchSettings {
    Scheme scheme = Scheme::joint;
    double time_limit_s = std::numeric_limits<double>::infinity();  // for the whole batch
    double row_time_limit_s = std::numeric_limits<double>::infinity();
    int threads = 1;
    Spare spare = Spare::time;
    std::span<const double> starts;  // three a row, above zero where there is a Start; or none
    // Asked every 10 ms or so on the calling thread with (rows done, passes in them, seconds); true
    // means stop.
    std::function<bool(std::size_t, std::int64_t, double)> should_stop;
};

BatchResult solve_many(const BatchColumns& columns, const BatchSettings& settings,
                       const BatchOutputs& out);
// A row without a problem is refused.
BatchResult solve_many(const std::vector<const Problem*>& problems, const BatchSettings& settings,
                       const BatchOutputs& out);

}  // namespace mel
