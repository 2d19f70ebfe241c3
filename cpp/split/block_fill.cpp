#include "split/block_fill.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr int most_rounds = 5;       // of both prices,
constexpr int most_passes = 40;      // for that of a block
constexpr int most_looks = 64;       // and for that of power
constexpr double first_step = 1e-4;  // of the logarithm of a price
constexpr double wider = 4;
constexpr double a_tie = 1e-13;       // relative: prices between which nobody is told apart
constexpr double hardly_less = 1e-4;  // of the power of the round before

// Prices of which one is too low or too high, and one is on the right side of what is asked.
struct Ends {
    double low = 0, high = infinity;

    // Halves, on the scale of logarithms, or goes on with ever longer steps until there are both.
    // False where no double is left between.
    bool next(double& price) {
        if (low > 0 && high < infinity) {
            price = std::sqrt(low) * std::sqrt(high);
            return low < price && price < high && high - low > a_tie * high;
        }
        price *= std::exp(high < infinity ? -step : step);
        step *= wider;
        return price > 0 && price < infinity;
    }

  private:
    double step = first_step;
};

}  // namespace

double BlockFill::taken_at(double lambda) {
    const PassPoint point{at_.tau, at_.cycle_s, {lambda, at_.prices.mu}};
    looked_at_.resize(problem_.size());
    const SplitSums sums = exact_pass(problem_, box_, point, pool_, chunks_, looked_at_);
    ++passes_;
    if (stopped() || sums.impossible > 0) return infinity;
    return std::round(sums.bandwidth.value() / problem_.block_hz());
}

// The cheapest block at which no more than so many are taken: of those who tie none takes any.
bool BlockFill::hand_out(double blocks) {
    Ends ends;
    double lambda = at_.prices.lambda;
    for (int pass = 0; pass < most_passes; ++pass) {
        const double count = taken_at(lambda);
        if (stopped()) return false;
        (count <= blocks ? ends.high : ends.low) = lambda;
        if (count <= blocks) now_ = looked_at_;
        if (count == blocks || !ends.next(lambda)) break;
    }
    if (ends.high < infinity) at_.prices.lambda = ends.high;
    return ends.high < infinity;
}

bool BlockFill::hold(double blocks) {
    holders_.clear();
    CompensatedSum of_others;
    double taken = 0;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const bool rests = now_[k] == 0 && problem_.excused() && box_.low(k) <= 0;
        const Demand demand = demand_of(problem_, k, at_);
        const double rate = rests ? 0 : demand.rate(now_[k]);
        if (!(rate > 0)) {
            of_others.add(now_[k]);
            continue;
        }
        const BlockLink link = block_link(problem_, k);
        const double n = link.best(rate, at_.prices);
        const double low = std::max(box_.low(k), problem_.excused() ? 1.0 : 0.0);
        const double carried = std::floor(most_carried(link, demand, n));
        const double high = std::min(largest_allowed(demand, box_.high(k)), std::max(carried, low));
        if (!(n >= 1) || !(low <= high)) return false;
        holders_.push_back({k, link, demand, n, low, high});
        taken += n;
    }
    of_others_ = of_others.value();
    return taken <= blocks;
}

double BlockFill::held_by(const Holder& holder, double mu) const {
    const Prices prices{at_.prices.lambda, mu};
    const double best = stationary_samples(holder.link, holder.demand, holder.blocks, prices);
    // A share of a sample less than nothing may be no number.
    return best > holder.low ? std::min(std::floor(best), holder.high) : holder.low;
}

double BlockFill::held_at(double mu) const {
    double sum = of_others_;
    for (const Holder& holder : holders_) sum += held_by(holder, mu);
    return sum;
}

// Power as dear as it may be where they hold D, and a few more, which are left again.
bool BlockFill::fill() {
    const double asked = problem_.samples_real();
    Ends ends;
    double mu = at_.prices.mu;
    double surplus = 0;
    for (int look = 0; look < most_looks; ++look) {
        const double over = held_at(mu) - asked;
        if (stopped()) return false;
        (over >= 0 ? ends.low : ends.high) = mu;
        if (over >= 0) surplus = over;
        if (over >= 0 && over <= static_cast<double>(holders_.size())) break;
        if (!ends.next(mu)) break;
    }
    const double enough = ends.low;
    if (!(enough > 0)) return false;
    for (const Holder& holder : holders_) now_[holder.learner] = held_by(holder, enough);
    const double each = std::ceil(surplus / static_cast<double>(holders_.size()));
    for (const Holder& holder : holders_) {
        const double less = std::min({surplus, each, now_[holder.learner] - holder.low});
        now_[holder.learner] -= less;
        surplus -= less;
    }
    at_.prices.mu = enough;
    return surplus <= 0;
}

double BlockFill::power() const {
    CompensatedSum sum;
    for (const Holder& holder : holders_) {
        const double rate = holder.demand.rate(now_[holder.learner]);
        sum.add(holder.link.power({.rate = rate, .blocks = holder.blocks}));
    }
    return sum.value();
}

bool BlockFill::find(Budgets within) {
    power_w_ = infinity;
    for (int round = 0; round < most_rounds; ++round) {
        if (!at_.prices.usable() || !hand_out(within.blocks) || !hold(within.blocks) || !fill())
            break;
        const double power_w = power();
        const bool goes_on = power_w > within.power_w && power_w < power_w_ * (1 - hardly_less);
        if (power_w < power_w_) {
            power_w_ = power_w;
            samples_ = now_;
            blocks_.assign(problem_.size(), 0);
            for (const Holder& holder : holders_) blocks_[holder.learner] = holder.blocks;
        }
        if (!goes_on) break;
    }
    return power_w_ < infinity;
}

}  // namespace mel
