// One pass over the learners with samples taken as real numbers: the dual bound's value, gradient,
// Hessian and its change with tau and with the cycle. A pure function of (learners, tau, cycle,
// prices) that returns a handful of sums.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/chunks.hpp"
#include "kernels/pass_sums.hpp"
#include "learner/boxes.hpp"
#include "mel/problem.hpp"

namespace mel {

// Both prices positive. `stride` > 1 visits every stride-th group of learners only and scales
// nothing. `careful`: as KernelInput says.
PassSums real_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                   std::vector<PassSums>& chunks, std::size_t stride = 1, bool careful = false);

// The same, not added up yet: a part of the learners' sums in the tree of all (base/nodes.hpp).
void real_chunks(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                 std::vector<PassSums>& chunks, std::size_t stride = 1, bool careful = false);

// What of that proves, at starts of roots: in half the time. Not within limits of learners.
std::optional<PassSums> bound_pass(const Problem& problem, const Box& box, const PassPoint& point,
                                   Pool& pool, std::vector<PassSums>& chunks);

// What real samples leave out of a proof: far more than any rounding error of the pass, or than
// what starts of roots cost in value.
double proof_error(const Problem& problem, const PassPoint& point, const PassSums& sums);
double rough_proof_error(const Problem& problem, const PassPoint& point, const PassSums& sums);

// Samples of the same response, one double a learner; chunk_totals gets one sum a chunk.
void real_samples(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                  std::span<double> samples, std::vector<double>& chunk_totals);

}  // namespace mel
