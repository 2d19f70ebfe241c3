#include "mel/mixture.hpp"
#include "solver.hpp"

namespace mel {
namespace {
constexpr int mixture_passes = 120;
}

// Where responses jump and Newton's method finds no boundary: the largest tau that a sample of
// the learners can mix.
double Solver::tau_by_mixture(double guess) {
    std::int64_t low = 0;
    std::int64_t high = upper_;
    std::int64_t next = whole_guess(guess, 1);
    while (low < high && !stop_.check()) {
        const auto outcome = mixture_.run(static_cast<double>(next), {prices_}, mixture_passes,
                                          sample_stride(few_learners));
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

Solver::Answer Solver::decide_by_mixture(double tau, Prices start) {
    std::vector<Prices> starts{start};
    const std::size_t stride = sample_stride(few_learners);
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
    if (!round_reals(tau, prices)) return stop_.requested() ? Answer::stopped : Answer::unresolved;
    if (!keep_plan(tau, prices.mu / prices.lambda, problem_.cycle_s())) {
        return stop_.requested() ? Answer::stopped : Answer::unresolved;
    }
    prices_ = prices;
    return Answer::feasible;
}

}  // namespace mel
