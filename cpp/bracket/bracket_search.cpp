#include "bracket/bracket_search.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "base/chunks.hpp"
#include "bracket/fixed_choices.hpp"
#include "bracket/least_prices.hpp"
#include "bracket/part_of_problem.hpp"
#include "bracket/shrinking_tree.hpp"
#include "model/choice.hpp"
#include "split/whole_samples.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {

constexpr double close = 1e-8;  // relative: of the continuous optimum
constexpr double near = 3e-11;  // relative: how far the lower end stays below
constexpr double roomy = 1.01;  // times the lower end: surely enough
constexpr double roomy_in_blocks = 1.1;
constexpr int rounds = 6;
constexpr double narrow = 1e-4;  // relative: about the prices found
constexpr double wide = ends_apart;
constexpr double aim = 8e-10;  // relative: what is wide is brought nearer, to this
constexpr int most_attempts = 8;
constexpr double few_samples = 256;    // that single steps make up for in no time
constexpr double many_samples = 1000;  // a learner
constexpr std::size_t most_leaves = 256;
constexpr std::size_t many_learners = 16384;  // then roots are looked for at once
// Learners: fewer are decided in no time, and of more single decisions are as quick.
constexpr std::size_t worth_a_tree = 1024;
constexpr std::size_t most_for_a_tree = 16384;
constexpr int most_takers = 12;  // rounds in which more learners come to matter

// Prices from the continuous problem are this close; those of a sample of the learners, and any
// that Newton's steps circled, less so.
constexpr LeastPrices::Effort after_reals{1e-2, 1e-10};
constexpr LeastPrices::Effort after_sample{5e-2, 1e-10};
constexpr LeastPrices::Effort after_sample_in_blocks{5e-2, 1e-7};
constexpr LeastPrices::Effort from_afar{0.25, 1e-10};

class BracketSearch {
  public:
    BracketSearch(const Problem& problem, std::int64_t tau, Resource resource,
                  const Settings& settings, Interval box, double too_short)
        : problem_(problem),
          resource_(resource),
          settings_(settings),
          too_short_(too_short),
          shop_(problem, settings, box),
          point_(shop_.begin(problem, static_cast<double>(tau), settings)),
          amount_(amount_of(problem, resource)),
          prices_(problem, shop_.boxes.real(point_.tau), shop_.boxes.whole(point_.tau), resource,
                  shop_.pool, too_short) {}

    Bracket run(bool part, const BeforeTree& before) {
        before_ = &before;
        if (shop_.boxes.contradicts()) return {};  // no amount of anything is of use
        const PassPoint first = point_;
        const LeastPrices::Effort effort = begin();
        if (usable() && may_leave_out(problem_)) {
            if (std::optional<Bracket> found = of_takers()) return std::move(*found);
        }
        Bracket found = run_from(first, effort);
        if (!closed_before(found)) close_by_tree(found, part);
        return found;
    }

    Bracket run_part() {
        const PassPoint first = point_;
        return run_from(first, begin());
    }

  private:
    Bracket run_from(const PassPoint& first, const LeastPrices::Effort& effort) {
        const PassPoint begun = point_;
        const double guess = amount_;
        if (find_prices(first, effort)) enclose_there();
        const bool enclosed = bracket_.lower > 0 && !bracket_.samples.empty();
        const bool enough = in_blocks() ? enclosed : closed();
        if (resource_ == Resource::cycle && !enough && !shop_.pool.stop().check()) {
            point_ = begun;
            amount_ = guess;
            enclose_by_roots(effort);
        }
        return found();
    }

    static bool closed(const Bracket& found) {
        const double upper = found.need.amount;
        return !found.samples.empty() && upper - found.lower <= wide * upper;
    }

    bool closed_before(const Bracket& found) {
        return *before_ && !closed(found) && found.lower > 0 && !shop_.pool.stop().check() &&
               (*before_)(found);
    }

    // What boxes around the prices did not close.
    bool close_by_tree(Bracket& found, bool part) {
        const std::size_t size = problem_.size();
        if (resource_ == Resource::cycle || closed(found)) return false;
        if (size < worth_a_tree || size > most_for_a_tree) return false;
        if (found.samples.empty() || !(found.lower > 0) || shop_.pool.stop().check()) return false;
        ShrinkingTree tree(problem_, point_.tau, resource_, shop_.boxes, shop_.pool, part);
        const bool higher = tree.close(found, found.prices, aim);
        found.passes += tree.passes();
        return higher;
    }

    void enclose_by_roots(LeastPrices::Effort effort) {
        constexpr auto at_roots = LeastPrices::Cycles::at_roots;
        try {
            const PassPoint about{point_.tau, amount_, point_.prices};
            const Bottleneck few(problem_, shop_.boxes.root().uniform, about, shop_.pool);
            const Bottleneck* hangs_on = few.empty() ? nullptr : &few;
            prices_.hang({hangs_on, 0});
            if (usable() && search_sample(at_roots, hangs_on)) effort = sampled();
            if (usable() && prices_.search(point_, amount_, effort, at_roots)) enclose_there();
        } catch (const std::invalid_argument&) {
            // The search left what a problem may be; what is enclosed stays so.
        }
        prices_.hang({});
    }

    bool search_sample(LeastPrices::Cycles cycles, const Bottleneck* few = nullptr) {
        const SampledPrices sample{problem_, shop_.boxes.root().uniform, resource_, too_short_,
                                   few};
        return sample.search(point_, amount_, cycles, shop_.pool);
    }

    bool closed() const { return closed(bracket_); }

    void enclose_there() {
        radius_ = prices_.widen(point_, narrow);
        if (refute() && !shop_.pool.stop().check() && split()) close_gap();
    }

    bool find_prices(const PassPoint& first, const LeastPrices::Effort& effort) {
        constexpr auto by_slope = LeastPrices::Cycles::by_slope;
        if (usable() && prices_.search(point_, amount_, effort, by_slope)) return true;
        const bool in_one_go = resource_ == Resource::cycle && problem_.size() >= many_learners;
        if (in_one_go || shop_.pool.stop().check()) return false;
        point_ = first;
        amount_ = amount_of(problem_, resource_);
        return prices_.search(point_, amount_, from_afar, by_slope);
    }

    // Where few learners take part: both ends of their problem, and a look at all others. Empty
    // where too many join, or nothing comes of it.
    std::optional<Bracket> of_takers() {
        double amount = amount_;
        const auto at = [&](double of, Prices prices) {
            return PassPoint{point_.tau, with_amount(problem_, resource_, of).cycle_s(), prices};
        };
        const Box box = shop_.boxes.real(point_.tau);
        if (!few_take_part(problem_, box, at(amount, point_.prices), shop_.pool)) return {};
        std::vector<std::size_t> part =
            first_takers(problem_, box, shop_.sweeps, at(amount, point_.prices), shop_.pool);
        Settings settings = settings_;
        settings.start = Start{point_.tau, point_.prices};
        for (int round = 0; round < most_takers && !shop_.pool.stop().check(); ++round) {
            if (part.empty() || 2 * part.size() > problem_.size()) return {};
            const Problem few = with_amount(problem_, resource_, amount).taken(part);
            settings.time_limit_s = settings_.time_limit_s - shop_.stop.elapsed_s();
            BracketSearch inner(few, static_cast<std::int64_t>(point_.tau), resource_, settings,
                                shop_.boxes.root().uniform, too_short_);
            Bracket found = inner.run_part();
            passes_ += found.passes;
            if (shop_.pool.stop().check()) {
                found.lower = 0;  // nobody looked at the others
                return of_whole(std::move(found), part);
            }
            // Where these show nothing all others would not either.
            if (!(found.lower > 0)) return of_whole(std::move(found), part);
            settings.start->prices = found.prices;
            amount = found.lower;
            std::optional<std::vector<std::size_t>> back = others_of(few, inner, found, part);
            if (!back) return of_whole(std::move(found), part);
            if (back->empty()) {
                if (closed_before(found)) return of_whole(std::move(found), part);
                const double lower = found.lower;
                const std::vector<TreeNode> proof = found.tree;
                const std::int64_t before = found.passes;
                const bool higher = inner.close_by_tree(found, true);
                passes_ += found.passes - before;
                if (!higher) return of_whole(std::move(found), part);
                back = others_of(few, inner, found, part);
                if (shop_.pool.stop().check()) {
                    found.lower = lower;
                    found.tree = proof;
                    return of_whole(std::move(found), part);
                }
                if (!back || back->empty()) return of_whole(std::move(found), part);
            }
            const PassPoint lowest = at(amount, lowest_);
            part = more_takers(problem_, box, lowest, part, std::move(*back), shop_.pool);
        }
        return {};
    }

    // Who else might matter where a part's tree closes, at its lowest prices; nothing where it does
    // not count on prices.
    std::optional<std::vector<std::size_t>> others_of(const Problem& few, BracketSearch& inner,
                                                      Bracket& found,
                                                      const std::vector<std::size_t>& part) {
        const Problem refuted = with_amount(few, resource_, found.lower);
        const RaisedTree raised(refuted, inner.shop_.boxes, point_.tau, found.tree,
                                inner.shop_.pool);
        passes_ += raised.passes();
        if (!raised.counts_on_prices()) return {};
        lowest_ = raised.lowest();
        ++passes_;
        const PassPoint point{point_.tau, refuted.cycle_s(), lowest_};
        return missing_from(part,
                            takers(problem_, shop_.boxes.real(point_.tau), point, shop_.pool));
    }

    Bracket of_whole(Bracket found, const std::vector<std::size_t>& part) const {
        Bracket whole = in_whole_columns(std::move(found), part, problem_.size());
        whole.passes = passes_ + shop_.switching_point.passes();
        return whole;
    }

    bool in_lanes() const { return whole_in_lanes(problem_); }
    bool in_blocks() const { return problem_.block_hz() > 0; }
    bool usable() const { return point_.prices.usable() && std::isfinite(amount_) && amount_ > 0; }

    // Where to begin: at the prices at which the continuous problem needs least. Newton's method
    // finds them unless responses jump; then a sample of the learners does for a start.
    LeastPrices::Effort begin() {
        SwitchingPoint& switching_point = shop_.switching_point;
        const std::size_t stride = sample_stride(problem_.size(), searched_learners);
        const bool few = stride > 1;
        bool smooth =
            !few || switching_point.find_least(
                        point_, resource_, {.tolerance = 1e-6, .max_passes = 16, .stride = stride});
        // The bound is linear in a budget: a look teaches as much as a pass. With the cycle costs
        // change, and passes over real samples bring the prices nearer first.
        const bool near_enough = few && in_lanes() && resource_ != Resource::cycle;
        // What whole blocks need a look at a sample of the learners tells sooner.
        if (smooth && few && in_blocks()) {
            amount_ = switching_point.amount(resource_, point_);
            return search_sample(LeastPrices::Cycles::by_slope) ? sampled() : from_afar;
        }
        if (smooth && !near_enough)
            smooth = switching_point.find_least(point_, resource_,
                                                {.tolerance = close, .max_passes = 8});
        if (smooth) {
            amount_ = switching_point.amount(resource_, point_);
            return near_enough ? after_sample : after_reals;
        }
        const SwitchingPoint::Best& best = switching_point.best();
        point_ = best.point;
        amount_ = resource_ == Resource::cycle || !(best.amount > 0)
                      ? amount_of(problem_, resource_)
                      : best.amount;
        return search_sample(LeastPrices::Cycles::by_slope) ? sampled() : from_afar;
    }
    // Looks at whole blocks are dear, and leave a gap in any case.
    LeastPrices::Effort sampled() const {
        return in_blocks() ? after_sample_in_blocks : after_sample;
    }

    // The most that the best prices prove too little. Only where costs change with the amount
    // does that take another look, and where bandwidth comes in blocks, of which nobody takes more
    // than there are.
    bool refute() {
        LeastPrices::Look seen = prices_.best();
        for (int round = 0; round < rounds; ++round) {
            amount_ *= 1 - 0.5 * near;
            if (resource_ == Resource::cycle || in_blocks()) {
                seen = prices_.look(point_, amount_);
            } else {
                prices_.judge(point_, amount_, seen);
            }
            if (shop_.pool.stop().requested() || seen.sums.impossible > 0) return false;
            if (seen.excess.proves_infeasible()) {
                if (amount_ > bracket_.lower) {
                    bracket_.lower = amount_;
                    bracket_.tree = {TreeNode{-1, 0, point_.prices}};
                }
                return true;
            }
            amount_ = std::min(amount_, seen.rules_out);
            if (!(amount_ > 0)) return false;
        }
        return false;
    }

    // What the best look found, some learners flipped to the other answer: as it is, or at the
    // prices that make up for what is then too much or too little.
    bool split() {
        const std::vector<std::size_t> flips = prices_.model().best_flips();
        const double over = prices_.best().sums.samples.value() - problem_.samples_real();
        const bool as_it_is = flips.empty() && (!in_lanes() || std::fabs(over) <= few_samples);
        if (!as_it_is && split_at(JumpTree::fixing(prices_.model(), flips))) return true;
        whole_ = prices_.samples();
        return complete_split(point_.prices);
    }

    // Makes whole_ D in all: whether that needs less than any split before. Where everybody takes
    // many samples, those that a part of the learners makes up for lose next to nothing.
    bool complete_split(Prices prices) {
        bool better = false;
        const double many = many_samples * static_cast<double>(problem_.size());
        if (!in_blocks() && problem_.samples_real() >= many) {
            const std::vector<double> begun = whole_;
            better = complete_split(prices, false);
            if (closed() || shop_.pool.stop().requested()) return better;
            whole_ = begun;
        }
        return complete_split(prices, true) || better;
    }

    bool complete_split(Prices prices, bool thorough) {
        const double enough = bracket_.lower * (in_blocks() ? roomy_in_blocks : roomy);
        const Problem here = with_amount(problem_, resource_, enough);
        const Box sure = shop_.boxes.sure(point_.tau);
        if (!sure.upper.empty()) {
            for (std::size_t k = 0; k < whole_.size(); ++k) {
                if (sure.high(k) < sure.low(k)) return false;
                whole_[k] = std::min(whole_[k], sure.high(k));
            }
        }
        WholeSamples rounding(problem_, shop_.pool);
        rounding.count_blocks();
        if (!rounding.repair(sure, {point_.tau, point_.cycle_s, prices}, whole_, thorough))
            return false;
        SplitNeed need = least_of_split_near(here, point_.tau, whole_, resource_, bracket_.lower,
                                             prices.mu / prices.lambda, shop_.pool);
        if (need.bandwidth_hz.empty()) return false;
        if (!bracket_.samples.empty() && !(need.amount < bracket_.need.amount)) {
            return false;
        }
        bracket_.need = std::move(need);
        bracket_.samples.resize(whole_.size());
        std::copy(whole_.begin(), whole_.end(), bracket_.samples.begin());
        return true;
    }

    // Where one learner more or less leaves the ends apart: better splits, and boxes in which
    // switching learners are fixed to one answer, each with its own prices.
    void close_gap() {
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            const double upper = bracket_.need.amount;
            if (closed() || shop_.pool.stop().check()) return;
            const double target = upper * (1 - aim);
            JumpTree tree(prices_.model(), radius_,
                          (resource_ == Resource::cycle ? radius_ : 0.5) * prices_.amount());
            const double goal = target * (1 + near) - prices_.amount();
            const JumpTree::Outcome outcome = tree.grow(goal, most_leaves);
            if (outcome == JumpTree::Outcome::better && split_at(tree.found())) continue;
            // A split that is no better in truth leaves a box that its own looks may yet close.
            if (outcome != JumpTree::Outcome::too_large) refute_boxes(tree, target);
            return;
        }
    }

    FixedChoices fixed_choices() {
        return {problem_, prices_, point_, shop_.boxes.whole(point_.tau), radius_, shop_.pool};
    }

    // At prices near by, with some learners fixed to one answer.
    bool split_at(const JumpTree::Found& fixed) {
        const Problem here = with_amount(problem_, resource_, prices_.amount());
        FixedChoices boxes = fixed_choices();
        const Prices prices = boxes.best_samples(fixed, here, whole_);
        passes_ += boxes.passes();
        return prices.usable() && complete_split(prices);
    }

    void refute_boxes(const JumpTree& tree, double target) {
        FixedChoices boxes = fixed_choices();
        if (target > bracket_.lower &&
            boxes.refute(tree, with_amount(problem_, resource_, target))) {
            bracket_.lower = target;
            bracket_.tree = boxes.proof();
        }
        passes_ += boxes.passes();
    }

    Bracket found() {
        bracket_.prices = point_.prices;
        if (bracket_.tree.empty()) bracket_.tree = {TreeNode{-1, 0, point_.prices}};  // no end
        bracket_.passes = shop_.switching_point.passes() + prices_.passes() + passes_;
        return std::move(bracket_);
    }

    const Problem& problem_;
    Resource resource_;
    Settings settings_;
    double too_short_;
    const BeforeTree* before_ = nullptr;
    Workshop shop_;
    PassPoint point_;
    double amount_;
    LeastPrices prices_;
    double radius_ = 0;
    Prices lowest_{};  // of a part's proof
    std::int64_t passes_ = 0;
    std::vector<double> whole_;
    Bracket bracket_;
};

}  // namespace

Bracket bracket_search(const Problem& problem, std::int64_t tau, Resource resource,
                       const Settings& settings, Interval box, double too_short, bool part,
                       const BeforeTree& before) {
    return BracketSearch(problem, tau, resource, settings, box, too_short).run(part, before);
}

}  // namespace mel
