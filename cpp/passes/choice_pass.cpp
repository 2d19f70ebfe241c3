#include "passes/choice_pass.hpp"

#include "base/chunks.hpp"
#include "kernels/kernels.hpp"

namespace mel {

PassSums choice_pass(const Problem& problem, const Box& box, const Joining& joining,
                     const PassPoint& point, Pool& pool, std::vector<PassSums>& chunks) {
    KernelInput in = kernel_input(problem, box, point);
    if (!joining.rests.empty()) in.rests = joining.rests.data();
    in.per_learner = joining.per_learner;
    const Kernels::Real kernel = kernels_of(pool).real(problem.law(), true);
    return sum_over_chunks(pool, problem.size(), chunks, [&](std::size_t first, std::size_t last) {
        return kernel(in, {first, last});
    });
}

}  // namespace mel
