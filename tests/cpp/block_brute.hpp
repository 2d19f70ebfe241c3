// Whole blocks by trying every split and every number of blocks, and the checks of plans in blocks.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "brute.hpp"
#include "tree_check.hpp"

namespace block_brute {

using brute::real;
inline constexpr real none = std::numeric_limits<real>::infinity();

struct Blocks {
    brute::View view;
    real width = view.s.block_hz;
    std::int64_t count = static_cast<std::int64_t>(std::floor(view.s.bandwidth_hz / width));

    std::vector<real> power_caps{};  // empty: none
    std::vector<std::int64_t> most_each{};

    std::int64_t most(std::size_t k) const {
        return most_each.empty() ? count : std::min(count, most_each[k]);
    }
    // Least power of learner k with d samples and n blocks.
    real power(std::size_t k, real tau, real d, std::int64_t n) const {
        if (!view.allowed(k, tau, d)) return none;
        const real bits = view.bits(k, d);
        if (!(bits > 0)) return 0;
        if (n == 0) return none;
        const real paid = view.power(k, bits / view.slack(k, tau, d), width * static_cast<real>(n));
        return power_caps.empty() || paid <= power_caps[k] ? paid : none;
    }
    // Least power in total of a split: over all ways to give out the blocks.
    real least_power(real tau, const std::vector<std::int64_t>& d) const {
        std::vector<real> least(static_cast<std::size_t>(count) + 1, 0);
        for (std::size_t k = 0; k < view.size(); ++k) {
            std::vector<real> with(least.size(), none);
            for (std::int64_t n = 0; n <= count; ++n) {
                for (std::int64_t own = 0; own <= std::min(n, most(k)); ++own) {
                    auto& best = with[static_cast<std::size_t>(n)];
                    best = std::min(best, least[static_cast<std::size_t>(n - own)] +
                                              power(k, tau, static_cast<real>(d[k]), own));
                }
            }
            least = with;
        }
        return least.back();
    }
    // max d - lambda w n - mu P over the integers of an interval and every number of blocks.
    real best_value(std::size_t k, real tau, std::int64_t low, std::int64_t high,
                    mel::Prices p) const {
        real best = -none;
        for (std::int64_t d = low; d <= high; ++d) {
            for (std::int64_t n = 0; n <= most(k); ++n) {
                const real paid = power(k, tau, static_cast<real>(d), n);
                if (paid == none) continue;
                best = std::max(best, static_cast<real>(d) -
                                          p.lambda * width * static_cast<real>(n) - p.mu * paid);
            }
        }
        return best;
    }
};

using tree_check::BoxOf;

// Every leaf by enumeration.
inline bool proves(const Blocks& blocks, const mel::Problem& problem, real tau, const BoxOf& root,
                   const std::vector<mel::TreeNode>& tree) {
    return tree_check::proves(problem, root, tree, [&](const BoxOf& box, mel::Prices prices) {
        real total = prices.lambda * blocks.width * static_cast<real>(blocks.count) +
                     static_cast<real>(prices.mu) * blocks.view.s.power_w;
        for (std::size_t k = 0; k < blocks.view.size(); ++k) {
            total += blocks.best_value(k, tau, box.low[k], box.high[k], prices);
        }
        return total < static_cast<real>(blocks.view.s.samples);
    });
}

inline std::string violation(const mel::ProblemStatement& s, const mel::Result& r) {
    const std::string old = brute::violation(s, r);
    if (!old.empty()) return old;
    if (r.blocks.size() != r.samples.size()) return "no blocks";
    std::int64_t count = 0;
    for (std::size_t k = 0; k < r.blocks.size(); ++k) {
        count += r.blocks[k];
        if (r.blocks[k] < 0) return "negative blocks";
        if (r.bandwidth_hz[k] != static_cast<double>(r.blocks[k]) * s.block_hz) return "width";
    }
    return count <= static_cast<std::int64_t>(s.bandwidth_hz / s.block_hz) ? "" : "blocks";
}

}  // namespace block_brute
