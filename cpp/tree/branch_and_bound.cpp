#include "tree/branch_and_bound.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/chunks.hpp"
#include "learner/pacing.hpp"
#include "split/block_fill.hpp"

namespace mel {
namespace {
constexpr int passes_a_node = 120;
constexpr int rounds_of_exchange = 12;
constexpr long nodes_beside_a_hair = 64;
constexpr double worth_asking = 2.5e5;  // learner responses, before it is asked elsewhere
constexpr std::size_t most_for_best_repair = std::size_t{1} << 17;  // learners
}  // namespace

// Cheaper than any prices: the box itself can not hold D samples.
bool BranchAndBound::closes_by_capacity(const Open& open) const {
    CompensatedSum least, most;
    for (const double l : open.lower) least.add(l);
    for (const double u : most_) most.add(u);
    const double samples = tools_.problem.samples_real();
    return (above(most, samples) < 0 && !tools_.part) || above(least, samples) > 0;
}

// The box that a node's bound is taken over: energy is no matter of the tree, it only forbids.
void BranchAndBound::forbid(double tau, const Open& open) {
    const Box whole = boxes_.whole(tau);
    const Box sure = boxes_.sure(tau);
    most_.resize(open.upper.size());
    kept_.resize(open.upper.size());
    for (std::size_t k = 0; k < open.upper.size(); ++k) {
        most_[k] = std::min(open.upper[k], whole.high(k));
        kept_[k] = std::min(open.upper[k], sure.high(k));
    }
}

WaterFilling::Outcome BranchAndBound::fill(double tau) {
    const double cycle = tools_.problem.cycle_s();
    if (tools_.problem.block_hz() == 0) {
        return tools_.filling.fill({tau, cycle, samples_}, ratio_);
    }
    switch (tools_.block_filling.fill({tau, cycle, samples_}, ratio_)) {
        case BlockFilling::Outcome::fits:
            return WaterFilling::Outcome::fits;
        case BlockFilling::Outcome::too_much:
            return WaterFilling::Outcome::too_much;
        case BlockFilling::Outcome::unclear:
            return WaterFilling::Outcome::unclear;
        case BlockFilling::Outcome::stopped:
            break;
    }
    return WaterFilling::Outcome::stopped;
}

// A split may fit by less than rounding takes, and boxes beside it still be refuted. Where some do
// not end that, it is left open.
bool BranchAndBound::written(double tau) const {
    return !tools_.written || nodes_ > last_written_ || tools_.written(tau, samples_, ratio_);
}

double BranchAndBound::cost(double tau, std::size_t k, double d, Prices prices) const {
    const Problem& problem = tools_.problem;
    const Demand demand = demand_at(problem, k, Timing{tau, problem.cycle_s()}, d);
    if (problem.block_hz() > 0) {
        return block_cost(block_link(problem, k), demand, problem.excused(), d, prices);
    }
    return cost_of(link_of(problem, k), demand, problem.excused(), d, prices).cost;
}

// Makes the newest splits whole (sum D) and asks the water-filling whether one fits.
bool BranchAndBound::try_splits(double tau, const Box& box) {
    const Problem& problem = tools_.problem;
    const std::size_t tries = std::min<std::size_t>(search_.found(), 3);
    for (std::size_t i = 0; i < tries; ++i) {
        const FoundSplit& split = search_.recent(i);
        samples_ = split.samples;
        for (std::size_t k = 0; k < samples_.size(); ++k) {
            samples_[k] = std::min(samples_[k], box.high(k));
        }
        Prices prices = split.prices;
        // Beyond the first node what fits is rare: the best repair is worth its look at everybody.
        const bool thorough = nodes_ > 1 && problem.size() <= most_for_best_repair;
        const WholeSamples::Effort effort{thorough, split.room};
        if (!tools_.rounding.repair(box, {tau, problem.cycle_s(), prices}, samples_, effort))
            continue;
        for (int round = 0; round < rounds_of_exchange; ++round) {
            ratio_ = prices.mu / prices.lambda;
            const auto outcome = fill(tau);
            if (outcome == WaterFilling::Outcome::fits && written(tau)) return true;
            if (outcome == WaterFilling::Outcome::stopped ||
                problem.size() > most_for_thorough_search)
                break;
            prices = {1.0, ratio_};
            if (!tools_.rounding.exchange(box, {tau, problem.cycle_s(), prices}, samples_)) break;
        }
    }
    return false;
}

// Where bandwidth comes in blocks: who takes them and what each then holds, from prices at which so
// many are taken.
bool BranchAndBound::try_by_price(double tau, const Box& box) {
    const Problem& problem = tools_.problem;
    if (search_.found() == 0 || problem.block_hz() == 0) return false;
    const Prices prices = search_.recent(0).prices;
    BlockFill by_price(problem, box, {tau, problem.cycle_s(), prices}, tools_.pool);
    const double power_w = problem.power_w();
    if (!by_price.find({.blocks = problem.block_budget(), .power_w = power_w}) ||
        by_price.power_w() > power_w) {
        return false;
    }
    samples_ = by_price.samples();
    ratio_ = prices.mu / prices.lambda;
    return fill(tau) == WaterFilling::Outcome::fits;
}

// Where blocks are fewer than the learners: the same with learners that take each other's place.
bool BranchAndBound::try_swaps(double tau, const Box& box) {
    const Problem& problem = tools_.problem;
    if (search_.found() == 0 || !swaps_.of_use()) return false;
    const FoundSplit& split = search_.recent(0);
    samples_ = split.samples;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
        samples_[k] = std::min(samples_[k], box.high(k));
    }
    if (!swaps_.improve(tau, box, split.prices, samples_)) return false;
    if (!tools_.rounding.repair(box, {tau, problem.cycle_s(), split.prices}, samples_))
        return false;
    ratio_ = split.prices.mu / split.prices.lambda;
    return fill(tau) == WaterFilling::Outcome::fits;
}

// The learner that gains most from being in two places at once: whose cost at the mixture's mean
// samples is furthest above the mixture of its costs. Where no cost is (they are convex, or the
// mean is a split), the learner on whose samples the splits differ most; at last the widest box.
bool BranchAndBound::choose(double tau, const Open& open, std::size_t& learner, double& at) const {
    const Problem& problem = tools_.problem;
    const std::size_t size = problem.size();
    if (search_.found() == 0) return choose_widest(open, learner, at);
    const Mixture mixture = search_.mixture();
    const Prices prices = search_.recent(0).prices;
    double largest = 0;
    for (std::size_t k = 0; k < size && mixture.count > 1; ++k) {
        double mean = 0;
        double least = open.upper[k];
        double most = open.lower[k];
        for (int i = 0; i < mixture.count; ++i) {
            const double d = search_.recent(mixture.index[i]).samples[k];
            mean += mixture.weight[i] * d;
            least = std::min(least, d);
            most = std::max(most, d);
        }
        if (!(most > least)) continue;
        double mixed = 0;
        for (int i = 0; i < mixture.count; ++i) {
            mixed += mixture.weight[i] *
                     cost(tau, k, search_.recent(mixture.index[i]).samples[k], prices);
        }
        const double gap = cost(tau, k, std::max(mean, 1.0), prices) - mixed;
        if (gap > largest) {
            largest = gap;
            learner = k;
            const bool rests = problem.excused() && least == 0;
            at = rests ? 0 : std::clamp(std::floor(mean), least, most - 1);
        }
    }
    // A learner that is too late by a rounding has no samples, even where its box holds none such:
    // a cut there would leave the box as it is, again and again.
    const auto cuts = [&] {
        learner = among_twins(mixture, learner);
        return open.lower[learner] <= at && at < most_[learner];
    };
    if (largest > 1e-9 * problem.samples_real()) {
        return cuts() || choose_widest(open, learner, at);
    }
    double widest = 0;
    const FoundSplit& newest = search_.recent(0);
    for (std::size_t i = 1; i < search_.found(); ++i) {
        const FoundSplit& other = search_.recent(i);
        for (std::size_t k = 0; k < size; ++k) {
            const double a = std::min(newest.samples[k], other.samples[k]);
            const double b = std::max(newest.samples[k], other.samples[k]);
            if (b - a > widest) {
                widest = b - a;
                learner = k;
                at = std::floor(0.5 * (a + b));
            }
        }
    }
    return (widest > 0 && cuts()) || choose_widest(open, learner, at);
}

// Those between which the bound of this box is least: where to begin in one that differs little.
std::vector<Prices> BranchAndBound::best_prices() const {
    const Mixture mixture = search_.mixture();
    std::vector<Prices> best;
    for (int i = 0; i < mixture.count; ++i) {
        best.push_back(search_.recent(mixture.index[i]).prices);
    }
    if (best.empty()) best.push_back(search_.recent(0).prices);
    return best;
}

// Of identical learners whom the splits send here and there, the one that stands where the mixture
// has as many of them on either side: each before it holds as much as it or more, each after it as
// much or less.
std::size_t BranchAndBound::among_twins(const Mixture& mixture, std::size_t learner) const {
    if (tools_.problem.twins().empty() || mixture.count < 2) return learner;
    const auto held = [&](int i, std::size_t k) {
        return search_.recent(mixture.index[i]).samples[k];
    };
    std::vector<std::size_t> alike;  // in order
    const auto join = [&](std::size_t k) {
        for (int i = 0; i < mixture.count; ++i) {
            if (held(i, k) != held(i, learner)) return;
        }
        alike.push_back(k);
    };
    tools_.problem.earlier_twins(learner, join);
    alike.push_back(learner);
    tools_.problem.later_twins(learner, join);
    double mean = 0;
    double least = held(0, learner), most = least;
    for (int i = 0; i < mixture.count; ++i) {
        const double d = held(i, learner);
        mean += mixture.weight[i] * d;
        least = std::min(least, d);
        most = std::max(most, d);
    }
    if (!(most > least)) return learner;
    const double rank = (mean - least) / (most - least) * static_cast<double>(alike.size());
    return alike[std::min(static_cast<std::size_t>(std::max(rank, 0.0)), alike.size() - 1)];
}

bool BranchAndBound::choose_widest(const Open& open, std::size_t& learner, double& at) const {
    double widest = 0;
    for (std::size_t k = 0; k < most_.size(); ++k) {
        const double width = most_[k] - open.lower[k];
        if (!(width > widest)) continue;
        widest = width;
        learner = k;
        const double held = search_.found() > 0 ? search_.recent(0).samples[k]
                                                : std::floor(0.5 * (open.lower[k] + most_[k]));
        at = std::clamp(held, open.lower[k], most_[k] - 1);
    }
    return widest > 0;
}

void BranchAndBound::branch(const Open& open, std::size_t learner, double at,
                            std::vector<Open>& stack) {
    const std::size_t below = build_.size();
    build_.emplace_back();
    build_.emplace_back();
    Built& parent = build_[open.node];
    parent.node = {static_cast<std::int64_t>(learner), static_cast<std::int64_t>(at), {}};
    parent.below = below;
    parent.above = below + 1;
    const std::vector<Prices> starts = search_.found() > 0 ? best_prices() : open.starts;
    Open down{below, open.lower, open.upper, starts};
    down.upper[learner] = at;
    tools_.problem.later_twins(learner,
                               [&](std::size_t j) { down.upper[j] = std::min(down.upper[j], at); });
    Open up{below + 1, open.lower, open.upper, starts};
    up.lower[learner] = at + 1;
    tools_.problem.earlier_twins(
        learner, [&](std::size_t j) { up.lower[j] = std::max(up.lower[j], at + 1); });
    // The side of the newest split is looked at first.
    const bool down_first = search_.found() > 0 && search_.recent(0).samples[learner] <= at;
    stack.push_back(down_first ? std::move(up) : std::move(down));
    stack.push_back(down_first ? std::move(down) : std::move(up));
}

BranchAndBound::Outcome BranchAndBound::decide(double tau, Prices start, double work_limit,
                                               std::int64_t node_limit,
                                               const Shrinking* shrinking) {
    const std::size_t size = tools_.problem.size();
    tools_.rounding.count_blocks();
    build_.assign(1, {});
    std::vector<Open> stack;
    const Box root = boxes_.root();
    Open whole{0, std::vector<double>(size), std::vector<double>(size), {start}};
    for (std::size_t k = 0; k < size; ++k) {
        whole.lower[k] = root.low(k);
        whole.upper[k] = root.high(k);
    }
    stack.push_back(std::move(whole));
    // Where splits go on being improved they are most of the work.
    const auto work = [&] {
        return static_cast<double>(search_.passes() + (shrinking ? tools_.filling.passes() : 0));
    };
    const double last_work = work() + work_limit / static_cast<double>(size);
    const double asked_after = work() + worth_asking / static_cast<double>(size);
    bool asked = !tools_.elsewhere;
    const auto first_node = nodes_ + 1;
    last_written_ = nodes_ + nodes_beside_a_hair;
    bool unresolved = false;
    while (!stack.empty()) {
        if (tools_.pool.stop().check()) return Outcome::stopped;
        if (work() > last_work || nodes_ - first_node + 1 >= node_limit) return Outcome::unresolved;
        if (!asked && work() > asked_after) {
            asked = true;
            if (tools_.elsewhere(tau, start)) return Outcome::elsewhere;
        }
        Open open = std::move(stack.back());
        stack.pop_back();
        ++nodes_;
        forbid(tau, open);
        if (closes_by_capacity(open)) {
            build_[open.node].node = {-1, 0, {0, 0}};
            continue;
        }
        // The same box once more, with less to give out or, after too bold a hope, with more.
        const auto again = [&] {
            if (search_.found() > 0) open.starts = best_prices();
            stack.push_back(std::move(open));
        };
        const auto asked_for_less = [&] { return shrinking && shrinking->back(); };
        const auto goes_on = [&] { return shrinking && shrinking->fits(); };
        const Box box{{}, open.lower, most_};
        const Box kept{{}, open.lower, kept_};
        // With many learners the best integers at the prices of the reals are nearly always a plan
        // if there is one: worth a look before the search for a proof.
        if (nodes_ == first_node && size > most_for_thorough_search &&
            search_.run(tau, box, open.starts, 1) == PriceSearch::Outcome::open &&
            try_splits(tau, kept)) {
            if (!goes_on()) return Outcome::feasible;
            again();
            continue;
        }
        const auto outcome = search_.run(tau, box, open.starts, passes_a_node);
        if (outcome == PriceSearch::Outcome::stopped) return Outcome::stopped;
        if (outcome == PriceSearch::Outcome::infeasible) {
            if (asked_for_less()) {
                again();
                continue;
            }
            build_[open.node].node = {-1, 0, search_.proof().prices()};
            continue;
        }
        if (try_splits(tau, kept)) {
            if (!goes_on()) return Outcome::feasible;
            again();
            continue;
        }
        if (asked_for_less()) {
            again();
            continue;
        }
        // Dearer than a node: at the first, second, fourth, ...
        const auto seen = static_cast<unsigned long>(nodes_ - first_node + 1);
        if (std::has_single_bit(seen) && (try_by_price(tau, kept) || try_swaps(tau, kept))) {
            return Outcome::feasible;
        }
        std::size_t learner = 0;
        double at = 0;
        if (!choose(tau, open, learner, at)) {
            unresolved = true;  // one split left, and double precision can not tell whether it fits
            continue;
        }
        branch(open, learner, at, stack);
    }
    return unresolved ? Outcome::unresolved : Outcome::infeasible;
}

Refutation BranchAndBound::refutation() const {
    std::vector<TreeNode> tree;
    std::vector<std::size_t> stack{0};
    while (!stack.empty()) {
        const Built built = build_[stack.back()];
        stack.pop_back();
        tree.push_back(built.node);
        if (built.node.learner >= 0) {
            stack.push_back(built.above);
            stack.push_back(built.below);
        }
    }
    return Refutation(std::move(tree));
}

}  // namespace mel
