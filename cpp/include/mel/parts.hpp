// Too little of a resource, where whole parts of so many samples count: the samples of every plan
// make ceil(D / part) parts at least, each learner's rounded up.
#pragma once

#include <cstdint>

#include "mel/leaf_parts.hpp"
#include "mel/least.hpp"
#include "mel/prices.hpp"
#include "mel/problem.hpp"
#include "mel/result.hpp"
#include "mel/settings.hpp"

namespace mel {

struct PartsBound {
    double lower = 0;  // too little, by these prices; 0 if nothing is proved
    Prices prices{};   // what a hertz and a watt cost
    LeafParts parts;   // and what a part is worth
    Buffer<std::int64_t>
        samples;  // fit need.amount, which is below `upper`; empty if none were found
    SplitNeed need;
    std::int64_t passes = 0;
};

// What is sought: above `lower`, which is too little already, and below `upper`, which suffices.
struct PartsAsked {
    double part = 1;  // samples
    double lower = 0;
    double upper = 0;
    double above = -1;  // as in LeafParts
};

// Of bandwidth or power, whichever `resource` is; the search begins at the prices of
// `settings.start`, which must be usable.
PartsBound least_by_parts(const Problem& problem, std::int64_t tau, Resource resource,
                          const PartsAsked& asked, const Settings& settings);

// bracket() that asks for parts, too, before boxes are looked at, where learners may rest, most of
// those who take part hold as many samples, and D is no multiple of that. Then `parts` says of how
// many samples, and the one leaf of the tree counts these.
struct PartsBracket {
    Bracket found;
    LeafParts parts{};
};
PartsBracket bracket_with_parts(const Problem& problem, std::int64_t tau, Resource resource,
                                const Settings& settings, double too_short);

// solve() and decide() that ask for parts, too, where a tau takes long to refute. Then `parts` says
// that the one leaf of the tree counts them.
struct PartsResult {
    Result found;
    LeafParts parts{};
};
PartsResult solve_with_parts(const Problem& problem, const Settings& settings);
PartsResult decide_with_parts(const Problem& problem, std::int64_t tau, const Settings& settings);

// decide() that tries a leaf first which ruled out hardly less, and looks for no other parts.
PartsResult decide_with_leaf(const Problem& problem, std::int64_t tau, const Settings& settings,
                             Prices prices, const LeafParts& leaf);

}  // namespace mel
