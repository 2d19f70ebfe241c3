#include "bracket/bracket_search.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "base/chunks.hpp"
#include "bracket/enclosing.hpp"
#include "bracket/part_of_problem.hpp"
#include "bracket/shrinking_tree.hpp"
#include "model/choice.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {

constexpr double close = 1e-8;                // relative: of the continuous optimum
constexpr std::size_t many_learners = 16384;  // then roots are looked for at once
// Learners: fewer are decided in no time, and of more single decisions are as quick.
constexpr std::size_t worth_a_tree = 1024;
constexpr std::size_t most_for_a_tree = 16384;
constexpr double just_before = 1e-11;  // relative: surely more than rounding
constexpr int most_takers = 12;        // rounds in which more learners come to matter

// Prices from the continuous problem are this close; those of a sample of the learners, and any
// that Newton's steps circled, less so.
constexpr LeastPrices::Effort after_reals{1e-2, 1e-10};
constexpr LeastPrices::Effort after_sample{5e-2, 1e-10};
constexpr LeastPrices::Effort after_sample_in_blocks{5e-2, 1e-7};
constexpr LeastPrices::Effort from_afar{0.25, 1e-10};

class BracketSearch : Enclosing {
  public:
    using Enclosing::Enclosing;

    Bracket run(bool part, const BeforeTree& before) {
        before_ = &before;
        if (shop_.boxes.contradicts()) return {};  // no amount of anything is of use
        const PassPoint first = point_;
        const LeastPrices::Effort effort = begin();
        if (usable() && !prices_.climbed() && may_leave_out(problem_)) {
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
        keep_ruled_out();
        return found();
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
        growing_ = &tree;
        const bool higher = tree.close(found, found.prices, aim);
        growing_ = nullptr;
        found.passes += tree.passes();
        return higher;
    }

    void enclose_by_roots(LeastPrices::Effort effort) {
        constexpr auto at_roots = LeastPrices::Cycles::at_roots;
        try {
            const PassPoint about{point_.tau, amount_, point_.prices};
            const Bottleneck few(problem_, shop_.boxes.root().uniform, about, shop_.pool);
            const Bottleneck* hangs_on = few.empty() ? nullptr : &few;
            if (hangs_on) rule_out_before(few.shortest_s());
            prices_.hang({hangs_on, 0});
            if (usable() && search_sample(at_roots, hangs_on) == Led::there) effort = sampled();
            if (usable() && prices_.search(point_, amount_, effort, at_roots)) enclose_there();
        } catch (const std::invalid_argument&) {
            // The search left what a problem may be; what is enclosed stays so.
        }
        prices_.hang({});
    }

    // Before, one learner can not do its part at all: an end that takes no prices.
    void rule_out_before(double shortest_s) {
        const double cycle_s = shortest_s * (1 - just_before);
        if (!(cycle_s > bracket_.lower)) return;
        const Problem here = with_amount(problem_, resource_, cycle_s);
        std::vector<SplitSums> chunks;
        const Box box = shop_.boxes.whole(point_.tau);
        ++passes_;
        if (!proof_of_capacity(here, box, point_.tau, shop_.pool, chunks, true)) return;
        bracket_.lower = cycle_s;
        bracket_.tree = {TreeNode{-1, 0, {0, 0}}};
    }

    // Of a cycle, what a search ruled out that was stopped or led nowhere.
    void keep_ruled_out() {
        if (resource_ != Resource::cycle) return;
        const auto [cycle_s, prices] = prices_.surely_too_short();
        if (!(cycle_s > bracket_.lower)) return;
        bracket_.lower = cycle_s;
        bracket_.tree = {TreeNode{-1, 0, prices}};
    }

    using Led = SampledPrices::Led;
    Led search_sample(LeastPrices::Cycles cycles, const Bottleneck* few = nullptr) {
        const SampledPrices sample{problem_, shop_.boxes.root().uniform, resource_, too_short_,
                                   few};
        PassPoint at = point_;
        double amount = amount_;
        const Led led = sample.search(at, amount, cycles, shop_.pool);
        // Whether everybody climbs where a sample did is told by one look.
        if (led == Led::up) prices_.climbs_from(at, amount);
        if (led == Led::there) {
            point_ = at;
            amount_ = amount;
        }
        return led;
    }

    LeastPrices::Effort by_sample() {
        return search_sample(LeastPrices::Cycles::by_slope) == Led::there ? sampled() : from_afar;
    }

    bool find_prices(const PassPoint& first, const LeastPrices::Effort& effort) {
        constexpr auto by_slope = LeastPrices::Cycles::by_slope;
        if (prices_.climbed()) return false;
        if (usable() && prices_.search(point_, amount_, effort, by_slope)) return true;
        const bool in_one_go = resource_ == Resource::cycle && problem_.size() >= many_learners;
        if (in_one_go || prices_.climbed() || shop_.pool.stop().check()) return false;
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
        whole.passes = passes_so_far();
        return whole;
    }

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
            return by_sample();
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
        return by_sample();
    }
    // Looks at whole blocks are dear, and leave a gap in any case.
    LeastPrices::Effort sampled() const {
        return in_blocks() ? after_sample_in_blocks : after_sample;
    }

    Bracket found() {
        bracket_.prices = point_.prices;
        if (bracket_.tree.empty()) bracket_.tree = {TreeNode{-1, 0, point_.prices}};  // no end
        bracket_.passes = passes_so_far();
        return std::move(bracket_);
    }

    const BeforeTree* before_ = nullptr;
    Prices lowest_{};  // of a part's proof
};

}  // namespace

Bracket bracket_search(const Problem& problem, std::int64_t tau, Resource resource,
                       const Settings& settings, Interval box, double too_short, bool part,
                       const BeforeTree& before) {
    return BracketSearch(problem, tau, resource, settings, box, too_short).run(part, before);
}

}  // namespace mel
