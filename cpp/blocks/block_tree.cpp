#include "blocks/block_tree.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/infinity.hpp"
#include "learner/resource_blocks.hpp"
#include "passes/proof.hpp"

namespace mel {
namespace {

constexpr std::size_t most_leaves = 24;
constexpr std::size_t fruitless_leaves = 3;  // without any split
constexpr std::size_t most_answers = 50000;  // of a table that every box has a copy of
constexpr double aim = 8e-10;       // relative: so near to the best split a box need not be split
constexpr double on_a_kink = 1e-6;  // relative: prices so near to one are at it

}  // namespace

BlockTree::BlockTree(const Problem& problem, const Box& box, double tau, Resource resource,
                     const BlockPoint& point, double radius, const BlockAnswers& answers,
                     Pool& pool)
    : problem_(problem),
      box_(box),
      tau_(tau),
      resource_(resource),
      point_(point),
      radius_(radius),
      answers_(answers),
      pool_(pool),
      amount_(infinity) {}

BlockDual BlockTree::dual(const Node& node) const {
    return {problem_, resource_, point_, node.table, pool_.stop()};
}

void BlockTree::open(BlockTable table, double goal) {
    nodes_.push_back({});
    Node& node = nodes_.back();
    node.table = std::move(table);
    ++leaves_;
    const BlockDual bound = dual(node);
    node.place = bound.best({.radius = radius_, .amount = radius_ * point_.amount});
    node.rules_out = point_.amount + node.place.amount;
    if (!(node.place.slope > 0) || !(node.rules_out < amount_)) return;
    BlockCore core(answers_, node.table, bound, node.place);
    const double unused = point_.prices.lambda * (1 + node.place.band) * problem_.block_hz();
    if (!core.solve({.samples = problem_.samples_real(), .blocks = goal}, unused, pool_.stop()))
        return;
    const double needs = node.rules_out + core.loss() / node.place.slope;
    if (!(needs < amount_)) return;
    amount_ = needs;
    samples_ = core.samples();
    blocks_ = core.blocks();
}

void BlockTree::grow(double goal, bool at_once) {
    nodes_.clear();
    leaves_ = 0;
    open(answers_.table(), goal);
    std::vector<std::size_t> leaves{0};
    if (at_once || nodes_[0].table.answers.size() > most_answers) return;
    while (leaves_ < most_leaves && !pool_.stop().check()) {
        if (leaves_ >= fruitless_leaves && !(amount_ < infinity)) return;
        const auto weakest =
            std::min_element(leaves.begin(), leaves.end(), [&](std::size_t a, std::size_t b) {
                return nodes_[a].rules_out < nodes_[b].rules_out;
            });
        const std::size_t at = *weakest;
        if (nodes_[at].rules_out >= amount_ * (1 - aim) || !split(at, goal)) break;
        leaves.erase(weakest);
        leaves.push_back(nodes_[at].below);
        leaves.push_back(nodes_[at].above);
    }
}

// By the learner that is most torn between answers of different samples.
bool BlockTree::split(std::size_t at, double goal) {
    const BlockDual bound = dual(nodes_[at]);
    const BlockDual::Place place = nodes_[at].place;
    const BlockTable& table = nodes_[at].table;
    double nearest = on_a_kink;
    const BlockAnswer* one = nullptr;
    const BlockAnswer* two = nullptr;
    std::uint32_t learner = 0;
    for (const BlockTable::Choice& choice : table.choices) {
        const BlockAnswer* const begin = table.answers.data() + choice.first;
        const BlockAnswer* const end = table.answers.data() + choice.last;
        const BlockAnswer* best = begin;
        for (const BlockAnswer* a = begin; a != end; ++a) {
            if (bound.value(*a, place) > bound.value(*best, place)) best = a;
        }
        for (const BlockAnswer* a = begin; a != end; ++a) {
            if (a->samples == best->samples) continue;
            const double swing = bound.swing(*a, *best);
            const double apart = (bound.value(*best, place) - bound.value(*a, place)) / swing;
            if (apart < nearest) {
                nearest = apart;
                one = best;
                two = a;
                learner = choice.learner;
            }
        }
    }
    if (!one) return false;
    const double most =
        divide(learner, std::min(one->samples, two->samples), std::max(one->samples, two->samples));
    BlockTable below = table.held(learner, most, true);
    BlockTable above = table.held(learner, most, false);
    nodes_[at].learner = learner;
    nodes_[at].most = most;
    nodes_[at].below = nodes_.size();
    open(std::move(below), goal);
    nodes_[at].above = nodes_.size();
    open(std::move(above), goal);
    --leaves_;
    return true;
}

// The most samples of the lower box: where between the two a learner is worth least, so that
// neither box lets it come near the other answer's worth.
double BlockTree::divide(std::uint32_t learner, double few, double many) const {
    const double cycle = resource_ == Resource::cycle ? point_.amount : problem_.cycle_s();
    const Demand demand = demand_of(problem_, learner, Timing{tau_, cycle});
    const BlockLink link = block_link(problem_, learner);
    double least = infinity;
    double at = few + 1;
    for (double part = 0.5 * (many - few); part >= 1; part *= 0.5) {
        const double d = few + std::floor(part);
        const double worth = d - block_cost(link, demand, false, d, point_.prices);
        if (worth <= least) {
            least = worth;
            at = d;
        }
    }
    return at - 1;
}

bool BlockTree::refute(const Problem& here) {
    proof_.clear();
    low_.resize(problem_.size());
    high_.resize(problem_.size());
    taken_.resize(problem_.size());
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        low_[k] = box_.low(k);
        high_[k] = box_.high(k);
    }
    return refute_box(here, 0);
}

bool BlockTree::refute_box(const Problem& here, std::size_t at) {
    const Node& node = nodes_[at];
    if (node.below == 0) {
        ++passes_;
        const Prices prices{point_.prices.lambda * (1 + node.place.band),
                            point_.prices.mu * (1 + node.place.watt)};
        const PassPoint point{tau_, here.cycle_s(), prices};
        const Box box{{}, low_, high_};
        const SplitSums sums = exact_pass(here, box, point, pool_, chunks_, taken_);
        if (pool_.stop().check()) return false;
        const auto proof = proof_of(here, point, sums, Trust::proved);
        if (proof) proof_.push_back({-1, 0, proof->prices()});
        return proof.has_value();
    }
    const std::uint32_t k = node.learner;
    proof_.push_back({static_cast<std::int64_t>(k), static_cast<std::int64_t>(node.most), {}});
    const double low = low_[k], high = high_[k];
    high_[k] = std::min(high, node.most);
    const bool below = refute_box(here, node.below);
    high_[k] = high;
    low_[k] = std::max(low, node.most + 1);
    const bool both = below && refute_box(here, node.above);
    low_[k] = low;
    return both;
}

}  // namespace mel
