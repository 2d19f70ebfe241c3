// Bandwidth and power for a given integer split: rates are then numbers, both link laws are convex,
// and one price ratio decides exactly whether the budgets suffice.
#pragma once

#include "base/parallel.hpp"
#include "kernels/pass_sums.hpp"
#include "learner/response.hpp"
#include "split/budget_step.hpp"
#include "split/fills.hpp"

namespace mel {

class WaterFilling {
  public:
    // `elsewhere`: of learners who are not here. `problem` is then asked for what it says of all of
    // them together, never for one.
    WaterFilling(const Problem& problem, Pool& pool, Fills* elsewhere = nullptr)
        : problem_(problem),
          pool_(pool),
          here_(problem, pool),
          fills_(elsewhere ? *elsewhere : here_) {}
    WaterFilling(const WaterFilling&) = delete;
    WaterFilling& operator=(const WaterFilling&) = delete;

    enum class Outcome { fits, too_much, unclear, stopped };
    // Does the split fit the budgets? `ratio` (mu/lambda, > 0) is the start
    // and the result. too_much is proved by the prices (1, ratio) up to rounding of relative size
    // 1e-13.
    // Foreseeing: where the ratio hardly moves any more and only rates are bought, what the split
    // takes there is told by the look before.
    Outcome fill(const TimedSplit& split, double& ratio, bool foreseeing = false);
    bool foreseen() const { return foreseen_; }  // at the last fill that fitted

    struct Finish : FillPoint {
        FillSums sums;  // what the split takes there
        bool foreseen =
            false;  // sums are of the step before; what is left of budgets, 1e-7 at most
        Roots roots = Roots::exact;
    };
    // From a split that fits (or nearly) in its cycle: the least cycle, up to about 1e-6, in which
    // it fits. Not found: cycle_s is infinite.
    enum class Guess {
        near,   // many learners' last step is foreseen with a sample of them
        rough,  // a sample is asked first, too
        last    // all learners are asked: a sample was wrong
    };
    Finish shortest_cycle(const TimedSplit& split, const FillPoint& start,
                          Guess guess = Guess::near);

    // Writes the allocation for a finish of the split, scaled up to (almost) the whole budgets, and
    // checks it as a proof does: sums and every deadline with rounding errors against it. False if
    // double precision can not vouch for it.
    bool allocate(const TimedSplit& split, const Finish& finish, const Shares& shares);

    // What a split takes at a price ratio.
    Finish at(const TimedSplit& split, double ratio, Roots roots = Roots::exact) {
        return {{split.cycle_s, ratio}, pass(split, ratio, roots), false, roots};
    }

    bool stopped() { return pool_.stop().check(); }
    long passes() const { return passes_; }
    double load() const { return load_; }  // the larger of the two budget shares at the last fill
    const FillSums& sums() const { return sums_; }  // what the split takes there

  private:
    // Of shortest_cycle(): where learners are many, starts of roots do.
    Roots roots() const;
    FillSums pass(const TimedSplit& split, double ratio, Roots roots) {
        ++passes_;
        return fills_.fill(split, ratio, roots);
    }
    // Of a sample of the learners, scaled to all.
    FillSums pass(const TimedSplit& split, double ratio, std::size_t stride);
    // Moves towards the shortest cycle of a sample; where that does not get near, nowhere.
    void search_sample(const TimedSplit& split, FillPoint& at, std::size_t stride, int most_steps);
    // A step from sums of all learners, made better by what a sample says of its curvature.
    struct Turn {
        double by;    // of the logarithm
        double from;  // the ratio of the last look
    };
    bool fits_ahead(const Turn& turn, double margin);
    bool foresee(const TimedSplit& split, const FillSums& sums, const FillPoint& from,
                 const BudgetStep& newton, double length, Finish& finish);

    const Problem& problem_;
    Pool& pool_;
    FillsHere here_;
    Fills& fills_;
    long passes_ = 0;
    double load_ = 0;
    bool foreseen_ = false;
    FillSums sums_;
};

}  // namespace mel
