#include "tree/takers.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/chunks.hpp"
#include "kernels/battery_passes.hpp"
#include "learner/capped.hpp"
#include "mel/buffer.hpp"
#include "tree/few_blocks.hpp"

namespace mel {
namespace {

constexpr std::size_t fewest_learners = 16384;  // below, a pass costs hardly anything
constexpr std::size_t asked_learners = 2048;    // how many are asked whether few take part
constexpr double few = 0.125;                   // of the learners
constexpr double hardly_any_time = 1e-9;        // of the cycle
// Beyond these a link's intermediate results might leave the range of doubles.
constexpr double least_ratio = 1e-40, most_ratio = 1e40;
constexpr double least_scale = 1e-20, most_scale = 1e20;
constexpr double fewest_bits = 1e-6;

KernelInput without_caps(KernelInput in) {
    in.max_bandwidth = in.max_power = in.max_rate = nullptr;
    in.energy_j = in.computing_j = nullptr;
    return in;
}

// Of the learners marked in samples: who stays marked when its caps are looked at. `whole` has what
// lanes said of everybody, or nothing; where one of them may be worth more than was seen, all are
// looked at one by one.
void look_at_caps(const Problem& problem, const Box& box, const PassPoint& point, Stretch learners,
                  std::span<const double> whole, std::span<double> samples) {
    for (std::size_t k = learners.first; k < learners.last; ++k) {
        if (samples[k] == 0) continue;
        if (!whole.empty()) {
            samples[k] = whole[k];
            continue;
        }
        const SplitSums sums = exact_learners(problem, box, point, {k, k + 1}, samples);
        if (sums.overlooked > 0) samples[k] = 1;
    }
}

// The columns from learner `first` on, for one group of them.
KernelInput group_from(KernelInput in, std::size_t first) {
    in.each_column([first](const double*& column) {
        if (column) column += first;
    });
    in.size = group;
    return in;
}

}  // namespace

bool may_leave_out(const Problem& problem) {
    if (few_blocks(problem)) return true;
    const double cycle = problem.cycle_s();
    return problem.excused() && problem.size() >= fewest_learners && problem.block_hz() == 0 &&
           problem.fewest_bits_sent() > fewest_bits && cycle > least_scale && cycle < most_scale;
}

bool few_take_part(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool) {
    if (few_blocks(problem)) return true;
    if (!may_leave_out(problem) || !point.prices.usable()) return false;
    const double share = problem.samples_real() / static_cast<double>(problem.size());
    return few_take_part(problem, box, point, pool, asked_stride(problem.size()), share);
}

std::size_t asked_stride(std::size_t learners) {
    return std::max<std::size_t>(learners / group / (asked_learners / group), 1) | 1;
}

bool few_take_part(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                   std::size_t step, double share) {
    const std::size_t groups = problem.size() / group;
    const KernelInput in = kernel_input(problem, box, point);
    const auto kernel = samples_loop(pool, problem.law(), in);
    std::vector<double> samples(group);
    double asked = 0, take = 0, drawn = 0;
    for (std::size_t g = 0; g < groups; g += step) {
        kernel(group_from(in, g * group), {0, group}, samples);
        for (const double d : samples) {
            take += d > 0;
            drawn += d;
        }
        asked += static_cast<double>(group);
    }
    // Where all are much alike they take part all or none: then how many would do tells.
    return take < few * asked || few * drawn > share * asked;
}

Draw prices_that_draw(const Problem& problem, Sweeps& sweeps, const PassPoint& point,
                      double samples, Pool& pool) {
    const std::size_t stride = sample_stride(problem.size(), drawing_learners);
    const double scale = static_cast<double>(problem.size()) /
                         static_cast<double>(learners_seen(problem.size(), stride));
    const auto at = [&](double log2_factor) {
        const double factor = std::exp2(log2_factor);
        return Prices{point.prices.lambda * factor, point.prices.mu * factor};
    };
    Draw found;
    const auto draws = [&](double log2_factor) {
        const PassPoint there{point.tau, point.cycle_s, at(log2_factor)};
        if (!there.prices.usable() || pool.stop().check()) return false;
        const double drawn = sweeps.real(there, stride).samples * scale;
        if (!(drawn >= samples)) return false;
        found = {there.prices, drawn};
        return true;
    };
    // Outwards from one, then by halves; the last that drew enough is the largest.
    constexpr double furthest = 64;
    double low = 0, high = 0, step = 0.5;
    if (draws(0)) {
        while ((high = low + step) < furthest && draws(high)) low = high, step *= 2;
    } else {
        while ((low = high - step) > -furthest && !draws(low)) high = low, step *= 2;
        if (low <= -furthest) return {};
    }
    while (high - low > 0.25) {
        const double middle = 0.5 * (low + high);
        (draws(middle) ? low : high) = middle;
    }
    return found;
}

namespace {

// About `most` of the learners, evenly, and all who must take part.
std::vector<std::size_t> thinned(std::vector<std::size_t> learners, const Box& box, double most) {
    const double size = static_cast<double>(learners.size());
    if (size <= most) return learners;
    const auto step = static_cast<std::size_t>(std::ceil(size / most));
    std::size_t place = 0;
    std::erase_if(learners, [&](std::size_t k) { return place++ % step != 0 && box.low(k) <= 0; });
    return learners;
}

}  // namespace

std::vector<std::size_t> joined(std::span<const std::size_t> a, std::span<const std::size_t> b) {
    std::vector<std::size_t> both;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
}

std::vector<std::size_t> first_takers(const Problem& problem, const Box& box, Sweeps& sweeps,
                                      const PassPoint& point, Pool& pool) {
    const Draw draw =
        prices_that_draw(problem, sweeps, point, drawn_at_first * problem.samples_real(), pool);
    if (!draw.prices.usable()) return {};
    std::vector<std::size_t> found =
        takers(problem, box, {point.tau, point.cycle_s, draw.prices}, pool);
    const double enough = 2 * drawn_at_first * problem.samples_real() / draw.samples *
                          static_cast<double>(found.size());
    return thinned(std::move(found), box, std::max(enough, most_worth_the_same));
}

std::vector<std::size_t> more_takers(const Problem& problem, const Box& box, const PassPoint& point,
                                     std::span<const std::size_t> part,
                                     std::vector<std::size_t> back, Pool& pool) {
    const Prices near{soon_worth * point.prices.lambda, soon_worth * point.prices.mu};
    std::vector<std::size_t> wider =
        joined(part, thinned(std::move(back), box, most_worth_the_same));
    const std::vector<std::size_t> others =
        takers(problem, box, {point.tau, point.cycle_s, near}, pool);
    if (static_cast<double>(others.size()) > most_worth_the_same) return wider;
    return joined(wider, others);
}

std::vector<std::size_t> takers(const Problem& problem, const Box& box, const PassPoint& point,
                                Pool& pool) {
    const double lower = 1 - rounding::left_out_prices;
    const PassPoint at{
        point.tau, point.cycle_s, {point.prices.lambda * lower, point.prices.mu * lower}};
    const LearnerLimits* limits = problem.limits();
    const bool capped = limits && limits->caps();
    // Real samples, bandwidth at will and no caps: whoever rests then rests the more without.
    const KernelInput in = without_caps(kernel_input(problem, box, at));
    const auto kernel = samples_loop(pool, problem.law(), in);
    const double ratio = at.prices.lambda / at.prices.mu;
    const std::span<const double> noise = problem.noise_over_gain();
    const std::size_t size = problem.size();
    Buffer<double> samples(size);
    std::vector<char> any(chunk_count(size), 0);
    const bool lanes = capped && whole_in_lanes(problem);
    Buffer<double> whole(lanes ? size : 0);
    std::vector<SplitSums> sums;
    if (lanes) exact_chunks(problem, box, at, pool, sums, {whole});
    for_each_chunk(pool, size, [&](std::size_t chunk, std::size_t first, std::size_t last) {
        kernel(in, {first, last}, samples);
        if (capped) {
            const bool seen = lanes && !(sums[chunk].overlooked > 0);
            const std::span<const double> all{whole};
            look_at_caps(problem, box, at, {first, last}, seen ? all : std::span<const double>(),
                         samples);
        }
        for (std::size_t k = first; k < last; ++k) {
            if (box.high(k) < 1 && box.low(k) <= 0) {
                samples[k] = 0;
                continue;
            }
            const Demand demand = demand_at(problem, k, at, 1, Energy::generous);
            const double off = ratio / noise[k];
            double left = demand.slack(1);
            if (capped)
                left -= demand.rate(1) > 0 ? (demand.alpha + demand.beta) / limits->max_rate[k] : 0;
            const bool unclear = std::fabs(left) < hardly_any_time * at.cycle_s ||
                                 !(off > least_ratio && off < most_ratio);
            const bool counts_here = samples[k] > 0 || box.low(k) > 0 || unclear;
            samples[k] = counts_here ? 1 : 0;
            if (counts_here) any[chunk] = 1;
        }
    });
    std::vector<std::size_t> found;
    if (pool.stop().requested()) return found;
    for (std::size_t k = 0; k < size; ++k) {
        if (!any[k / chunk_size]) {
            k += chunk_size - 1;  // nobody there
        } else if (samples[k] > 0) {
            found.push_back(k);
        }
    }
    return found;
}

std::vector<std::size_t> thinned(std::vector<std::size_t> learners, const Box& box,
                                 std::size_t most) {
    if (learners.size() <= most) return learners;
    const std::size_t step = (learners.size() + most - 1) / most;
    std::size_t place = 0;
    std::erase_if(learners, [&](std::size_t k) { return place++ % step != 0 && box.low(k) <= 0; });
    return learners;
}

std::vector<std::size_t> missing_from(std::span<const std::size_t> part,
                                      std::span<const std::size_t> wanted) {
    std::vector<std::size_t> missing;
    std::set_difference(wanted.begin(), wanted.end(), part.begin(), part.end(),
                        std::back_inserter(missing));
    return missing;
}

void renumber(std::vector<TreeNode>& tree, std::span<const std::size_t> part) {
    for (TreeNode& node : tree) {
        if (node.learner < 0) continue;
        node.learner = static_cast<std::int64_t>(part[static_cast<std::size_t>(node.learner)]);
    }
}

}  // namespace mel
