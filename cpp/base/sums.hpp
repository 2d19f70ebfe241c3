// Sums whose error is known: compensated, and combined in an order that no thread count changes.
#pragma once

#include <cstddef>
#include <span>

#include "base/rounding.hpp"

namespace mel {

// Running sum with its rounding errors carried along; relative error below 2 unit_roundoff plus
// n^2 unit_roundoff^2 for terms of one sign.
class CompensatedSum {
  public:
    void add(double x) {
        const double sum = high_ + x;
        const double part = sum - high_;
        low_ += (high_ - (sum - part)) + (x - part);
        high_ = sum;
    }
    void add(const CompensatedSum& other) {
        add(other.high_);
        low_ += other.low_;
    }
    double value() const { return high_ + low_; }

  private:
    double high_ = 0;
    double low_ = 0;
};

// How much a sum of integers up to 2^53 is above another such integer: the sign is exact, also
// where the sum itself is no double.
inline double above(CompensatedSum integers, double integer) {
    integers.add(-integer);
    return integers.value();
}

// Adds partial results pairwise: the same tree for any number of threads. Overwrites its input.
template <class T>
T reduce_tree(std::span<T> parts) {
    if (parts.empty()) return T{};
    for (std::size_t width = 1; width < parts.size(); width *= 2) {
        for (std::size_t i = 0; i + width < parts.size(); i += 2 * width) {
            parts[i].add(parts[i + width]);
        }
    }
    return parts[0];
}

}  // namespace mel
