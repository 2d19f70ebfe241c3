// From real samples, or a split with the wrong total, to integers that sum to D at the least cost
// for given prices.
#pragma once

#include <span>
#include <vector>

#include "base/infinity.hpp"
#include "learner/pacing.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

// How the reals of all chunks become integers: by what those between their bounds are multiplied,
// and for each chunk what exact rounding of all before it owes, and the integer it should sum to.
struct CarryPlan {
    double factor = 1;
    std::vector<double> starts;
    std::vector<double> wholes;
};
// Samples of every chunk, in the chunks' order: between their bounds, and at them.
struct ChunkSamples {
    std::span<const double> free, stay;
};
void plan_carry(double factor, const ChunkSamples& of, CarryPlan& plan);

// By what to multiply the samples within their bounds so that all sum to D; what that would carry
// to its bound is moved there, and what stood at one stays. 0 if there is nothing at all.
// `clamp(factor)` does so and says what is then free, what stays, and whether anything moved.
struct Clamped {
    double free;
    double stays;
    bool moved;
};
template <class Clamp>
double scale_factor(double all, bool columns, Clamp&& clamp) {
    double factor = 1;
    for (int round = 0; round < (columns ? 8 : 1); ++round) {
        const Clamped clamped = clamp(factor);
        if (round > 0 && !clamped.moved) break;
        if (!(clamped.free > 0)) return clamped.stays > 0 ? 1 : 0;
        factor = (all - clamped.stays) / clamped.free;
        if (!(factor > 0)) break;
    }
    return factor;
}
// repair() looks at every so-many-th learner first.
struct Missing {
    double over;
    double finer = 1;
};
std::size_t repair_step(std::size_t size, const Missing& of);
// The sum of the chunks, in their order.
double in_order(std::span<const double> chunks);

class WholeSamples {
  public:
    // What carry() writes on, for the next of many small problems to use again.
    struct Memory {
        CarryPlan plan;
        std::vector<double> stay;  // samples at their bounds, and the others
        std::vector<double> free;
    };

    WholeSamples(const Problem& problem, Pool& pool, Memory* memory = nullptr)
        : problem_(problem),
          pool_(pool),
          caps_(problem.limits() && problem.limits()->caps() ? problem.limits() : nullptr),
          paces_(paces(problem)),
          memory_(memory ? *memory : own_) {}
    WholeSamples(const WholeSamples&) = delete;
    WholeSamples& operator=(const WholeSamples&) = delete;

    // Integers next to the reals, scaled first so that they sum to D, within the box and what the
    // cycle allows; what rounding owes is carried from learner to learner. Returns the total, which
    // is D but for a few learners at their bounds.
    struct Times {
        double tau;
        double cycle_s;
        double aim_s;  // the cycle that the reals were for
    };
    double carry(const Box& box, const Times& times, std::span<const double> chunk_totals,
                 std::span<double> samples);

    // carry() in steps, for learners of whom only some are here: each chunk's part of it is a pure
    // function of what the chunk holds and of what the steps before it said of all.
    void begin(std::span<const double> chunk_totals);
    // What is to be scaled is multiplied, and stays where that carries it to its bound. True if
    // anything was moved. Nothing to do where all have one box.
    bool clamp(const Box& box, double factor, std::span<double> samples);
    std::span<const double> in_between() const { return memory_.free; }  // samples, by chunk
    std::span<const double> at_bounds() const { return memory_.stay; }
    CompensatedSum carry_by(const Box& box, const Times& times, const CarryPlan& plan,
                            std::span<double> samples);

    // Adds the cheapest and takes away the dearest samples until the total is D. With costs convex
    // in d this is the best split at these prices, or nearly so, as a few are looked for among a
    // part of the learners unless `thorough`. False if the box can not hold D samples, or costs
    // so much more than the samples given that what comes of it can not fit: where these are the
    // best at the prices, they may lose the `room` that the bound has above D.
    struct Effort {
        bool thorough = false;
        double room = infinity;
        double finer = 1;  // among so many times as many
    };
    bool repair(const Box& box, const PassPoint& at, std::span<double> samples,
                const Effort& effort);
    bool repair(const Box& box, const PassPoint& at, std::span<double> samples,
                bool thorough = false) {
        return repair(box, at, samples, Effort{thorough});
    }

    // The same where these are every so-many-th of all learners: false where more are needed.
    struct Held {
        double over;    // more than D, by all together
        double of_all;  // learners
    };
    bool repair_among(const Box& box, const PassPoint& at, const Held& held,
                      std::span<double> samples);

    // From here on costs count whole blocks, if the problem has them: dearer to compute.
    void count_blocks() { whole_blocks_ = problem_.block_hz() > 0; }

    // Moves single samples between learners while that lowers the cost. True if anything moved.
    bool exchange(const Box& box, const PassPoint& at, std::span<double> samples);

  private:
    struct Marginal {
        double cost;
        std::size_t learner;
        double by, after;  // of a repair: how many samples, and what is then held costs
    };
    double carry_few(const Box& box, const Times& times, double real,
                     std::span<double> samples) const;
    // Change of cost when one more, or one fewer, is held than d; infinite against the step where
    // not allowed.
    double step_up(std::size_t k, double d) const;
    double step_down(std::size_t k, double d) const;
    // Whether other samples would multiply what follows at a cap, or the rate.
    struct Step {
        double from, to;
    };
    bool steep(std::size_t k, const Demand& demand, Step step) const;
    bool repair(const Box& box, const PassPoint& at, const Held& held, std::size_t step,
                double room, std::span<double> samples);
    // What non-convex costs may lose on the way and win back.
    double detour(std::span<const double> samples) const;
    // Whether the first sample of a learner who rests, best so, surely costs twice its worth.
    bool joins_dearly(std::size_t k) const;
    // So many learners with energies of their own that they are looked at in lanes.
    bool many_batteries() const {
        return caps_ && caps_->battery() && problem_.size() > most_for_thorough_search;
    }
    // repair() of those, by a look at all of them for each step; returns what is still over.
    double repair_in_lanes(const Box& box, const PassPoint& at, double over,
                           std::span<double> samples);
    // Largest integer up to `high` that the deadline and the learner's caps allow; `demand` is at
    // full speed.
    double most(std::size_t k, const Demand& demand, double high) const;
    double most_on(std::size_t k, const Demand& demand, double high) const;
    // Whether the learner's caps allow d samples.
    bool carries(std::size_t k, const Demand& demand, double d) const;
    // Before costs are asked for.
    void price_at(const Box& box, const PassPoint& at);
    void price_learner(std::size_t k);
    void price(const Box& box, const PassPoint& at);
    double cost(std::size_t k, double d) const;

    const Problem& problem_;
    Pool& pool_;
    const LearnerLimits* caps_;  // null where nothing is capped
    bool paces_;                 // whether a speed is chosen that does not send
    const Box* box_ = nullptr;
    PassPoint at_{};
    bool whole_blocks_ = false;
    // Density law: kappa of each learner; where blocks are counted, its ln(1 + SNR).
    std::vector<double> unit_cost_;
    std::vector<Marginal> heap_;
    std::vector<Marginal> down_heap_;
    std::vector<double> gains_;
    std::vector<double> moves_;
    Memory own_;
    Memory& memory_;
    std::vector<CompensatedSum> totals_;
    std::vector<double> up_;
    std::vector<double> down_;
};

}  // namespace mel
