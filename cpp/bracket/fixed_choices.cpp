#include "bracket/fixed_choices.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "learner/answers.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {
constexpr int leaf_steps = 6;
}  // namespace

FixedChoices::FixedChoices(const Problem& problem, const LeastPrices& prices,
                           const PassPoint& point, const Box& whole, double radius, Pool& pool)
    : problem_(problem),
      prices_(prices),
      point_(point),
      radius_(radius),
      pool_(pool),
      low_(problem.size()),
      high_(problem.size()) {
    for (std::size_t k = 0; k < problem.size(); ++k) {
        low_[k] = whole.low(k);
        high_[k] = whole.high(k);
    }
}

Prices FixedChoices::best_samples(const JumpTree::Found& found, const Problem& here,
                                  std::vector<double>& samples) {
    for (const JumpTree::Choice& fixed : found.fixed) {
        const Jump& j = jump(fixed.jump);
        const double most = divide(j);
        if (fixed.other == takes_few(j)) {
            low_[j.learner] = most + 1;
        } else {
            high_[j.learner] = most;
        }
    }
    const Prices prices = moved(found.place);
    if (!prices.usable() || look(here, prices, samples).impossible > 0) return {};
    return prices;
}

Prices FixedChoices::moved(const JumpModel::Place& place) const {
    return {point_.prices.lambda * (1 + place.band), point_.prices.mu * (1 + place.watt)};
}

SplitSums FixedChoices::look(const Problem& here, Prices prices, std::vector<double>& samples) {
    ++passes_;
    samples.resize(problem_.size());
    return exact_pass(here, Box{{}, low_, high_}, {point_.tau, here.cycle_s(), prices}, pool_,
                      chunks_, samples);
}

// The most samples of the fewer answer: where between the two a learner is worth least, so that
// neither box lets it come near the other answer's worth.
double FixedChoices::divide(const Jump& j) const {
    const double taken = prices_.samples()[j.learner];
    const double few = std::min(taken, j.samples);
    const double many = std::max(taken, j.samples);
    double least = infinity;
    double at = few + 1;
    for (double part = 0.5 * (many - few); part >= 1; part *= 0.5) {
        const double d = few + std::floor(part);
        const Demand demand = demand_at(problem_, j.learner, point_, d);
        const Answer answer = answer_with(problem_, j.learner, demand, false, d, point_.prices);
        if (!answer.possible) continue;
        const double worth = d - answer.paid.cost;
        if (worth <= least) {
            least = worth;
            at = d;
        }
    }
    return at - 1;
}

bool FixedChoices::refute(const JumpTree& tree, const Problem& here) {
    proof_.clear();
    return refute_box(tree, 0, here);
}

bool FixedChoices::refute_box(const JumpTree& tree, std::size_t at, const Problem& here) {
    const JumpTree::Node& node = tree.nodes()[at];
    if (node.other == 0) return refute_leaf(moved(node.place), here);
    const Jump& j = jump(node.jump);
    const std::size_t k = j.learner;
    const double most = divide(j);
    const std::size_t few = takes_few(j) ? node.taken : node.other;
    const std::size_t many = takes_few(j) ? node.other : node.taken;
    // An identical learner may have decided it.
    if (high_[k] <= most) return refute_box(tree, few, here);
    if (low_[k] > most) return refute_box(tree, many, here);
    proof_.push_back({static_cast<std::int64_t>(k), static_cast<std::int64_t>(most), {}});
    const std::size_t before = undone_.size();
    fix_below(k, most);
    const bool below = refute_box(tree, few, here);
    undo(before);
    fix_above(k, most);
    const bool both = below && refute_box(tree, many, here);
    undo(before);
    return both;
}

// Where the model's prices do not quite do, a step from what they show.
bool FixedChoices::refute_leaf(Prices prices, const Problem& here) {
    for (int step = 0; step < leaf_steps && prices.usable(); ++step) {
        SplitSums sums = look(here, prices, samples_);
        if (pool_.stop().check()) return false;
        const PassPoint point{point_.tau, here.cycle_s(), prices};
        if (hidden_by_lanes(here, point, sums)) {
            ++passes_;
            sums = careful_pass(here, Box{{}, low_, high_}, point, pool_, chunks_, samples_);
            if (pool_.stop().check()) return false;
        }
        if (const auto proof = proof_of(here, point, sums, Trust::proved)) {
            proof_.push_back({-1, 0, proof->prices()});
            return true;
        }
        JumpModel model = prices_.model();
        model.jumps.clear();
        model.by_band = prices.lambda * (here.bandwidth_hz() - sums.bandwidth.value());
        model.by_watt = prices.mu * (here.power_w() - sums.power.value());
        const JumpModel::Place to = model.lowest(radius_);
        prices = {prices.lambda * (1 + to.band), prices.mu * (1 + to.watt)};
    }
    return false;
}

void FixedChoices::fix_below(std::size_t learner, double most) {
    set(high_, learner, most);
    problem_.later_twins(learner, [&](std::size_t j) {
        if (high_[j] > most) set(high_, j, most);
    });
}

void FixedChoices::fix_above(std::size_t learner, double most) {
    set(low_, learner, most + 1);
    problem_.earlier_twins(learner, [&](std::size_t j) {
        if (low_[j] <= most) set(low_, j, most + 1);
    });
}

void FixedChoices::set(std::vector<double>& bounds, std::size_t learner, double bound) {
    undone_.push_back({&bounds, learner, bounds[learner]});
    bounds[learner] = bound;
}

void FixedChoices::undo(std::size_t down_to) {
    for (; undone_.size() > down_to; undone_.pop_back()) {
        const Change& last = undone_.back();
        (*last.bounds)[last.learner] = last.was;
    }
}

}  // namespace mel
