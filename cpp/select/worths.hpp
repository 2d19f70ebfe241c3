// What a participant may be worth where so many must take part.
//
// Bounds, less what as many as must be are worth, are convex in it: two points on one side say how
// low it can be on the other.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "base/infinity.hpp"

namespace mel {

class Worths {
  public:
    // The bound is no less than `least` and no more than `most`; more or fewer take part than must.
    struct Point {
        double worth, least, most, too_many;
    };

    // What is tried first, and four times as much as long as too few would take part.
    explicit Worths(double typical) : typical_(typical) {}

    void add(const Point& point) {
        if (point.too_many < 0) {
            if (point.worth > less_.worth) before_ = std::exchange(less_, point);
        } else if (point.worth < more_.worth) {
            after_ = std::exchange(more_, point);
        }
    }

    // The next to look at; nothing where none brings the bound below the target.
    std::optional<double> next(double target) const {
        if (more_.worth == infinity) return less_.worth > 0 ? 4 * less_.worth : typical_;
        const double low = std::max(less_.worth, 0.0), high = more_.worth, open = high - low;
        if (open <= apart * high) return {};
        const bool known = before_.worth >= 0 && after_.worth < infinity;
        if (known && lowest_between(open) > target) return {};
        return low + 0.5 * open;
    }

  private:
    // By lines through two points on either side.
    double lowest_between(double open) const {
        const double falls = (before_.most - less_.least) / (less_.worth - before_.worth);
        const double rises = (after_.most - more_.least) / (after_.worth - more_.worth);
        if (falls <= 0) return less_.least;
        if (rises <= 0) return more_.least;
        const double at = (less_.least - more_.least + rises * open) / (falls + rises);
        return less_.least - falls * std::clamp(at, 0.0, open);
    }

    static constexpr double apart = 1e-9;  // of a worth: no nearer to each other

    double typical_;
    // Fewer would take part than must, or not: the nearest, and those further out.
    Point less_{-1, 0, 0, 0}, before_ = less_, more_{infinity, 0, 0, 0}, after_ = more_;
};

}  // namespace mel
