// Walks a tree of boxes as the checker does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mel/problem.hpp"
#include "mel/solve.hpp"
#include "tree/branch_and_bound.hpp"

namespace tree_check {

struct BoxOf {
    std::vector<std::int64_t> low, high;
};

inline BoxOf same_for_all(std::size_t learners, std::int64_t low, std::int64_t high) {
    return {std::vector<std::int64_t>(learners, low), std::vector<std::int64_t>(learners, high)};
}

// What the scheme allows each learner.
inline BoxOf root_of(const mel::Problem& problem, mel::Scheme scheme) {
    const auto learners = static_cast<std::int64_t>(problem.size());
    const std::int64_t samples = problem.samples();
    if (scheme == mel::Scheme::joint) return same_for_all(problem.size(), 0, samples);
    return same_for_all(problem.size(), samples / learners, (samples + learners - 1) / learners);
}

// True if the leaves cover the root and closed(box, prices) holds for each that is not empty.
template <class Closed>
bool proves(const mel::Problem& problem, const BoxOf& root, const std::vector<mel::TreeNode>& tree,
            Closed closed) {
    std::vector<BoxOf> open{root};
    const auto twins = problem.twins();
    for (const mel::TreeNode& node : tree) {
        if (open.empty()) return false;
        BoxOf box = open.back();
        open.pop_back();
        if (node.learner < 0) {
            bool empty = false;
            for (std::size_t k = 0; k < box.low.size(); ++k) empty |= box.low[k] > box.high[k];
            if (!empty && !closed(box, node.prices)) return false;
            continue;
        }
        const auto k = static_cast<std::size_t>(node.learner);
        if (node.at < box.low[k] || node.at >= box.high[k]) return false;
        BoxOf below = box, above = box;
        below.high[k] = node.at;
        above.low[k] = node.at + 1;
        for (std::size_t j = 0; j < twins.size(); ++j) {
            if (j == k || twins[j] != twins[k]) continue;
            if (j > k) below.high[j] = std::min(below.high[j], node.at);
            if (j < k) above.low[j] = std::max(above.low[j], node.at + 1);
        }
        open.push_back(above);
        open.push_back(below);
    }
    return open.empty();
}

}  // namespace tree_check
