// What the questions for the least of a resource share.
#pragma once

#include <functional>
#include <span>

#include "base/chunks.hpp"
#include "learner/boxes.hpp"
#include "mel/least.hpp"
#include "prices/switching_point.hpp"

namespace mel {

double amount_of(const Problem& problem, Resource resource);
Problem with_amount(const Problem& problem, Resource resource, double amount);

// The caller's wish to stop, as a pool asks for it.
inline std::function<bool()> poll_of(const Settings& settings) {
    if (!settings.should_stop) return {};
    return [&settings] { return settings.should_stop({}); };
}

// What a search over the continuous problem works with.
struct Workshop {
    Workshop(const Problem& problem, const Settings& settings)
        : Workshop(problem, settings, scheme_box(problem, settings.scheme)) {}
    Workshop(const Problem& problem, const Settings& settings, Interval box)
        : stop(settings.time_limit_s, poll_of(settings)),
          pool(useful_threads(problem.size(), settings.threads), stop),
          boxes(problem, pool, box),
          sweeps(problem, pool, boxes),
          switching_point(problem, pool, sweeps) {}

    PassPoint begin(const Problem& problem, double tau, const Settings& settings) const {
        const Prices prices =
            settings.start ? settings.start->prices : switching_point.guess().prices;
        return {tau, problem.cycle_s(), prices};
    }

    Stop stop;
    Pool pool;
    Boxes boxes;
    SweepsHere sweeps;
    SwitchingPoint switching_point;
};

// least_of_split() with whole blocks.
SplitNeed least_of_split_in_blocks(const Problem& problem, double tau,
                                   std::span<const double> samples, Resource resource, double ratio,
                                   Pool& pool);

// What a split needs with these blocks, as nearly as none around `amount`.
SplitNeed least_of_blocks(const Problem& problem, double tau, std::span<const double> samples,
                          const std::vector<double>& blocks, Resource resource, double amount,
                          Pool& pool);

// least_of_split() where the split's need and the ratio of the prices are known nearly: fewer
// passes. The problem has somewhat more than is needed. Empty where that does not lead to an
// allocation.
struct NeedNear {
    double amount;
    double ratio;
};
SplitNeed least_of_split_near(const Problem& problem, double tau, std::span<const double> samples,
                              Resource resource, NeedNear near, Pool& pool);

}  // namespace mel
