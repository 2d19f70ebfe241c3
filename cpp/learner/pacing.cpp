#include "learner/pacing.hpp"

#include "base/infinity.hpp"

namespace mel {

namespace {

// (e d / left)^(1/2) and the joules of returning as a share of what they leave.
struct Slow {
    double slower, share;
};
Slow slow_at(const Pacing& p, double d) {
    const double left = p.left_j(d);
    return {std::sqrt(p.joules * d / left), p.back_j * d / left};
}

}  // namespace

Pacing Pacing::of(const Problem& problem, std::size_t k, double tau, Energy energy) {
    const LearnerLimits& limits = *problem.limits();
    return {tau * problem.compute_s()[k], tau * limits.paced_j[k], limits.back_j[k],
            energy == Energy::kept ? limits.kept_j[k] : limits.spare_j[k]};
}

double Pacing::kink() const {
    const double each = joules + back_j;
    return each > 0 ? spare_j / each : infinity;
}

double Pacing::last() const {
    if (!(back_j > 0) || !(spare_j < infinity)) return spare_j > 0 ? infinity : 0;
    double d = std::floor(spare_j / back_j);
    while (d > 0 && !(left_j(d) > 0)) --d;
    return d;
}

double Pacing::slower(double d) const {
    if (!(d > 0) || !(spare_j < infinity)) return 1;
    const double left = left_j(d);
    if (joules * d <= left) return 1;
    return left > 0 ? std::sqrt(joules * d / left) : infinity;
}

Demand chord_of(const Demand& full, const Pacing& p, double n) {
    const double next = n + 1;
    const double left = p.left_j(next);
    const double over = (p.joules + p.back_j) * next - p.spare_j;  // e (n + 1) less what is left
    if (!(over > 0)) return full;
    const double first = p.slower(n);
    const Slow second = slow_at(p, next);
    // Of how many times as long computing takes, without cancellation.
    const double rise = first > 1 ? p.joules * p.spare_j / (left * p.left_j(n)) : over / left;
    const double by = rise / (first + second.slower);
    Demand line = full;
    line.per_sample_s += p.work_s * (first - 1 + next * by);
    line.budget_s += p.work_s * n * next * by + p.guard_s * (1 + 2 * second.share);
    line.shape = line.alpha * line.budget_s + line.per_sample_s * line.beta;
    return line;
}

Fan Fan::at(const Demand& full, const Pacing& p, double n) {
    const Demand before = chord_of(full, p, n - 1);
    if (n + 1 <= p.last()) return {before, chord_of(full, p, n)};
    Demand after = before;  // one more leaves no energy, and so no time
    after.per_sample_s += std::max(before.slack(n + 1), 0.0);
    after.budget_s += n * (after.per_sample_s - before.per_sample_s);
    return {before, after};
}

Demand Fan::between(double steep) const {
    const auto way = [&](double flat, double other) { return flat + steep * (other - flat); };
    Demand line = flattest;
    line.budget_s = way(flattest.budget_s, steepest.budget_s);
    line.per_sample_s = way(flattest.per_sample_s, steepest.per_sample_s);
    line.shape = line.alpha * line.budget_s + line.per_sample_s * line.beta;
    return line;
}

Demand demand_at(const Problem& problem, std::size_t k, Timing at, double d, Energy energy) {
    const Demand full = demand_of(problem, k, at);
    if (!paces(problem)) return full;
    const Pacing p = Pacing::of(problem, k, at.tau, energy);
    if (!(p.slower(d) > 1)) return full;
    Demand line = full;
    if (!(p.left_j(d) > 0)) {  // no speed leaves enough
        line.budget_s = -at.cycle_s;
    } else {
        const Slow slow = slow_at(p, d);
        line.per_sample_s += p.work_s * (slow.slower * (1.5 + 0.5 * slow.share) - 1);
        line.budget_s += 0.5 * p.work_s * d * slow.slower * (1 + slow.share);
    }
    line.shape = line.alpha * line.budget_s + line.per_sample_s * line.beta;
    return line;
}

}  // namespace mel
