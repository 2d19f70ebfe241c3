// What every learner may do at one tau, what it would do at given prices, and the bound that
// follows.
//
// A learner that takes part with d samples is worth s d + q, s being the value of a sample times
// the learner's weight and q that of a participant; C(d) is what its rate costs. It adds
//   max { 0 where it may rest;  s d + q - C(d), d within its limits }
// to U = lambda B + mu P + sum, which no plan's worth exceeds. s d - C(d) = s (d - C'(d)) with C'
// at the prices divided by s: the response of a learner without weight.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/sums.hpp"
#include "kernels/kernels.hpp"
#include "learner/boxes.hpp"
#include "mel/selection.hpp"
#include "passes/exact_pass.hpp"
#include "passes/real_pass.hpp"
#include "select/numbers.hpp"

namespace mel {

// What is paid and what is gained: prices, and the values of a sample and of a participant.
struct Bid {
    Prices prices{};
    double per_sample = 1;
    double per_learner = 0;
};

struct ChoiceSums {
    CompensatedSum value;  // of the best choices, never too small but for rounding
    double cost = 0;       // these only guide
    double bandwidth = 0;
    double power = 0;
    double takers = 0;
    double size = 0;       // of all terms whose rounding may matter
    double condition = 0;  // how far an error in time goes
    double impossible = 0;

    void add(const ChoiceSums& o);
    void add(const ChoiceSums& o, double share);  // where these only guide, too
};

// Bounds of single learners' samples within the whole; empty: none.
struct Cell {
    Numbers low;
    Numbers high;

    Interval operator[](std::size_t k) const { return {low[k], high[k]}; }
};
inline Interval within(const Cell* cell, std::size_t k) {
    return cell ? (*cell)[k] : Interval{0, no_limit};
}

class Choices {
  public:
    Choices(const Problem& problem, Pool& pool, double tau, const SelectionGoal& goal);

    const Problem& problem() const { return problem_; }
    std::size_t size() const { return problem_.size(); }
    double tau() const { return tau_; }
    double weight(std::size_t k) const { return weight_.empty() ? 1.0 : weight_[k]; }
    bool may_rest(std::size_t k) const { return rest_.empty() ? all_rest_ : rest_[k] > 0; }
    // The fewest and the most samples of a learner that takes part; the second for bounds, the
    // third for plans.
    double least(std::size_t k) const { return least_.empty() ? all_least_ : least_[k]; }
    double most(std::size_t k) const { return whole_.high(k); }
    double sure(std::size_t k) const { return sure_.high(k); }
    // No fewer samples than all have the time for together, or may have.
    double more_than_time_for() const;
    // Whether a learner may have the time for so many samples, whatever a hertz or a watt costs.
    bool has_time(std::size_t k, double samples) const;
    // What those who may not rest take at least, and whether that is everybody, or nobody.
    double least_of_fixed() const { return least_of_fixed_; }
    bool nobody_rests() const { return nobody_rests_; }
    bool everybody_rests() const { return everybody_rests_; }
    // Whether what looks pick without a cell is what plans may hold.
    bool picks_are_sure() const { return whole_.upper.data() == sure_.upper.data(); }
    // Null where all have the same least.
    const double* least_column() const { return least_.empty() ? nullptr : least_.data(); }
    bool twins(std::size_t i, std::size_t j) const;
    bool has_twins() const { return !problem_.twins().empty(); }
    bool steps_count() const { return goal_.of != Worth::learners; }
    // Whether looks tell what single samples lose,
    bool tells_steps() const { return steps_count() && only_rates(problem_); }
    // and who switches although nobody may rest: values of the fixed law have two tops.
    bool two_tops() const {
        return tells_steps() && problem_.law() == LinkLaw::fixed && problem_.grows();
    }
    // Whether who takes part is worth looking at learner by learner.
    bool jumps() const { return !plain_; }
    // Whether most learners take all that they may, or nothing.
    bool all_or_nothing() const { return all_or_nothing_; }
    // Of a learner with d samples, in the goal's own measure.
    double worth(std::size_t k, double d) const {
        return goal_.of == Worth::learners ? (d > 0 ? 1.0 : 0.0) : weight(k) * d;
    }
    // Of a plan with any samples: no less.
    double least_worth() const;
    // What counts of a sample in a bid.
    Bid bid(Prices prices, double per_learner) const {
        if (goal_.of == Worth::learners) return {prices, 0, 1};
        return {prices, 1, per_learner};
    }

    // The best choices at a bid. Preferred: taking part to resting, in worth; infinite where a
    // learner can not rest, minus infinity where it must. Steps are told where rates alone decide.
    ChoiceSums look(const Bid& bid, const Cell* cell, const Picks& picks);
    // About what that finds, in real samples and by starts of roots: a guide, in a third of the
    // time. Where steps are told alone, and taking part has no value of its own.
    ChoiceSums look_roughly(const Bid& bid, const Picks& picks);
    // Real samples of all at those prices, where nobody may rest by choice.
    PassSums real_samples_at(const Prices& prices);
    // The same at starts of roots, for a proof alone: nothing where learners have their own bounds.
    std::optional<PassSums> bound_by_reals(const Prices& prices);
    // The same learner by learner, whether or not the pool was stopped.
    ChoiceSums look_without_pool(const Bid& bid) const;
    // The best samples of a learner that takes part; negative where it can not.
    double part(std::size_t k, const Bid& bid, Interval box) const;

    struct Bound {
        double value;
        double error;
        double most() const { return value + error; }
    };
    Bound bound(const Bid& bid, const ChoiceSums& sums) const;
    // The same at prices of zero: time, energy and limits alone. Minus infinity where nobody can.
    Bound capacity(const Bid& bid, const Cell* cell) const;

    // What learner k takes of the budgets for the best samples within the box.
    struct Use {
        double bandwidth, power;
    };
    Use use_of(std::size_t k, const Bid& bid, Interval box) const;

    // What a rate for d samples costs; infinite where d is not allowed.
    double cost(std::size_t k, double d, Prices prices) const;
    // What one sample more costs: where only rates decide by the slope half way, which is near
    // enough to go by.
    double step_cost(std::size_t k, double d, Prices prices);

    long passes() const { return passes_; }

  private:
    struct Found {
        double net;  // s d + q - C(d), or more
        double samples, bandwidth, power, cost, condition;
        bool possible;
    };
    double surely_kept(std::size_t k) const;
    double unit_cost(std::size_t k, Prices prices);
    Found taking_part(std::size_t k, const Bid& bid, Interval box) const;
    // Writes what learner k picks.
    void add(std::size_t k, const Bid& bid, Interval box, ChoiceSums& sums,
             const Picks& picks) const;
    struct Chosen {
        double samples;
        double preference;
    };
    Chosen choose(std::size_t k, const Bid& bid, Interval box, ChoiceSums& sums) const;
    ChoiceInput input(const Bid& bid, const Cell* cell);
    static ChoiceSums sums_of(const ChoiceTotals& lanes);
    ChoiceSums look_in_lanes(const Bid& bid, const Cell* cell, const Picks& picks);

    const Problem& problem_;
    Pool& pool_;
    double tau_;
    SelectionGoal goal_;
    std::span<const double> weight_;
    bool plain_;  // the kernels' own problem
    Boxes boxes_;
    Box whole_, sure_;
    mutable Buffer<double> scratch_;  // samples as a pass writes them, each its own
    Numbers most_, kept_;             // where nothing is returned: exact
    Numbers rest_;                    // 1 or 0
    Numbers least_;
    // For the lanes: padded, and of a cell.
    Numbers weights_, cell_low_, cell_high_, cell_rest_;
    bool all_rest_ = false;
    bool all_or_nothing_ = false;
    double all_least_ = 0;
    double least_of_fixed_ = 0;
    bool nobody_rests_ = true, everybody_rests_ = true;
    // What a bit a second costs where bandwidth is priced by the hertz: at the prices last asked.
    Numbers unit_cost_;
    Prices unit_prices_{};
    std::vector<SplitSums> split_chunks_;
    std::vector<ChoiceSums> chunks_;
    std::vector<PassSums> real_chunks_;
    long passes_ = 0;
};

}  // namespace mel
