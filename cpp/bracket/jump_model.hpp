// The bound near a pair of prices: one quadratic for what all learners do there, and a kink for
// every learner that another answer (taking part or not, many samples or the fewest) would soon
// suit better.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "passes/exact_pass.hpp"
#include "prices/polygon.hpp"

namespace mel {

// The other answer of a learner that is nearly as well off with it. Its value less that of the
// answer taken is -margin, and changes by so much for a relative change of each price, and a unit
// of the resource.
struct Jump {
    std::size_t learner = 0;
    double samples = 0;  // of the other answer
    double margin = 0;   // not negative
    double by_band = 0;
    double by_watt = 0;
    double by_amount = 0;

    Jump times(double alike) const;  // so many learners that jump together
};

// The learners whose answer may change where no price changes by more than a share `radius`, from
// what an exact pass wrote. `by_amount` is filled for the cycle. Where they are more than twice
// `most`, an even part of them, no more than that, stands for all, each for several alike; then
// also who takes part with one sample or rests counts, which else is a step.
inline constexpr std::size_t all_jumps = std::numeric_limits<std::size_t>::max();
struct Picked {
    std::span<const double> samples, preference;
};
std::vector<Jump> jumps_near(const Problem& problem, const Box& box, const PassPoint& point,
                             const Picked& picked, double radius, Pool& pool,
                             std::size_t most = all_jumps);

// The same for one sample more or less: where learners have a handful each, these are jumps, too.
std::vector<Jump> steps_near(const Problem& problem, const Box& box, const PassPoint& point,
                             std::span<const double> samples, double reach, Pool& pool);

class JumpModel {
  public:
    // Of the bound less D, as functions of relative changes of the prices and a change of the
    // amount.
    double value = 0;
    double by_band = 0, by_watt = 0;                     // gradient of what does not jump
    double band_band = 0, band_watt = 0, watt_watt = 0;  // and its second derivatives
    double by_amount = 0;                                // by the amount,
    double band_amount = 0, watt_amount = 0;             // and mixed
    std::vector<Jump> jumps;
    Stop* stop = nullptr;  // asked between steps, which are cut short: a worse guide, no worse

    // The same from another amount on; for jumps that do not depend on it.
    void shift(double by) {
        value += by_amount * by;
        by_band += band_amount * by;
        by_watt += watt_amount * by;
    }

    struct Place {
        double band = 0, watt = 0;  // relative changes of the prices
        double amount = 0;          // change of the amount
        double length() const;
    };

    // The change of the amount that these prices themselves just rule out, at most `most` either
    // way.
    double ruled_out(double most) const;

    struct Within {
        double radius;  // of the prices' changes
        double amount;  // of that of the amount
    };
    // The prices that rule out most, and how much.
    Place best(Within within);

    // The prices within `radius` at which the bound is lowest, with the amount as it is, and by how
    // much it falls.
    Place lowest(double radius);
    double drop(const Place& place);

    // How far one jump moves the best prices, at most.
    double spread() const;

    // The jumps with which what the learners take comes near to the budgets for the least loss of
    // value: found by single changes of mind and by pairs.
    std::vector<std::size_t> best_flips() const;

    // The prices that make up for what jumps leave too much or too little.
    Place making_up(const std::vector<std::size_t>& flips) const;

    // The model with one learner fixed to the answer it takes, or to the other.
    JumpModel fixing(std::size_t jump, bool other) const;

    // The jump whose kink is at these prices; the number of jumps where there is none.
    std::size_t switching_learner(const Place& place) const;

    // By how much the other answer is better at a place.
    static double gain(const Jump& jump, const Place& place) {
        return jump.by_band * place.band + jump.by_watt * place.watt +
               jump.by_amount * place.amount - jump.margin;
    }

    bool stopped() const { return stop && stop->check(); }

  private:
    struct Value {
        double value, by_band, by_watt, by_amount;
    };
    Value at(const Place& place) const;
    Value least(Place& place, double radius);
    bool curved() const;
    Place newton(double x, double y) const;
    double loss(double x, double y) const;
    bool smooth_least(Place& place, double radius) const;
    void begin(double amount);
    void fold_jumps();

    // What is left of the kinks within the polygon, and all else as one quadratic.
    Polygon polygon_;
    std::vector<Jump> near_;
    Value base_{};
};

}  // namespace mel
