// The least amount of a resource from both sides at once (docs/algorithm.md, section 5).
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "jump_tree.hpp"
#include "least_prices.hpp"
#include "mel/rounding.hpp"

namespace mel {
namespace {

constexpr double close = 1e-8;  // relative: of the continuous optimum
constexpr double near = 3e-11;  // relative: how far the lower end stays below
constexpr double roomy = 1.01;  // times the lower end: surely enough
constexpr int rounds = 6;
constexpr double narrow = 1e-4;  // relative: about the prices found
constexpr double wide = 9e-10;   // relative: ends so far apart are brought nearer,
constexpr double aim = 5e-10;    // to this
constexpr int most_attempts = 8;
constexpr int leaf_steps = 6;
constexpr std::size_t most_leaves = 256;

// Prices from the continuous problem are this close; those of a sample of the learners, and any
// that Newton's steps circled, less so.
constexpr LeastPrices::Effort after_reals{6, 1e-2, 1e-10};
constexpr LeastPrices::Effort after_sample{8, 5e-2, 1e-10};
constexpr LeastPrices::Effort from_afar{30, 0.25, 1e-10};
constexpr LeastPrices::Effort on_sample{30, 0.25, 1e-4};

class Encloser {
  public:
    Encloser(const Problem& problem, std::int64_t tau, Resource resource, const Settings& settings)
        : problem_(problem),
          resource_(resource),
          shop_(problem, settings),
          point_(shop_.begin(problem, static_cast<double>(tau), settings)),
          amount_(amount_of(problem, resource)),
          prices_(problem, shop_.boxes.real(point_.tau), shop_.boxes.whole(point_.tau), resource,
                  shop_.pool) {}

    Enclosure run() {
        const LeastPrices::Effort effort = begin();
        if (usable() && prices_.search(point_, amount_, effort)) {
            reach_ = prices_.widen(point_, narrow);
            if (refute() && !shop_.pool.stop().check() && split(prices_.model().best_flips())) {
                close_gap();
            }
        }
        return found();
    }

  private:
    bool usable() const { return point_.prices.usable() && std::isfinite(amount_) && amount_ > 0; }

    // Where to begin: at the prices at which the continuous problem needs least. Newton's method
    // finds them unless responses jump; then a sample of the learners does for a start.
    LeastPrices::Effort begin() {
        Boundary& boundary = shop_.boundary;
        const std::size_t stride = sample_stride(problem_.size(), searched_learners);
        const PassPoint first = point_;
        bool smooth = true;
        if (stride > 1) smooth = boundary.find_least(point_, resource_, 1e-6, 16, stride);
        if (smooth && boundary.find_least(point_, resource_, close, 8)) {
            amount_ = boundary.amount(resource_, point_);
            return after_reals;
        }
        point_ = boundary.best().point;
        amount_ = boundary.best().amount;
        if (!whole_in_lanes(problem_, shop_.boxes.whole(point_.tau))) return from_afar;
        point_ = first;
        amount_ = amount_of(problem_, resource_);
        if (stride == 1) return from_afar;
        const Problem part = problem_.sampled(stride);
        const double share = resource_ == Resource::cycle
                                 ? 1
                                 : amount_of(part, resource_) / amount_of(problem_, resource_);
        LeastPrices of_part(part, shop_.boxes.real(point_.tau), shop_.boxes.whole(point_.tau),
                            resource_, shop_.pool);
        amount_ *= share;
        of_part.search(point_, amount_, on_sample);
        amount_ /= share;
        return after_sample;
    }

    // The most that the best prices prove too little. Only where costs change with the amount
    // does that take another look.
    bool refute() {
        LeastPrices::Look seen = prices_.best();
        for (int round = 0; round < rounds; ++round) {
            amount_ *= 1 - 0.5 * near;
            if (resource_ == Resource::cycle) {
                seen = prices_.look_again(point_, amount_);
            } else {
                prices_.judge(point_, amount_, seen);
            }
            if (shop_.pool.stop().requested() || seen.sums.impossible > 0) return false;
            if (seen.excess.proves_infeasible()) {
                enclosure_.lower = amount_;
                return true;
            }
            amount_ = std::min(amount_, seen.rules_out);
            if (!(amount_ > 0)) return false;
        }
        return false;
    }

    // The whole samples of the best look, some of them flipped to the other answer.
    bool split(const std::vector<std::size_t>& flips) {
        whole_ = prices_.samples();
        for (const std::size_t flip : flips) {
            const Jump& jump = prices_.model().jumps[flip];
            whole_[jump.learner] = jump.samples;
        }
        return settle_whole(point_.prices);
    }

    // Makes whole_ D in all: whether that needs less than any split before.
    bool settle_whole(Prices prices) {
        const double enough = enclosure_.lower * roomy;
        const Problem here = with_amount(problem_, resource_, enough);
        const Box sure = shop_.boxes.sure(point_.tau);
        if (sure.upper) {
            for (std::size_t k = 0; k < whole_.size(); ++k) {
                whole_[k] = std::min(whole_[k], sure.high(k));
            }
        }
        Rounding rounding(problem_, shop_.pool);
        if (!rounding.repair(point_.tau, point_.cycle_s, sure, prices, whole_.data())) return false;
        Settled settled = settle_near(here, point_.tau, whole_.data(), resource_, enclosure_.lower,
                                      prices.mu / prices.lambda, shop_.pool);
        if (settled.bandwidth_hz.empty()) return false;
        if (!enclosure_.samples.empty() && !(settled.amount < enclosure_.settled.amount)) {
            return false;
        }
        enclosure_.settled = std::move(settled);
        enclosure_.samples.assign(whole_.begin(), whole_.end());
        return true;
    }

    // Where one learner more or less leaves the ends apart: better splits, and boxes in which torn
    // learners are held to one answer, each with its own prices.
    void close_gap() {
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            const double upper = enclosure_.settled.amount;
            if (upper - enclosure_.lower <= wide * upper || shop_.pool.stop().check()) return;
            const double target = upper * (1 - aim);
            JumpTree tree(prices_.model(), reach_,
                          (resource_ == Resource::cycle ? reach_ : 0.5) * prices_.amount());
            const double goal = target * (1 + near) - prices_.amount();
            const JumpTree::Outcome outcome = tree.grow(goal, most_leaves);
            if (outcome == JumpTree::Outcome::better && split_at(tree.found())) continue;
            // A split that is no better in truth leaves a box that its own looks may yet close.
            if (outcome != JumpTree::Outcome::too_large) refute_boxes(tree, target);
            return;
        }
    }

    // At prices near by, with some learners held to one answer.
    bool split_at(const JumpTree::Found& found) {
        free_all();
        for (const JumpTree::Held& held : found.held) {
            const Jump& jump = prices_.model().jumps[held.jump];
            const bool many = held.other == (jump.samples > prices_.samples()[jump.learner]);
            (many ? low_ : high_)[jump.learner] = divide(jump) + (many ? 1 : 0);
        }
        const Problem here = with_amount(problem_, resource_, enclosure_.settled.amount);
        const Prices prices = moved(found.place);
        if (!prices.usable() || !(look_in_boxes(here, prices).impossible == 0)) return false;
        return settle_whole(prices);
    }

    Prices moved(const JumpModel::Place& place) const {
        return {point_.prices.lambda * (1 + place.band), point_.prices.mu * (1 + place.watt)};
    }

    void free_all() {
        const Box whole = shop_.boxes.whole(point_.tau);
        low_.assign(problem_.size(), whole.low(0));
        high_.assign(problem_.size(), whole.high(0));
    }

    SplitSums look_in_boxes(const Problem& here, Prices prices) {
        ++passes_;
        whole_.resize(problem_.size());
        return exact_pass(here, Box{{}, low_.data(), high_.data()},
                          {point_.tau, here.cycle_s(), prices}, shop_.pool, blocks_, whole_.data());
    }

    // The most samples of the fewer answer: where between the two a learner is worth least, so that
    // neither box lets it come near the other answer's worth.
    double divide(const Jump& jump) const {
        const double taken = prices_.samples()[jump.learner];
        const double few = std::min(taken, jump.samples);
        const double many = std::max(taken, jump.samples);
        const Demand demand = demand_of(problem_, jump.learner, point_.tau, point_.cycle_s);
        const double noise = problem_.noise_over_gain()[jump.learner];
        double least = std::numeric_limits<double>::infinity();
        double at = few + 1;
        for (double part = 0.5 * (many - few); part >= 1; part *= 0.5) {
            const double d = few + std::floor(part);
            if (!demand.allows(d)) continue;
            const double worth =
                d - cost_of(problem_.law(), demand, noise, false, d, point_.prices).cost;
            if (worth <= least) {
                least = worth;
                at = d;
            }
        }
        return at - 1;
    }

    void refute_boxes(const JumpTree& tree, double target) {
        free_all();
        tree_.clear();
        const Problem here = with_amount(problem_, resource_, target);
        if (!refute_box(tree, 0, here)) return;
        enclosure_.lower = target;
        enclosure_.tree.swap(tree_);
    }

    bool refute_box(const JumpTree& tree, std::size_t at, const Problem& here) {
        const JumpTree::Node& node = tree.nodes()[at];
        if (node.other == 0) return refute_leaf(moved(node.place), here);
        const Jump& jump = prices_.model().jumps[node.jump];
        const std::size_t k = jump.learner;
        const double most = divide(jump);
        const bool takes_few = prices_.samples()[k] < jump.samples;
        const std::size_t few = takes_few ? node.taken : node.other;
        const std::size_t many = takes_few ? node.other : node.taken;
        // An identical learner may have settled it.
        if (high_[k] <= most) return refute_box(tree, few, here);
        if (low_[k] > most) return refute_box(tree, many, here);
        tree_.push_back({static_cast<std::int64_t>(k), static_cast<std::int64_t>(most), {}});
        const std::size_t before = undone_.size();
        hold_below(k, most);
        const bool below = refute_box(tree, few, here);
        undo(before);
        hold_above(k, most);
        const bool both = below && refute_box(tree, many, here);
        undo(before);
        return both;
    }

    // Identical learners may be assumed to hold non-increasing samples.
    void hold_below(std::size_t learner, double most) {
        const auto twins = problem_.twins();
        set(high_, learner, most);
        for (std::size_t j = learner + 1; j < twins.size(); ++j) {
            if (twins[j] == twins[learner] && high_[j] > most) set(high_, j, most);
        }
    }
    void hold_above(std::size_t learner, double most) {
        const auto twins = problem_.twins();
        set(low_, learner, most + 1);
        for (std::size_t i = 0; i < learner && i < twins.size(); ++i) {
            if (twins[i] == twins[learner] && low_[i] <= most) set(low_, i, most + 1);
        }
    }
    void set(std::vector<double>& bounds, std::size_t learner, double bound) {
        undone_.push_back({&bounds, learner, bounds[learner]});
        bounds[learner] = bound;
    }
    void undo(std::size_t down_to) {
        for (; undone_.size() > down_to; undone_.pop_back()) {
            const Change& last = undone_.back();
            (*last.bounds)[last.learner] = last.was;
        }
    }

    // Where the model's prices do not quite do, a step from what they show.
    bool refute_leaf(Prices prices, const Problem& here) {
        for (int step = 0; step < leaf_steps && prices.usable(); ++step) {
            const SplitSums sums = look_in_boxes(here, prices);
            if (shop_.pool.stop().check()) return false;
            const PassPoint point{point_.tau, here.cycle_s(), prices};
            if (excess_of(here, point, sums).proves_infeasible()) {
                tree_.push_back({-1, 0, prices});
                return true;
            }
            JumpModel model = prices_.model();
            model.jumps.clear();
            model.by_band = prices.lambda * (here.bandwidth_hz() - sums.bandwidth.value());
            model.by_watt = prices.mu * (here.power_w() - sums.power.value());
            const JumpModel::Place to = model.lowest(reach_);
            prices = {prices.lambda * (1 + to.band), prices.mu * (1 + to.watt)};
        }
        return false;
    }

    Enclosure found() {
        enclosure_.prices = point_.prices;
        if (enclosure_.tree.empty()) enclosure_.tree = {TreeNode{-1, 0, point_.prices}};
        enclosure_.passes = shop_.boundary.passes() + prices_.looks() + prices_.passes() + passes_;
        return std::move(enclosure_);
    }

    const Problem& problem_;
    Resource resource_;
    Workshop shop_;
    PassPoint point_;
    double amount_;
    LeastPrices prices_;
    double reach_ = 0;
    std::int64_t passes_ = 0;
    std::vector<double> whole_, low_, high_;
    std::vector<SplitSums> blocks_;
    std::vector<TreeNode> tree_;
    struct Change {
        std::vector<double>* bounds;
        std::size_t learner;
        double was;
    };
    std::vector<Change> undone_;
    Enclosure enclosure_;
};

}  // namespace

Enclosure enclose(const Problem& problem, std::int64_t tau, Resource resource,
                  const Settings& settings) {
    if (problem.sends_nothing() || problem.block_hz() > 0) return {};
    try {
        return Encloser(problem, tau, resource, settings).run();
    } catch (const std::invalid_argument&) {
        return {};  // the search left what a problem may be
    }
}

}  // namespace mel
