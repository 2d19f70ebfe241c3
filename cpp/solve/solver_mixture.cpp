#include <cmath>
#include <utility>

#include "base/chunks.hpp"
#include "prices/mixture.hpp"
#include "solve/solver.hpp"

namespace mel {
namespace {
constexpr int mixture_passes = 120;
}  // namespace

// Where responses jump and Newton's method finds no switching point: the largest tau that a sample
// of the learners can mix.
double Solver::tau_by_mixture(double guess) {
    std::int64_t low = 0;
    std::int64_t high = upper_;
    std::int64_t next = whole_guess(guess, 1);
    while (low < high && !stop_.check()) {
        const auto outcome = mixture_.run(static_cast<double>(next), {prices_}, mixture_passes,
                                          stride_of(searched_learners));
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

Decision Solver::by_mixture(double tau, Prices start) {
    std::vector<Prices> starts{start};
    // Samples of the learners first: with prices and, where they leave room, with a plan.
    for (const std::size_t learners : {searched_learners, stepped_learners}) {
        const std::size_t stride = stride_of(learners);
        if (stride == 1) break;
        const double error = 2 / std::sqrt(static_cast<double>(learners));
        const auto outcome = mixture_.run(tau, starts, mixture_passes, stride, 1.5 * error);
        if (outcome == MixtureSearch::Outcome::stopped) return Decision::Stopped{};
        const bool refuted = outcome == MixtureSearch::Outcome::infeasible;
        starts.clear();
        if (refuted) starts.push_back(mixture_.refuting());
        for (const auto& part : mixture_.parts()) starts.insert(starts.begin(), part.prices);
        if (starts.empty()) starts.push_back(start);
        if (refuted) break;
        const bool roomy = outcome == MixtureSearch::Outcome::mixture && mixture_.slack() > error;
        if (roomy) {
            if (Plan plan = plan_from_mixture(tau)) return std::move(*plan);
        }
        if (stop_.requested()) return Decision::Stopped{};
    }
    switch (mixture_.run(tau, starts, mixture_passes, 1)) {
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

Solver::Plan Solver::plan_from_mixture(double tau) {
    real_.resize(problem_.size());
    draft_.bandwidth_hz.resize(problem_.size());
    mixture_.deal(tau, real_, draft_.bandwidth_hz, totals_);
    if (stop_.requested()) return {};
    const Prices prices = mixture_.parts().front().prices;
    if (!round_reals(tau, prices, problem_.cycle_s())) return {};
    Plan plan = allocate(tau, prices.mu / prices.lambda, problem_.cycle_s());
    if (plan) prices_ = prices;
    return plan;
}

}  // namespace mel
