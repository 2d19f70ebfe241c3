// Boxes of some of the learners, where the others can not take part, or in no better plan; and what
// such a tree says of all.
#include <algorithm>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "select/selector.hpp"

namespace mel {
namespace {

constexpr double some_work = 1e8;       // choices looked at, of those who can take part,
constexpr double less_work = 2e7;       // and of those who matter, where all are many
constexpr double share_of_time = 0.6;   // that is left, for their boxes
constexpr double nearly_no_gap = 2e-9;  // of worths that are no multiples of anything
constexpr double sure = 4;              // times what rounding may have added
constexpr int leaf_passes = 60;
constexpr int halves = 30;
constexpr int rounds = 12;                 // in which others are bound to rest, of a leaf,
constexpr std::size_t some_more = 8;       // as many as before and these,
constexpr std::size_t most_bound = 16384;  // at most

}  // namespace

// The same question of some learners, told what is known of the best plan.
struct Selector::Part {
    std::vector<std::size_t> who;
    Problem problem;
    Numbers weight;
    SelectionGoal goal;
    Settings settings;
    Selector inner;

    Part(const Selector& of, std::vector<std::size_t> these, Settings asked)
        : who(std::move(these)),
          problem(of.problem_.taken(who)),
          weight(weights(of.goal_, who)),
          goal(weighed(of.goal_, weight)),
          settings(std::move(asked)),
          inner(problem, static_cast<std::int64_t>(of.choices_.tau()), goal, settings) {}
    Part(const Part&) = delete;

    static Numbers weights(const SelectionGoal& goal, const std::vector<std::size_t>& who) {
        Numbers theirs;
        for (const std::size_t k : who) {
            if (!goal.weight.empty()) theirs.push_back(goal.weight[k]);
        }
        return theirs;
    }
    static SelectionGoal weighed(SelectionGoal goal, const Numbers& weight) {
        goal.weight = weight;
        return goal;
    }
    Numbers of_all(const Buffer<std::int64_t>& samples, std::size_t size) const {
        Numbers all(size, 0.0);
        for (std::size_t i = 0; i < who.size(); ++i) {
            all[who[i]] = static_cast<double>(samples[i]);
        }
        return all;
    }
    void renumber(std::vector<SelectionNode>& tree) const {
        for (SelectionNode& node : tree) {
            if (node.learner < 0) continue;
            node.learner = static_cast<std::int64_t>(who[static_cast<std::size_t>(node.learner)]);
        }
    }
};

// What they were asked counts, and a better plan of theirs is one of all.
Selection Selector::ask(Part& part) {
    Selection of_them = part.inner.run();
    found_.nodes += of_them.nodes;
    found_.passes += of_them.passes;
    if (of_them.value > found_.value && !of_them.samples.empty()) {
        offer(part.of_all(of_them.samples, problem_.size()));
    }
    return of_them;
}

// Where few of many learners have the time for what they must take at least, boxes of them alone
// tell more than prices.
void Selector::among_those_who_can() {
    const auto& margins = lowest_.margins();
    if (!choices_.jumps() || margins.size() != problem_.size() || stop_.check()) return;
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < margins.size(); ++k) {
        if (margins[k] > -infinity || !choices_.may_rest(k)) who.push_back(k);
        if (who.size() > most_for_thorough_search) return;
    }
    if (who.empty()) return;
    Settings settings = settings_;
    settings.time_limit_s = std::max(settings_.time_limit_s - stop_.elapsed_s(), 0.0);
    Part part(*this, std::move(who), std::move(settings));
    part.inner.most_work_ = some_work;
    Selection of_them = ask(part);
    found_.stopped = of_them.stopped;
    if (of_them.refuted || of_them.bound < found_.bound) {
        part.renumber(of_them.tree);
        found_.tree = std::move(of_them.tree);
        found_.bound = of_them.bound;
        found_.refuted = of_them.refuted;
    }
}

// At a bid with such a bound, whoever would lose more by taking part than there is between
// bound and plan takes part in no better one. Boxes of the others alone, where these are few.
Selector::Among Selector::among_those_who_matter(const Bid& bid, const Numbers& margins,
                                                 const Choices::Bound& at) {
    const std::size_t n = problem_.size();
    if (!choices_.jumps() || goal_.whole || margins.size() != n || stop_.check())
        return Among::many;
    const double gap = at.most() - target() + sure * at.error;
    const std::size_t enough = std::min(most_for_thorough_search, n / 2);
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < n; ++k) {
        if (margins[k] >= -gap || !choices_.may_rest(k)) who.push_back(k);
        if (who.size() > enough) return Among::many;
    }
    if (who.empty() || !bid.prices.usable()) return Among::many;
    Settings settings = settings_;
    settings.time_limit_s =
        share_of_time * std::max(settings_.time_limit_s - stop_.elapsed_s(), 0.0);
    settings.start = Start{choices_.tau(), bid.prices};
    Part part(*this, std::move(who), std::move(settings));
    if (n > most_for_thorough_search) part.inner.most_work_ = less_work;
    Numbers known;
    for (const std::size_t k : part.who) {
        if (found_.value > 0) known.push_back(best_[k]);
    }
    part.inner.known_ = std::move(known);
    Selection of_them = ask(part);
    const double closed = of_them.value * (1 + nearly_no_gap);
    const bool whole_tree = of_them.refuted || (of_them.value >= 0 && of_them.bound <= closed);
    // Others may be of the best plan, if of no better one.
    if (of_them.value < found_.value) {
        of_them.bound = goal_.grain > 0 || found_.value == 0 ? found_.value : target();
        of_them.refuted = false;
    }
    if (!whole_tree || !lift(part, bid, of_them)) return Among::open;
    found_.tree = std::move(of_them.tree);
    found_.bound = of_them.bound;
    found_.refuted = of_them.refuted;
    return Among::closed;
}

// Makes a tree of some one of all. In a leaf that others break who gain by taking part at its
// prices, these are bound to rest, as they do in every better plan: a box each in which they do not
// is closed by the bid that said so.
struct Selector::Lift {
    Selector& of;
    Part& part;
    double limit;
    Cell all;
    std::vector<unsigned char> theirs;  // who is of the part,
    std::vector<std::size_t> bound;     // and who of the others is bound to rest
    Numbers picks, margins;

    Lift(Selector& all_of, Part& some, double below)
        : of(all_of),
          part(some),
          limit(below),
          all(of.whole_cell()),
          theirs(of.problem_.size()),
          picks(padded_to_groups(of.problem_.size()), 0.0),
          margins(of.problem_.size(), 0.0) {
        for (const std::size_t k : part.who) theirs[k] = 1;
    }

    bool closes(const Bid& bid) {
        const ChoiceSums sums = of.choices_.look(bid, &all, {picks, margins});
        const auto found = of.choices_.bound(bid, sums);
        return found.value == -infinity || found.most() < limit;
    }
    // Those of the others who gained at the last look, and so many more as are nearest to it; false
    // where there are none, or too many.
    bool bind(std::size_t more) {
        std::vector<std::size_t> others;
        for (std::size_t k = 0; k < margins.size(); ++k) {
            if (!theirs[k] && all.high[k] > 0 && margins[k] > -infinity) others.push_back(k);
        }
        std::sort(others.begin(), others.end(), [&](std::size_t a, std::size_t b) {
            return margins[a] != margins[b] ? margins[a] > margins[b] : a < b;
        });
        const std::size_t before = bound.size();
        for (const std::size_t k : others) {
            if (!(margins[k] > 0) && bound.size() - before >= more) break;
            if (all.high[k] == 0) continue;
            of.problem_.later_twins(k, [&](std::size_t j) {
                if (of.choices_.twins(j, k)) all.high[j] = 0;  // not where weights differ
            });
            all.high[k] = 0;
            bound.push_back(k);
        }
        return bound.size() > before && bound.size() <= most_bound;
    }
    // Of a box that some can not fill at any prices: as much of these as it is closed at, so that
    // few others gain; or none.
    Prices raised(const Cell& box, Bid bid, const Prices& root) {
        Choices& theirs_alone = part.inner.choices_;
        Numbers some(padded_to_groups(part.who.size()), 0.0);
        double low = 0, high = 2;
        for (int half = 0; half < halves; ++half) {
            const double middle = half == 0 ? 1 : 0.5 * (low + high);
            bid.prices = {middle * root.lambda, middle * root.mu};
            const auto found = theirs_alone.bound(bid, theirs_alone.look(bid, &box, {some}));
            const bool closed = found.value > -infinity && found.most() < limit;
            (closed ? low : high) = middle;
        }
        return {low * root.lambda, low * root.mu};
    }
    // A bid at which the box is closed; false where none is found.
    bool leaf(SelectionNode& node, const Cell& box, const Prices& start) {
        Bid bid{node.prices, node.per_sample, node.per_learner};
        if (!bid.prices.usable()) bid.prices = raised(box, bid, start);
        node.prices = bid.prices;
        for (int round = 0; round < rounds && !of.stop_.check(); ++round) {
            const bool asked = bid.prices.usable();
            if (asked && closes(bid)) return !of.stop_.requested();
            if (!asked) {
                bid.prices = start;
                const auto outcome = of.lowest_.run(
                    bid, &all,
                    {.target = limit, .tolerance = of.tolerance(), .most_passes = leaf_passes});
                const bool proved = outcome == Lowest::Outcome::proved;
                if (outcome == Lowest::Outcome::impossible) bid = of.choices_.bid({}, 0);
                if (proved || outcome == Lowest::Outcome::impossible) {
                    node.prices = bid.prices;
                    return true;
                }
                if (outcome == Lowest::Outcome::stopped || closes(bid)) return false;
            }
            if (!bind(asked ? 0 : bound.size() + some_more)) return false;
            if (!asked) bid.prices = {};
        }
        return false;
    }
};

bool Selector::lift(Part& part, const Bid& root, Selection& found) {
    const double above = goal_.grain > 0 ? found.bound + goal_.grain : found.bound;
    Lift lifted(*this, part, found.refuted ? 0 : std::max(above, least_worth_));
    std::vector<Cell> boxes{part.inner.whole_cell()};
    for (SelectionNode& node : found.tree) {
        if (boxes.empty()) return false;
        Cell box = std::move(boxes.back());
        boxes.pop_back();
        if (node.learner >= 0) {
            Cell more = box;
            divide(part.inner.choices_, static_cast<std::size_t>(node.learner),
                   static_cast<double>(node.at), box, more);
            boxes.push_back(std::move(more));
            boxes.push_back(std::move(box));
            continue;
        }
        for (std::size_t i = 0; i < part.who.size(); ++i) {
            lifted.all.low[part.who[i]] = box.low[i];
            lifted.all.high[part.who[i]] = box.high[i];
        }
        if (!lifted.leaf(node, box, root.prices)) return false;
    }
    part.renumber(found.tree);
    std::vector<SelectionNode> tree;
    for (const std::size_t k : lifted.bound) {
        tree.push_back({static_cast<std::int64_t>(k), 0, {}, 1, 0});
    }
    tree.insert(tree.end(), found.tree.begin(), found.tree.end());
    const SelectionNode rest{-1, 0, root.prices, root.per_sample, root.per_learner};
    tree.insert(tree.end(), lifted.bound.size(), rest);
    found.tree = std::move(tree);
    return true;
}

}  // namespace mel
