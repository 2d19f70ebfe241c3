#include "mel/solve.hpp"

#include <algorithm>
#include <cmath>

#include "mel/boundary.hpp"
#include "mel/equal_shares.hpp"
#include "mel/mixture.hpp"

namespace mel {

UniformBox root_box(const Problem& problem, Scheme scheme) {
    const double samples = problem.samples_real();
    if (scheme == Scheme::resource_only) {
        const auto learners = static_cast<std::int64_t>(problem.size());
        const std::int64_t share = problem.samples() / learners;
        const bool whole = problem.samples() % learners == 0;
        return {static_cast<double>(share), static_cast<double>(share + (whole ? 0 : 1))};
    }
    return {0, samples};
}

// Some learner holds at least ceil(D/K) samples, so tau can not exceed what the fastest computes of
// those.
std::int64_t largest_conceivable_tau(const Problem& problem) {
    const auto learners = static_cast<std::int64_t>(problem.size());
    const std::int64_t share = (problem.samples() + learners - 1) / learners;
    const double tau =
        problem.cycle_s() / (problem.fastest_compute_s() * static_cast<double>(share));
    return static_cast<std::int64_t>(tau * (1 + 1e-12));
}

namespace {

constexpr std::size_t learners_sampled = 8192;
constexpr int mixture_passes = 120;
constexpr double infinity = std::numeric_limits<double>::infinity();

class Solver {
  public:
    Solver(const Problem& problem, const Settings& settings)
        : problem_(problem),
          settings_(settings),
          stop_(settings.time_limit_s, poll()),
          pool_(problem.size() >= 16 * block_size ? settings.threads : 1, stop_,
                InstructionSet::automatic, settings.trust),
          box_(root_box(problem, settings.scheme)),
          boundary_(problem, pool_, box_),
          rounding_(problem, pool_),
          filling_(problem, pool_),
          mixture_(problem, pool_, box_),
          tree_search_({problem, pool_, rounding_, filling_}, box_) {}

    Result run() {
        upper_ = largest_conceivable_tau(problem_);
        result_.bound = upper_;
        result_.tree = {TreeNode{}};
        if (!problem_.excused() && !problem_.every_return_in_time() && upper_ > 0 &&
            closed_by_capacity(1) == Answer::infeasible) {
            upper_ = 0;
            return finish();
        }
        PassPoint guess = begin();
        if (!problem_.sends_nothing()) {
            smooth_ = boundary_.find_tau(guess, 1e-6, 40, sample_stride());
            prices_ = guess.prices;
            if (!smooth_) guess.tau = tau_by_mixture(guess.tau);
        }
        end_tau_ = guess.tau;
        search(whole_guess(guess.tau, 0));
        if (upper_ > result_.tau && !stop_.requested()) tighten();
        return finish();
    }

    Result decide_one(std::int64_t tau) {
        upper_ = largest_conceivable_tau(problem_);
        result_.tree = {TreeNode{}};
        end_tau_ = static_cast<double>(tau);
        prices_ = begin().prices;
        if (tau <= upper_) {
            const Answer answer = decide(tau);
            if (answer == Answer::feasible) result_.tau = tau;
            if (answer == Answer::infeasible) upper_ = tau - 1;
        }
        return finish();
    }

  private:
    PassPoint begin() const {
        if (!settings_.start) return boundary_.guess();
        return {settings_.start->tau, problem_.cycle_s(), settings_.start->prices};
    }

    enum class Answer { feasible, infeasible, unresolved, stopped };

    std::function<bool()> poll() {
        if (!settings_.should_stop) return {};
        return [this] {
            return settings_.should_stop({result_.tau, upper_, passes(), stop_.elapsed_s()});
        };
    }

    std::int64_t passes() const {
        return boundary_.passes() + mixture_.passes() + filling_.passes() + tree_search_.passes() +
               capacity_passes_;
    }

    // A guess may be anything, also not a number.
    std::int64_t whole_guess(double guess, std::int64_t least) const {
        if (!(guess >= static_cast<double>(least))) return std::min(least, upper_);
        if (guess >= static_cast<double>(upper_)) return upper_;
        return static_cast<std::int64_t>(guess);
    }

    // Closes in on the largest feasible tau from a guess: one step above it, the guess itself, then
    // outwards with doubling steps, then by halves. `ceiling` also falls where a tau stays
    // unresolved; `upper_` only by proof.
    void search(std::int64_t guess) {
        std::int64_t ceiling = upper_;
        std::int64_t next = std::min(guess + 1, ceiling);
        std::int64_t stride = 1;
        bool bracketed_below = false;
        bool bracketed_above = next <= guess;
        while (result_.tau < ceiling) {
            const Answer answer = decide(next);
            if (answer == Answer::stopped) return;
            if (answer == Answer::feasible) {
                bracketed_below = true;
                result_.tau = next;
            } else {
                bracketed_above = true;
                ceiling = next - 1;
                if (answer == Answer::infeasible) upper_ = next - 1;
            }
            if (result_.tau >= ceiling) return;
            if (bracketed_below && bracketed_above) {
                next = result_.tau + (ceiling - result_.tau + 1) / 2;
            } else if (bracketed_below) {
                next = std::min(result_.tau + stride, ceiling);
                stride *= 2;
            } else {
                next = std::max<std::int64_t>(ceiling - (stride - 1), 1);
                stride *= 2;
            }
        }
    }

    // Where the tau above the plan stayed unresolved: the least one above it that can be refuted.
    void tighten() {
        std::int64_t open = result_.tau + 1;
        std::int64_t stride = 1;
        while (upper_ > open) {
            const std::int64_t next = std::min(open + stride, open + (upper_ - open + 1) / 2);
            const Answer answer = decide(next);
            if (answer == Answer::stopped) return;
            if (answer == Answer::infeasible) {
                upper_ = next - 1;
                stride = 1;
            } else {
                if (answer == Answer::feasible) result_.tau = next;
                open = answer == Answer::feasible ? next + 1 : next;
                stride *= 2;
            }
        }
    }

    Answer decide(std::int64_t whole) {
        const double tau = static_cast<double>(whole);
        if (stop_.check()) return Answer::stopped;
        if (problem_.sends_nothing()) {
            const Answer answer = closed_by_capacity(tau);
            return answer == Answer::unresolved ? without_radio(tau) : answer;
        }
        if (!smooth_) {
            const Answer mixed = decide_by_mixture(tau, prices_);
            if (mixed != Answer::unresolved) return mixed;
        }
        PassPoint point{tau, problem_.cycle_s(), prices_};
        if (boundary_.prove(point, 24)) {
            prices_ = point.prices;
            result_.tree = {TreeNode{-1, 0, point.prices}};
            blame_ = Blame::radio;
            return Answer::infeasible;
        }
        if (stop_.requested()) return Answer::stopped;
        if (plan_from_reals(tau)) return Answer::feasible;
        if (stop_.requested()) return Answer::stopped;
        const Answer closed = closed_by_capacity(tau);
        if (closed != Answer::unresolved) return closed;
        if (smooth_) {
            const Answer mixed = decide_by_mixture(tau, point.prices);
            if (mixed != Answer::unresolved) return mixed;
        }
        const auto outcome = tree_search_.decide(tau, point.prices, settings_.work_limit);
        switch (outcome) {
            case BranchAndBound::Outcome::stopped:
                return Answer::stopped;
            case BranchAndBound::Outcome::unresolved:
                return Answer::unresolved;
            case BranchAndBound::Outcome::infeasible:
                result_.tree = tree_search_.tree();
                blame_ = Blame::radio;
                return Answer::infeasible;
            case BranchAndBound::Outcome::feasible:
                break;
        }
        real_.assign(tree_search_.samples().begin(), tree_search_.samples().end());
        return keep_plan(tau, tree_search_.ratio(), problem_.cycle_s()) ? Answer::feasible
                                                                        : Answer::unresolved;
    }

    // Prices of zero: the learners can not compute and return D samples whatever the radio.
    Answer closed_by_capacity(double tau) {
        ++capacity_passes_;
        const double most = capacity(problem_, Box{box_}, tau, pool_, blocks_);
        if (stop_.requested()) return Answer::stopped;
        if (most >= problem_.samples_real()) return Answer::unresolved;
        result_.tree = {TreeNode{}};
        blame_ = most >= 0 ? Blame::computing : Blame::slow_return;
        return Answer::infeasible;
    }

    // Where responses jump and Newton's method finds no boundary: the largest tau that a sample of
    // the learners can mix.
    double tau_by_mixture(double guess) {
        std::int64_t low = 0;
        std::int64_t high = upper_;
        std::int64_t next = whole_guess(guess, 1);
        while (low < high && !stop_.check()) {
            const auto outcome =
                mixture_.run(static_cast<double>(next), {prices_}, mixture_passes, sample_stride());
            if (outcome == MixtureSearch::Outcome::infeasible) {
                prices_ = mixture_.proof();
                high = next - 1;
            } else {
                low = next;
            }
            next = low + (high - low + 1) / 2;
            if (low > 0) next = std::min(next, 2 * low);
        }
        return static_cast<double>(low);
    }

    Answer decide_by_mixture(double tau, Prices start) {
        std::vector<Prices> starts{start};
        const std::size_t stride = sample_stride();
        if (stride > 1) {
            const auto outcome = mixture_.run(tau, starts, mixture_passes, stride);
            if (outcome == MixtureSearch::Outcome::stopped) return Answer::stopped;
            if (outcome == MixtureSearch::Outcome::infeasible)
                starts.insert(starts.begin(), mixture_.proof());
            for (const auto& part : mixture_.parts()) starts.insert(starts.begin(), part.prices);
        }
        switch (mixture_.run(tau, starts, mixture_passes, 1)) {
            case MixtureSearch::Outcome::stopped:
                return Answer::stopped;
            case MixtureSearch::Outcome::infeasible:
                prices_ = mixture_.proof();
                result_.tree = {TreeNode{-1, 0, prices_}};
                blame_ = Blame::radio;
                return Answer::infeasible;
            case MixtureSearch::Outcome::open:
                return Answer::unresolved;
            case MixtureSearch::Outcome::mixture:
                break;
        }
        real_.resize(problem_.size());
        bandwidth_.resize(problem_.size());
        mixture_.deal(tau, real_.data(), bandwidth_.data(), totals_);
        if (stop_.requested()) return Answer::stopped;
        const Prices prices = mixture_.parts().front().prices;
        if (!round_reals(tau, prices))
            return stop_.requested() ? Answer::stopped : Answer::unresolved;
        if (!keep_plan(tau, prices.mu / prices.lambda, problem_.cycle_s())) {
            return stop_.requested() ? Answer::stopped : Answer::unresolved;
        }
        prices_ = prices;
        return Answer::feasible;
    }

    // The reals in real_, with their sums by block in totals_, become integers that sum to D.
    bool round_reals(double tau, Prices prices) {
        const Box box{box_};
        const double cycle = problem_.cycle_s();
        const double total = rounding_.carry(tau, cycle, box, totals_, real_.data());
        if (stop_.requested()) return false;
        return total == problem_.samples_real() ||
               rounding_.repair(tau, cycle, box, prices, real_.data());
    }

    // Searches that only guide look at a sample of so many learners first.
    std::size_t sample_stride() const {
        return problem_.size() < 4 * learners_sampled ? 1
                                                      : (problem_.size() / learners_sampled) | 1;
    }

    // The continuous optimum in the shortest cycle, rounded: nearly always a plan when there is
    // one.
    bool plan_from_reals(double tau) {
        PassPoint point{tau, problem_.cycle_s(), prices_};
        const std::size_t stride = sample_stride();
        if (stride > 1) boundary_.find_cycle(point, 1e-6, 16, stride);
        // After a sample, one step over all learners: the split is good to the square of what is
        // left.
        const bool converged = boundary_.find_cycle(point, stride > 1 ? 1e-3 : 1e-6, 16);
        if (stop_.requested() || !std::isfinite(point.cycle_s)) return false;
        if (converged && point.cycle_s > problem_.cycle_s() * (1 + 1e-4)) return false;
        point.cycle_s = std::min(point.cycle_s, problem_.cycle_s());
        real_.resize(problem_.size());
        real_samples(problem_, box_, point, pool_, real_.data(), totals_);
        if (stop_.requested()) return false;
        if (!round_reals(tau, point.prices)) return false;
        if (!keep_plan(tau, point.prices.mu / point.prices.lambda, point.cycle_s)) return false;
        prices_ = point.prices;
        return true;
    }

    // A learner that can not take its share of resource_only was passed over by the real responses.
    bool within_box() const {
        if (box_.lower == 0) return true;
        return std::all_of(real_.begin(), real_.end(),
                           [&](double d) { return d >= box_.lower && d <= box_.upper; });
    }

    // Shares the slack out by finishing as early as the split allows, then lets the proof's eyes
    // look at the numbers.
    bool keep_plan(double tau, double ratio, double guess_s) {
        if (!within_box()) return false;
        const double cycle = problem_.cycle_s();
        WaterFilling::Finish finish{infinity, ratio, {}};
        if (settings_.spare == Spare::time) {
            finish = filling_.shortest_cycle(tau, cycle, real_.data(), ratio, guess_s);
        }
        if (stop_.requested()) return false;
        bandwidth_.resize(problem_.size());
        power_.resize(problem_.size());
        if (!(finish.cycle_s <= cycle) ||
            !filling_.allocate(tau, finish, real_.data(), bandwidth_.data(), power_.data())) {
            // A hair's breadth: the whole cycle, at the ratio that just fits.
            if (filling_.fill(tau, cycle, real_.data(), ratio) != WaterFilling::Outcome::fits)
                return false;
            finish = filling_.at(tau, cycle, real_.data(), ratio);
            if (!filling_.allocate(tau, finish, real_.data(), bandwidth_.data(), power_.data()))
                return false;
        }
        store();
        return true;
    }

    void store() {
        result_.samples.resize(problem_.size());
        pool_.run(block_count(problem_.size()), [&](std::size_t b) {
            const std::size_t last = std::min(problem_.size(), (b + 1) * block_size);
            for (std::size_t k = b * block_size; k < last; ++k) {
                result_.samples[k] = static_cast<std::int64_t>(real_[k]);
            }
        });
        result_.bandwidth_hz.swap(bandwidth_);
        result_.power_w.swap(power_);
    }

    // Computing and returning alone: fill learners up to what surely fits.
    Answer without_radio(double tau) {
        real_.assign(problem_.size(), box_.lower);
        double left = problem_.samples_real() - box_.lower * static_cast<double>(problem_.size());
        for (std::size_t k = 0; k < problem_.size(); ++k) {
            Demand demand = demand_of(problem_, k, tau, problem_.cycle_s());
            demand.budget_s -= slack_guard(problem_.cycle_s());
            const double most = largest_allowed(demand, std::min(box_.upper, box_.lower + left));
            if (most < box_.lower) return Answer::unresolved;
            real_[k] = most;
            left -= most - box_.lower;
        }
        if (left > 0) return Answer::unresolved;
        bandwidth_.assign(problem_.size(), 0.0);
        power_.assign(problem_.size(), 0.0);
        store();
        return Answer::feasible;
    }

    Result finish() {
        result_.bound = upper_;
        result_.stopped = stop_.requested();
        if (upper_ == 0) {
            result_.status = Status::infeasible;
            result_.blame = blame_ == Blame::none ? Blame::computing : blame_;
            result_.blamed_learner = problem_.slowest_return();
        } else if (result_.tau == upper_) {
            result_.status = Status::optimal;
        } else {
            result_.status =
                result_.stopped && result_.tau > 0 ? Status::feasible : Status::undecided;
        }
        result_.end = {end_tau_, prices_};
        result_.nodes = tree_search_.nodes();
        result_.passes = passes();
        result_.elapsed_s = stop_.elapsed_s();
        return std::move(result_);
    }

    const Problem& problem_;
    const Settings& settings_;
    Result result_;
    std::int64_t upper_ = 0;
    Blame blame_ = Blame::none;
    std::int64_t capacity_passes_ = 0;
    Stop stop_;
    Pool pool_;
    UniformBox box_;
    Boundary boundary_;
    Rounding rounding_;
    WaterFilling filling_;
    MixtureSearch mixture_;
    BranchAndBound tree_search_;
    Prices prices_{};
    bool smooth_ = true;
    double end_tau_ = 0;
    std::vector<SplitSums> blocks_;
    std::vector<double> totals_;
    Buffer<double> real_;
    Buffer<double> bandwidth_;
    Buffer<double> power_;
};

}  // namespace

Result solve(const Problem& problem, const Settings& settings) {
    if (settings.scheme == Scheme::task_only) return solve_equal_shares(problem, settings);
    return Solver(problem, settings).run();
}

Result decide(const Problem& problem, std::int64_t tau, const Settings& settings) {
    if (settings.scheme == Scheme::task_only) return decide_equal_shares(problem, tau, settings);
    return Solver(problem, settings).decide_one(tau);
}

}  // namespace mel
