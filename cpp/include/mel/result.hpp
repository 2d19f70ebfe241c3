// What comes out: a plan, and the tree of prices that proves that no better one exists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mel/buffer.hpp"
#include "mel/settings.hpp"

namespace mel {

enum class Status : std::uint8_t {
    optimal,     // a plan for tau, and a proof that tau + 1 is infeasible
    feasible,    // stopped by a limit with a plan; bound is proved
    infeasible,  // proved: not even tau = 1
    undecided,   // double precision can not tell, or a limit came before any plan; bound is proved
};

enum class Blame : std::uint8_t {
    none,
    slow_return,  // a served learner can not even return the model in the cycle
    computing,    // too few samples fit although radio were free
    radio,        // bandwidth and power
};

// A split (learner >= 0: first the box with d <= at, then the one with d > at) or a leaf closed by
// prices.
struct TreeNode {
    std::int64_t learner = -1;
    std::int64_t at = 0;
    Prices prices;
};

struct Result {
    Status status = Status::undecided;
    std::int64_t tau = 0;
    std::int64_t bound = 0;
    Buffer<std::int64_t> samples;  // empty where there is no plan
    Buffer<double> bandwidth_hz;
    Buffer<double> power_w;
    Buffer<std::int64_t> blocks;  // empty also where bandwidth is divisible at will
    std::vector<TreeNode> tree;   // proves that bound + 1 is infeasible; empty for task_only
    Blame blame = Blame::none;
    std::size_t blamed_learner = 0;
    Start end;  // where the search ended: a warm start for a neighbour
    std::int64_t nodes = 0;
    std::int64_t passes = 0;
    double elapsed_s = 0;
    bool stopped = false;
};

}  // namespace mel
