#include "passes/real_pass.hpp"

#include <algorithm>
#include <limits>

#include "base/sums.hpp"
#include "kernels/kernels.hpp"

namespace mel {

PassSums real_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                   std::vector<PassSums>& blocks, std::size_t stride) {
    KernelInput in = kernel_input(problem, box, point);
    in.stride = stride;
    const auto kernel = pool.kernels().real(problem.law(), in.limited());
    const std::size_t size = problem.size();
    const std::size_t span = block_size * stride;
    blocks.resize((size + span - 1) / span);
    pool.run(blocks.size(), [&](std::size_t b) {
        blocks[b] = kernel(in, b * span, std::min(size, (b + 1) * span));
    });
    return reduce_tree(std::span<PassSums>(blocks));
}

double proof_error(const Problem& problem, const PassPoint& point, const PassSums& sums) {
    if (sums.doubtful > 0) return std::numeric_limits<double>::infinity();
    constexpr double margin = 1e-9;  // finer questions go to the exact pass
    const double budget =
        point.prices.lambda * problem.bandwidth_hz() + point.prices.mu * problem.power_w();
    return margin * (budget + sums.cost + sums.samples + problem.samples_real()) +
           256 * unit_roundoff * point.cycle_s * sums.condition + 64 * unit_roundoff * sums.reach;
}

std::size_t learners_seen(std::size_t size, std::size_t stride) {
    const std::size_t groups = (size + group - 1) / group;
    const std::size_t visited = (groups + stride - 1) / stride;
    const bool last_is_partial = size % group != 0 && (groups - 1) % stride == 0;
    return visited * group - (last_is_partial ? group - size % group : 0);
}

void real_samples(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                  double* samples, std::vector<double>& block_totals) {
    const KernelInput in = kernel_input(problem, box, point);
    const auto kernel = pool.kernels().samples(problem.law(), in.limited());
    const std::size_t size = problem.size();
    block_totals.resize(block_count(size));
    pool.run(block_totals.size(), [&](std::size_t b) {
        block_totals[b] = kernel(in, b * block_size, std::min(size, (b + 1) * block_size), samples);
    });
}

}  // namespace mel
