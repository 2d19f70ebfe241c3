// Search for prices that prove a box of splits infeasible at tau, by cutting planes in the plane of
// prices.
//
// With weights on the simplex, nu + lambda B + mu P = 1, every split found gives a linear function
// that the bound can not fall below: nu (sum d / D - 1) + y1 (1 - sum B_k / B) + y2 (1 - sum P_k /
// P). Proving prices must make all of them negative, so each pass cuts the polygon of prices that
// could still prove anything; an empty polygon says that a convex combination of the splits found
// fits the budgets, and that no prices can decide this box.
#pragma once

#include <vector>

#include "mel/exact_pass.hpp"

namespace mel {

struct FoundSplit {
    std::vector<double> samples;
    Prices prices;
    double excess = 0;  // of the bound at those prices over D
};

class PriceSearch {
  public:
    PriceSearch(const Problem& problem, Pool& pool)
        : problem_(problem), pool_(pool), ring_(problem.size() <= 4096 ? 16 : 4) {}

    enum class Outcome { infeasible, open, stopped };
    // `start` is tried first. After `infeasible`, proof() holds the prices; else recent() the last
    // splits found.
    Outcome run(double tau, const Box& box, Prices start, int max_passes);

    Prices proof() const { return proof_; }
    // i = 0 is the newest; only the first found() are valid.
    const FoundSplit& recent(std::size_t i) const {
        return ring_[(newest_ + ring_.size() - i) % ring_.size()];
    }
    std::size_t found() const { return found_; }
    long passes() const { return passes_; }

  private:
    struct Point {
        double x, y;
    };
    void clip(double c0, double cx, double cy);
    bool centroid(Point& point) const;
    Prices prices_at(Point point) const;

    const Problem& problem_;
    Pool& pool_;
    std::vector<FoundSplit> ring_;
    std::size_t newest_ = 0;
    std::size_t found_ = 0;
    Prices proof_;
    long passes_ = 0;
    std::vector<Point> polygon_;
    std::vector<Point> clipped_;
    std::vector<SplitSums> blocks_;
};

}  // namespace mel
