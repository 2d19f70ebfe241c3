#include <algorithm>
#include <array>
#include <cmath>

#include "base/infinity.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {
constexpr std::array<double, 4> raises{1.3, 1.1, 1.03, 1.01};
constexpr int finest_price = 12;          // steps towards the highest price of bandwidth
constexpr std::size_t most_raised = 256;  // nodes: beyond, their prices stay as they are
}  // namespace

RaisedTree::RaisedTree(const Problem& part, Boxes& boxes, double tau, std::vector<TreeNode>& tree,
                       Pool& pool)
    : part_(part),
      tau_(tau),
      pool_(pool),
      worth_raising_(part.block_hz() > 0 || tree.size() <= most_raised) {
    if (!worth_raising_) {
        for (const TreeNode& node : tree) {
            if (node.learner < 0 && node.prices.usable()) count(node.prices);
        }
        return;
    }
    const std::size_t size = part.size();
    const Box whole = boxes.whole(tau);
    struct Bounds {
        std::vector<double> lower, upper;
    };
    Bounds root{std::vector<double>(size), std::vector<double>(size)};
    for (std::size_t k = 0; k < size; ++k) {
        root.lower[k] = whole.low(k);
        root.upper[k] = whole.high(k);
    }
    std::vector<Bounds> open;
    open.push_back(std::move(root));
    for (TreeNode& node : tree) {
        if (pool.stop().check()) return;
        Bounds box = std::move(open.back());
        open.pop_back();
        if (node.learner < 0) {
            raise(node, Box{{}, box.lower, box.upper});
            continue;
        }
        const auto k = static_cast<std::size_t>(node.learner);
        const auto at = static_cast<double>(node.at);
        Bounds above = box;
        above.lower[k] = at + 1;
        part.earlier_twins(
            k, [&](std::size_t j) { above.lower[j] = std::max(above.lower[j], at + 1); });
        box.upper[k] = std::min(box.upper[k], at);
        part.later_twins(k, [&](std::size_t j) { box.upper[j] = std::min(box.upper[j], at); });
        open.push_back(std::move(above));
        open.push_back(std::move(box));
    }
}

bool RaisedTree::closes(const Box& box, Prices prices, bool& impossible) {
    ++passes_;
    samples_.resize(part_.size());
    const PassPoint point{tau_, part_.cycle_s(), prices};
    newest_ = exact_pass(part_, box, point, pool_, chunks_, samples_);
    impossible = newest_.impossible > 0;
    return proof_of(part_, point, newest_, pool_.trust()).has_value();
}

void RaisedTree::raise(TreeNode& leaf, const Box& box) {
    // Closed by the learners' own bounds: more of them than the samples, or none that is allowed.
    if (!leaf.prices.usable()) return;
    if (part_.block_hz() > 0) return raise_bandwidth(leaf, box);
    Prices prices = leaf.prices;
    bool impossible = false;
    for (std::size_t i = 0; i < raises.size() && !impossible; ++i) {
        const Prices higher{leaf.prices.lambda * raises[i], leaf.prices.mu * raises[i]};
        if (!higher.usable() || !closes(box, higher, impossible)) continue;
        prices = higher;
        break;
    }
    if (impossible) return;
    leaf.prices = prices;
    count(prices);
}

// Where there are few blocks, what keeps others out is the price of one; the bound is convex in it.
// The highest that still proves would leave no room for anybody else: the middle leaves both.
void RaisedTree::raise_bandwidth(TreeNode& leaf, const Box& box) {
    bool impossible = false;
    double low = 1;
    double high = infinity;
    for (int step = 0; step < finest_price && !impossible; ++step) {
        const double middle = high < infinity ? std::sqrt(low * high) : 2 * low;
        const Prices higher{leaf.prices.lambda * middle, leaf.prices.mu};
        const bool closed = higher.usable() && closes(box, higher, impossible);
        (closed ? low : high) = middle;
    }
    if (!impossible) {
        leaf.prices.lambda *= std::sqrt(low);
        closes(box, leaf.prices, impossible);
    }
    if (impossible) return;
    leaves_.push_back({leaf.prices, newest_});
    count(leaf.prices);
}

void RaisedTree::count(Prices prices) {
    const bool first = !counts_on_prices();
    lowest_.lambda = first ? prices.lambda : std::min(lowest_.lambda, prices.lambda);
    lowest_.mu = first ? prices.mu : std::min(lowest_.mu, prices.mu);
}

}  // namespace mel
