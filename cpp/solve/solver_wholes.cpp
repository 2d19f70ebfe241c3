// Many learners of whom each takes few samples: real ones say too much, and whole ones are asked as
// whoever chooses asks who takes part (select/), with a look or two.
#include <utility>

#include "learner/pacing.hpp"
#include "mel/selection.hpp"
#include "solve/solver.hpp"

namespace mel {
Decision Solver::by_wholes(double tau, Prices start) {
    // Whole blocks are no question of a few looks.
    const bool many = problem_.size() > most_for_thorough_search && problem_.block_hz() == 0;
    if (!many || paces(problem_) || settings_.scheme != Scheme::joint) return {};
    Settings settings = settings_;
    tell_part(settings);
    settings.start = start.usable() ? std::optional(Start{tau, start}) : std::nullopt;
    SelectionGoal goal;
    goal.whole = true;
    goal.depth = Depth::plan;
    Selection found = select(problem_, static_cast<std::int64_t>(tau), goal, settings);
    taker_passes_ += found.passes;
    if (stop_.check()) return Decision::Stopped{};
    tell({tau, found.bound});
    if (!found.samples.empty()) {
        wholes_first_ = true;
        if (found.end.usable()) prices_ = found.end;
        return Allocation{std::move(found.samples), std::move(found.bandwidth_hz),
                          std::move(found.power_w), std::move(found.blocks)};
    }
    if (!found.refuted || found.tree.size() != 1) return {};
    const SelectionNode& leaf = found.tree.front();
    const Prices prices{leaf.prices.lambda / leaf.per_sample, leaf.prices.mu / leaf.per_sample};
    Decision proved = by_known_prices(tau, prices);
    wholes_first_ = wholes_first_ || proved.refutation();
    if (proved.refutation()) prices_ = prices;
    return proved;
}

}  // namespace mel
