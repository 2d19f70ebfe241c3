// One tau with a choice of who takes part: the plan that is worth most, or that holds D samples,
// and the tree that proves it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mel/buffer.hpp"
#include "mel/problem.hpp"
#include "mel/settings.hpp"

namespace mel {

// What a plan's worth counts.
enum class Worth : std::uint8_t { samples, weight, learners };

// How far a search goes.
enum class Depth : std::uint8_t {
    guess,  // of many learners: what some of them say of the bound
    bound,  // of many: no plan is looked for
    plan,   // and a plan from prices: what these leave open no boxes are cut for
    boxes
};

struct SelectionGoal {
    Worth of = Worth::samples;
    std::span<const double> weight = {};  // a sample's, of each learner; with Worth::weight
    // The samples must sum to D, with so many learners that have some at least; else any number of
    // samples will do and the plan that is worth most is sought.
    bool whole = false;
    std::int64_t at_least = 0;
    Depth depth = Depth::boxes;
    // Every worth is a multiple of this number, exactly; 0 where nothing is known.
    double grain = 0;
};

// A split (learner >= 0: first d <= at, then d > at) or a leaf, closed by what a hertz and a watt
// cost and what a sample (times its weight) and a participant are worth.
struct SelectionNode {
    std::int64_t learner = -1;
    std::int64_t at = 0;
    Prices prices{};
    double per_sample = 1;
    double per_learner = 0;
};

struct Selection {
    double value = -1;     // of the plan; negative where there is none
    double bound = 0;      // no plan is worth more; infinite where nothing is proved
    double guessed = 0;    // where no more was asked for: the bound, about; 0 where nothing says
    bool refuted = false;  // `whole`: there is no plan
    // Of samples: the one leaf of the tree proves that with one local cycle more no plan has as
    // many as this one. False where that is not known.
    bool above_refuted = false;
    bool stopped = false;
    Buffer<std::int64_t> samples;  // empty where there is no plan
    Buffer<double> bandwidth_hz;
    Buffer<double> power_w;
    Buffer<std::int64_t> blocks;
    std::vector<SelectionNode> tree;  // proves the bound, or the refutation
    Prices end{};                     // where the search ended
    std::int64_t nodes = 0;
    std::int64_t passes = 0;
    double elapsed_s = 0;
};

Selection select(const Problem& problem, std::int64_t tau, const SelectionGoal& goal,
                 const Settings& settings);

}  // namespace mel
