#include "select/last_learners.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "learner/response.hpp"
#include "select/smallest.hpp"

namespace mel {
namespace {

constexpr std::size_t of_last = 4096, of_others = 8192;  // learners

Numbers of_these(std::span<const double> from, std::span<const std::size_t> who) {
    Numbers to(padded_to_groups(who.size()), 0.0);
    for (std::size_t i = 0; i < who.size(); ++i) to[i] = from[who[i]];
    return to;
}

}  // namespace

LastLearners::Part::Part(const Problem& of, std::vector<std::size_t> who, const TimedSplit& split,
                         bool rests, Pool& pool)
    : problem(of.taken(who)), samples(of_these(split.samples, who)), fills(problem, pool, rests) {}

LastLearners::LastLearners(const Problem& problem, Pool& pool, const TimedSplit& split, bool rests)
    : tau_(split.tau) {
    const std::size_t n = problem.size();
    // Minus the seconds that a learner needs beside sending; infinite where it takes no part.
    Numbers early(n);
    double most = infinity;
    std::size_t present = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const double d = split.samples[k];
        const bool idle = d == 0 && rests;
        early[k] = idle ? infinity : demand_of(problem, k, Timing{split.tau, 0}).slack(d);
        most = std::min(most, early[k]);
        present += idle ? 0 : 1;
    }
    least_ = std::max(-most, 0.0);
    auto [last, up_to] = smallest(n, of_last, [&](std::size_t k) { return early[k]; });
    if (last.size() > 8 * of_last) {  // alike
        last.clear();
        up_to = -infinity;
    }
    const std::size_t stride = (n / of_others) | 1;
    std::vector<std::size_t> some;
    for (std::size_t k = stride / 2; k < n; k += stride) {
        if (early[k] > up_to && early[k] < infinity) some.push_back(k);
    }
    const std::size_t rest = present - std::min(last.size(), present);
    if (!some.empty()) {
        times_ = static_cast<double>(rest) / static_cast<double>(some.size());
        others_ = std::make_unique<Part>(problem, std::move(some), split, rests, pool);
    }
    if (!last.empty()) {
        last_ = std::make_unique<Part>(problem, std::move(last), split, rests, pool);
    }
}

FillSums LastLearners::sums(const FillPoint& point) {
    FillSums all{};
    if (others_) {
        all =
            others_->fills.fill({tau_, point.cycle_s, others_->samples}, point.ratio, Roots::near);
        all.scale(times_);
    }
    if (last_) {
        all.add(last_->fills.fill({tau_, point.cycle_s, last_->samples}, point.ratio, Roots::near));
    }
    return all;
}

FillSums LastLearners::at(const FillPoint& point) {
    FillSums all = sums(point);
    all.bandwidth *= band_;
    all.band_time *= band_;
    all.power *= power_;
    all.power_time *= power_;
    all.shift *= band_;
    return all;
}

void LastLearners::learn(const FillPoint& point, const FillSums& all) {
    const FillSums some = sums(point);
    if (some.bandwidth > 0) band_ = all.bandwidth / some.bandwidth;
    if (some.power > 0) power_ = all.power / some.power;
}

}  // namespace mel
