// A split of the learners that are here, and what they are given.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/chunks.hpp"
#include "solve/solver.hpp"

namespace mel {

double Solver::sum_of_reals() const {
    double total = 0;
    for (const double part : totals_) total += part;
    return total;
}

double Solver::draw(const PassPoint& point) {
    real_.resize(problem_.size());
    sweeps_.draw(point, real_, totals_);
    return sum_of_reals();
}

double Solver::deal(double tau, std::span<const MixturePart> parts) {
    real_.resize(problem_.size());
    draft_.bandwidth_hz.resize(problem_.size());
    mel::deal(problem_, boxes_.real(tau), {tau, problem_.cycle_s(), {}}, parts,
              {0, problem_.size()}, pool_, {real_, draft_.bandwidth_hz, totals_});
    return sum_of_reals();
}

double Solver::carry(const WholeSamples::Times& times) {
    return whole_samples_.carry(boxes_.sure(times.tau), times, totals_, real_);
}

bool Solver::repair(const PassPoint& at) {
    return whole_samples_.repair(boxes_.sure(at.tau), at, real_);
}

Shares Solver::shares() {
    draft_.bandwidth_hz.resize(problem_.size());
    draft_.power_w.resize(problem_.size());
    return {draft_.bandwidth_hz, draft_.power_w};
}

// A learner that can not take its share of resource_only was passed over by the real responses.
bool Solver::within_box(double tau) {
    const Box box = boxes_.sure(tau);
    if (box.lower.empty() && box.uniform.lower == 0) return true;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        if (!(real_[k] >= box.low(k) && real_[k] <= box.high(k))) return false;
    }
    return true;
}

// The same with whole blocks: given out for the shortest cycle that bandwidth at will would need,
// then kept while that gets as long as they need. Only if that is too long, for the whole cycle.
Solver::Plan Solver::allocate_blocks(double tau, Begin begin) {
    const double cycle = problem_.cycle_s();
    const TimedSplit split{tau, cycle, real_};
    double ratio = begin.ratio;
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
    for (const double aim : {begin.finish_s, cycle}) {
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
    for_each_learner(pool_, problem_.size(), [real = real_](std::size_t k) { real.make_whole(k); });
    return std::move(draft_);
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
        const double high = std::min(box.high(k), real_[k] + left);
        const double most = most_unsent(problem_, k, {.tau = tau, .samples = high});
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
