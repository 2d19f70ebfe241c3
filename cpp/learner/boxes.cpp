#include "learner/boxes.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <span>

#include "base/chunks.hpp"
#include "base/expansion.hpp"
#include "base/infinity.hpp"
#include "base/sums.hpp"
#include "learner/battery.hpp"
#include "learner/response.hpp"

namespace mel {
namespace {

// What learner k may still spend on samples once the bare model is returned, and what each takes.
struct EnergyLine {
    double left;      // E - return power * beta / R
    double each;      // at tau
    double tau_each;  // d each / d tau
    double left_error;

    EnergyLine(const Problem& problem, std::size_t k, double tau) {
        const LearnerLimits& limits = *problem.limits();
        const double fixed = limits.return_j_per_bit[k] * problem.return_bits(k);
        left = limits.energy_j[k] - fixed;
        left_error = rounding::energy_left * (limits.energy_j[k] + fixed);
        tau_each = problem.flops_per_sample(k) * limits.energy_per_flop_j[k];
        each = tau * tau_each + limits.return_j_per_bit[k] * problem.return_bits_per_sample(k);
    }
    // Nothing limits where samples take no energy at all.
    double most(double error) const {
        const double spend = left + error;
        if (!(spend >= 0)) return -1;
        if (!(each > 0)) return infinity;
        return spend / each * (1 + (error > 0 ? rounding::energy_left : -rounding::energy_left));
    }
};

// The sign of a sum of amounts less a number, all integers and none negative. Only near the number
// does rounding matter.
double sum_above(std::span<const double> amounts, double number) {
    double part[4] = {};  // four sums wait for each other less than one does
    std::size_t k = 0;
    for (; k + 4 <= amounts.size(); k += 4) {
        for (std::size_t i = 0; i < 4; ++i) part[i] += amounts[k + i];
    }
    for (std::size_t i = 0; k + i < amounts.size(); ++i) part[i] += amounts[k + i];
    const double rough = (part[0] + part[1]) + (part[2] + part[3]);
    const double error = units(2 * static_cast<double>(amounts.size())) * rough;
    if (rough - error > number) return 1;
    if (rough + error < number) return -1;
    CompensatedSum sum;
    for (const double x : amounts) sum.add(x);
    return above(sum, number);
}

}  // namespace

EnergyVerdict energy_verdict(const Problem& problem, std::size_t k, Workload work) {
    const auto [tau, d] = work;
    const LearnerLimits& limits = *problem.limits();
    if (limits.energy_j[k] == infinity || (problem.excused() && d == 0)) {
        return EnergyVerdict::kept;
    }
    Expansion over(tau);
    over.multiply(d);
    over.multiply(problem.flops_per_sample(k));
    over.multiply(limits.energy_per_flop_j[k]);
    over.add(-limits.energy_j[k]);
    const double rest = over.estimate();
    const double back = limits.return_j_per_bit[k] *
                        (problem.return_bits_per_sample(k) * d + problem.return_bits(k));
    const double total = rest + back;
    const double error =
        back > 0 ? rounding::energy_returning * back + rounding::energy_rest * std::fabs(rest) : 0;
    if (total <= -error) return EnergyVerdict::kept;
    return total > error ? EnergyVerdict::broken : EnergyVerdict::unclear;
}

Interval scheme_box(const Problem& problem, Scheme scheme) {
    const double samples = problem.samples_real();
    if (scheme == Scheme::resource_only) {
        const auto learners = static_cast<std::int64_t>(problem.size());
        const std::int64_t share = problem.samples() / learners;
        const bool whole = problem.samples() % learners == 0;
        return {static_cast<double>(share), static_cast<double>(share + (whole ? 0 : 1))};
    }
    return {0, samples};
}

Boxes::Boxes(const Problem& problem, Pool& pool, Interval scheme)
    : problem_(problem),
      pool_(pool),
      scheme_(scheme),
      limits_(problem.limits()),
      energy_(limits_ && limits_->energy()) {
    if (!limits_) return;
    const std::size_t size = problem.size();
    if (limits_->same_bounds && !energy_ && one_for_all()) return;
    const std::size_t padded = padded_to_groups(size);
    const auto bounds = [&](std::span<const double> stated, double end, auto narrower,
                            Buffer<double>& own) -> std::span<const double> {
        double narrowed = 0;  // how many: counted, as lanes do
        for (const double number : stated.first(stated.empty() ? 0 : size)) {
            narrowed += narrower(number, end) != number ? 1 : 0;
        }
        if (!stated.empty() && narrowed == 0) return stated;
        own.assign(padded, end);
        for (std::size_t k = 0; k < size && !stated.empty(); ++k) own[k] = narrower(stated[k], end);
        return own;
    };
    lower_ = bounds(
        limits_->min_samples, scheme.lower, [](double x, double y) { return std::max(x, y); },
        own_lower_);
    upper_ = bounds(
        limits_->max_samples, scheme.upper, [](double x, double y) { return std::min(x, y); },
        own_upper_);
    double empty = 0;
    for (std::size_t k = 0; k < size; ++k) empty += lower_[k] > upper_[k] ? 1 : 0;
    const double samples = problem.samples_real();
    contradicts_ = empty > 0 || sum_above(lower_.first(size), samples) > 0 ||
                   sum_above(upper_.first(size), samples) < 0;
}

// Where all have the same bounds: that box, and no columns. Not where it is empty or holds one
// number alone, which loops recognise by columns.
bool Boxes::one_for_all() {
    const Interval all{std::max(limits_->min_samples[0], scheme_.lower),
                       std::min(limits_->max_samples[0], scheme_.upper)};
    if (!(all.lower < all.upper)) return false;
    scheme_ = all;
    const auto size = static_cast<std::int64_t>(problem_.size());
    const std::int64_t samples = problem_.samples(), share = samples / size;
    contradicts_ = all.lower > static_cast<double>(share) ||
                   all.upper < static_cast<double>(share + (samples % size > 0 ? 1 : 0));
    return true;
}

double Boxes::largest_tau() const {
    double least = infinity;
    if (!limits_) return least;
    const Box box = limited_root();
    constexpr double room = 1 + rounding::largest_tau;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double d = box.low(k);
        if (problem_.excused() && d == 0) continue;
        const Demand demand = demand_of(problem_, k, 0);
        const double bits = demand.alpha * d + demand.beta;
        const double send = limits_->caps() ? bits / limits_->max_rate[k] : 0;
        const double left = demand.slack(d) - send / room + rounding::slack * problem_.cycle_s();
        if (left < 0) return 0;
        if (d > 0) least = std::min(least, left / (d * problem_.compute_s()[k]));
        if (!energy_ || limits_->energy_j[k] == infinity) continue;
        // Boundless bandwidth sends no bit for less.
        if (limits_->battery() && problem_.law() == LinkLaw::density) {
            const Battery battery = generous(battery_of(problem_, k, 0));
            if (battery.energy_j < battery.noise * ln2 * bits) return 0;
        }
        const EnergyLine line(problem_, k, 0);
        const double rest =
            line.left + line.left_error - d * line.each * (1 - rounding::energy_of_fewest);
        if (rest < 0) return 0;
        if (d * line.tau_each > 0) least = std::min(least, rest / (d * line.tau_each));
    }
    return least * room;
}

Box Boxes::limited_root() const { return {scheme_, lower_, upper_}; }

Box Boxes::real_with_energy(double tau) {
    if (tau == real_tau_) return {scheme_, lower_, real_, slope_};
    real_tau_ = tau;
    real_.resize(upper_.size(), 0.0);
    slope_.resize(upper_.size(), 0.0);
    const std::size_t size = problem_.size();
    for_each_learner(pool_, size, [&](std::size_t k) {
        real_[k] = upper_[k];
        slope_[k] = 0;
        if (limits_->energy_j[k] == infinity) return;
        const EnergyLine line(problem_, k, tau);
        const double most = line.most(line.left_error);
        if (most < upper_[k]) {
            real_[k] = problem_.excused() ? std::max(most, 0.0) : most;
            slope_[k] = -real_[k] * line.tau_each / line.each;
        }
    });
    return {scheme_, lower_, real_, slope_};
}

void Boxes::find_whole(double tau) {
    whole_tau_ = tau;
    doubtful_ = false;
    whole_.resize(upper_.size(), 0.0);
    sure_.resize(upper_.size(), 0.0);
    const double none = problem_.excused() ? 0 : -1;
    std::atomic<bool> doubtful = false;
    const std::size_t size = problem_.size();
    for_each_learner(pool_, size, [&](std::size_t k) {
        whole_[k] = sure_[k] = upper_[k];
        if (limits_->energy_j[k] == infinity) return;
        const EnergyLine line(problem_, k, tau);
        double most = std::min(std::floor(line.most(line.left_error)), upper_[k]);
        double kept = std::min(std::floor(line.most(-line.left_error)), upper_[k]);
        // Between the two every integer is looked at; they are nearly always one.
        const auto verdict = [&](double d) {
            return energy_verdict(problem_, k, {.tau = tau, .samples = d});
        };
        while (most > kept && verdict(most) == EnergyVerdict::broken) --most;
        while (kept < most && verdict(kept + 1) == EnergyVerdict::kept) ++kept;
        whole_[k] = std::max(most, none);
        sure_[k] = std::max(kept, none);
        if (whole_[k] > sure_[k]) doubtful = true;
    });
    doubtful_ = doubtful;
}

Box Boxes::whole_with_energy(double tau) {
    if (tau != whole_tau_) find_whole(tau);
    return {scheme_, lower_, whole_};
}

Box Boxes::sure_with_energy(double tau) {
    if (tau != whole_tau_) find_whole(tau);
    // What is tentative leaves rounding errors out.
    return {scheme_, lower_, pool_.tentative() ? whole_ : sure_};
}

}  // namespace mel
