// The tree of a selection: boxes are closed by prices, else split where learners switch.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "select/selector.hpp"
#include "select/subsets.hpp"

namespace mel {
namespace {

constexpr long most_passes = 400'000;
constexpr double nearly_closed = 1e-5;  // relative: the plan and the first box's bound
constexpr double work_for_no_sum = 2e7;

}  // namespace

Cell Selector::whole_cell() const {
    const std::size_t n = problem_.size();
    Cell cell{Numbers(n, 0.0), Numbers(n, infinity)};
    for (std::size_t k = 0; k < n; ++k) {
        cell.high[k] = std::min(choices_.most(k), problem_.samples_real());
        if (choices_.may_rest(k) && cell.high[k] < choices_.least(k)) cell.high[k] = 0;
    }
    return cell;
}

// Fewer can take part than must, or those who do hold too much at their least: sums alone say so.
bool Selector::no_split(const Cell* cell, Bid& bid) const {
    if (!goal_.whole) return false;
    const std::size_t n = problem_.size();
    const auto needed = static_cast<double>(goal_.at_least);
    if (!cell && needed == 0) return no_split_of_all(bid);
    Numbers minima;
    double least = 0;
    double fixed = 0;
    double most = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const Interval box = within(cell, k);
        const double low = std::max(choices_.least(k), box.lower);
        const double high = std::min({choices_.most(k), box.upper, problem_.samples_real()});
        most += std::max(high, 0.0);
        if (choices_.may_rest(k) && box.lower <= 0) {
            if (needed > 0 && low <= high && choices_.has_time(k, low)) minima.push_back(low);
        } else {
            least += low;
            if (low > 0) {
                fixed += 1;
            } else if (needed > 0 && high >= 1 && choices_.has_time(k, 1)) {
                minima.push_back(1);
            }
        }
    }
    if (fixed + static_cast<double>(minima.size()) < needed) {
        bid = {{}, 0, 1};
        return true;
    }
    double theta = 0;
    if (fixed < needed) {
        const auto more = static_cast<std::ptrdiff_t>(needed - fixed);
        std::nth_element(minima.begin(), minima.begin() + more - 1, minima.end());
        theta = minima[static_cast<std::size_t>(more - 1)];
        for (std::ptrdiff_t i = 0; i < more; ++i) least += minima[static_cast<std::size_t>(i)];
    }
    if (least > problem_.samples_real()) {
        bid = {{}, -1, theta};
        return true;
    }
    bid = {};
    return !cell && most < problem_.samples_real();
}

// The same of all learners, however many take part.
bool Selector::no_split_of_all(Bid& bid) const {
    const double samples = problem_.samples_real();
    if (choices_.least_of_fixed() > samples) {
        bid = {{}, -1, 0};
        return true;
    }
    bid = {};
    double most = 0;
    for (std::size_t k = 0; k < problem_.size() && most < samples; ++k) {
        most += std::max(std::min(choices_.most(k), samples), 0.0);
    }
    return most < samples;
}

void Selector::few() {
    const std::size_t n = problem_.size();
    built_.assign(1, Built{});
    std::vector<Open> stack;
    const Prices start = settings_.start ? settings_.start->prices : Prices{};
    const double typical = problem_.samples_real() / static_cast<double>(n);
    stack.push_back(
        {0, whole_cell(), choices_.bid(start, 0), infinity, {choices_.bid(start, typical)}});
    Bid root{};
    bool rooted = false;
    Numbers undecided;  // what the boxes are worth at most of which nobody knows
    while (!stack.empty()) {
        if (stop_.check()) break;
        const double work = static_cast<double>(choices_.passes()) * static_cast<double>(n);
        const bool enough = work > most_work_ || choices_.passes() > most_passes ||
                            (goal_.depth < Depth::boxes && !goal_.whole);
        if (enough && found_.nodes > 0) break;
        Open open = std::move(stack.back());
        stack.pop_back();
        ++found_.nodes;
        bool closed = close(open);
        if (!rooted) {
            rooted = true;
            root = open.bid;
            found_.end = open.bid.prices;
        }
        if (!closed && !goal_.whole && open.node == 0 && !stop_.requested()) {
            if (close_by_subsets(open.bid)) return;
            const Among among = close_among_some(open.bid);
            if (among == Among::closed) return;
            // What the boxes that follow begin with; or a better plan closes it.
            if (among == Among::open) closed = close(open);
            near_ = found_.value > 0 && lowest_.most() < found_.value * (1 + nearly_closed);
            // Between what learners are torn.
            if (!closed && !near_ && !stop_.requested()) closed = close_worth(open);
        }
        if (stop_.requested()) {
            stack.push_back(std::move(open));
            break;
        }
        if (closed) {
            built_[open.node].node = {-1, 0, open.bid.prices, open.bid.per_sample,
                                      open.bid.per_learner};
            continue;
        }
        if (goal_.whole && found_.value >= 0) return;
        if (goal_.whole && open.node == 0) {
            const Sums sums = hold_a_sum(open.bid);
            if (sums == Sums::held) return;
            if (sums == Sums::open && choices_.jumps() && n > most_changes) {
                Numbers picks(padded_to_groups(n), 0.0), margins(n, 0.0);
                choices_.look(open.bid, nullptr, {picks, margins});
                picks.resize(n);
                if (hold_just_enough(open.bid, {picks, margins})) return;
            }
            if (sums == Sums::none) most_work_ = std::min(most_work_, work_for_no_sum);
        }
        std::size_t learner = 0;
        double at = 0;
        if (!(near_ ? choose_switching(open, learner, at) : choose(open, learner, at))) {
            undecided.push_back(open.bound);
            continue;
        }
        branch(open, learner, at, stack);
    }
    if (stack.empty() && undecided.empty()) {
        write_tree();
        if (goal_.whole) {
            found_.refuted = true;
        } else {
            found_.refuted = found_.value < 0;
            found_.bound = goal_.grain > 0 || found_.value == 0 ? found_.value : target();
            if (found_.value < 0) found_.bound = -1;
        }
        return;
    }
    if (goal_.whole) return;
    found_.stopped = found_.stopped || stop_.requested();
    if (rooted && root.prices.usable()) {
        // What the first box's prices prove alone; the tree is not whole. A pool that is stopped
        // leaves learners out, so that they are looked at without one.
        const auto whole = choices_.bound(root, choices_.look_without_pool(root));
        one_leaf(root);
        found_.bound = rounded_down(whole.most());
    }
}

// Boxes of those who matter at the first box's prices, where these are few.
Selector::Among Selector::close_among_some(const Bid& bid) {
    if (!choices_.jumps() || goal_.depth < Depth::boxes || !bid.prices.usable()) return Among::many;
    const std::size_t n = problem_.size();
    Numbers picks(padded_to_groups(n), 0.0), margins(n, 0.0);
    const auto bound = choices_.bound(bid, choices_.look(bid, nullptr, {picks, margins}));
    if (stop_.requested() || bound.value == -infinity) return Among::many;
    return among_those_who_matter(bid, margins, bound);
}

// Whether no plan in the cell reaches the target; plans are looked for on the way.
bool Selector::close(Open& open) {
    if (goal_.whole) return close_whole(open);
    return open.node == 0 || near_ ? close_nearly(open) : close_worth(open);
}

// One split alone: prices as high as it takes.
bool Selector::close_the_last(Open& open) {
    Bid last = choices_.bid({}, 0);
    const auto outcome = lowest_.refute(last, open.cell, target(), 200);
    if (outcome == Lowest::Outcome::proved || outcome == Lowest::Outcome::impossible) {
        open.bid = outcome == Lowest::Outcome::proved ? last : choices_.bid({}, 0);
        return true;
    }
    Numbers only(problem_.size());
    for (std::size_t k = 0; k < only.size(); ++k) {
        const double most = std::min(choices_.sure(k), open.cell.high[k]);
        only[k] = most >= choices_.least(k) ? most : 0;
    }
    offer(only);
    if (!goal_.whole && found_.value >= 0) {
        Bid again = choices_.bid({}, 0);
        const auto second = lowest_.refute(again, open.cell, target(), 200);
        if (second == Lowest::Outcome::proved) {
            open.bid = again;
            return true;
        }
    }
    return false;
}

// Whoever's samples are most open.
bool Selector::choose_widest(const Cell& cell, std::size_t& learner, double& at) const {
    double widest = 0;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double low = std::max(choices_.least(k), cell.low[k]);
        const double high = std::min(choices_.most(k), cell.high[k]);
        if (high < low) continue;
        const bool rests = choices_.may_rest(k) && cell.low[k] <= 0;
        const double width = rests ? choices_.worth(k, high) + 1 : high - low;
        if (!(width > widest)) continue;
        widest = width;
        learner = k;
        at = rests ? 0 : std::floor(0.5 * (low + high));
    }
    return widest > 0;
}

// Identical learners in order: what bounds one bounds those after it, or before.
void Selector::divide(const Choices& choices, std::size_t learner, double at, Cell& less,
                      Cell& more) {
    for (std::size_t k = 0; k < choices.size(); ++k) {
        const bool same = k == learner || choices.twins(k, learner);
        if (!same) continue;
        if (k >= learner) less.high[k] = std::min(less.high[k], at);
        if (k <= learner) {
            double low = at + 1;
            if (choices.may_rest(k)) low = std::max(low, choices.least(k));
            more.low[k] = std::max(more.low[k], low);
        }
    }
}

void Selector::branch(Open& open, std::size_t learner, double at, std::vector<Open>& stack) {
    const std::size_t below = built_.size();
    built_[open.node].node.learner = static_cast<std::int64_t>(learner);
    built_[open.node].node.at = static_cast<std::int64_t>(at);
    built_[open.node].below = below;
    built_[open.node].above = below + 1;
    built_.push_back({});
    built_.push_back({});
    if (!near_ && refuting_.found() > 0) open.starts = refuting_.best_bids();
    Open less{below, open.cell, open.bid, open.bound, open.starts};
    Open more{below + 1, std::move(open.cell), open.bid, open.bound, std::move(open.starts)};
    divide(choices_, learner, at, less.cell, more.cell);
    stack.push_back(std::move(less));
    stack.push_back(std::move(more));
}

void Selector::write_tree() {
    found_.tree.clear();
    std::vector<std::size_t> stack{0};
    while (!stack.empty()) {
        const Built& built = built_[stack.back()];
        stack.pop_back();
        found_.tree.push_back(built.node);
        if (built.node.learner < 0) continue;
        stack.push_back(built.above);
        stack.push_back(built.below);
    }
}

}  // namespace mel
