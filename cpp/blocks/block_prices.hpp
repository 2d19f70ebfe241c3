// The prices in whole blocks that rule out most of a resource: cutting planes among a few learners,
// then steps of Newton's method with everybody.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learner/boxes.hpp"
#include "mel/prices.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

// How much of the resource: seconds, blocks (a real number here) or watts.
struct BlockPoint {
    Prices prices{};
    double amount = 0;
};

// Some of the learners, each of whom stands for so many.
struct BlockPart {
    BlockPart(Problem of, const Box& whole, std::span<const std::size_t> learners, double each);
    BlockPart(const Problem& all, const Box& whole) : problem(all), box(whole), weight(1) {}
    BlockPart(BlockPart&&) = default;
    BlockPart(const BlockPart&) = delete;

    Problem problem;
    std::vector<double> low, high;  // what the box says of them
    Box box;
    double weight;
};

// Looks at whole blocks for one tau, by all learners or by parts of them.
class BlockLooks {
  public:
    BlockLooks(const Problem& problem, std::span<const BlockPart> parts, double tau,
               Resource resource, Pool& pool)
        : problem_(problem), parts_(parts), tau_(tau), resource_(resource), pool_(pool) {}

    // The bound less D with that amount, and what another share of each price adds to it.
    struct Look {
        bool possible = false;
        double excess = 0;
        double by_band = 0, by_watt = 0;
        double rules_out = 0;  // over blocks or watts: what these prices rule out
    };
    Look look(const BlockPoint& at);
    // The same with the amount that the prices rule out themselves; not over the cycle.
    Look look_there(BlockPoint& at);

    // What everybody takes there.
    struct Taken {
        double samples = 0, blocks = 0, power_w = 0;
    };
    Taken taken() const {
        return {sums_.samples, sums_.bandwidth / problem_.block_hz(), sums_.power};
    }

    const Problem& problem() const { return problem_; }
    Resource resource() const { return resource_; }
    Pool& pool() const { return pool_; }
    bool over_cycle() const { return resource_ == Resource::cycle; }
    std::int64_t passes() const { return passes_; }
    // Whether to go on: neither stopped nor worth no more looks.
    bool may_go_on() {
        const double most = (over_cycle() ? worth_roots : worth_looking_at) *
                            (blocks_in_lanes(problem_) ? cheaper_in_lanes : 1);
        return looked_at_ < most && passes_ < most_looks && !pool_.stop().check();
    }

  private:
    static constexpr double worth_looking_at = 6e5;  // learners, one by one;
    static constexpr double worth_roots = 1.5e6;     // at a cycle that is looked for itself
    static constexpr std::int64_t most_looks = 400;
    static constexpr double cheaper_in_lanes = 4;
    struct Sums {
        double worth = 0, samples = 0, bandwidth = 0, power = 0;
        bool possible = true;
    };
    void pass(const BlockPoint& at);
    Look judge(const BlockPoint& at) const;

    const Problem& problem_;
    std::span<const BlockPart> parts_;
    double tau_;
    Resource resource_;
    Pool& pool_;
    Sums sums_;
    std::vector<SplitSums> chunks_;
    std::vector<double> samples_;
    std::int64_t passes_ = 0;
    double looked_at_ = 0;
};

// Prices at which about D samples are taken for about the budget that is stated; not for a cycle.
bool come_near(BlockLooks& looks, BlockPoint& point);

// How the bound curves with relative changes of the prices, for each sample there is; and how it
// grows with a relative change of the cycle.
struct BlockCurve {
    double band_band = 0, band_watt = 0, watt_watt = 0;
    double by_cycle = 0;
};

// Prices up to `reach` times as high or low, found to a share `tolerance`.
struct CutsWithin {
    double reach, tolerance;
};

// Moves the point from anywhere near until prices are within the tolerance, or none are better by
// more than that share's square of D. False where that leads nowhere.
bool search_by_cuts(BlockLooks& looks, BlockPoint& point, CutsWithin within);
BlockCurve curve_near(BlockLooks& looks, const BlockPoint& point, double apart);

// Newton's steps; returns the share by which the last one moved a price, or a negative number where
// they lead nowhere.
double step_by_curve(BlockLooks& looks, BlockPoint& point, const BlockCurve& curve, int steps);

}  // namespace mel
