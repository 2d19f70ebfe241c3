#include "kernels/battery_passes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rounding.hpp"
#include "learner/battery.hpp"

namespace mel {
namespace {

// Power answers to no price. For Newton's steps it seems to do so at once, so that its price stays
// at the next to nothing where it begins.
constexpr double seeming_elasticity = 1e12;
// Nearer to the end of the slack or the energy, or with less signal, rounding errors are more than
// a proof with real samples allows.
constexpr double least_share = 1e-6;
constexpr double limits_meet = 1e-9;  // so near to each other the slope may be of either limit

struct One {
    Demand demand;
    Battery battery;
    double compute_s;
    Interval box;
};

One learner_at(const KernelInput& in, std::size_t k) {
    const auto amount = [k](const double* each, double same) { return each ? each[k] : same; };
    const double back = in.return_s_per_bit[k];
    const double budget = in.point.cycle_s - amount(in.return_bits_each, in.return_bits) * back;
    const double per_sample =
        in.point.tau * in.compute_s[k] +
        amount(in.return_bits_per_sample_each, in.return_bits_per_sample) * back;
    const double alpha = amount(in.send_bits_per_sample_each, in.send_bits_per_sample);
    const double beta = amount(in.send_bits_each, in.send_bits);
    return {{budget, per_sample, alpha, beta, alpha * budget + per_sample * beta},
            {{in.law, in.noise[k]},
             in.max_bandwidth[k],
             in.max_power[k],
             in.energy_j[k],
             in.point.tau * in.computing_j[k],
             in.slowest[k],
             in.point.tau * in.compute_s[k]},
            in.compute_s[k],
            {in.lower ? in.lower[k] : in.box.lower, in.upper ? in.upper[k] : in.box.upper}};
}

struct RealBest {
    BatteryBest best;
    Held held;
    bool active, possible;
    bool whole;    // the largest integer that the bandwidth's limit carries
    double value;  // no d is worth more than so much
};

// What the best speed, here and at other samples, may save beyond that of `held`.
double speed_excess(const One& one, double d, const Held& held, double lambda) {
    const Battery& b = one.battery;
    if (!(b.slowest < 1) || !held.all_energy || !(d > 0) || !(held.bandwidth_hz < no_limit))
        return 0;
    const double here = held.bandwidth_hz;
    const double missed = lambda * (here - least_bandwidth(b, one.demand, d, held));
    const double meet = held.left_j / (b.power_w * held.slack) - 1;
    if (held.all_power || std::fabs(meet) < limits_meet) return 2 * missed;
    const double rise = at_speed(b, one.demand, {.samples = d, .speed = held.speed}).rise;
    const bool pinned = rise > 0 ? held.speed == b.slowest : held.speed == 1;
    if (pinned) return missed;
    const double range = one.demand.budget_s * held.speed / (b.work_s * d);
    return missed + lambda * here * std::fabs(rise) * (1 + range);
}

RealBest real_best(const KernelInput& in, const One& one) {
    const bool may_rest = in.excused && one.box.lower <= 0;
    const double low = may_rest ? 1 : one.box.lower;
    const RealBest none{{0, false, 0, false}, {}, false, may_rest, false, 0};
    const double lambda = in.point.prices.lambda;
    if (!(low <= one.box.upper)) return none;
    BatteryBest best = best_with_battery(one.battery, one.demand, {low, one.box.upper}, lambda);
    if (!best.carried) return none;
    Held held = hold(one.battery, one.demand, best.samples);
    bool whole = false;
    if (!one.battery.fits(held.bandwidth_hz)) {
        const double most = largest_carried(one.battery, one.demand, one.box.upper);
        if (most < low) return none;
        best.samples = most;
        best.interior = false;
        whole = true;
        held = hold(one.battery, one.demand, most);
    }
    const double watt = in.point.prices.mu * one.battery.power_w;
    const double value = best.samples - lambda * held.bandwidth_hz - watt;
    best.excess += speed_excess(one, best.samples, held, lambda);
    return {best, held, !may_rest || value > 0, true, whole, value + best.excess};
}

// Whether rounding errors of a learner's cost are far below what a proof with real samples allows.
bool may_be_proved(const Battery& b, const Demand& q, const Held& held) {
    const bool seconds = held.slack > least_share * q.budget_s;
    return seconds && (held.all_power || held.left_j > least_share * b.energy_j) &&
           held.bandwidth_hz < no_limit;
}

// What whole samples are worth at most, where rounding errors leave real ones open.
bool whole_value(const KernelInput& in, const One& one, double& value) {
    const Interval box{std::floor(one.box.lower), std::ceil(one.box.upper)};
    const Response whole =
        respond_with_battery(one.battery, one.demand, in.excused, box, in.point.prices,
                             rounding::slack * in.point.cycle_s);
    if (whole.possible) value = whole.samples - whole.cost;
    return whole.possible;
}

bool sends(const One& one, double d) { return one.demand.alpha * d + one.demand.beta > 0; }

// For plans: so that what is allocated keeps the energy with all rounding errors.
Battery with_reserve(Battery battery) {
    battery.energy_j *= energy_kept;
    return battery;
}

}  // namespace

void battery_real_one(const KernelInput& in, std::size_t k, PassSums& sums) {
    const Prices p = in.point.prices;
    const One one = learner_at(in, k);
    const RealBest r = real_best(in, one);
    if (!r.possible) sums.impossible += 1;
    const Held& held = r.held;
    const Battery& battery = one.battery;
    const bool shaky =
        !may_be_proved(battery, one.demand, held) || r.whole || !std::isfinite(r.best.excess);
    double value = r.value;
    const bool known = !shaky || (in.careful && whole_value(in, one, value));
    if (r.possible && !known) sums.doubtful += 1;
    if (!r.active) {
        sums.value += std::max(value, 0.0);
        return;
    }
    const double d = r.best.samples;
    const double watt = battery.power_w;
    const double cost = p.lambda * held.bandwidth_hz + p.mu * watt;
    sums.value += value;
    sums.samples += d;
    sums.bandwidth += held.bandwidth_hz;
    sums.power += watt;
    sums.cost += cost;
    sums.most += one.demand.budget_s / one.demand.per_sample_s;
    sums.h_mm += seeming_elasticity * watt / p.mu;
    if (r.best.interior) sums.h_ll += 1 / (p.lambda * p.lambda * r.best.steepness);
    if (!sends(one, d)) return;
    const BatterySlopes slope = slopes_of(battery, one.demand, d, held);
    const double push = -p.lambda * slope.slack;
    if (!std::isfinite(push)) return;
    sums.value_time += push;
    sums.value_tau -= push * one.compute_s / held.speed * d;
    if (std::isfinite(slope.energy)) {
        const double joules = in.computing_j[k] * held.speed * held.speed;
        sums.value_tau += p.lambda * slope.energy * joules * d;
    }
    sums.condition += cost / held.slack;
}

double battery_samples_one(const KernelInput& in, std::size_t k) {
    const RealBest r = real_best(in, learner_at(in, k));
    return r.active ? std::max(r.best.samples, 0.0) : 0;
}

void battery_fill_one(const KernelInput& in, std::size_t k, double d, FillSums& sums) {
    One one = learner_at(in, k);
    one.battery = with_reserve(one.battery);
    const Held held = hold(one.battery, one.demand, d);
    const double band = held.bandwidth_hz;
    if (!(band < no_limit && band <= one.battery.bandwidth_hz * (1 + rounding::other_cap))) {
        sums.impossible += 1;
        return;
    }
    sums.power += one.battery.power_w;
    if (!sends(one, d)) return;
    sums.bandwidth += std::min(band, one.battery.bandwidth_hz);
    const double by_cycle = slopes_of(one.battery, one.demand, d, held).slack;
    if (std::isfinite(by_cycle)) sums.band_time += by_cycle;
}

double battery_band_one(const KernelInput& in, std::size_t k, double d, double& rise_hz) {
    const One one = learner_at(in, k);
    const Held held = hold(one.battery, one.demand, d);
    rise_hz = 0;
    if (held.bandwidth_hz > 0 && held.bandwidth_hz < no_limit) {
        rise_hz = slopes_of(one.battery, one.demand, d, held).samples;
    }
    return held.bandwidth_hz;
}

void battery_allocate_one(const KernelInput& in, const AllocationScale& scale, std::size_t k,
                          std::span<const double> samples, const Shares& shares,
                          AllocationSums& sums) {
    const auto& [bandwidth_hz, power_w] = shares;
    const double d = samples[k];
    bandwidth_hz[k] = power_w[k] = 0;
    One one = learner_at(in, k);
    const double most_j = one.battery.energy_j;
    one.battery = with_reserve(one.battery);
    const Held held = hold(one.battery, one.demand, d);
    double seconds = in.point.cycle_s - held.slack;
    double spent = one.battery.each_j * d * held.speed * held.speed;
    if (sends(one, d)) {
        const double band = held.bandwidth_hz;
        const double watt = held.all_power
                                ? one.battery.power_w
                                : std::min(one.battery.power_w, held.left_j / held.slack);
        if (!(band < std::numeric_limits<double>::infinity()) || !(watt > 0)) {
            sums.late += 1;
            return;
        }
        bandwidth_hz[k] = std::min(band * scale.bandwidth, one.battery.bandwidth_hz);
        power_w[k] = watt;
        const double noise =
            in.law == LinkLaw::density ? one.battery.noise * bandwidth_hz[k] : one.battery.noise;
        const double bits = one.demand.alpha * d + one.demand.beta;
        const double sending = bits * ln2 / (bandwidth_hz[k] * std::log1p(watt / noise));
        seconds += sending;
        spent += watt * sending;
        sums.bandwidth += bandwidth_hz[k];
    }
    sums.power += one.battery.power_w;
    if (!(seconds <= scale.deadline_s && spent <= most_j * energy_kept_written)) sums.late += 1;
}

}  // namespace mel
