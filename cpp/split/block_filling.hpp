// Whole blocks and power for a given integer split: rates are then numbers, and each learner's
// least power is convex in its blocks, so a price a block and the remainder dealt out by what a
// block saves give the least power in total exactly.
#pragma once

#include <vector>

#include "base/parallel.hpp"
#include "base/sums.hpp"
#include "learner/resource_blocks.hpp"
#include "split/timed_split.hpp"

namespace mel {

struct BlockSums {
    CompensatedSum blocks;
    CompensatedSum power;
    CompensatedSum fewest;  // blocks without which some rate or power cap can not be met
    double most = 0;        // blocks that could be of use
    double impossible = 0;  // learners that no number of blocks serves

    void add(const BlockSums& o) {
        blocks.add(o.blocks);
        power.add(o.power);
        fewest.add(o.fewest);
        most += o.most;
        impossible += o.impossible;
    }
};

class BlockFilling {
  public:
    BlockFilling(const Problem& problem, Pool& pool) : problem_(problem), pool_(pool) {}

    enum class Outcome { fits, too_much, unclear, stopped };
    // Gives out the blocks such that power in total is least; they stay in blocks(). `ratio`
    // (mu/lambda) is the start and the result. too_much is proved up to rounding of relative size
    // 1e-12; `unclear` also where only rounding can tell.
    Outcome fill(const TimedSplit& split, double& ratio) { return search(split, ratio, true); }

    // The same without a verdict: gives out the blocks also where power does not suffice. False if
    // that can not be done.
    bool give_out(const TimedSplit& split, double& ratio) {
        const Outcome outcome = search(split, ratio, false);
        return outcome != Outcome::stopped && given_;
    }

    // The fewest blocks with which power suffices, or hardly more: those at the price at which it
    // just does. False where it can not, or more blocks are taken than there are.
    bool give_out_fewest(const TimedSplit& split, double& ratio);

    // Roughly the same for many learners, whose blocks follow from real shares by one scale: far
    // cheaper, and hardly dearer in power. Only where nothing is capped.
    bool share_out(const TimedSplit& split, double ratio);

    // From the blocks of a fill: the shortest cycle in which the same blocks do, up to the
    // tolerance; infinite where the split's is too short. Starts at guess_s. The coarse default
    // takes the last step unseen: allocate() says whether it holds.
    struct UpTo {
        double tolerance = 1e-6;
    };
    double shortest_cycle(const TimedSplit& split, double guess_s, UpTo up_to = {1e-6});

    // What the split takes with the blocks as they are; infinite where they do not serve.
    double power_at(const TimedSplit& split);

    // Writes blocks, bandwidth and power, the power scaled up to (almost) the budget,
    // and checks sums, caps and every deadline with rounding errors against them.
    bool allocate(const TimedSplit& split, std::span<std::int64_t> blocks, const Shares& shares);

    const std::vector<double>& blocks() const { return counts_; }
    void take(const std::vector<double>& blocks) { counts_ = blocks; }
    // That of the last fill or give_out, in total.
    double power() const { return power_; }
    long passes() const { return passes_; }

  private:
    struct Need {
        double power = 0;
        double slope = 0;  // d power / d cycle
        double worst = 0;  // largest share of a power cap
        double worst_slope = 0;
        double impossible = 0;
        void add(const Need& o) {
            power += o.power;
            slope += o.slope;
            if (o.worst > worst) {
                worst = o.worst;
                worst_slope = o.worst_slope;
            }
            impossible += o.impossible;
        }
    };
    Outcome search(const TimedSplit& split, double& ratio, bool to_decide);
    bool rates_at(const TimedSplit& split);
    BlockSums pass(const TimedSplit& split, double ratio);
    void deal(double left);
    // Leaves every learner's power in powers_.
    Need need_at(const TimedSplit& split);

    const Problem& problem_;
    Pool& pool_;
    std::vector<double> rates_;
    std::vector<double> wishes_;  // real bandwidth at the prices of a pass
    std::vector<double> counts_;
    std::vector<double> powers_;
    std::vector<BlockSums> sums_;
    std::vector<Need> needs_;
    bool given_ = false;
    double power_ = 0;
    long passes_ = 0;
};

}  // namespace mel
