#include "bracket/part_of_problem.hpp"

#include <algorithm>
#include <type_traits>

#include "base/chunks.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {
constexpr LeastPrices::Effort on_sample{0.25, 1e-4};
constexpr double sampled_floor = 0.98;

// A sample of all others.
Problem sampled_without(const Problem& problem, std::size_t stride,
                        const std::vector<std::size_t>& few) {
    const Problem sample = problem.sampled(stride);
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const std::size_t k = i / group * stride * group + i % group;
        if (!std::binary_search(few.begin(), few.end(), k)) others.push_back(i);
    }
    return sample.taken(others);
}
}  // namespace

SampledPrices::Led SampledPrices::search(PassPoint& point, double& amount,
                                         LeastPrices::Cycles cycles, Pool& pool) const {
    const std::size_t stride = sample_stride(problem.size(), searched_learners);
    const bool in_blocks = problem.block_hz() > 0;
    if (stride == 1 || !(whole_in_lanes(problem) || in_blocks)) return Led::nowhere;
    const Problem part =
        few ? sampled_without(problem, stride, few->learners()) : problem.sampled(stride);
    const bool cycle = resource == Resource::cycle;
    const double share = cycle ? 1 : amount_of(part, resource) / amount_of(problem, resource);
    Boxes boxes(part, pool, box);
    if (boxes.contradicts()) return Led::nowhere;
    // Of the sample alone a somewhat shorter cycle may be the least.
    LeastPrices prices(part, boxes.real(point.tau), boxes.whole(point.tau), resource, pool,
                       few ? too_short : sampled_floor * too_short);
    if (few) {
        prices.hang({few, part.bandwidth_hz() / problem.bandwidth_hz()});
    }
    // Where bandwidth comes in blocks what real numbers say of the prices is often far off.
    for (const bool roughly : {in_blocks && !cycle, true}) {
        PassPoint at = point;
        double of_part = amount * share;
        if (roughly) {
            if (cycle || pool.stop().check()) return Led::nowhere;
            prices.find_roughly(at, of_part);
            if (!at.prices.usable() || !(of_part > 0)) return Led::nowhere;
        }
        const bool there = prices.search(at, of_part, on_sample, cycles);
        if (!there && !prices.climbed()) continue;
        point = at;
        amount = of_part / share;
        return there ? Led::there : Led::up;
    }
    return Led::nowhere;
}

Bracket in_whole_columns(Bracket found, const std::vector<std::size_t>& part, std::size_t size) {
    const auto spread = [&](auto& column) {
        if (column.empty()) return;
        std::remove_reference_t<decltype(column)> all;
        all.assign(size, 0);
        for (std::size_t i = 0; i < part.size(); ++i) all[part[i]] = column[i];
        column.swap(all);
    };
    renumber(found.tree, part);
    spread(found.samples);
    spread(found.need.bandwidth_hz);
    spread(found.need.power_w);
    spread(found.need.blocks);
    return found;
}

}  // namespace mel
