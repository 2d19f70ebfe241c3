// Two rungs of the ladder: real samples at one pair of prices, or dealt out of several, made whole.
#include <cmath>
#include <utility>

#include "base/infinity.hpp"
#include "solve/tau_search.hpp"

namespace mel {
namespace {
constexpr double far_off = 0.1;  // of D: reals that many single samples would have to make up for
constexpr int mixture_passes = 120;
}  // namespace

// The real samples become integers that sum to D.
bool TauSearch::round_reals(double tau, Prices prices, double aim_s) {
    const double cycle = problem_.cycle_s();
    const double total = carry({tau, cycle, aim_s});
    if (stop_.requested()) return false;
    // Beyond 2^53 a total may have been rounded; repair() counts exactly.
    if (total == problem_.samples_real() && total < largest_count) return true;
    // At a cap the shorter cycle that the reals were for is what makes a sample dear.
    if (capped() && repair({tau, aim_s, prices})) return true;
    return repair({tau, cycle, prices});
}

// The continuous optimum in the shortest cycle, rounded: nearly always a plan when there is
// one.
Decision TauSearch::by_rounding(double tau) {
    PassPoint point{tau, problem_.cycle_s(), prices_};
    if (near_guess(tau)) point = switching_point_.foretold_cycle(*guess_, tau);
    const std::size_t few = stride_of(searched_learners);
    // With energies of their own learners stand where both limits hold, whatever the prices: then
    // the steps are not Newton's, and the split is made whole from wherever they end.
    const bool energies = problem_.batteries();
    if (few > 1 &&
        !switching_point_.find_cycle(point, {.tolerance = 1e-6, .max_passes = 16, .stride = few}) &&
        smooth_ && !energies) {
        smooth_ = false;
        return {};
    }
    // After a sample, one step over many more: the split is good to the square of what is left.
    // Where the cycle leaves room, that does for all of few learners too.
    bool converged = switching_point_.find_cycle(point, {.tolerance = few > 1 ? 1e-3 : 3e-3,
                                                         .max_passes = 16,
                                                         .stride = stride_of(stepped_learners)});
    if (few == 1 && converged && point.cycle_s > problem_.cycle_s() * (1 - 3e-3)) {
        converged = switching_point_.find_cycle(point, {.tolerance = 1e-6, .max_passes = 16});
    }
    if (stop_.requested() || !std::isfinite(point.cycle_s)) return {};
    if (converged && point.cycle_s > problem_.cycle_s() * (1 + 1e-4)) return {};
    point.cycle_s = std::min(point.cycle_s, problem_.cycle_s());
    const double total = draw(point);
    if (stop_.requested()) return {};
    if (few > 1 && smooth_ && !energies) {
        // Where responses jump, or stand at their bounds, the prices found may be any.
        smooth_ = std::fabs(total - problem_.samples_real()) < far_off * problem_.samples_real();
        if (!smooth_) return {};
    }
    if (!round_reals(tau, point.prices, point.cycle_s)) return {};
    Plan plan = allocate(tau, {point.prices.mu / point.prices.lambda, point.cycle_s});
    if (plan) prices_ = point.prices;
    return decided(std::move(plan));
}

// Shares the slack out by finishing as early as the split allows, then lets the proof's eyes
// look at the numbers.
TauSearch::Plan TauSearch::allocate(double tau, Begin begin) {
    if (!within_box(tau)) return {};
    if (problem_.block_hz() > 0) return allocate_blocks(tau, begin);
    double ratio = begin.ratio;
    const double cycle = problem_.cycle_s();
    const TimedSplit whole = split(tau);
    WaterFilling::Finish finish{{infinity, ratio}, {}, false};
    if (settings_.spare == Spare::time) {
        finish = filling_.shortest_cycle(whole, {begin.finish_s, ratio}, begin.guess);
    }
    if (stop_.requested()) return {};
    const Shares given = shares();
    const auto allocated = [&] {
        return finish.cycle_s <= cycle && filling_.allocate(whole, finish, given);
    };
    bool kept = allocated();
    if (!kept && finish.foreseen && !stop_.requested()) {
        finish = filling_.shortest_cycle(whole, finish, WaterFilling::Guess::last);
        if (finish.foreseen) finish = filling_.at(whole.within(finish.cycle_s), finish.ratio);
        kept = !stop_.requested() && allocated();
    }
    if (!kept) {
        // A hair's breadth: the whole cycle, at the ratio that just fits.
        if (filling_.fill(whole, ratio) != WaterFilling::Outcome::fits) return {};
        finish = filling_.at(whole, ratio);
        if (!filling_.allocate(whole, finish, given)) return {};
    }
    return written();
}

Decision TauSearch::decided(Plan plan) const {
    if (plan) return std::move(*plan);
    return stop_.requested() ? Decision(Decision::Stopped{}) : Decision();
}

// Where responses jump and Newton's method finds no switching point: the largest tau that a sample
// of the learners can mix.
double TauSearch::tau_by_mixture(double guess) {
    std::int64_t low = 0;
    std::int64_t high = upper_;
    std::int64_t next = whole_guess(guess, 1);
    while (low < high && !stop_.check()) {
        const auto outcome =
            mixture_.run(static_cast<double>(next), {prices_},
                         {.max_passes = mixture_passes, .stride = stride_of(searched_learners)});
        if (outcome == MixtureSearch::Outcome::infeasible) {
            prices_ = mixture_.refuting();
            high = next - 1;
        } else {
            low = next;
        }
        next = low + (high - low + 1) / 2;
        if (low > 0) next = std::min(next, 2 * low);
    }
    return static_cast<double>(low);
}

Decision TauSearch::by_mixture(double tau, Prices start) {
    std::vector<Prices> starts{start};
    // Samples of the learners first: with prices and, where they leave room, with a plan.
    for (const std::size_t learners : {searched_learners, stepped_learners}) {
        const std::size_t stride = stride_of(learners);
        if (stride == 1) break;
        const double error = 2 / std::sqrt(static_cast<double>(learners));
        const auto outcome = mixture_.run(
            tau, starts, {.max_passes = mixture_passes, .stride = stride, .room = 1.5 * error});
        if (outcome == MixtureSearch::Outcome::stopped) return Decision::Stopped{};
        const bool refuted = outcome == MixtureSearch::Outcome::infeasible;
        starts.clear();
        if (refuted) starts.push_back(mixture_.refuting());
        for (const auto& part : mixture_.parts()) starts.insert(starts.begin(), part.prices);
        if (starts.empty()) starts.push_back(start);
        if (refuted) {
            const PassPoint there{tau, problem_.cycle_s(), mixture_.refuting()};
            if (const auto proof = switching_point_.refute_roughly(there)) {
                prices_ = there.prices;
                return Refutation(*proof);
            }
            break;
        }
        const bool roomy = outcome == MixtureSearch::Outcome::mixture && mixture_.slack() > error;
        if (roomy) {
            if (Plan plan = plan_from_mixture(tau)) return std::move(*plan);
        }
        if (stop_.requested()) return Decision::Stopped{};
    }
    switch (mixture_.run(tau, starts, {.max_passes = mixture_passes, .stride = 1})) {
        case MixtureSearch::Outcome::stopped:
            return Decision::Stopped{};
        case MixtureSearch::Outcome::infeasible:
            prices_ = mixture_.refuting();
            return Refutation(*mixture_.proof());
        case MixtureSearch::Outcome::open:
            return {};
        case MixtureSearch::Outcome::mixture:
            break;
    }
    return decided(plan_from_mixture(tau));
}

TauSearch::Plan TauSearch::plan_from_mixture(double tau) {
    deal(tau, mixture_.parts());
    if (stop_.requested()) return {};
    const Prices prices = mixture_.parts().front().prices;
    if (!round_reals(tau, prices, problem_.cycle_s())) return {};
    Plan plan =
        allocate(tau, {prices.mu / prices.lambda, problem_.cycle_s(), WaterFilling::Guess::rough});
    if (plan) prices_ = prices;
    return plan;
}

}  // namespace mel
