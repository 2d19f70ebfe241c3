// The best of all subsets of a few changes, from the subsets of their halves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mel {

struct Change {
    double worth;
    double cost;
};

inline constexpr std::size_t most_changes = 30;

struct Subset {
    double worth;
    double cost;
    std::uint32_t members;
};

class WorthMost {
  public:
    explicit WorthMost(std::span<const Change> changes);
    // The changes, bit by bit, that together are worth most and cost at most `room`. No change at
    // all is one of them, where there is room for it.
    std::optional<std::uint32_t> within(double room) const;

  private:
    std::vector<Subset> one_, other_;
    std::size_t shift_ = 0;
};

// Who together has just `wanted`, at the least cost: sizes are whole numbers, `wanted` times their
// number is at most `most_sums`. Empty where no sum is that.
inline constexpr double most_sums = 2e8;
std::vector<bool> cheapest_sum(std::span<const Change> sizes, double wanted);

// Those that are worth `wanted` to the bit, and of them those that cost least.
std::optional<std::uint32_t> worth_just(std::span<const Change> changes, double wanted);

}  // namespace mel
