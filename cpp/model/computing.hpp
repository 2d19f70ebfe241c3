// Where nothing is returned, what a learner may work through is a plain rational of the stated
// numbers, d tau C <= T f, and decided exactly.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mel/problem.hpp"

namespace mel {

// Whether all that takes time is computing, in exact arithmetic: nothing is sent or returned.
inline bool only_computes(const Problem& problem) {
    return problem.sends_nothing() && problem.returns_nothing();
}

// Samples through so many local cycles.
struct Workload {
    double tau;
    double samples;
};

// The largest integer d up to the samples of `upper`, not below 0, with d tau C <= T f_k or, where
// the learner must be sent something for a sample, d tau C < T f_k. For problems that return
// nothing.
double largest_computed(const Problem& problem, std::size_t k, Workload upper);

// tau d C / f_k rounded once, so that it exceeds no double that the quotient does not exceed. For
// problems that return nothing.
double computing_s(const Problem& problem, std::size_t k, Workload work);

// No plan can have more local cycles: computing alone forbids it. For learners who are some of
// more, of whom one of these holds most for its speed: the largest over all parts is that of all.
std::int64_t largest_conceivable_tau(const Problem& problem, std::size_t learners);
inline std::int64_t largest_conceivable_tau(const Problem& problem) {
    return largest_conceivable_tau(problem, problem.size());
}

}  // namespace mel
