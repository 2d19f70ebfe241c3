// The best of all subsets of a few changes, from the subsets of their halves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace mel {

struct Change {
    double worth;
    double cost;
};

inline constexpr std::size_t most_changes = 30;

// The changes, bit by bit, that together are worth most and cost at most `room`. No change at all
// is one of them, where there is room for it.
std::optional<std::uint32_t> worth_most(std::span<const Change> changes, double room);

// Those that are worth `wanted` to the bit, and of them those that cost least.
std::optional<std::uint32_t> worth_just(std::span<const Change> changes, double wanted);

}  // namespace mel
