// Where nobody chooses whether to take part, real samples of all prove as much as whole ones where
// there is room for what they leave out, in less than half of the time, and say by their own second
// derivatives where they would.
#include <optional>

#include "passes/proof.hpp"
#include "prices/price_step.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {

constexpr int most_passes = 3;
constexpr double near_by = 0.1;         // as far as second derivatives hold
constexpr double clearly_more = 1.001;  // times what the bound is foretold to fall by
constexpr double whole_lose = 0.05;     // about so much of a sample each beside real ones

}  // namespace

PassSums Choices::real_samples_at(const Prices& prices) {
    ++passes_;
    const PassPoint point{tau_, problem_.cycle_s(), prices};
    return real_pass(problem_, boxes_.real(tau_), point, pool_, real_chunks_);
}

std::optional<PassSums> Choices::bound_by_reals(const Prices& prices) {
    const PassPoint point{tau_, problem_.cycle_s(), prices};
    auto sums = bound_pass(problem_, boxes_.real(tau_), point, pool_, real_chunks_);
    if (sums) ++passes_;
    return sums;
}

Lowest::Outcome Lowest::refute_by_reals(Bid& bid) {
    const Problem& problem = choices_.problem();
    if (!goal_.whole || needed() > 0 || some_switch() || !choices_.tells_steps()) {
        return Outcome::open;
    }
    const Budgets budgets{problem.cycle_s(), problem.bandwidth_hz(), problem.power_w()};
    PassPoint point{choices_.tau(), problem.cycle_s(), bid.prices};
    const auto bound_of = [&](const PassSums& sums) {
        return point.prices.lambda * budgets.bandwidth_hz + point.prices.mu * budgets.power_w +
               sums.value;
    };
    const auto proved = [&](const PassSums& sums, double error) {
        bid.prices = end_ = point.prices;
        best_.value = bound_of(sums);
        best_.error = error;
        return Outcome::proved;
    };
    const double little = whole_lose * static_cast<double>(problem.size());
    for (int pass = 0; pass < most_passes && point.prices.usable(); ++pass) {
        // In a third of the time, without derivatives, where all have the same bounds.
        const auto roughly = choices_.bound_by_reals(point.prices);
        if (pool_.stop().requested()) return Outcome::stopped;
        if (roughly && rough_proof_of(problem, point, *roughly)) {
            return proved(*roughly, rough_proof_error(problem, point, *roughly));
        }
        if (roughly && bound_of(*roughly) - problem.samples_real() < little) {
            bid.prices = point.prices;
            break;
        }
        const PassSums sums = choices_.real_samples_at(point.prices);
        if (pool_.stop().requested()) return Outcome::stopped;
        if (sums.impossible > 0) break;
        if (proof_of(problem, point, sums)) return proved(sums, proof_error(problem, point, sums));
        const double bound = bound_of(sums);
        const PriceStep step = price_step(point.prices, sums, budgets);
        const double slope_x = budgets.bandwidth_hz - sums.bandwidth;
        const double slope_y = budgets.power_w - sums.power;
        const Prices from = point.prices;
        step.take(point.prices);
        // Bounds are convex in prices: none falls by more than its slopes say. Near by half of it.
        const double steepest =
            slope_x * (from.lambda - point.prices.lambda) + slope_y * (from.mu - point.prices.mu);
        const double fall = step.length() < near_by ? clearly_more * step.drop : steepest;
        if (!(bound - fall < problem.samples_real())) break;
    }
    return Outcome::open;
}

}  // namespace mel
