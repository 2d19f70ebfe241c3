// A factor that is looked for between ends that are kept, with growing steps until there are two.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"

namespace mel {

class Factor {
  public:
    explicit Factor(double value = 1) : value_(value) {}
    double value() const { return value_; }
    bool closed() const { return high_ < nearly * low_; }
    void raise() {
        low_ = value_;
        next(value_ * step_);
    }
    void lower() {
        high_ = value_;
        next(value_ / step_);
    }

  private:
    static constexpr double nearly = 1.01;
    void next(double outwards) {
        if (low_ > 0 && high_ < infinity) {
            value_ = std::sqrt(low_ * high_);
        } else {
            value_ = outwards;
            step_ = std::min(step_ * step_, largest_step);
        }
    }
    static constexpr double largest_step = 1e8;
    double value_, step_ = 2, low_ = 0, high_ = infinity;
};

}  // namespace mel
