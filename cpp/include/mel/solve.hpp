// The whole question: the largest tau, a plan for it, and the proof that one more is too much.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "mel/problem.hpp"
#include "tree/branch_and_bound.hpp"

namespace mel {

enum class Scheme : std::uint8_t {
    joint,          // tau, samples, bandwidth and power
    task_only,      // tau and samples; every learner has an equal share of bandwidth and power
    resource_only,  // tau, bandwidth and power; samples equal up to one
};

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

struct Progress {
    std::int64_t tau;
    std::int64_t bound;
    std::int64_t passes;
    double elapsed_s;
};

// What is done with the slack that a plan leaves.
enum class Spare : std::uint8_t {
    time,  // finish as early as the split allows
    none,  // whatever was found first
};

// Where to begin: what a neighbouring problem's search ended with.
struct Start {
    double tau = 0;  // real
    Prices prices;
};

struct Settings {
    Scheme scheme = Scheme::joint;
    double time_limit_s = std::numeric_limits<double>::infinity();
    int threads = 1;
    Spare spare = Spare::time;
    std::optional<Start> start;
    Trust trust = Trust::proved;  // anything else: the caller checks the answer with more precision
    double work_limit = 1e9;      // learner responses spent on one tau by branch and bound
    std::function<bool(const Progress&)> should_stop;  // polled every 10 ms on the calling thread
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

Result solve(const Problem& problem, const Settings& settings);

// The same question about one tau alone: tau = `tau` with a plan, or bound = tau - 1 with the proof
// that it is too much, or neither (undecided, or stopped).
Result decide(const Problem& problem, std::int64_t tau, const Settings& settings);

// No plan can have more local cycles: computing alone forbids it.
std::int64_t largest_conceivable_tau(const Problem& problem);

// What the samples of every learner may be under a scheme.
UniformBox root_box(const Problem& problem, Scheme scheme);

}  // namespace mel
