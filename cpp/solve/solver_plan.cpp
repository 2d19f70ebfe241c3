#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/chunks.hpp"
#include "model/computing.hpp"
#include "solve/solver.hpp"

namespace mel {
namespace {
constexpr double far_off = 0.1;  // of D: reals that many single samples would have to make up for
constexpr double infinity = std::numeric_limits<double>::infinity();
}  // namespace

// The reals in real_, with their sums by chunk in totals_, become integers that sum to D.
bool Solver::round_reals(double tau, Prices prices, double aim_s) {
    const Box box = boxes_.sure(tau);
    const double cycle = problem_.cycle_s();
    const double total = whole_samples_.carry(box, {tau, cycle, aim_s}, totals_, real_);
    if (stop_.requested()) return false;
    // Beyond 2^53 a total may have been rounded; repair() counts exactly.
    if (total == problem_.samples_real() && total < largest_count) return true;
    // At a cap the shorter cycle that the reals were for is what makes a sample dear.
    const bool caps = problem_.limits() && problem_.limits()->caps();
    if (caps && whole_samples_.repair(box, {tau, aim_s, prices}, real_)) return true;
    return whole_samples_.repair(box, {tau, cycle, prices}, real_);
}

// The continuous optimum in the shortest cycle, rounded: nearly always a plan when there is
// one.
Decision Solver::by_rounding(double tau) {
    PassPoint point{tau, problem_.cycle_s(), prices_};
    const std::size_t few = stride_of(searched_learners);
    // With energies of their own learners stand where both limits hold, whatever the prices: then
    // the steps are not Newton's, and the split is made whole from wherever they end.
    const bool energies = problem_.limits() && problem_.limits()->battery();
    if (few > 1 && !switching_point_.find_cycle(point, 1e-6, 16, few) && smooth_ && !energies) {
        smooth_ = false;
        return {};
    }
    // After a sample, one step over many more: the split is good to the square of what is left.
    const bool converged =
        switching_point_.find_cycle(point, few > 1 ? 1e-3 : 1e-6, 16, stride_of(stepped_learners));
    if (stop_.requested() || !std::isfinite(point.cycle_s)) return {};
    if (converged && point.cycle_s > problem_.cycle_s() * (1 + 1e-4)) return {};
    point.cycle_s = std::min(point.cycle_s, problem_.cycle_s());
    real_.resize(problem_.size());
    real_samples(problem_, boxes_.real(tau), point, pool_, real_, totals_);
    if (stop_.requested()) return {};
    if (few > 1 && smooth_ && !energies) {
        // Where responses jump, or stand at their bounds, the prices found may be any.
        double total = 0;
        for (const double part : totals_) total += part;
        smooth_ = std::fabs(total - problem_.samples_real()) < far_off * problem_.samples_real();
        if (!smooth_) return {};
    }
    if (!round_reals(tau, point.prices, point.cycle_s)) return {};
    Plan plan = allocate(tau, point.prices.mu / point.prices.lambda, point.cycle_s);
    if (plan) prices_ = point.prices;
    return decided(std::move(plan));
}

// A learner that can not take its share of resource_only was passed over by the real responses.
bool Solver::within_box(double tau) {
    const Box box = boxes_.sure(tau);
    if (!box.lower && box.uniform.lower == 0) return true;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        if (!(real_[k] >= box.low(k) && real_[k] <= box.high(k))) return false;
    }
    return true;
}

// Shares the slack out by finishing as early as the split allows, then lets the proof's eyes
// look at the numbers.
Solver::Plan Solver::allocate(double tau, double ratio, double guess_s) {
    if (!within_box(tau)) return {};
    if (problem_.block_hz() > 0) return allocate_blocks(tau, ratio, guess_s);
    const double cycle = problem_.cycle_s();
    const TimedSplit split{tau, cycle, real_};
    WaterFilling::Finish finish{infinity, ratio, {}, false};
    if (settings_.spare == Spare::time) {
        finish = filling_.shortest_cycle(split, ratio, guess_s);
    }
    if (stop_.requested()) return {};
    draft_.bandwidth_hz.resize(problem_.size());
    draft_.power_w.resize(problem_.size());
    const Shares shares{draft_.bandwidth_hz, draft_.power_w};
    const auto allocated = [&] {
        return finish.cycle_s <= cycle && filling_.allocate(split, finish, shares);
    };
    bool kept = allocated();
    if (!kept && finish.foreseen && !stop_.requested()) {
        finish = filling_.at(split.within(finish.cycle_s), finish.ratio);
        kept = allocated();
    }
    if (!kept) {
        // A hair's breadth: the whole cycle, at the ratio that just fits.
        if (filling_.fill(split, ratio) != WaterFilling::Outcome::fits) return {};
        finish = filling_.at(split, ratio);
        if (!filling_.allocate(split, finish, shares)) return {};
    }
    return written();
}

// The same with whole blocks: given out for the shortest cycle that bandwidth at will would need,
// then kept while that gets as long as they need. Only if that is too long, for the whole cycle.
Solver::Plan Solver::allocate_blocks(double tau, double ratio, double guess_s) {
    const double cycle = problem_.cycle_s();
    const TimedSplit split{tau, cycle, real_};
    const bool many = problem_.size() > most_for_thorough_search;
    const auto keep = [&](double finish_s) -> Plan {
        draft_.bandwidth_hz.resize(problem_.size());
        draft_.power_w.resize(problem_.size());
        draft_.blocks.resize(problem_.size());
        if (!(finish_s <= cycle) ||
            !block_filling_.allocate(split.within(finish_s), draft_.blocks,
                                     {draft_.bandwidth_hz, draft_.power_w})) {
            return {};
        }
        return written();
    };
    for (const double aim : {guess_s, cycle}) {
        if (!(aim < cycle) && block_filling_.fill(split, ratio) != BlockFilling::Outcome::fits) {
            return {};
        }
        if (aim < cycle && !(many ? block_filling_.share_out(split.within(aim), ratio)
                                  : block_filling_.give_out(split.within(aim), ratio))) {
            continue;
        }
        const bool spare = settings_.spare == Spare::time;
        const double start = std::min(aim, cycle);
        if (Plan plan = keep(spare ? block_filling_.shortest_cycle(split, start) : cycle)) {
            return plan;
        }
        if (stop_.requested()) return {};
    }
    return keep(cycle);
}

// The samples of real_ with what was just allocated to them.
Solver::Plan Solver::written() {
    draft_.samples.resize(problem_.size());
    for_each_learner(pool_, problem_.size(), [&](std::size_t k) {
        draft_.samples[k] = static_cast<std::int64_t>(real_[k]);
    });
    return std::move(draft_);
}

Decision Solver::decided(Plan plan) const {
    if (plan) return std::move(*plan);
    return stop_.requested() ? Decision(Decision::Stopped{}) : Decision();
}

// Computing alone: fill learners up to what fits, which is exact.
Decision Solver::by_computing_alone(double tau) {
    const Box box = boxes_.sure(tau);
    real_.resize(problem_.size());
    double left = problem_.samples_real();
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        real_[k] = box.low(k);
        left -= real_[k];
    }
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double upper = std::min(box.high(k), real_[k] + left);
        double most = 0;
        if (problem_.returns_nothing()) {
            most = largest_computed(problem_, k, tau, upper);
        } else {
            Demand demand = demand_of(problem_, k, tau, problem_.cycle_s());
            demand.budget_s -= slack_guard(problem_.cycle_s());
            most = largest_allowed(demand, upper);
            if (problem_.excused()) most = std::max(most, 0.0);
        }
        if (most < real_[k]) return {};
        left -= most - real_[k];
        real_[k] = most;
    }
    if (left > 0) return {};
    draft_.bandwidth_hz.assign(problem_.size(), 0.0);
    draft_.power_w.assign(problem_.size(), 0.0);
    if (problem_.block_hz() > 0) draft_.blocks.assign(problem_.size(), 0);
    return decided(written());
}

}  // namespace mel
