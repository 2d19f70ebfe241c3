#include "mel/each.hpp"

#include <vector>

#include "base/infinity.hpp"
#include "base/parallel.hpp"
#include "base/rounding.hpp"
#include "learner/boxes.hpp"
#include "model/choice.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

void worth_of_each(const Problem& problem, double tau, Prices prices, EachWorth into) {
    refuse_choice(problem);
    Stop stop(infinity, {});
    Pool pool(1, stop);
    Boxes boxes(problem, pool, scheme_box(problem, Scheme::joint));
    const Box box = boxes.whole(tau);
    const PassPoint point{tau, problem.cycle_s(), prices};
    // Who surely stays out is worth nothing and takes nothing; lanes say who that is.
    std::vector<double> preference;
    if (problem.excused() && whole_in_lanes(problem)) {
        preference.resize(problem.size());
        std::vector<SplitSums> chunks;
        exact_chunks(problem, box, point, pool, chunks, {into.samples, preference});
    }
    for (std::size_t k = 0; k < problem.size(); ++k) {
        if (!preference.empty() && into.samples[k] == 0 && preference[k] < 0) {
            into.value[k] = into.error[k] = into.bandwidth_hz[k] = into.power_w[k] = 0;
            continue;
        }
        const SplitSums sums = exact_learners(problem, box, point, {k, k + 1}, into.samples);
        const double samples = sums.samples.value(), cost = sums.cost.value();
        const bool possible = sums.impossible == 0 && box.low(k) <= box.high(k);
        into.value[k] = possible ? samples - cost + sums.overlooked : -infinity;
        into.error[k] = rounding::whole_bound * (cost + samples + point.cycle_s * sums.condition);
        into.bandwidth_hz[k] = sums.bandwidth.value();
        into.power_w[k] = sums.power.value();
    }
}

}  // namespace mel
