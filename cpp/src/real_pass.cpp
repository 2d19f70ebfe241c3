#include "mel/real_pass.hpp"

#include <algorithm>

#include "mel/kernels.hpp"
#include "mel/sums.hpp"

namespace mel {

PassSums real_pass(const Problem& problem, UniformBox box, const PassPoint& point, Pool& pool,
                   std::vector<PassSums>& blocks, std::size_t stride) {
    KernelInput in = kernel_input(problem, box, point);
    in.stride = stride;
    const auto kernel = pool.kernels().real(problem.law());
    const std::size_t size = problem.size();
    const std::size_t span = block_size * stride;
    blocks.resize((size + span - 1) / span);
    pool.run(blocks.size(), [&](std::size_t b) {
        blocks[b] = kernel(in, b * span, std::min(size, (b + 1) * span));
    });
    return reduce_tree(std::span<PassSums>(blocks));
}

std::size_t learners_seen(std::size_t size, std::size_t stride) {
    const std::size_t groups = (size + lanes - 1) / lanes;
    const std::size_t visited = (groups + stride - 1) / stride;
    const bool last_is_partial = size % lanes != 0 && (groups - 1) % stride == 0;
    return visited * lanes - (last_is_partial ? lanes - size % lanes : 0);
}

void real_samples(const Problem& problem, UniformBox box, const PassPoint& point, Pool& pool,
                  double* samples) {
    const KernelInput in = kernel_input(problem, box, point);
    const auto kernel = pool.kernels().samples(problem.law());
    const std::size_t size = problem.size();
    pool.run(block_count(size), [&](std::size_t b) {
        kernel(in, b * block_size, std::min(size, (b + 1) * block_size), samples);
    });
}

}  // namespace mel
