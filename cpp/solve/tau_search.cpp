#include "solve/tau_search.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "model/computing.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {
constexpr std::int64_t far_stride = 4;  // of the search: the guess was wrong
// A look at so few learners costs no more than some looks at the clock.
constexpr std::size_t few_learners = 64;
constexpr int patience_with_few = 16;
}  // namespace

TauSearch::TauSearch(const Problem& problem, const Settings& settings, bool part, Sweeps& sweeps,
                     Fills* fills, Stop::Clock::time_point begin)
    : problem_(problem),
      settings_(settings),
      part_(part),
      stop_(settings.time_limit_s, poll(), begin,
            problem.size() <= few_learners ? patience_with_few : 1),
      pool_(useful_threads(problem.size(), settings.threads), stop_, InstructionSet::automatic,
            settings.trust),
      switching_point_(problem, pool_, sweeps),
      filling_(problem, pool_, fills),
      mixture_(problem, pool_, sweeps),
      most_work_(settings.work_limit),
      work_limit_(settings.work_limit) {}

Result TauSearch::run() {
    upper_ = conceivable_tau();
    result_.bound = upper_;
    if (limited()) {
        const double most = contradicts() ? 0 : largest_tau();
        if (most < static_cast<double>(upper_)) upper_ = static_cast<std::int64_t>(most);
        if (upper_ == 0) return finish();
    }
    if (!problem_.excused() && !problem_.every_return_in_time() && upper_ > 0 &&
        learn(1, by_capacity(1)) == Answer::infeasible) {
        return finish();
    }
    find_largest();
    return finish();
}

// Where to look for the largest tau, and the prices there.
PassPoint TauSearch::guess_tau() {
    PassPoint guess = begin();
    if (!problem_.sends_nothing()) {
        smooth_ = switching_point_.find_tau(guess, {.tolerance = 1e-6,
                                                    .max_passes = 16,
                                                    .stride = stride_of(searched_learners),
                                                    .most = static_cast<double>(upper_) + 0.5});
        prices_ = guess.prices;
        if (!smooth_) guess.tau = tau_by_mixture(guess.tau);
        if (smooth_) {
            expected_ = guess.tau;
            guess_ = guess;
        }
    }
    return guess;
}

void TauSearch::find_largest() {
    const PassPoint guess = guess_tau();
    end_tau_ = guess.tau;
    if (few_take_part(guess.tau) && find_among_takers(guess.tau)) return;
    const std::int64_t whole = std::max(whole_guess(guess.tau, 0), result_.tau);
    if (problem_.block_hz() > 0 && !problem_.sends_nothing()) {
        search_in_blocks(whole);
    } else {
        search_plan_first(whole);
    }
    if (upper_ > result_.tau && !halted_ && !stop_.requested()) tighten();
}

// Nothing is refuted of the whole before all others were looked at, once a part's trees have ended.
// Where one takes long, what is refuted without it comes first.
bool TauSearch::find_among_takers(double guess) {
    const Prices begun = prices_;
    const bool in_blocks = problem_.block_hz() > 0;
    const double all = settings_.work_limit;
    for (const double work : {in_blocks ? all : std::min(work_for_a_bound, all), all}) {
        prices_ = begun;
        end_tau_ = guess;
        const bool asked = ask_takers(guess, [=, this](TauSearch& part) {
            part.most_work_ = part.work_limit_ = work;
            return part.run_part(upper_);
        });
        const bool over = upper_ == result_.tau || halted_ || stop_.check();
        if (asked && over) return true;
        if (work >= all) return asked;
    }
    return false;
}

// While no plan is known, a tree that would take long is put off: the tau below it often has a plan
// at once, and a limit then finds more than nothing.
void TauSearch::search_plan_first(std::int64_t guess) {
    work_limit_ = std::min(most_work_, work_for_a_plan);
    search(guess);
    work_limit_ = most_work_;
    if (!put_off_ || upper_ == result_.tau || halted_ || stop_.requested()) return;
    search(result_.tau > 0 ? result_.tau : std::min(guess, upper_));
}

Result TauSearch::run_part(std::int64_t upper) {
    upper_ = upper;
    find_largest();
    return finish();
}

Result TauSearch::decide_one(std::int64_t tau) {
    upper_ = conceivable_tau();
    end_tau_ = static_cast<double>(tau);
    prices_ = begin().prices;
    if (contradicts()) upper_ = std::min(upper_, tau - 1);
    if (tau > upper_) return finish();
    if (settings_.start && !problem_.sends_nothing() && !stop_.check() &&
        learn(tau, by_known_prices(end_tau_, prices_)) != Answer::unresolved) {
        return finish();
    }
    if (may_leave_out(problem_) && !settings_.start) guess_tau();
    if (few_take_part(end_tau_) && ask_takers(end_tau_, [=, this](TauSearch& part) {
            return part.decide_part(tau, upper_);
        })) {
        return finish();
    }
    decide(tau);
    return finish();
}

Result TauSearch::decide_part(std::int64_t tau, std::int64_t upper) {
    upper_ = upper;
    end_tau_ = static_cast<double>(tau);
    prices_ = begin().prices;
    decide(tau);
    return finish();
}

PassPoint TauSearch::begin() const {
    if (!settings_.start) return switching_point_.guess();
    PassPoint point{settings_.start->tau, problem_.cycle_s(), settings_.start->prices};
    switching_point_.leave_out_power(point.prices);
    return point;
}

std::function<bool()> TauSearch::poll() {
    if (!settings_.should_stop) return {};
    return [this] {
        return settings_.should_stop({result_.tau, upper_, passes(), stop_.elapsed_s()});
    };
}

void TauSearch::tell_part(Settings& settings) const {
    settings.time_limit_s = settings_.time_limit_s - stop_.elapsed_s();
    if (!settings_.should_stop) return;
    settings.should_stop = [this](const Progress& at) {
        return settings_.should_stop(
            {std::max(at.tau, result_.tau), upper_, at.passes + passes(), stop_.elapsed_s()});
    };
}

void TauSearch::hear_part(const Result& found, Settings& settings) {
    taker_passes_ += found.passes;
    taker_nodes_ += found.nodes;
    if (found.end.prices.usable()) prices_ = found.end.prices;
    end_tau_ = found.end.tau;
    settings.start = Start{found.end.tau, prices_};
    halted_ = found.stopped;
}

std::int64_t TauSearch::passes() const {
    return switching_point_.passes() + mixture_.passes() + filling_.passes() + capacity_passes_ +
           more_passes();
}

// A guess may be anything, also not a number.
std::int64_t TauSearch::whole_guess(double guess, std::int64_t least) const {
    if (!(guess >= static_cast<double>(least))) return std::min(least, upper_);
    if (guess >= static_cast<double>(upper_)) return upper_;
    return static_cast<std::int64_t>(guess);
}

// Closes in on the largest tau from a guess: one step above it, the guess itself, then outwards
// with doubling steps, then by halves. What stays unresolved counts as above that tau, or, where it
// is hopeful, as below; `upper_` only falls by proof.
void TauSearch::search(std::int64_t guess, bool hopeful) {
    std::int64_t low = result_.tau;
    std::int64_t ceiling = upper_;
    std::int64_t next = std::min(guess + 1, ceiling);
    std::int64_t stride = 1;
    bool bracketed_below = false;
    bool bracketed_above = next <= guess;
    while (low < ceiling) {
        const Answer answer = decide(next);
        if (answer == Answer::stopped) return;
        if (answer == Answer::infeasible) {
            const std::int64_t least = stride > far_stride ? also_refuted(next, low) : next;
            if (least < next) stride = 1;  // a new guess
            next = least;
            upper_ = next - 1;
        }
        if (answer == Answer::feasible || (hopeful && answer == Answer::unresolved)) {
            bracketed_below = true;
            low = next;
        } else {
            bracketed_above = true;
            ceiling = next - 1;
        }
        if (low >= ceiling) return;
        if (const auto told = foretold({low, ceiling})) {
            next = *told;
            stride = 1;
        } else if (bracketed_below && bracketed_above) {
            next = low + (ceiling - low + 1) / 2;
        } else if (bracketed_below) {
            next = std::min(low + stride, ceiling);
            stride *= 2;
        } else {
            next = std::max<std::int64_t>(ceiling - (stride - 1), 1);
            stride *= 2;
        }
    }
}

// Whole blocks may make far less possible than the guess says, and a tau well below what is
// possible is no easier to find a plan for: what the splits at its prices leave over is of no help.
// So first the largest tau that no root refutes, then a plan near it, then what is left between the
// two.
void TauSearch::search_in_blocks(std::int64_t guess) {
    node_limit_ = 1;
    search(guess, true);
    if (stop_.requested()) return;
    node_limit_ = nodes_for_a_plan;
    std::int64_t stride = 1;
    for (std::int64_t tau = upper_; tau > result_.tau; tau -= stride, stride *= 2) {
        const Answer answer = decide(tau);
        if (answer == Answer::stopped) return;
    }
    node_limit_ = any_number_of_nodes;
    if (result_.tau < upper_) search(result_.tau);
}

// Where the tau above the plan stayed unresolved: the least one above it that can be refuted.
void TauSearch::tighten() {
    std::int64_t open = result_.tau + 1;
    std::int64_t stride = 1;
    while (upper_ > open) {
        const std::int64_t next = std::min(open + stride, open + (upper_ - open + 1) / 2);
        const Answer answer = decide(next);
        if (answer == Answer::stopped) return;
        if (answer == Answer::infeasible) {
            stride = 1;
        } else {
            open = answer == Answer::feasible ? next + 1 : next;
            stride *= 2;
        }
    }
}

TauSearch::Answer TauSearch::decide(std::int64_t tau) {
    return learn(tau, climb(static_cast<double>(tau)));
}

// The only place where an answer changes what is known.
TauSearch::Answer TauSearch::learn(std::int64_t tau, Decision decision) {
    if (decision.stopped()) return Answer::stopped;
    if (Refutation* refutation = decision.refutation()) {
        upper_ = tau - 1;
        blame_ = refutation->blame();
        parts_ = refutation->parts();
        result_.tree = refutation->take_tree();
        return Answer::infeasible;
    }
    if (Allocation* plan = decision.plan()) {
        result_.tau = tau;
        learnt(*plan);
        return Answer::feasible;
    }
    return Answer::unresolved;
}

// From the cheapest question to the dearest: each rung proves that tau is too much, finds a plan,
// or leaves it open to the next.
Decision TauSearch::climb(double tau) {
    Decision known;
    const auto rung = [&](bool applies, const auto& ask) {
        if (!known.open() || !applies) return;
        known = stop_.requested() ? Decision(Decision::Stopped{}) : ask();
    };
    halted_ = halted_ || static_cast<double>(passes()) * static_cast<double>(problem_.size()) >
                             settings_.total_work_limit;
    if (halted_ || stop_.check()) return Decision::Stopped{};
    const bool sends = !problem_.sends_nothing();
    rung(!sends, [&] { return by_capacity(tau); });
    rung(!sends, [&] { return by_computing_alone(tau); });
    // What the search expects to be feasible no prices will refute.
    const bool expected = tau <= expected_;
    const bool plans = !settings_.only_refutes;
    // Where caps bind learners are asked one by one: of those one look is enough.
    const bool looks = plans || !capped();
    rung(plans && sends && wholes_first_, [&] { return by_wholes(tau, prices_); });
    rung(plans && sends && smooth_ && expected, [&] { return by_rounding(tau); });
    const bool mixed_first = !smooth_;
    rung(plans && sends && mixed_first, [&] { return by_mixture(tau, prices_); });
    if (!known.open()) return known;
    PassPoint point{tau, problem_.cycle_s(), prices_};
    if (near_guess(tau)) point = switching_point_.foretold(*guess_, tau);
    rung(looks && sends, [&] { return by_prices(point); });
    rung(plans && sends && (!expected || mixed_first), [&] { return by_rounding(tau); });
    rung(sends, [&] { return by_capacity(tau); });
    rung(plans && sends && !mixed_first, [&] { return by_mixture(tau, point.prices); });
    rung(plans && sends && !wholes_first_, [&] { return by_wholes(tau, point.prices); });
    rung(plans && sends, [&] { return by_tree(tau, point.prices); });
    return known;
}

bool TauSearch::near_guess(double tau) const { return guess_ && std::fabs(tau - guess_->tau) <= 1; }

Decision TauSearch::by_prices(PassPoint& point) {
    std::optional<ProvingPrices> proof;
    // Of many learners prices are known by now, from a sample.
    if (stride_of(searched_learners) > 1) proof = switching_point_.refute_roughly(point);
    if (!proof && !stop_.requested()) proof = switching_point_.prove(point, 24);
    if (!proof) return {};
    prices_ = proof->prices();
    return Refutation(*proof);
}

void TauSearch::learnt(Allocation& plan) {
    std::swap(result_.samples, plan.samples);
    std::swap(result_.bandwidth_hz, plan.bandwidth_hz);
    std::swap(result_.power_w, plan.power_w);
    std::swap(result_.blocks, plan.blocks);
}

Result TauSearch::finish() {
    result_.bound = upper_;
    if (result_.tree.empty()) result_.tree.resize(1);  // computing alone bounds tau
    result_.stopped = stop_.requested() || halted_;
    if (upper_ == 0) {
        result_.status = Status::infeasible;
        result_.blame = blame_ == Blame::none ? Blame::computing : blame_;
        result_.blamed_learner = problem_.slowest_return();
    } else if (result_.tau == upper_) {
        result_.status = Status::optimal;
    } else {
        result_.status = result_.stopped && result_.tau > 0 ? Status::feasible : Status::undecided;
    }
    result_.end = {end_tau_, prices_};
    result_.nodes = nodes();
    result_.passes = passes();
    result_.elapsed_s = stop_.elapsed_s();
    return std::move(result_);
}

}  // namespace mel
