// The prices at which the bound is lowest: cutting planes where every learner's jump counts, and
// Newton's method from a sample of the learners where they are many. Where so many must take part
// at least, what a participant is worth is a third price.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "select/choices.hpp"

namespace mel {

class Lowest {
  public:
    Lowest(Choices& choices, Pool& pool, const SelectionGoal& goal)
        : choices_(choices), pool_(pool), goal_(goal) {}

    enum class Outcome { proved, open, stopped, impossible };
    // What a bound is to fall below, with every rounding error against it; or how near to its
    // lowest is near enough, within so many passes.
    struct Until {
        double target;
        double tolerance;
        int most_passes;
    };
    // Moves `bid`'s prices to where the bound over the cell is lowest. Proved as soon as the bound
    // is below the target.
    Outcome run(Bid& bid, const Cell* cell, const Until& until);
    // The same for many learners, of the bound less what as many participants as must be are worth.
    Outcome run_many(Bid& bid, const Until& until) {
        misled_ = false;
        const int sharp = approach(bid, until.tolerance) ? 1 : 0;
        return pass_over(bid, until, false, sharp);
    }
    // On from the lowest point of that, as near as a few passes get; false where that is not lower.
    bool run_on(Bid& bid, double tolerance, int most_passes) {
        const double before = best_.value;
        const Until until{.target = 0, .tolerance = tolerance, .most_passes = most_passes};
        const auto outcome = pass_over(bid, until, true, 0);
        return outcome == Outcome::open && best_.value < before;
    }
    // The same of the bid as it is; its prices are usable.
    Outcome look_once(const Bid& bid, double target);
    // Whether real samples of all prove D samples too many, at the bid or where their slopes
    // foretell that they do; the bid then is there.
    Outcome refute_by_reals(Bid& bid);
    // From the last look on to where the bound is below the target, as far as it can be foretold;
    // false where it can not, or is not.
    bool foretell_proof(Bid& bid, double target);
    // The lowest point is one that was found elsewhere.
    void take(const Bid& bid, const Numbers& picks, const ChoiceSums& sums,
              const Choices::Bound& at);
    // Prices for a box that holds next to nothing: those that refute, however high.
    Outcome refute(Bid& bid, const Cell& cell, double target, int most_passes);

    // Whether a pass over all of many learners ended, so that there is one.
    bool has_point() const { return passed_; }
    // At the lowest point: the bound, the choices there and what they add up to.
    double value() const { return best_.value; }
    double most() const { return best_.value + best_.error; }
    Choices::Bound bound() const { return {best_.value, best_.error}; }
    const Numbers& picks() const { return best_.picks; }
    const Numbers& margins() const { return told_.margins; }
    // What single samples lose there (Picks); empty where looks do not tell.
    const Numbers& steps() const { return told_.steps; }
    const Numbers& switching() const { return told_.switching; }
    const ChoiceSums& sums() const { return best_.sums; }
    const Bid& bid() const { return best_.bid; }
    // By how much the bound at that bid falls at least where everybody does one local cycle more.
    double lost_to_one_more_cycle();
    // Prices at which learners still choose, for the question that comes next.
    const Prices& end() const { return end_; }
    // Where the choices of a learner differ among the lowest points seen.
    bool switches(std::size_t k, double& low, double& high) const;

    // A bid from a search on a sample of the learners, good to its own accuracy.
    Bid guess(Bid bid, bool fresh);
    // The bound there, as the sample has it.
    double guessed() const { return guessed_; }

  private:
    struct Point {
        double value = 0;
        double error = 0;
        Bid bid{};
        Numbers picks;
        ChoiceSums sums;
    };
    // Derivatives by ln lambda, ln mu and what a participant is worth, in units of theta_unit_.
    using Vector = double[3];
    using Matrix = double[3][3];
    // Learners of a sample.
    static constexpr std::size_t least_sampled = 1024, most_sampled = 8192, fine_sample = 32768;
    static constexpr std::size_t worth_a_fine_sample = 16;  // times as many
    std::size_t finest_sample() const {
        const bool worth = choices_.size() >= worth_a_fine_sample * fine_sample;
        return worth ? fine_sample : sampled_learners();
    }
    std::size_t sampled_learners() const {
        return std::clamp(choices_.size() / 4, least_sampled, most_sampled);
    }
    struct Slope {
        double value;
        Vector by;
        double takers;
    };
    struct Sample {
        Problem problem;
        Numbers weight;
        SelectionGoal goal;
        std::unique_ptr<Choices> choices;
        double share;  // of all learners, but for those who need most
        Point seen;    // the last look
        Numbers margins;
        bool roughly = false;              // looks tell sums alone, about
        std::unique_ptr<Sample> neediest;  // all of them
    };
    // What a look tells of every learner beside what it picks.
    struct Told {
        Numbers margins, steps, switching;
        void clear() {
            margins.clear();
            steps.clear();
            switching.clear();
        }
    };
    void keep(Point&& point);
    bool see(Point& point, Told& told);
    bool see_roughly(Point& point, Told* told);
    bool rough_looks_do(const Sample& some) const;
    double enough_of(const Point& at, double tolerance, bool on) const;
    bool rules_out_more(double fall) const;
    void steepen(const Slope& at, Vector& step) const;
    bool closes_nothing(double fall) const;
    bool approach(Bid& bid, double tolerance);
    Outcome pass_over(Bid& bid, const Until& until, bool on, int sharp);
    // Whether looks tell of answers far from the best.
    bool some_switch() const { return choices_.jumps() || choices_.two_tops(); }
    double switching(std::size_t k) const;
    void order_by_need(std::size_t stride);
    std::vector<std::size_t> some_in_order(std::size_t learners);
    std::unique_ptr<Sample> sample_of(std::size_t learners);
    std::unique_ptr<Sample> sample_of(const std::vector<std::size_t>& who);
    struct Curvature {
        double xx, xy, yy;
    };
    Curvature smooth_curvature(double switching);
    enum class Ahead { unknown, level, lower };
    Ahead smoothly(const Curvature& curve, double tolerance, Bid& next, double& foretold) const;
    // `reach`: of prices, to begin with; 0: as far as they were looked at.
    struct Within {
        double tolerance;
        double reach = 0;
    };
    Ahead among_switching(const Within& within, Bid& next, double& foretold);
    Slope slope_of(const Bid& bid, const ChoiceSums& sums, double share) const;
    Slope sampled(const Bid& bid, Sample& some);
    enum class Sides { one, both };
    bool curvature(const Bid& bid, Sample& some, const Slope& at, Sides sides, Matrix& h);
    void keep_curve(const Matrix& h, const Sample& some);
    void sharpen(Bid& bid);
    Bid fresh_prices(Bid bid);
    double enough_for(const Bid& bid, Sample& some) const;
    Bid moved(Bid bid, const Vector& step) const;
    bool learn(const Slope& at, const Slope& last, const Vector& step);
    static bool factor(const Matrix& h, int n, Matrix& l);
    bool climb(const Slope& at, Vector& step, double& boost) const;
    bool step_down(const Matrix& h, const Slope& at, Vector& step, double& fall) const;
    bool nobody_chooses(const Point& at, std::span<const double> margins, const Choices& of,
                        double share, Bid& next) const;
    double needed() const { return goal_.whole ? static_cast<double>(goal_.at_least) : 0; }

    Choices& choices_;
    Pool& pool_;
    const SelectionGoal& goal_;
    Point best_;
    Prices end_{};
    std::vector<Point> near_;  // the last few, lowest or nearly
    Told told_;
    Matrix curve_ = {};  // of the sample, for all learners
    double guessed_ = 0;
    bool passed_ = false;   // a lowest point is known
    bool misled_ = false;   // by what those who switch foretold
    bool roughly_ = false;  // looks that guide alone come first
    // Every so-many-th learner in the order of what they need at least, and those at its end.
    std::vector<std::size_t> ordered_, neediest_;
    std::size_t stride_ = 1;
    std::size_t others_ = 0;  // learners that are not at its end
    bool binds_ = false;      // fewer would take part than must
    double theta_unit_ = 1;   // samples
};

}  // namespace mel
