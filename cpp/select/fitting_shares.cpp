// Whether a split fits, and what everybody is then given.
#include <algorithm>
#include <cmath>

#include "select/fitting.hpp"

namespace mel {

bool Fitting::all_served(const std::vector<double>& samples) const {
    if (choices_.problem().excused()) return true;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] == 0 && choices_.may_rest(k)) return false;
    }
    return true;
}

// Who sits out of a problem whose idle learners are served is no learner of it.
std::vector<std::size_t> Fitting::present(const std::vector<double>& samples) const {
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] > 0 || !choices_.may_rest(k)) who.push_back(k);
    }
    return who;
}

namespace {

std::vector<double> gathered(const std::vector<double>& from, std::span<const std::size_t> who) {
    std::vector<double> to((who.size() + group - 1) / group * group, 0.0);
    for (std::size_t i = 0; i < who.size(); ++i) to[i] = from[who[i]];
    return to;
}

// Whether a split fits, the load where it does not, and what is allotted where that is asked for.
bool fill(const Problem& problem, Pool& pool, double tau, const std::vector<double>& samples,
          double& ratio, double& load, Allocation* plan, Spare spare) {
    const double cycle = problem.cycle_s();
    const TimedSplit split{tau, cycle, samples};
    load = 1.001;
    if (plan) {
        plan->bandwidth_hz.resize(problem.size());
        plan->power_w.resize(problem.size());
        if (problem.block_hz() > 0) plan->blocks.resize(problem.size());
    }
    if (problem.block_hz() > 0) {
        BlockFilling filling(problem, pool);
        if (filling.fill(split, ratio) != BlockFilling::Outcome::fits) return false;
        if (!plan) return true;
        for (const bool early : {spare == Spare::time, false}) {
            const double finish = early ? filling.shortest_cycle(split, cycle) : cycle;
            if (finish <= cycle && filling.allocate(split.within(finish), plan->blocks,
                                                    {plan->bandwidth_hz, plan->power_w})) {
                return true;
            }
        }
        return false;
    }
    WaterFilling filling(problem, pool);
    if (filling.fill(split, ratio) != WaterFilling::Outcome::fits) {
        // At this ratio of the prices so much more than the budgets is needed at least.
        const FillSums sums = filling.at(split, ratio).sums;
        load = (sums.bandwidth + ratio * sums.power) /
               (problem.bandwidth_hz() + ratio * problem.power_w());
        if (!(sums.impossible == 0 && std::isfinite(load))) load = 1.5;
        return false;
    }
    if (!plan) return true;
    const Shares shares{plan->bandwidth_hz, plan->power_w};
    const auto allocated = [&](const WaterFilling::Finish& finish) {
        return finish.cycle_s <= cycle && filling.allocate(split, finish, shares);
    };
    if (spare == Spare::time) {
        auto finish = filling.shortest_cycle(split, ratio, cycle);
        if (allocated(finish)) return true;
        if (finish.foreseen) {
            finish = filling.at(split.within(finish.cycle_s), finish.ratio);
            if (allocated(finish)) return true;
        }
    }
    return allocated(filling.at(split, ratio));
}

}  // namespace

double Fitting::most_alone(std::size_t k) const {
    const Problem& problem = choices_.problem();
    if (problem.returns_nothing()) return choices_.sure(k);  // in exact arithmetic
    Demand demand = demand_of(problem, k, choices_.tau(), problem.cycle_s());
    demand.budget_s -= slack_guard(problem.cycle_s());
    return largest_allowed(demand, choices_.sure(k));
}

bool Fitting::fits_alone(const std::vector<double>& samples) const {
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] == 0 && choices_.may_rest(k)) continue;
        if (samples[k] < choices_.least(k) || samples[k] > most_alone(k)) return false;
    }
    return true;
}

bool Fitting::fits(const std::vector<double>& samples) {
    if (choices_.problem().sends_nothing()) return fits_alone(samples);
    const double tau = choices_.tau();
    if (all_served(samples)) {
        std::vector<double> padded = samples;
        padded.resize((samples.size() + group - 1) / group * group, 0.0);
        return fill(choices_.problem(), pool_, tau, padded, ratio_, load_, nullptr, Spare::none);
    }
    const std::vector<std::size_t> who = present(samples);
    if (who.empty()) return true;
    const Problem part = choices_.problem().taken(who);
    return fill(part, pool_, tau, gathered(samples, who), ratio_, load_, nullptr, Spare::none);
}

std::optional<Allocation> Fitting::allocate(const std::vector<double>& samples, Spare spare,
                                            Pool& pool) {
    const double tau = choices_.tau();
    const std::size_t n = samples.size();
    Allocation plan;
    if (choices_.problem().sends_nothing()) {
        if (!fits_alone(samples)) return {};
        plan.bandwidth_hz.assign(n, 0.0);
        plan.power_w.assign(n, 0.0);
        if (choices_.problem().block_hz() > 0) plan.blocks.assign(n, 0);
    } else if (all_served(samples)) {
        std::vector<double> padded = samples;
        padded.resize((n + group - 1) / group * group, 0.0);
        if (!fill(choices_.problem(), pool, tau, padded, ratio_, load_, &plan, spare)) return {};
    } else {
        const std::vector<std::size_t> who = present(samples);
        Allocation some;
        if (!who.empty()) {
            const Problem part = choices_.problem().taken(who);
            if (!fill(part, pool, tau, gathered(samples, who), ratio_, load_, &some, spare))
                return {};
        }
        const auto spread = [&](const auto& from, auto& to) {
            to.assign(n, 0);
            for (std::size_t i = 0; i < who.size(); ++i) to[who[i]] = from[i];
        };
        spread(some.bandwidth_hz, plan.bandwidth_hz);
        spread(some.power_w, plan.power_w);
        if (choices_.problem().block_hz() > 0) spread(some.blocks, plan.blocks);
    }
    plan.samples.resize(n);
    for (std::size_t k = 0; k < n; ++k) plan.samples[k] = static_cast<std::int64_t>(samples[k]);
    return plan;
}

}  // namespace mel
