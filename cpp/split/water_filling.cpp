#include "split/water_filling.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/guiding.hpp"
#include "base/infinity.hpp"
#include "base/sums.hpp"
#include "split/budget_step.hpp"

namespace mel {
namespace {

constexpr double rough_step = 0.03;          // of a sample's search: its own error is hardly less
constexpr double finish_tolerance = 1e-6;    // how far below its budgets a plan may finish
constexpr double foreseen_tolerance = 1e-9;  // the same where the last step is taken on trust
constexpr double foreseen_of_few = 1e-7;     // and where few learners make a look as dear as it
constexpr double started_tolerance = 1e-7;   // slopes are those of roots, not of their starts
constexpr double sampled_tolerance = 3e-7;   // and where a sample bent it
constexpr double sampled_share = 0.02;       // of the bend that a sample may have missed
constexpr double alike_slopes = 0.05;        // of all and of a sample
constexpr double longest_bent = 0.02;        // step
constexpr double nearer = 0.03;              // to the least cycle at any rates, at first,
constexpr double longest = 3;                // and of its logarithm, in one step
constexpr double far_over = 2;               // e-folds of a budget
constexpr double near_ratio = 1e-3;          // steps of its logarithm that may be foreseen,
constexpr double bent = 4;                   // and times whose square slopes err by, or less

// Scales the shares to the budget but for a few units in the last place, or to their caps.
void spend_exactly(std::span<double> shares, double budget, std::span<const double> caps) {
    CompensatedSum sum;
    for (const double share : shares) sum.add(share);
    if (!(sum.value() > 0)) return;
    const double scale = budget / sum.value() * (1 - rounding::tentative_scale);
    for (std::size_t k = 0; k < shares.size(); ++k) {
        shares[k] *= scale;
        if (!caps.empty()) shares[k] = std::min(shares[k], caps[k]);
    }
}

}  // namespace

// Whether the split of the last look fits where the ratio is e^by times as large. What a learner
// buys there differs from its slope by less than `bent` times the square of that, relatively.
bool WaterFilling::fits_ahead(const Turn& turn, double margin) {
    const auto [by, ratio] = turn;
    FillSums then = sums_;
    const double bend = bent * by * by;
    then.bandwidth = (sums_.bandwidth + sums_.shift * by) * (1 + bend);
    then.power = (sums_.power - sums_.shift / ratio * by) * (1 + bend);
    const double load =
        std::max(then.bandwidth / problem_.bandwidth_hz(), then.power / problem_.power_w());
    if (!(load * (1 + bend) <= 1 - margin)) return false;
    sums_ = then;
    load_ = load;
    return true;
}

WaterFilling::Outcome WaterFilling::fill(const TimedSplit& split, double& ratio, bool foreseeing) {
    foreseen_ = false;
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    double z = std::log(ratio);
    double low = -1e300;
    double high = 1e300;
    for (int step = 0; step < 100; ++step) {
        ratio = std::exp(z);
        sums_ = pass(split, ratio, Roots::exact);
        const FillSums& sums = sums_;
        if (pool_.stop().check()) return Outcome::stopped;
        if (sums.impossible > 0) return Outcome::too_much;
        const double share_band = sums.bandwidth / band;
        const double share_power = sums.power / watt;
        load_ = std::max(share_band, share_power);
        const double margin = pool_.tentative() ? 0 : rounding::filling_verdict;
        if (load_ <= 1 - margin) return Outcome::fits;
        const double cost = sums.bandwidth + ratio * sums.power;
        const double budget = band + ratio * watt;
        if (cost > budget * (1 + margin)) return Outcome::too_much;
        const double gap = std::log(share_band) - std::log(share_power);  // rises with z
        (gap > 0 ? high : low) = z;
        if (std::fabs(gap) < 1e-15 || high - low < 1e-15 * std::fabs(z)) break;
        const double slope = sums.shift / sums.bandwidth + sums.shift / (ratio * sums.power);
        double next = z - std::clamp(gap / slope, -6.0, 6.0);
        if (foreseeing && std::fabs(next - z) < near_ratio &&
            fits_ahead({next - z, ratio}, margin)) {
            ratio = std::exp(next);
            foreseen_ = true;
            return Outcome::fits;
        }
        if (!(next > low && next < high)) {
            next = low > -1e299 && high < 1e299 ? 0.5 * (low + high) : z - (gap > 0 ? 6.0 : -6.0);
        }
        if (next == z) break;
        z = next;
    }
    return Outcome::unclear;
}

Roots WaterFilling::roots() const {
    return sample_stride(problem_.size(), bent_learners) > 1 ? Roots::near : Roots::exact;
}

FillSums WaterFilling::pass(const TimedSplit& split, double ratio, std::size_t stride) {
    ++passes_;
    FillSums sums = fills_.fill_some(split, ratio, stride, roots());
    // Where learners rest, what is taken goes with the samples, and a sample of the learners may
    // hold some more or fewer than its share.
    const double seen = static_cast<double>(learners_seen(problem_.size(), stride));
    sums.scale(problem_.excused() && sums.samples > 0
                   ? problem_.samples_real() / sums.samples
                   : static_cast<double>(problem_.size()) / seen);
    return sums;
}

void WaterFilling::search_sample(const TimedSplit& split, FillPoint& at, std::size_t stride,
                                 int most_steps) {
    auto [t, q] = at;
    for (int step = 0; step < most_steps; ++step) {
        const FillSums sums = pass(split.within(t), q, stride);
        if (pool_.stop().check() || sums.impossible > 0 || !(sums.bandwidth > 0)) return;
        const BudgetStep newton(sums, q,
                                {.band = std::log(sums.bandwidth / problem_.bandwidth_hz()),
                                 .power = std::log(sums.power / problem_.power_w())});
        const BudgetStep::To by = newton.aim(0);
        if (!std::isfinite(by.log_ratio) || !std::isfinite(by.cycle_s)) return;
        q *= std::exp(std::clamp(by.log_ratio, -3.0, 3.0));
        t = std::min(std::max(t + by.cycle_s, 0.5 * t), split.cycle_s);
        if (newton.length(by) < rough_step || most_steps == 1) {
            at = {t, q};
            return;
        }
    }
}

bool WaterFilling::foresee(const TimedSplit& split, const FillSums& sums, const FillPoint& from,
                           const BudgetStep& newton, double length, Finish& finish) {
    const double cycle_s = from.cycle_s, q = from.ratio;
    const std::size_t stride = sample_stride(problem_.size(), bent_learners);
    if (stride == 1 || length > longest_bent) return false;
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    const FillSums here = pass(split.within(cycle_s), q, stride);
    const BudgetStep::To by = newton.aim(sampled_tolerance);
    const double next_q = q * std::exp(by.log_ratio);
    const double next_s = cycle_s + by.cycle_s;
    if (pool_.stop().check() || !(next_s <= split.cycle_s)) return false;
    FillSums then = pass(split.within(next_s), next_q, stride);
    if (pool_.stop().requested() || here.impossible > 0 || then.impossible > 0) return false;
    // A few learners with hardly any time left bend the sums, and a sample seldom has them.
    const auto alike = [](double all, double some) {
        return std::fabs(all - some) <= alike_slopes * std::fabs(all);
    };
    if (!alike(sums.band_time, here.band_time) || !alike(sums.power_time, here.power_time)) {
        return false;
    }
    // All learners by their slopes, the sample by how they bend on the way.
    const auto straight = [&](const FillSums& at) {
        return FillSums{
            {.bandwidth = at.bandwidth + at.shift * by.log_ratio + at.band_time * by.cycle_s,
             .power = at.power - at.shift / q * by.log_ratio + at.power_time * by.cycle_s}};
    };
    const FillSums all = straight(sums);
    const FillSums some = straight(here);
    const double bent_band = then.bandwidth - some.bandwidth;
    const double bent_power = then.power - some.power;
    then.bandwidth = all.bandwidth + bent_band;
    then.power = all.power + bent_power;
    const BudgetStep last(
        then, next_q,
        {.band = std::log(then.bandwidth / band), .power = std::log(then.power / watt)});
    const double inside =
        foreseen_tolerance + started_tolerance +
        sampled_share * (std::fabs(bent_band) / band + std::fabs(bent_power) / watt);
    const BudgetStep::To rest = last.aim(inside);
    const double left = last.length(rest);
    finish = {
        {next_s + rest.cycle_s, q * std::exp(by.log_ratio + rest.log_ratio)}, sums, true, roots()};
    return inside < sampled_tolerance && 2 * left * left < foreseen_tolerance &&
           finish.cycle_s <= split.cycle_s;
}

WaterFilling::Finish WaterFilling::shortest_cycle(const TimedSplit& split, const FillPoint& start,
                                                  Guess guess) {
    const double cycle_s = split.cycle_s;
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    Finish best{{infinity, start.ratio}, {}, false, roots()};
    const double least = fills_.least_cycle(split);
    FillPoint at{std::min(std::max(start.cycle_s, least), cycle_s), start.ratio};
    auto& [t, q] = at;
    if (guess == Guess::rough) {
        const std::size_t few = sample_stride(problem_.size(), searched_learners);
        if (few > 1) search_sample(split, at, few, 8);
    }
    const std::size_t more = sample_stride(problem_.size(), stepped_learners);
    if (more > 1 && guess != Guess::last) search_sample(split, at, more, 1);
    t = std::min(std::max(t, least), cycle_s);
    double too_short = 0;
    // Somebody ends last, who takes without an end as the cycle goes to the least: then steps are
    // of the logarithm of what it is longer.
    bool ends_last = false;
    for (int step = 0; step < 24; ++step) {
        const FillSums sums = pass(split.within(t), q, roots());
        if (pool_.stop().check()) break;
        if (sums.impossible > 0) {
            if (t >= cycle_s) break;
            too_short = t;
            const bool between = std::isfinite(best.cycle_s);
            t = between ? 0.5 * (t + best.cycle_s) : std::min(cycle_s, t * 1.1);
            ends_last = between && least > 0;
            const double above = least + nearer * (best.cycle_s - least);
            if (ends_last && above > too_short) t = above;
            continue;
        }
        if (!(sums.bandwidth > 0)) return {at, sums, false, roots()};
        const double over_band = guiding_log(sums.bandwidth, band);
        const double over_power = guiding_log(sums.power, watt);
        if (t <= least && std::max(over_band, over_power) > far_over && !ends_last) {
            ends_last = true;
            t = least + nearer * (cycle_s - least);
            continue;
        }
        if (over_band <= 0 && over_power <= 0 && t < best.cycle_s) {
            best = {at, sums, false, roots()};
            if (over_band > -finish_tolerance && over_power > -finish_tolerance) break;
            if (t <= least * (1 + finish_tolerance)) break;
        }
        const BudgetStep newton(sums, q, {.band = over_band, .power = over_power});
        // Just inside the budgets, so that the last step lands on a split that fits.
        BudgetStep::To by = newton.aim(0.25 * finish_tolerance);
        if (!std::isfinite(by.log_ratio) || !std::isfinite(by.cycle_s)) break;
        // What the step leaves is about its square: then the sums there need no look.
        const double length = newton.length(by) + finish_tolerance;
        const bool few = problem_.size() <= most_for_thorough_search;
        if (2 * length * length < (few ? foreseen_of_few : foreseen_tolerance)) {
            const double started = roots() == Roots::near ? started_tolerance : 0;
            by = newton.aim(2 * length * length + started);
            if (t + by.cycle_s <= cycle_s) {
                return {{t + by.cycle_s, q * guiding_exp(by.log_ratio)}, sums, true, roots()};
            }
        }
        Finish foreseen{};
        if (guess != Guess::last && foresee(split, sums, at, newton, length, foreseen)) {
            return foreseen;
        }
        q *= guiding_exp(std::clamp(by.log_ratio, -3.0, 3.0));
        double next = t + by.cycle_s;
        if (ends_last) {
            const double left = t - least;
            next = least + left * guiding_exp(std::clamp(by.cycle_s / left, -longest, longest));
        }
        if (!(next > too_short)) next = 0.5 * (t + too_short);
        next = std::min(std::max(next, least), cycle_s);
        if (next == t && by.log_ratio == 0) break;
        t = next;
    }
    return best;
}

bool WaterFilling::allocate(const TimedSplit& split, const Finish& finish, const Shares& shares) {
    ++passes_;
    const std::size_t size = problem_.size();
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    // Both scaled by one or more, so rates only rise. With nothing to send there is nothing to
    // scale, and what was foreseen is taken as it is.
    const auto share = [&](double budget, double sum) {
        return sum > 0 && !finish.foreseen ? budget / sum * (1 - rounding::budget_reserve) : 1;
    };
    const AllocationScale scale{share(band, finish.sums.bandwidth), share(watt, finish.sums.power),
                                problem_.cycle_s() * (1 - rounding::deadline_reserve)};
    const AllocationSums sums = fills_.allocate(split, finish, scale, shares, finish.roots);
    if (pool_.stop().requested()) return false;
    if (pool_.tentative()) {
        const LearnerLimits none, *stated = problem_.limits();
        const LearnerLimits& limits = stated ? *stated : none;
        spend_exactly(shares.bandwidth_hz.first(size), band, limits.max_bandwidth_hz);
        if (!limits.battery()) {
            spend_exactly(shares.power_w.first(size), watt, limits.max_power_w);
        }
        return true;
    }
    const double kept = 1 - rounding::budget_check;
    return sums.late == 0 && sums.bandwidth <= band * kept && sums.power <= watt * kept;
}

}  // namespace mel
