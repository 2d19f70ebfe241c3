// How a question is asked, whatever it is.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "mel/prices.hpp"

namespace mel {

enum class Scheme : std::uint8_t {
    joint,          // tau, samples, bandwidth and power
    task_only,      // tau and samples; every learner has an equal share of bandwidth and power
    resource_only,  // tau, bandwidth and power; samples equal up to one
};

// What is done with the slack that a plan leaves.
enum class Spare : std::uint8_t {
    time,  // finish as early as the split allows
    none,  // whatever was found first
};

// proved: rounding errors count against every answer. tentative: they are left out, for answers
// within rounding of the edge that more precise arithmetic checks afterwards; nothing so found may
// be believed unchecked.
enum class Trust : std::uint8_t { proved, tentative };

struct Progress {
    std::int64_t tau;
    std::int64_t bound;
    std::int64_t passes;
    double elapsed_s;
};

// Where to begin: what a neighbouring problem's search ended with.
struct Start {
    double tau = 0;  // real
    Prices prices;
};

struct Settings {
    Scheme scheme = Scheme::joint;
    double time_limit_s = std::numeric_limits<double>::infinity();
    int threads = 1;
    Spare spare = Spare::time;
    std::optional<Start> start;
    Trust trust = Trust::proved;  // anything else: the caller checks the answer with more precision
    double work_limit = 1e9;      // learner responses spent on one tau by branch and bound
    // Learner responses spent on all tau together; then the search ends as at a time limit.
    double total_work_limit = std::numeric_limits<double>::infinity();
    // Nobody wants a plan for the one tau that is asked about: a few looks at prices are all.
    bool only_refutes = false;
    std::function<bool(const Progress&)> should_stop;  // polled every 10 ms on the calling thread
};

}  // namespace mel
