// Whether a split fits, and what everybody is then given.
#include <algorithm>
#include <cmath>

#include "select/fitting.hpp"
#include "select/last_learners.hpp"
#include "split/budget_step.hpp"

namespace mel {

bool Fitting::all_served(const Numbers& samples) const {
    if (choices_.problem().excused() || choices_.nobody_rests()) return true;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] == 0 && choices_.may_rest(k)) return false;
    }
    return true;
}

// Who sits out of a problem whose idle learners are served is no learner of it.
std::vector<std::size_t> Fitting::present(const Numbers& samples) const {
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] > 0 || !choices_.may_rest(k)) who.push_back(k);
    }
    return who;
}

namespace {

constexpr int most_steps = 12;
constexpr double near_enough = 0.02;
constexpr std::size_t very_many = 65'536;  // learners, of whom few are looked at mostly:
constexpr int most_steps_of_few = 60;
constexpr double near_enough_of_few = 1e-4;
constexpr int most_looks_at_all = 4;
constexpr double nearly_all = 1 - 1e-6;  // of a budget
constexpr std::size_t told_by = 16'384;  // learners, what all take at another ratio,
constexpr double furthest_told = 0.01;   // of its logarithm,
constexpr double told_wrong = 0.1;       // and as far off, of what is not straight

Numbers gathered(std::span<const double> from, std::span<const std::size_t> who) {
    Numbers to(padded_to_groups(who.size()), 0.0);
    for (std::size_t i = 0; i < who.size(); ++i) to[i] = from[who[i]];
    return to;
}

// Samples and budgets of a question, padded to whole groups.
struct Asked {
    const Problem& problem;
    Pool& pool;
    TimedSplit split;
    bool rests;  // who has no samples takes no part
};

// Whether a split fits; the load where it does not.
bool fill(const Asked& asked, Fitting::Fit& fit, double& load, bool foreseeing) {
    const Problem& problem = asked.problem;
    fit.sums.reset();
    fit.foreseen = false;
    load = 1.001;
    if (problem.block_hz() > 0) {
        BlockFilling filling(problem, asked.pool);
        return filling.fill(asked.split, fit.ratio) == BlockFilling::Outcome::fits;
    }
    FillsHere looks(problem, asked.pool, asked.rests);
    WaterFilling filling(problem, asked.pool, &looks);
    const bool many = problem.size() > most_for_thorough_search && only_rates(problem);
    const auto outcome = filling.fill(asked.split, fit.ratio, foreseeing && many);
    const FillSums& sums = filling.sums();
    if (outcome == WaterFilling::Outcome::fits) {
        fit.sums = sums;
        fit.foreseen = filling.foreseen();
        return true;
    }
    // At this ratio of the prices so much more than the budgets is needed at least.
    load = (sums.bandwidth + fit.ratio * sums.power) /
           (problem.bandwidth_hz() + fit.ratio * problem.power_w());
    if (!(sums.impossible == 0 && std::isfinite(load))) load = 1.5;
    return false;
}

// Newton's step towards a cycle as short as can be, in the logarithms of the ratio and of what is
// left of the cycle; false where there is none, or it stands still.
struct Shortening {
    double least, most;  // cycles

    bool step(const Problem& problem, const FillSums& sums, FillPoint& at, double& length) const {
        if (!(sums.impossible == 0 && sums.bandwidth > 0)) return false;
        const BudgetStep newton(sums, at.ratio,
                                {.band = std::log(sums.bandwidth / problem.bandwidth_hz()),
                                 .power = std::log(sums.power / problem.power_w())});
        const auto by = newton.aim(0);
        const double left = at.cycle_s - least, shorter = by.cycle_s / left;
        if (!std::isfinite(by.log_ratio) || !std::isfinite(shorter)) return false;
        at.ratio *= std::exp(std::clamp(by.log_ratio, -3.0, 3.0));
        at.cycle_s = std::min(least + left * std::exp(std::clamp(shorter, -3.0, 1.0)), most);
        length = std::fabs(by.log_ratio) + std::fabs(shorter);
        return at.cycle_s > least;
    }
};

// Of very many, by the few that take most as it grows shorter and a sample of the others, with a
// look at all now and then.
std::optional<WaterFilling::Finish> shortest_by_last(const Asked& asked, WaterFilling& filling,
                                                     const Fitting::Fit& fit) {
    const Problem& problem = asked.problem;
    const TimedSplit& split = asked.split;
    LastLearners few(problem, asked.pool, split, asked.rests);
    const Shortening shorten{few.least_cycle(), split.cycle_s};
    FillPoint at{split.cycle_s, fit.ratio};
    few.learn(at, *fit.sums);
    for (int look = 0; look < most_looks_at_all; ++look) {
        double length = 1;
        for (int step = 0; step < most_steps_of_few && length > near_enough_of_few; ++step) {
            if (!shorten.step(problem, few.at(at), at, length)) return {};
        }
        if (length > near_enough_of_few || asked.pool.stop().check()) return {};
        const FillSums all = filling.at(split.within(at.cycle_s), at.ratio, Roots::near).sums;
        FillPoint next = at;
        if (!shorten.step(problem, all, next, length)) return {};
        if (length < near_enough) return WaterFilling::Finish{next, {}};
        few.learn(at, all);
    }
    return {};
}

// About in how short a cycle a split fits, and at which ratio of the prices. Where few learners end
// last, what they take grows like one over what is left of the cycle for them: Newton's method in
// the logarithm of that.
WaterFilling::Finish about_shortest(const Asked& asked, WaterFilling& filling,
                                    const Fitting::Fit& fit, WaterFilling::Guess& guess) {
    const Problem& problem = asked.problem;
    const auto [tau, cycle, samples] = asked.split;
    WaterFilling::Finish found{{cycle, fit.ratio}, {}};
    if (problem.size() <= most_for_thorough_search || !fit.sums) return found;
    if (problem.size() >= very_many && only_rates(problem)) {
        const auto ahead = shortest_by_last(asked, filling, fit);
        // A sample without those who end last would lead away from there.
        if (ahead) guess = WaterFilling::Guess::last;
        if (ahead) return *ahead;
    }
    double least = 0;  // no shorter cycle holds the samples at any rate
    for (std::size_t k = 0; k < problem.size(); ++k) {
        const double d = samples[k];
        if (d == 0 && asked.rests) continue;
        least = std::max(least, -demand_of(problem, k, Timing{tau, 0}).slack(d));
    }
    FillSums sums = *fit.sums;
    const Shortening shorten{least, cycle};
    for (int step = 0; step < most_steps && found.cycle_s > least; ++step) {
        double length = 1;
        if (asked.pool.stop().check() || !shorten.step(problem, sums, found, length)) break;
        if (length < near_enough) break;
        sums = filling.at(asked.split.within(found.cycle_s), found.ratio, Roots::near).sums;
    }
    return found;
}

// Whether a split takes all there is, so that it cannot be done any sooner.
bool used_up(const Problem& problem, const Fitting::Fit& fit) {
    return fit.sums && fit.sums->bandwidth >= nearly_all * problem.bandwidth_hz() &&
           fit.sums->power >= nearly_all * problem.power_w();
}

// What a split that fits is given.
bool allot(const Asked& asked, const Fitting::Fit& fit, Spare spare, Allocation& plan) {
    const Problem& problem = asked.problem;
    const TimedSplit& split = asked.split;
    const double cycle = split.cycle_s;
    plan.bandwidth_hz.resize(problem.size());
    plan.power_w.resize(problem.size());
    const Shares shares{plan.bandwidth_hz, plan.power_w};
    if (problem.block_hz() > 0) {
        plan.blocks.resize(problem.size());
        BlockFilling filling(problem, asked.pool);
        double ratio = fit.ratio;
        if (filling.fill(split, ratio) != BlockFilling::Outcome::fits) return false;
        for (const bool early : {spare == Spare::time, false}) {
            const double finish = early ? filling.shortest_cycle(split, cycle) : cycle;
            if (finish <= cycle && filling.allocate(split.within(finish), plan.blocks, shares)) {
                return true;
            }
        }
        return false;
    }
    FillsHere looks(problem, asked.pool, asked.rests);
    WaterFilling filling(problem, asked.pool, &looks);
    const auto allocated = [&](const WaterFilling::Finish& finish) {
        return finish.cycle_s <= cycle && filling.allocate(split, finish, shares);
    };
    if (spare == Spare::time && !used_up(problem, fit)) {
        auto guess = WaterFilling::Guess::near;
        const FillPoint about = about_shortest(asked, filling, fit, guess);
        auto finish = filling.shortest_cycle(split, about, guess);
        if (allocated(finish)) return true;
        if (finish.foreseen) {
            finish = filling.at(split.within(finish.cycle_s), finish.ratio);
            if (allocated(finish)) return true;
        }
    }
    return allocated(fit.sums ? WaterFilling::Finish{{cycle, fit.ratio}, *fit.sums, false}
                              : filling.at(split, fit.ratio));
}

}  // namespace

double Fitting::most_alone(std::size_t k) const {
    const Problem& problem = choices_.problem();
    if (problem.returns_nothing()) return choices_.sure(k);  // in exact arithmetic
    Demand demand = demand_of(problem, k, choices_.tau());
    demand.budget_s -= slack_guard(problem.cycle_s());
    return largest_allowed(demand, choices_.sure(k));
}

bool Fitting::fits_alone(const Numbers& samples) const {
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] == 0 && choices_.may_rest(k)) continue;
        if (samples[k] < choices_.least(k) || samples[k] > most_alone(k)) return false;
    }
    return true;
}

// Those who are looked at to see whether a split fits: with few of many, they alone.
bool Fitting::whole(const Numbers& samples) const {
    const Problem& problem = choices_.problem();
    const bool many = samples.size() > most_for_thorough_search;
    const bool rest = many && choices_.everybody_rests() && !(problem.block_hz() > 0);
    if (!rest && !all_served(samples)) return false;
    if (!many || choices_.nobody_rests()) return true;
    return 4 * takers(samples) > static_cast<double>(samples.size());
}

// Splits that follow each other mostly have the same participants.
const Problem& Fitting::part_of(std::vector<std::size_t> who) {
    if (!part_ || who != who_) {
        part_ = std::make_unique<Problem>(choices_.problem().taken(who));
        who_ = std::move(who);
    }
    return *part_;
}

// The same to whole groups.
const Numbers& Fitting::padded(const Numbers& samples) {
    if (samples.size() == padded_to_groups(samples.size())) return samples;
    padded_.assign(samples.begin(), samples.end());
    padded_.resize(padded_to_groups(samples.size()), 0.0);
    return padded_;
}

bool Fitting::fits(const Numbers& samples) {
    const Problem& problem = choices_.problem();
    if (problem.sends_nothing()) return fits_alone(samples);
    const double tau = choices_.tau(), cycle = problem.cycle_s();
    Fit fit{ratio_, {}};
    bool fitted = true;
    if (whole(samples)) {
        const TimedSplit split{tau, cycle, padded(samples)};
        fitted = fill({problem, pool_, split, idle_rest()}, fit, load_, true);
    } else if (const std::vector<std::size_t> who = present(samples); !who.empty()) {
        const Numbers theirs = gathered(samples, who);
        const Problem& part = part_of(who);
        fitted = fill({part, pool_, {tau, cycle, theirs}, part.excused()}, fit, load_, true);
    }
    ratio_ = fit.ratio;
    if (fitted) fit_ = fit;
    return fitted;
}

// What the split at hand takes at the ratio of the prices that suits it, from what the choices took
// at the bid's: by the slopes of some learners, and by how they bend on the way.
void Fitting::foretell_fit(const Bid& bid, const ChoiceSums& sums) {
    const Problem& problem = choices_.problem();
    fit_ = Fit{ratio_, {}};  // of another split, or none
    if (!whole(samples_) || !only_rates(problem) || !choices_.picks_are_sure()) return;
    double band = sums.bandwidth, watt = sums.power;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
        if (samples_[k] == (*picks_)[k]) continue;
        for (const auto& [d, sign] : {std::pair{(*picks_)[k], -1.0}, {samples_[k], 1.0}}) {
            if (d == 0 && may_rest(nullptr, k)) continue;
            const auto use = choices_.use_of(k, bid, {d, d});
            band += sign * use.bandwidth;
            watt += sign * use.power;
        }
    }
    FillsHere looks(problem, pool_, idle_rest());
    const TimedSplit split{choices_.tau(), problem.cycle_s(), padded(samples_)};
    const std::size_t stride = sample_stride(problem.size(), told_by);
    FillSums here = looks.fill_some(split, ratio_, stride, Roots::exact);
    if (!(here.impossible == 0 && here.bandwidth > 0)) return;
    const double of_all = band / here.bandwidth;
    here.scale(of_all);
    const double by =
        (std::log(watt / problem.power_w()) - std::log(band / problem.bandwidth_hz())) /
        (here.shift / band + here.shift / (ratio_ * watt));
    if (!(std::fabs(by) < furthest_told)) return;
    const double ratio = ratio_ * std::exp(by);
    FillSums there = looks.fill_some(split, ratio, stride, Roots::exact);
    there.scale(of_all);
    if (pool_.stop().check() || there.impossible > 0) return;
    there.bandwidth += band - here.bandwidth;
    there.power += watt - here.power;
    const auto load = [&](double at, double of_band, double of_watt) {
        return (of_band + at * of_watt) / (problem.bandwidth_hz() + at * problem.power_w());
    };
    const double straight = load(ratio_, band, watt);
    const double more = load(ratio, there.bandwidth, there.power) - straight;
    bent_ = std::max(more, 0.0) * budget_ * (1 + told_wrong);
    fit_ = Fit{ratio, there};
    ratio_ = ratio;
}

std::optional<Allocation> Fitting::allocate(const Numbers& samples, const Fit& fit, Spare spare,
                                            Pool& pool) {
    const Problem& problem = choices_.problem();
    const double tau = choices_.tau(), cycle = problem.cycle_s();
    const std::size_t n = samples.size();
    Allocation plan;
    plan.samples.resize(n);
    std::int64_t total = 0;
    for (std::size_t k = 0; k < n; ++k) {
        plan.samples[k] = static_cast<std::int64_t>(samples[k]);
        total += plan.samples[k];
    }
    // What was only foreseen is looked at where it does not do.
    const auto allotted = [&](const Asked& asked, Allocation& to) {
        if (allot(asked, fit, spare, to)) return true;
        Fit looked{fit.ratio, {}};
        double load = 0;
        return fit.foreseen && fill(asked, looked, load, false) && allot(asked, looked, spare, to);
    };
    // A sample of the learners stands for all by what it holds of their samples.
    const auto own = [&](const Problem& of) {
        return of.with_samples(std::max(total, std::int64_t{1}));
    };
    if (problem.sends_nothing()) {
        if (!fits_alone(samples)) return {};
        plan.bandwidth_hz.assign(n, 0.0);
        plan.power_w.assign(n, 0.0);
        if (problem.block_hz() > 0) plan.blocks.assign(n, 0);
    } else if (whole(samples)) {
        const TimedSplit split{tau, cycle, padded(samples)};
        const Problem just = own(problem);
        if (!allotted({just, pool, split, idle_rest()}, plan)) return {};
    } else {
        const std::vector<std::size_t> who = present(samples);
        Allocation some;
        if (!who.empty()) {
            const Numbers theirs = gathered(samples, who);
            const Problem part = own(part_of(who));
            const TimedSplit split{tau, cycle, theirs};
            if (!allotted({part, pool, split, part.excused()}, some)) return {};
        }
        const auto spread = [&](const auto& from, auto& to) {
            to.assign(n, 0);
            for (std::size_t i = 0; i < who.size(); ++i) to[who[i]] = from[i];
        };
        spread(some.bandwidth_hz, plan.bandwidth_hz);
        spread(some.power_w, plan.power_w);
        if (problem.block_hz() > 0) spread(some.blocks, plan.blocks);
    }
    return plan;
}

}  // namespace mel
