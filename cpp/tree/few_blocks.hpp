// Few resource blocks, many learners that may rest. At most N learners can take part where there
// are N blocks, so all but a few are dominated: the problem of the few is solved in their place,
// and its proof is looked at with all others.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tree/takers.hpp"

namespace mel {

// Whether there are so few blocks that most learners must rest.
bool few_blocks(const Problem& problem);

// The learners to look at first: those who carry the most with one block, or several, and about
// the power that goes with so many, at the largest tau up to `point`'s at which the best of them
// could carry D.
std::vector<std::size_t> first_with_blocks(const Problem& problem, const Box& box,
                                           const PassPoint& point, Stop& stop);

struct MustJoin {
    bool proved;
    std::vector<std::size_t> learners;
};

// Whether the leaves of a part's proof hold with all others, whom `box` holds: those who are worth
// something at a leaf's prices are added to its bound. Where that is not below D any more, the best
// of them should join the part.
MustJoin must_join(const Problem& problem, const Box& box, double tau,
                   std::span<const ProvedLeaf> leaves, std::span<const std::size_t> part,
                   Pool& pool);

}  // namespace mel
