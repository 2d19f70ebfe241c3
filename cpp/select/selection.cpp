#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "learner/pacing.hpp"
#include "mel/usual_arithmetic.hpp"
#include "select/selector.hpp"

namespace mel {
namespace {

constexpr double real_tolerance = 1e-9;  // of worths that are no multiples of anything
constexpr double nearly_all = 1e-6;      // between plan and bound, of them,
constexpr double some_samples = 20;      // and beside that
constexpr int few_passes = 4;
constexpr int many_passes = 14;
constexpr double share_of_gap = 0.01;  // by which a lower point is worth a look
constexpr double clearly = 1e-8;       // of a bound: more than whoever checks it rounds
constexpr double far_above = 0.1;      // of a grain: more than better prices take from a bound

}  // namespace

Selector::Selector(const Problem& problem, std::int64_t tau, const SelectionGoal& goal,
                   const Settings& settings)
    : problem_(problem),
      goal_(goal),
      settings_(settings),
      stop_(settings.time_limit_s, settings.should_stop ? std::function<bool()>([this] {
                return settings_.should_stop(
                    {0, 0, found_.passes + choices_.passes(), stop_.elapsed_s()});
            })
                                                        : std::function<bool()>()),
      pool_(useful_threads(problem.size(), settings.threads), stop_, InstructionSet::automatic,
            settings.trust),
      choices_(problem, pool_, static_cast<double>(tau), goal),
      fitting_(choices_, pool_, goal_),
      lowest_(choices_, pool_, goal_),
      refuting_(choices_, pool_, goal_),
      rounding_(problem, pool_) {
    rounding_.count_blocks();
    found_.bound = infinity;
}

double Selector::rounded_down(double worth) const {
    if (worth < least_worth_) return 0;  // nobody takes part
    return goal_.grain > 0 ? std::floor(worth / goal_.grain) * goal_.grain : worth;
}

// What has to be shown impossible: D samples, or anything worth more than the best plan.
double Selector::target() const {
    if (goal_.whole) return problem_.samples_real();
    if (found_.value < 0) return 0;
    if (goal_.grain > 0) return found_.value + goal_.grain;
    return found_.value > 0 ? found_.value * (1 + real_tolerance) : least_worth_;
}

double Selector::tolerance() const {
    if (goal_.whole) return 0.02;
    return goal_.grain > 0 ? 0.02 * goal_.grain : 0;
}

Selection Selector::run() {
    nobody();
    if (!known_.empty()) offer(known_);
    Bid bid{};
    if (goal_.whole && no_split(nullptr, bid)) {
        one_leaf(bid);
        found_.refuted = true;
    } else if (problem_.sends_nothing()) {
        alone();
    } else if (problem_.size() <= most_for_thorough_search) {
        few();
    } else {
        many();
    }
    if (!goal_.whole && found_.bound == infinity && found_.tree.empty()) bound_by_capacity();
    return finish();
}

// What a search that is stopped before any prices were looked at knows: time, energy and limits
// alone.
void Selector::bound_by_capacity() {
    const Bid bid = choices_.bid({}, 0);
    const auto most = choices_.capacity(bid, nullptr);
    if (most.value == -infinity || !(most.most() < infinity)) return;
    one_leaf(bid);
    found_.bound = rounded_down(most.most());
}

// The plan without any samples, where it is one.
void Selector::nobody() {
    if (goal_.whole) return;
    least_worth_ = choices_.least_worth();
    if (!choices_.everybody_rests()) return;
    found_.value = 0;
    best_.assign(problem_.size(), 0.0);
}

// Nothing is sent: everybody takes what time, energy and limits allow.
void Selector::alone() {
    const Bid bid = choices_.bid({}, 0);
    const auto most = choices_.capacity(bid, nullptr);
    one_leaf(bid);
    if (most.value == -infinity || (goal_.whole && most.most() < target())) {
        found_.refuted = true;
        found_.bound = -1;
        return;
    }
    found_.bound = rounded_down(most.most());
    Numbers samples(problem_.size());
    for (std::size_t k = 0; k < samples.size(); ++k) {
        const double d = fitting_.most_alone(k);
        samples[k] = d < choices_.least(k) ? 0 : d;
    }
    if (!goal_.whole) {
        offer(samples);
        return;
    }
    if (fitting_.make_whole(bid, nullptr, samples) && offer(samples)) return;
    if (problem_.size() <= most_for_thorough_search) few();
}

void Selector::one_leaf(const Bid& bid) {
    found_.tree = {SelectionNode{-1, 0, bid.prices, bid.per_sample, bid.per_learner}};
}

void Selector::many() {
    const bool fresh = !(settings_.start && settings_.start->prices.usable());
    Bid bid = choices_.bid(fresh ? Prices{} : settings_.start->prices, 0);
    if (!fresh) fitting_.begin_at(bid.prices);
    const double goal = target();
    const bool asked = !fresh && goal_.whole && settings_.start->tau <= choices_.tau();
    // The prices of fewer local cycles may rule these out as they are, those of just as many seldom
    // what is a question of water-filling.
    const bool sure = asked && settings_.start->tau < choices_.tau();
    if (!sure && only_choice()) return;
    if (fresh && goal_.whole && nobody_has_time()) return;
    if (sure && refuted_roughly(bid)) return;
    auto outcome = asked ? lowest_.refute_by_reals(bid) : Lowest::Outcome::open;
    if (outcome == Lowest::Outcome::open && asked) outcome = lowest_.look_once(bid, goal);
    if (outcome == Lowest::Outcome::open && sure && only_choice()) return;
    if (outcome == Lowest::Outcome::open && asked && just_the_least()) return;
    if (outcome == Lowest::Outcome::open && asked && lowest_.foretell_proof(bid, goal)) {
        outcome = lowest_.look_once(bid, goal);
    }
    if (outcome == Lowest::Outcome::open) {
        const Bid told = bid;
        bid = lowest_.guess(bid, fresh);
        if (stop_.requested()) return;
        if (goal_.depth == Depth::guess) {
            found_.guessed = lowest_.guessed();
            found_.end = bid.prices;
            return;
        }
        if (lowest_.guessed() < least_of_all()) {
            if (least_is_too_much()) return;
            // Some would be too much, all are not: prices rose without an end.
            if (!fresh) bid = told;
        }
        outcome = lowest_.run_many(bid, {.target = goal_.whole ? goal : 0,
                                         .tolerance = tolerance(),
                                         .most_passes = many_passes});
    }
    if (outcome == Lowest::Outcome::open && still_too_much(bid) && least_is_too_much()) return;
    // Prices that prove that nothing fits say nothing of where anything does.
    if (lowest_.most() >= 0) found_.end = lowest_.end();
    switch (outcome) {
        case Lowest::Outcome::stopped:
            if (!goal_.whole && lowest_.has_point()) bound_at(lowest_.bid());
            return;
        case Lowest::Outcome::impossible:
            one_leaf(choices_.bid({}, 0));
            found_.refuted = true;
            found_.bound = -1;
            return;
        case Lowest::Outcome::proved:
            one_leaf(bid);
            found_.refuted = true;
            found_.bound = goal_.whole ? lowest_.most() : -1;
            return;
        case Lowest::Outcome::open:
            break;
    }
    bound_at(bid);
    if (found_.refuted || goal_.depth < Depth::plan) return;
    look_for_plan(bid, nullptr);
    if (best_.empty() || (!goal_.whole && found_.bound >= target())) look_closer(bid);
    look_above();
}

// Whether the prices that bound the plan's samples refute as many with one local cycle more: mostly
// a few learners lose more than there is between plan and bound.
void Selector::look_above() {
    const bool plan = goal_.of == Worth::samples && !goal_.whole && found_.value > 0;
    if (!plan || found_.tree.size() != 1 || stop_.check()) return;
    const Prices of_leaf = found_.tree.front().prices, at = lowest_.bid().prices;
    if (of_leaf.lambda != at.lambda || of_leaf.mu != at.mu) return;
    const double most = lowest_.most(), spare = clearly * most;
    found_.above_refuted = most - lowest_.lost_to_one_more_cycle() + spare < found_.value;
}

// What prices prove that refute nothing yet.
void Selector::bound_at(const Bid& bid) {
    one_leaf(bid);
    found_.bound = rounded_down(lowest_.most());
    if (goal_.whole || lowest_.most() >= 0) return;
    found_.refuted = true;
    found_.bound = -1;
}

// What prices to a share of a sample and single samples of some leave open.
void Selector::look_closer(Bid bid) {
    if (stop_.check()) return;
    const bool near = !goal_.whole && choices_.steps_count() && !best_.empty() &&
                      found_.bound < found_.value * (1 + nearly_all) + some_samples;
    const double above = goal_.grain > 0 ? (lowest_.most() - found_.bound) / goal_.grain : 0;
    const bool told = choices_.tells_steps();
    if (near && above > far_above && !told) {
        fitting_.look_at_all();
        look_for_plan(bid, nullptr);
        if (found_.bound < target()) return;
    }
    closer_ = true;
    if (near && !choices_.all_or_nothing()) {
        const double gap = lowest_.most() - found_.value;
        const bool lower = lowest_.run_on(bid, told ? share_of_gap * gap : 0, few_passes);
        if (stop_.requested()) return;
        if (lowest_.most() < found_.bound) bound_at(bid);
        if (!told) fitting_.look_at_all();
        if (found_.bound >= target() && (lower || !told)) {
            look_for_plan(bid, nullptr);
        } else if (found_.bound >= target()) {
            refine(bid, nullptr);
        }
    }
    if (goal_.depth < Depth::boxes) return;
    const auto open = [&] { return best_.empty() || (!goal_.whole && found_.bound >= target()); };
    if (!open()) return;
    const auto among = among_those_who_matter(lowest_.bid(), lowest_.margins(), lowest_.bound());
    if (among != Among::closed && open()) among_those_who_can();
}

// Whether everybody has what it may have, whatever looks made of somebody who can have nothing.
bool Selector::within_limits(const Numbers& samples) const {
    for (std::size_t k = 0; k < samples.size(); ++k) {
        const double d = samples[k];
        if (d == 0 && choices_.may_rest(k)) continue;
        if (!(d >= choices_.least(k) && d <= choices_.sure(k))) return false;
    }
    return true;
}

Selection Selector::finish() {
    if (!best_.empty() && !within_limits(best_)) {
        best_.clear();
        found_.value = -1;
    }
    if (!best_.empty() && found_.value >= 0) {
        // What was found by the time that a search is stopped is still allotted.
        Stop never(infinity, {});
        Pool pool(1, never, InstructionSet::automatic, settings_.trust);
        auto plan =
            fitting_.allocate(best_, best_fit_, settings_.spare, stop_.requested() ? pool : pool_);
        if (plan) {
            found_.samples = std::move(plan->samples);
            found_.bandwidth_hz = std::move(plan->bandwidth_hz);
            found_.power_w = std::move(plan->power_w);
            found_.blocks = std::move(plan->blocks);
        } else {
            found_.value = -1;
            best_.clear();
        }
    }
    found_.stopped = found_.stopped || stop_.requested();
    found_.passes += choices_.passes();
    found_.elapsed_s = stop_.elapsed_s();
    return std::move(found_);
}

Selection select(const Problem& problem, std::int64_t tau, const SelectionGoal& goal,
                 const Settings& settings) {
    if (paces(problem)) {
        throw std::invalid_argument(
            "energy_coefficient: who takes part is not chosen together with a speed");
    }
    const UsualArithmetic usual;
    return Selector(problem, tau, goal, settings).run();
}

}  // namespace mel
