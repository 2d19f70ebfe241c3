// From the choices at a bid to a split that fits and is worth as much as can be.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/infinity.hpp"
#include "select/fitting.hpp"

namespace mel {
namespace {
constexpr int rounds = 10;           // of lowering what a split may cost
constexpr double over_first = 1e-3;  // of the budgets, by which less is asked in blocks,
constexpr int halves = 6;            // and as often of it given back
constexpr double some_steps = 4;     // samples of everybody that are taken away one by one
constexpr double dearer_by = 4;      // times, and
constexpr double dearest = 1e12;     // at most
constexpr int most_halves = 32;
}  // namespace

// What everybody would take, of what it has, if the budgets were so many times as dear.
Fitting::Lowered Fitting::dearer(const Bid& bid, const Cell* cell, double times) const {
    const Bid there{bid.prices, bid.per_sample / times, bid.per_learner / times};
    Lowered asked{samples_, 0, takers_, 0};
    struct Leaving {
        double gain, cost;
        std::size_t learner;
    };
    std::vector<Leaving> leaving;
    CompensatedSum sum;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
        double& d = asked.samples[k];
        if (d > 0) {
            const double best = choices_.part(k, there, {low(cell, k), d});
            if (best > 0) d = std::min(best, d);
        }
        const double cost = choices_.cost(k, d, bid.prices);
        sum.add(cost);
        if (d == 0 || !may_rest(cell, k)) continue;
        const double gain = value(there, k, d) - cost;
        if (gain < 0) leaving.push_back({gain, cost, k});
    }
    const double spare = std::max(takers_ - static_cast<double>(goal_.at_least), 0.0);
    if (static_cast<double>(leaving.size()) > spare) {
        const auto some = static_cast<std::ptrdiff_t>(spare);
        std::nth_element(leaving.begin(), leaving.begin() + some, leaving.end(),
                         [](const Leaving& a, const Leaving& b) { return a.gain < b.gain; });
        leaving.erase(leaving.begin() + some, leaving.end());
    }
    for (const Leaving& one : leaving) {
        asked.samples[one.learner] = 0;
        sum.add(-one.cost);
        asked.takers -= 1;
    }
    asked.cost = sum.value();
    for (const double d : asked.samples) asked.held += d;
    return asked;
}

// About how many single samples less bring that down to what may be spent, or held.
double Fitting::samples_above(const Bid& bid, const Lowered& at, const Most& most) const {
    const double more = at.held - most.samples;
    if (!(at.cost > most.cost)) return more;
    double each = 0, count = 0;
    for (std::size_t k = 0; k < at.samples.size(); ++k) {
        if (at.samples[k] < 2) continue;
        const double less = choices_.step_cost(k, at.samples[k] - 1, bid.prices);
        if (!std::isfinite(less)) continue;
        each += less;
        count += 1;
    }
    return each > 0 ? std::max(more, (at.cost - most.cost) * count / each) : more;
}

// Far too much goes from everybody at once, before single samples do: until hardly less is what may
// be spent, or held.
bool Fitting::lower_together(const Bid& bid, const Cell* cell, double& spent, const Most& most) {
    Lowered kept{samples_, spent, takers_, 0};
    for (const double d : samples_) kept.held += d;
    const double some = some_steps * static_cast<double>(samples_.size());
    if (!(samples_above(bid, kept, most) > some)) return false;
    double cheap = 1, dear = 0, least = -infinity;
    for (int half = 0; half < most_halves && !pool_.stop().check(); ++half) {
        const double times = dear > 0 ? std::sqrt(cheap * dear) : dearer_by * cheap;
        Lowered asked = dearer(bid, cell, times);
        if (asked.cost <= most.cost && asked.held <= most.samples) {
            dear = times;
            least = asked.held;
        } else {
            cheap = times;
            kept = std::move(asked);
        }
        if (kept.held - least <= some || cheap > dearest) break;
    }
    samples_ = std::move(kept.samples);
    spent = kept.cost;
    takers_ = kept.takers;
    return true;
}

double Fitting::raise(const Bid& bid, const Cell* cell, const Chosen& chosen,
                      const ChoiceSums& sums, const Wanted& wanted) {
    const auto& [picks, margins] = chosen;
    const Problem& problem = choices_.problem();
    const std::size_t n = picks.size();
    const double has =
        bid.prices.lambda * problem.bandwidth_hz() + bid.prices.mu * problem.power_w();
    double spent = sums.cost;
    if (!begin(bid, cell, chosen, spent)) return -1;
    bent_ = 0;
    torn_times_ = 1;
    choose_near(bid, cell, has - spent, margins);
    if (goal_.whole && !cell) shrink(bid, margins, spent);
    if (goal_.whole) top_up(bid, cell, margins, spent);
    // Participants are all worth the same: one for another gains nothing.
    const bool coarse = n <= most_for_thorough_search && choices_.steps_count();
    // More than D is of no use where just D is asked for.
    if (coarse && goal_.whole &&
        lower_together(bid, cell, spent, {infinity, problem.samples_real() - 0.5})) {
        shrunk_ = true;
    }
    double budget = has, over = 0;
    const bool blocks = problem.block_hz() > 0;
    for (int round = 0; round < rounds && !pool_.stop().check(); ++round) {
        if (coarse) lower_together(bid, cell, spent, {budget, infinity});
        lower(bid, cell, spent, budget);
        while (spent > budget && look_at_more(bid, cell, budget - spent, margins)) {
            lower(bid, cell, spent, budget);
        }
        const bool least_of_all = spent > budget;
        const bool enough = shrunk_ && worth(samples_) >= problem.samples_real();
        if (!least_of_all && !enough) {
            use_up(bid, cell, spent, budget);
            if (coarse) exchange(bid, cell, spent, budget);
        }
        const double value = worth(samples_);
        if (value <= wanted.least) return -1;
        spent_ = spent;
        budget_ = budget;
        if (wanted.asked == Ask::later) {
            foretell_fit(bid, sums);
            return value;
        }
        if (fits(samples_)) {
            if (blocks && round > 0)
                use_up_again(bid, cell, {.spent = spent, .budget = budget, .step = over * has});
            return worth(samples_);
        }
        if (least_of_all) return -1;
        // How much whole blocks take beyond shares of them no price says.
        over = blocks ? over_first * std::exp2(round) : std::clamp(load_ - 1, 1e-12, 0.5);
        budget = std::min(budget, spent * (1 - 1e-13)) - over * has;
    }
    return -1;
}

// From a split that fits, more by halves of what was taken from the budget last.
void Fitting::use_up_again(const Bid& bid, const Cell* cell, Spending at) {
    auto& [spent, budget, step] = at;
    Numbers kept = samples_;
    double of_kept = spent, takers = takers_;
    for (int half = 0; half < halves && !pool_.stop().check(); ++half) {
        step *= 0.5;
        use_up(bid, cell, spent, budget + step);
        if (worth(samples_) > worth(kept) && fits(samples_)) {
            kept = samples_;
            of_kept = spent;
            takers = takers_;
            budget += step;
            continue;
        }
        samples_ = kept;
        spent = of_kept;
        takers_ = takers;
    }
    spent_ = spent;
    budget_ = budget;
}

}  // namespace mel
