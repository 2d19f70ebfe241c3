// Sums over a part of a column that fit into the sum over all of it to the bit: the part's own
// nodes of the tree in which reduce_tree() adds the chunks up.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

#include "base/sums.hpp"

namespace mel {

template <class Sums>
struct SumNode {
    std::size_t first;  // chunk
    std::size_t width;  // chunks: a power of two that divides `first`
    Sums sums;
};

// Calls visit(first, width) for the widest nodes that make up `count` chunks from `first` on.
template <class Visit>
void for_each_node(std::size_t first, std::size_t count, Visit&& visit) {
    const std::size_t end = first + count;
    while (first < end) {
        std::size_t width = std::bit_floor(end - first);
        if (first != 0) width = std::min(width, std::size_t{1} << std::countr_zero(first));
        visit(first, width);
        first += width;
    }
}

// The sum over `chunks` in all, of nodes in their order that cover them: what reduce_tree() says of
// the chunks themselves.
template <class Sums>
Sums sum_of_nodes(std::span<const SumNode<Sums>> nodes, std::size_t chunks) {
    std::size_t at = 0;
    const auto sum = [&](const auto& self, std::size_t first, std::size_t width) -> Sums {
        const SumNode<Sums>& next = nodes[at];
        if (next.first == first && (next.width == width || width == 1)) return nodes[at++].sums;
        Sums left = self(self, first, width / 2);
        if (first + width / 2 < chunks) left.add(self(self, first + width / 2, width / 2));
        return left;
    };
    return sum(sum, 0, std::bit_ceil(chunks));
}

}  // namespace mel
