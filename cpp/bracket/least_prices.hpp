// The prices that rule out most of a resource, from looks at the best whole samples. Between two
// looks the bound is taken as a quadratic with a kink for every learner whose answer soon changes
// (jump_model.hpp), so that few looks suffice where responses jump, too.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "bracket/bottleneck.hpp"
#include "bracket/jump_model.hpp"
#include "least/least_parts.hpp"
#include "prices/polygon.hpp"

namespace mel {

class LeastPrices {
  public:
    // Of a problem and its boxes at the tau asked about, as real numbers and whole. No cycle up to
    // `too_short` is looked at.
    LeastPrices(const Problem& problem, const Box& real, const Box& whole, Resource resource,
                Pool& pool, double too_short)
        : problem_(problem),
          real_box_(real),
          box_(whole),
          resource_(resource),
          pool_(pool),
          too_short_(too_short) {}

    // One look at whole samples.
    struct Look {
        SplitSums sums;
        Excess excess{};
        double rules_out = 0;  // what the prices prove too little, to first order

        double at_most() const { return excess.value + 2 * excess.error; }  // of its excess
    };

    struct Effort {
        double radius;      // share by which prices are thought to be off
        double worthwhile;  // share of the amount that better prices must promise
    };

    // What is made of a cycle: the bound's slope over it foretells where the bound reaches D, or,
    // where samples come into reach all at once, that is looked for at every pair of prices.
    enum class Cycles { by_slope, at_roots };

    // Where roots over the cycle are looked for: the few on whom it may hang. `share`: what the
    // budgets are of those of all, if these few are not among a sample of the learners.
    struct Hanging {
        const Bottleneck* on = nullptr;
        double share = 0;
    };
    void hang(Hanging few) { few_ = few; }

    // Moves point and amount to where most is ruled out; false where a look fails at the start, or,
    // with many learners, shows that slopes foretell nothing.
    bool search(PassPoint& point, double& amount, const Effort& effort, Cycles cycles);

    // Whether a search climbed so far above what is stated that hardly any amount suffices: whether
    // one does is for decisions to say.
    bool climbed() const { return climbed_; }
    // Asks that of one look, at these prices but for that of the resource.
    bool climbs_from(PassPoint point, double amount);

    // Prices at which about D samples are taken for about the budget that is stated, wherever the
    // point is, and what of the other is used then. Not for the cycle.
    void find_roughly(PassPoint& point, double& amount);

    // Of the best look: its sums, its whole samples and the model around its prices.
    const Look& best() const { return best_; }
    const std::vector<double>& samples() const { return best_samples_; }
    const JumpModel& model() const { return model_; }
    double amount() const { return at_.amount; }  // that it looked at
    // Of a cycle: one that the best look proves too short, with its prices; 0 where it proves none.
    struct TooShort {
        double cycle_s;
        Prices prices;
    };
    TooShort surely_too_short() const;

    // A look at the point with that amount; the best one remains the best.
    Look look(PassPoint& point, double amount);
    // The model around the best prices with every learner that matters within `least_radius`, or as
    // far as one jump moves the prices; returns how far that is.
    double widen(const PassPoint& point, double least_radius);
    // Takes the best look once more, carefully, where the rounding of lanes is worth more than so
    // much of the amount; returns whether it did. Not for the cycle.
    bool sharpen(const PassPoint& point, double& amount, double worthwhile);
    // The best look's sums where costs do not depend on the amount.
    void judge(const PassPoint& point, double amount, Look& seen) const;

    std::int64_t passes() const { return passes_; }

  private:
    static constexpr double finest_root = 2e-12;    // relative: a cycle that prices rule out
    static constexpr double far_radius = 0.25;      // of prices found elsewhere
    static constexpr double shortest_step = 1e-11;  // relative: above a cycle that is too short

    Problem with(double amount) const;
    Prices in_range(Prices prices, double amount) const;
    bool may_climb() const;
    double beyond_reason() const;
    bool too_much(double amount);
    bool suffices(double amount, const Look& seen) const;
    void begin_looks();
    // Whether it is time to make do with what was seen.
    bool enough_looks() const { return pool_.stop().check() || passes_ >= last_pass_; }
    struct Root {
        double radius;     // within which prices may still move
        double narrow;     // how near to the root is near enough, as a share of the amount
        double close = 0;  // or the bound to D, as a share of it: else by the radius
    };
    Look look_at_root(PassPoint& point, double& amount, Root near);
    double foretold_root(const PassPoint& point, double amount, const Look& seen, Interval within);
    void scale_prices(PassPoint& point, double& amount);
    // From the best prices on, by planes.
    PlanePoint slope_from(Prices prices, double amount, const Look& seen) const;
    void cut_down(PassPoint& point, double& amount, const Effort& effort);
    bool finish_by_planes(PassPoint& point, double& amount, const Effort& effort, double radius);
    void measure(const PassPoint& point, double amount);
    JumpModel model_of(const PassPoint& point, double amount, const Look& seen, double radius);
    std::vector<Jump> jumps_of(const PassPoint& point, double amount, const Picked& picked,
                               double radius, std::size_t most = all_jumps);
    void add_steps(const PassPoint& point);
    double slope(Prices prices) const { return growth(resource_, prices, real_); }

    const Problem& problem_;
    Box real_box_, box_;
    Resource resource_;
    Pool& pool_;
    double too_short_;
    // Prices looked at, and what they showed.
    struct Place {
        Prices prices{};
        double amount = 0;
        double value = 0;      // of the bound less D, at that amount
        double rules_out = 0;  // where the bound reaches D at these prices,
        bool reached = false;  // if that is near
        // How far from what was looked at.
        double foretold() const { return std::fabs(rules_out - amount); }
    };
    bool better(const Place& now) const;
    void learn_curvature(const JumpModel& now);

    Hanging few_;
    bool apart() const { return few_.on && few_.share > 0; }
    // Of all but those few, at one pair of prices: where they were looked at, and how what they
    // add to the bound grows with the cycle.
    struct Others {
        double amount = 0, value = 0;
        double slope = 0;
    };
    Others others_;

    PassSums real_;
    double steepness_ = 0;   // of the bound over the cycle, as last seen
    double last_move_ = 0;   // of the cycle, relative, to where it was looked at last
    double curvature_ = 1;   // of the bound, in units of that of the real responses
    bool by_slope_ = false;  // what a look rules out of a cycle is foretold by its slope
    bool kept_ = false;
    bool climbed_ = false;
    Place at_;  // the best so far
    Look best_;
    JumpModel model_;
    std::vector<PassSums> real_chunks_;
    std::vector<SplitSums> chunks_;
    std::vector<double> samples_, best_samples_, preferences_, best_preferences_;
    std::int64_t passes_ = 0;
    std::int64_t last_pass_ = 0;  // of a search
};

}  // namespace mel
