// A split in so many blocks by prices alone, for where there are fewer blocks than learners.
#pragma once

#include <vector>

#include "base/parallel.hpp"
#include "learner/boxes.hpp"
#include "learner/resource_blocks.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

// Who takes blocks follows from the price of a block at which no more than so many are taken, how
// much each holds in them from the price of power at which that is D in all, by turns.
class BlockFill {
  public:
    BlockFill(const Problem& problem, const Box& box, const PassPoint& from, Pool& pool)
        : problem_(problem), box_(box), at_(from), pool_(pool) {}

    struct Budgets {
        double blocks, power_w;
    };
    // Until the power suffices, or hardly falls: false where so many blocks do not hold D.
    bool find(Budgets within);
    double power_w() const { return power_w_; }  // as plain sums say
    const std::vector<double>& samples() const { return samples_; }
    const std::vector<double>& blocks() const { return blocks_; }
    long passes() const { return passes_; }

  private:
    struct Holder {
        std::size_t learner;
        BlockLink link;
        Demand demand;
        double blocks, low, high;
    };
    bool stopped() { return pool_.stop().check(); }
    // How many are taken where a block is so dear.
    double taken_at(double lambda);
    bool hand_out(double blocks);
    // Those who take some, and what they hold between them; false where a limit forbids it.
    bool hold(double blocks);
    double held_by(const Holder& holder, double mu) const;
    double held_at(double mu) const;
    bool fill();
    double power() const;

    const Problem& problem_;
    const Box& box_;
    PassPoint at_;
    Pool& pool_;
    std::vector<SplitSums> chunks_;
    std::vector<double> looked_at_, now_;
    std::vector<Holder> holders_;
    double of_others_ = 0;  // samples
    double power_w_ = 0;
    std::vector<double> samples_, blocks_;
    long passes_ = 0;
};

}  // namespace mel
