// The prices at which the bound is lowest: cutting planes where every learner's jump counts, and
// Newton's method from a sample of the learners where they are many.
#pragma once

#include <span>
#include <vector>

#include "select/choices.hpp"

namespace mel {

class Lowest {
  public:
    Lowest(Choices& choices, Pool& pool) : choices_(choices), pool_(pool) {}

    enum class Outcome { proved, open, stopped, impossible };
    // Moves `bid`'s prices to where the bound over the cell is lowest, to `tolerance`. Proved as
    // soon as the bound is below `target`, with every rounding error against it.
    Outcome run(Bid& bid, const Cell* cell, double target, double tolerance, int most_passes);
    // The same for many learners.
    Outcome run_many(Bid& bid, double target, double tolerance);
    // Prices for a box that holds next to nothing: those that refute, however high.
    Outcome refute(Bid& bid, const Cell& cell, double target, int most_passes);

    // At the lowest point: the bound, the choices there and what they add up to.
    double value() const { return best_.value; }
    double most() const { return best_.value + best_.error; }
    const std::vector<double>& picks() const { return best_.picks; }
    const std::vector<double>& margins() const { return margins_; }
    const ChoiceSums& sums() const { return best_.sums; }
    // Where the choices of a learner differ among the lowest points seen.
    bool torn(std::size_t k, double& low, double& high) const;

    // Prices of a search on a sample of the learners, good to its own accuracy.
    Bid guess(Bid bid, bool fresh);
    double sampled_takers() const { return sampled_takers_; }

  private:
    struct Point {
        double value = 0;
        double error = 0;
        Bid bid{};
        std::vector<double> picks;
        ChoiceSums sums;
    };
    struct Slope {
        double value, band, power;  // U and its derivatives by ln lambda, ln mu
        double takers;
    };
    void keep(Point&& point);
    Slope slope_of(const Bid& bid, const ChoiceSums& sums, double share) const;
    Slope sampled(const Bid& bid, std::span<const std::size_t> some);
    bool curvature(const Bid& bid, std::span<const std::size_t> some, const Slope& at,
                   double (&h)[3]);

    Choices& choices_;
    Pool& pool_;
    Point best_;
    std::vector<Point> near_;  // the last few, lowest or nearly
    std::vector<double> margins_;
    double curve_[3] = {0, 0, 0};  // of the sample, for all learners: band, both, power
    double sampled_takers_ = 0;
};

}  // namespace mel
