#include "select/choices.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "learner/capped.hpp"
#include "learner/resource_blocks.hpp"
#include "model/computing.hpp"

namespace mel {
namespace {

// To whole groups, of which those beyond the learners are set.
void set_size(Numbers& column, std::size_t learners) {
    column.resize(padded_to_groups(learners));
    std::fill(column.begin() + static_cast<std::ptrdiff_t>(learners), column.end(), 0.0);
}
}  // namespace

void ChoiceSums::add(const ChoiceSums& o) {
    value.add(o.value);
    cost += o.cost;
    bandwidth += o.bandwidth;
    power += o.power;
    takers += o.takers;
    size += o.size;
    condition += o.condition;
    impossible += o.impossible;
}
void ChoiceSums::add(const ChoiceSums& o, double share) {
    value.add(share * o.value.value());
    cost += share * o.cost;
    bandwidth += share * o.bandwidth;
    power += share * o.power;
    takers += share * o.takers;
    size += share * o.size;
    condition += share * o.condition;
    impossible += share * o.impossible;
}

Choices::Choices(const Problem& problem, Pool& pool, double tau, const SelectionGoal& goal)
    : problem_(problem),
      pool_(pool),
      tau_(tau),
      goal_(goal),
      weight_(goal.of == Worth::weight ? goal.weight : std::span<const double>()),
      boxes_(problem, pool, scheme_box(problem, Scheme::joint)),
      whole_(boxes_.whole(tau)),
      sure_(boxes_.sure(tau)),
      scratch_(problem.size()) {
    const LearnerLimits* limits = problem.limits();
    const std::size_t n = problem.size();
    if (problem.returns_nothing()) {
        set_size(most_, n);
        for (std::size_t k = 0; k < n; ++k) {
            most_[k] = largest_computed(problem, k, {.tau = tau, .samples = whole_.high(k)});
        }
        whole_.upper = most_;
    }
    // Where everybody with a sample is sent something, rates are all that is looked at.
    const bool some_only_compute = problem.payload_differs() && !(problem.fewest_bits_sent() > 0);
    if (problem.returns_nothing() || some_only_compute) {
        kept_.resize(n);
        for (std::size_t k = 0; k < n; ++k) kept_[k] = surely_kept(k);
        sure_.upper = kept_;
    }
    const bool optional = limits && !limits->optional.empty();
    // One number for all is no column where bounds are none.
    const bool same = limits && limits->same_bounds && !optional && whole_.lower.empty();
    const bool minima = limits && !limits->min_samples.empty() && !same;
    plain_ = goal.of == Worth::samples && !optional;
    if (!weight_.empty()) {
        weights_.assign(padded_to_groups(n), 1.0);
        std::copy(weight_.begin(), weight_.end(), weights_.begin());
    }
    const double all_low = same ? whole_.uniform.lower : 0;
    all_rest_ = problem.excused() && !(all_low > 0);
    all_least_ = std::max(all_low, all_rest_ ? 1.0 : 0.0);
    nobody_rests_ = !all_rest_;
    everybody_rests_ = all_rest_;
    least_of_fixed_ = static_cast<double>(n) * all_low;
    if (!optional && !minima) return;
    least_of_fixed_ = 0;
    set_size(rest_, n);
    set_size(least_, n);
    const double excused = problem.excused() ? 1 : 0;
    const double* low = minima ? limits->min_samples.data() : nullptr;
    const double* free = optional ? limits->optional.data() : nullptr;
    double alike = 0, resting = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const double least = low ? low[k] : 0;
        const double rests = std::max(least == 0 ? excused : 0.0, free ? free[k] : 0.0);
        rest_[k] = rests;
        least_[k] = std::max(least, rests);
        alike += least_[k] == whole_.high(k) ? 1 : 0;
        resting += rests;
        least_of_fixed_ += (1 - rests) * least;
    }
    const auto all = static_cast<double>(n);
    nobody_rests_ = resting == 0;
    everybody_rests_ = resting == all;
    all_or_nothing_ = optional && 2 * alike > all;
}

// Among others to whom something is sent rates are all that is looked at; who needs none must
// surely be in time.
double Choices::surely_kept(std::size_t k) const {
    const double high = std::min(whole_.high(k), sure_.high(k));
    Demand demand = demand_of(problem_, k, tau_);
    if (problem_.sends_nothing() || demand.alpha > 0 || demand.beta > 0) return high;
    demand.budget_s -= slack_guard(problem_.cycle_s());
    return std::max(largest_allowed(demand, high), 0.0);
}

double Choices::least_worth() const {
    if (goal_.of == Worth::learners) return 1;
    const double* least = least_column();
    const double* weight = weight_.empty() ? nullptr : weight_.data();
    if (!least && !weight) return std::max(all_least_, 1.0);
    const double all_least = std::max(all_least_, 1.0);
    double part[4] = {infinity, infinity, infinity, infinity};
    const auto take = [&](std::size_t k, double& worth) {
        const double d = least ? std::max(least[k], 1.0) : all_least;
        const double own = weight ? weight[k] * d : d;
        worth = own < worth ? own : worth;
    };
    const std::size_t n = size();
    std::size_t k = 0;
    for (; k + 4 <= n; k += 4) {
        for (std::size_t i = 0; i < 4; ++i) take(k + i, part[i]);
    }
    for (; k < n; ++k) take(k, part[0]);
    return std::min(std::min(part[0], part[1]), std::min(part[2], part[3]));
}

bool Choices::twins(std::size_t i, std::size_t j) const {
    const auto twin = problem_.twins();
    return !twin.empty() && twin[i] == twin[j] && weight(i) == weight(j);
}

Choices::Found Choices::taking_part(std::size_t k, const Bid& bid, Interval within) const {
    const auto [low, high] = within;
    Found found{};
    if (!(high >= low)) return found;
    const double s = bid.per_sample * weight(k);
    Box box;
    PassPoint at{tau_, problem_.cycle_s(), bid.prices};
    if (s > 0) {
        at.prices = {bid.prices.lambda / s, bid.prices.mu / s};
        box.uniform = {low, high};
    } else {
        box.uniform = {low, low};
    }
    const double scale = s > 0 ? s : 1;
    const SplitSums sums = exact_learners(problem_, box, at, {k, k + 1}, scratch_);
    if (sums.impossible > 0) return found;
    const double cost = sums.cost.value();
    const double net = sums.samples.value() - cost + sums.overlooked;
    found.net = (s > 0 ? s * net : net - low) + (low > 0 ? bid.per_learner : 0);
    found.samples = s > 0 ? sums.samples.value() : low;
    found.bandwidth = sums.bandwidth.value();
    found.power = sums.power.value();
    found.cost = scale * cost;
    found.condition = scale * sums.condition;
    found.possible = true;
    return found;
}

Choices::Use Choices::use_of(std::size_t k, const Bid& bid, Interval box) const {
    const Found found = taking_part(k, bid, box);
    return {found.bandwidth, found.power};
}

double Choices::part(std::size_t k, const Bid& bid, Interval box) const {
    const Found found =
        taking_part(k, bid, {std::max({least(k), box.lower, 1.0}), std::min(most(k), box.upper)});
    return found.possible ? found.samples : -1;
}

void Choices::add(std::size_t k, const Bid& bid, Interval box, ChoiceSums& sums,
                  const Picks& picks) const {
    const Chosen chosen = choose(k, bid, box, sums);
    picks.samples[k] = chosen.samples;
    if (!picks.preference.empty()) picks.preference[k] = chosen.preference;
    if (!picks.step.empty()) picks.step[k] = infinity;
    if (!picks.switching.empty()) picks.switching[k] = std::fabs(chosen.preference);
}

Choices::Chosen Choices::choose(std::size_t k, const Bid& bid, Interval box,
                                ChoiceSums& sums) const {
    const bool rests = may_rest(k) && box.lower <= 0;
    const double fewest = std::max(least(k), box.lower);
    const double most = std::min(this->most(k), box.upper);
    // A served learner without samples is a choice of its own where taking part has a value.
    const bool bare = !rests && fewest <= 0 && (bid.per_learner != 0 || bid.per_sample == 0);
    Found none{};
    if (rests) none.possible = true;
    if (bare && most >= 0) none = taking_part(k, bid, {0, 0});
    const Found some = taking_part(k, bid, {bare ? 1 : fewest, most});
    const double preference = !some.possible  ? -infinity
                              : none.possible ? some.net - none.net
                                              : infinity;
    if (!none.possible && !some.possible) {
        sums.impossible += 1;
        return {0, preference};
    }
    const bool takes = some.possible && (!none.possible || some.net > none.net);
    const Found& best = takes ? some : none;
    const double s = bid.per_sample * weight(k);
    sums.value.add(best.net);
    sums.cost += best.cost;
    sums.bandwidth += best.bandwidth;
    sums.power += best.power;
    sums.condition += best.condition;
    const double worth = s * best.samples + std::fabs(bid.per_learner);
    sums.size += worth + best.cost;
    if (best.samples > 0) sums.takers += 1;
    if (none.possible && some.possible) {
        const Found& other = takes ? none : some;
        const double size = s * other.samples + std::fabs(bid.per_learner) + other.cost;
        const double off_s = slack_guard(problem_.cycle_s());
        if (best.net - other.net <= std::max(nearly_as_good * size, off_s * other.condition)) {
            sums.size += size;
            sums.condition += other.condition;
        }
    }
    return {best.samples, preference};
}

ChoiceSums Choices::look(const Bid& bid, const Cell* cell, const Picks& picks) {
    ++passes_;
    const std::size_t n = size();
    const bool lanes = only_rates(problem_);
    if (plain_ && !lanes && !cell && picks.preference.empty() && bid.per_sample == 1 &&
        bid.per_learner == 0) {
        Box box = whole_;
        const SplitSums split = exact_pass(problem_, box, {tau_, problem_.cycle_s(), bid.prices},
                                           pool_, split_chunks_, picks.samples.first(n));
        ChoiceSums sums;
        sums.value.add(split.samples);
        sums.value.add(-split.cost.value());
        sums.value.add(split.overlooked);
        sums.cost = split.cost.value();
        sums.bandwidth = split.bandwidth.value();
        sums.power = split.power.value();
        sums.size = split.samples.value() + split.cost.value();
        sums.condition = split.condition;
        sums.impossible = split.impossible;
        for (const auto none : {picks.step, picks.switching}) {
            std::fill(none.begin(), none.end(), infinity);
        }
        return sums;
    }
    if (lanes) return look_in_lanes(bid, cell, picks);
    return sum_over_chunks(pool_, n, chunks_, [&](std::size_t first, std::size_t last) {
        ChoiceSums sums;
        for (std::size_t k = first; k < last; ++k) add(k, bid, within(cell, k), sums, picks);
        return sums;
    });
}

ChoiceInput Choices::input(const Bid& bid, const Cell* cell) {
    ChoiceInput in{.weight = weights_.empty() ? nullptr : weights_.data(),
                   .low = least_.empty() ? nullptr : least_.data(),
                   .high = whole_.upper.data(),
                   .rests = rest_.empty() ? nullptr : rest_.data(),
                   .box = {all_least_, whole_.uniform.upper},
                   .all_rest = all_rest_,
                   .counts = bid.per_learner != 0 || bid.per_sample == 0,
                   .per_sample = bid.per_sample,
                   .per_learner = bid.per_learner};
    if (!cell) return in;
    const std::size_t n = size();
    for (auto* column : {&cell_low_, &cell_high_, &cell_rest_}) set_size(*column, n);
    for (std::size_t k = 0; k < n; ++k) {
        cell_low_[k] = std::max(least(k), cell->low[k]);
        cell_high_[k] = std::min(most(k), cell->high[k]);
        cell_rest_[k] = may_rest(k) && cell->low[k] <= 0 ? 1 : 0;
    }
    in.low = cell_low_.data();
    in.high = cell_high_.data();
    in.rests = cell_rest_.data();
    return in;
}

ChoiceSums Choices::sums_of(const ChoiceTotals& lanes) {
    ChoiceSums sums;
    sums.value.add(lanes.value);
    sums.cost = lanes.cost;
    sums.bandwidth = lanes.bandwidth;
    sums.power = lanes.power;
    sums.takers = lanes.takers;
    sums.size = lanes.size;
    sums.condition = lanes.condition;
    sums.impossible = lanes.impossible;
    return sums;
}

ChoiceSums Choices::look_in_lanes(const Bid& bid, const Cell* cell, const Picks& picks) {
    const ChoiceInput choice = input(bid, cell);
    const KernelInput in = kernel_input(problem_, whole_, {tau_, problem_.cycle_s(), bid.prices});
    const auto kernel = kernels_of(pool_).choice(problem_.law());
    return sum_over_chunks(pool_, size(), chunks_, [&](std::size_t first, std::size_t last) {
        const ChoiceTotals lanes = kernel(in, choice, {first, last}, picks);
        ChoiceSums sums = sums_of(lanes);
        double left = lanes.unsure;
        for (std::size_t k = first; k < last && left > 0; ++k) {
            if (picks.samples[k] >= 0) continue;
            left -= 1;
            add(k, bid, within(cell, k), sums, picks);
        }
        return sums;
    });
}

ChoiceSums Choices::look_roughly(const Bid& bid, const Picks& picks) {
    ++passes_;
    const ChoiceInput choice = input(bid, nullptr);
    const KernelInput in = kernel_input(problem_, whole_, {tau_, problem_.cycle_s(), bid.prices});
    const auto kernel = kernels_of(pool_).near_choice(problem_.law());
    return sum_over_chunks(pool_, size(), chunks_, [&](std::size_t first, std::size_t last) {
        return sums_of(kernel(in, choice, {first, last}, picks));
    });
}

ChoiceSums Choices::look_without_pool(const Bid& bid) const {
    ChoiceSums sums;
    for (std::size_t k = 0; k < size(); ++k) choose(k, bid, {0, infinity}, sums);
    return sums;
}

Choices::Bound Choices::bound(const Bid& bid, const ChoiceSums& sums) const {
    if (sums.impossible > 0) return {-infinity, 0};
    const double budget =
        bid.prices.lambda * problem_.bandwidth_hz() + bid.prices.mu * problem_.power_w();
    CompensatedSum value = sums.value;
    value.add(budget);
    const double error =
        rounding::whole_bound_in_lanes * (budget + sums.size + problem_.cycle_s() * sums.condition);
    return {value.value(), error};
}

// Single samples of the same learners are asked about again and again at the same prices.
double Choices::unit_cost(std::size_t k, Prices prices) {
    if (unit_cost_.empty() || prices.lambda != unit_prices_.lambda ||
        prices.mu != unit_prices_.mu) {
        unit_prices_ = prices;
        unit_cost_.assign(size(), 0.0);
    }
    if (unit_cost_[k] == 0) {
        unit_cost_[k] = density_unit(problem_.noise_over_gain()[k], prices).cost;
    }
    return unit_cost_[k];
}

double Choices::step_cost(std::size_t k, double d, Prices prices) {
    const Demand demand = demand_of(problem_, k, tau_);
    if (!only_rates(problem_) || !(d > 0) || !(demand.slack(d + 1) > 0)) {
        return cost(k, d + 1, prices) - cost(k, d, prices);
    }
    const double more = demand.shape / (demand.slack(d) * demand.slack(d + 1));
    if (problem_.law() == LinkLaw::density) return unit_cost(k, prices) * more;
    const double noise = problem_.noise_over_gain()[k];
    const double paid = prices.lambda * ln2;
    const double rate = demand.rate(d + 0.5);
    return paid / fixed_log_gain(std::log(paid * rate / (prices.mu * noise))) * more;
}

double Choices::cost(std::size_t k, double d, Prices prices) const {
    if (d == 0 && may_rest(k)) return 0;
    const Demand demand = demand_of(problem_, k, tau_);
    if (!demand.allows(d)) return infinity;
    if (problem_.block_hz() > 0) {
        return block_cost(block_link(problem_, k), demand, false, d, prices);
    }
    const LearnerLimits* limits = problem_.limits();
    const Link link = link_of(problem_, k);
    if (limits && limits->caps()) {
        const double rate = demand.rate(d);
        const Caps caps = caps_of(*limits, k);
        if (rate > caps.rate) return infinity;
        return buy_capped(link, prices, caps, rate).purchase.cost;
    }
    return cost_of(link, demand, false, d, prices).cost;
}

}  // namespace mel
