#include "passes/real_pass.hpp"

#include <algorithm>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "base/sums.hpp"
#include "kernels/battery_passes.hpp"

namespace mel {
namespace {

// At the learners [first, last).
struct Look {
    KernelInput in;
    Kernels::Real kernel;

    Look(const Problem& problem, const Box& box, const PassPoint& point, const Pool& pool,
         std::size_t stride, bool careful)
        : in(kernel_input(problem, box, point)) {
        in.stride = stride;
        in.careful = careful;
        kernel = real_loop(pool, problem.law(), in);
    }
    PassSums operator()(std::size_t first, std::size_t last) const {
        return kernel(in, {first, last});
    }
};

}  // namespace

void real_chunks(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                 std::vector<PassSums>& chunks, std::size_t stride, bool careful) {
    each_chunk(pool, problem.size(), chunks, Look(problem, box, point, pool, stride, careful),
               stride);
}

PassSums real_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                   std::vector<PassSums>& chunks, std::size_t stride, bool careful) {
    return sum_over_chunks(pool, problem.size(), chunks,
                           Look(problem, box, point, pool, stride, careful), stride);
}

std::optional<PassSums> bound_pass(const Problem& problem, const Box& box, const PassPoint& point,
                                   Pool& pool, std::vector<PassSums>& chunks) {
    const KernelInput in = kernel_input(problem, box, point);
    if (in.limited()) return {};
    const auto kernel = kernels_of(pool).of(problem.law()).bound;
    return sum_over_chunks(pool, problem.size(), chunks, [&](std::size_t first, std::size_t last) {
        return kernel(in, {first, last});
    });
}

double rough_proof_error(const Problem& problem, const PassPoint& point, const PassSums& sums) {
    const double budget =
        point.prices.lambda * problem.bandwidth_hz() + point.prices.mu * problem.power_w();
    return proof_error(problem, point, sums) +
           rounding::rough_bound *
               (budget + sums.cost + sums.samples + problem.samples_real() + sums.most);
}

double proof_error(const Problem& problem, const PassPoint& point, const PassSums& sums) {
    if (sums.doubtful > 0) return infinity;
    const double budget =
        point.prices.lambda * problem.bandwidth_hz() + point.prices.mu * problem.power_w();
    // Finer questions go to the exact pass.
    return rounding::real_bound * (budget + sums.cost + sums.samples + problem.samples_real()) +
           rounding::real_condition * point.cycle_s * sums.condition +
           rounding::real_samples * sums.most;
}

void real_samples(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                  std::span<double> samples, std::vector<double>& chunk_totals) {
    const KernelInput in = kernel_input(problem, box, point);
    const auto kernel = samples_loop(pool, problem.law(), in);
    chunk_totals.resize(chunk_count(problem.size()));
    for_each_chunk(pool, problem.size(),
                   [&](std::size_t chunk, std::size_t first, std::size_t last) {
                       chunk_totals[chunk] = kernel(in, {first, last}, samples);
                   });
}

}  // namespace mel
