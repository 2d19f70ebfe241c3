#include "split/whole_samples.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>

#include "base/chunks.hpp"
#include "kernels/kernels.hpp"
#include "learner/battery.hpp"
#include "learner/capped.hpp"
#include "split/rounded_up.hpp"

namespace mel {
constexpr double surely_rounded = 1125899906842624.0;  // 2^50: round_magic holds beyond it

// A few samples find room among a part of the learners. Odd: kinds of learners often alternate.
std::size_t repair_step(std::size_t size, const Missing& of) {
    const double least = std::max(4096.0, 16 * std::fabs(of.over));
    const auto enough = static_cast<std::size_t>(of.finer * least);
    return size >= 2 * enough ? (size / enough) | 1 : 1;
}

double in_order(std::span<const double> chunks) {
    CompensatedSum sum;
    for (const double part : chunks) sum.add(part);
    return sum.value();
}

void plan_carry(double factor, const ChunkSamples& of, CarryPlan& plan) {
    const auto& [free, stay] = of;
    plan.factor = factor;
    plan.starts.resize(free.size());
    plan.wholes.resize(free.size());
    CompensatedSum before;
    for (std::size_t b = 0; b < free.size(); ++b) {
        const double whole = nearest_integer(before.value());
        plan.starts[b] = before.value() - whole;
        before.add(free[b] * factor + stay[b]);
        plan.wholes[b] = nearest_integer(before.value()) - whole;
    }
}

void WholeSamples::begin(std::span<const double> chunk_totals) {
    memory_.stay.assign(chunk_totals.size(), 0);
    memory_.free.assign(chunk_totals.begin(), chunk_totals.end());
}

bool WholeSamples::clamp(const Box& box, double factor, std::span<double> samples) {
    if (box.lower.empty()) return false;
    std::atomic<bool> moved = false;
    const auto clamp_chunk = [&](std::size_t chunk, std::size_t first, std::size_t last) {
        double stay = 0, free = 0;
        for (std::size_t k = first; k < last; ++k) {
            const double low = box.low(k), high = box.high(k);
            double& d = samples[k];
            const double wish = d * factor;
            const bool at_bound = d <= low || d >= high;
            if (!at_bound && wish > low && wish < high) {
                free += d;
                continue;
            }
            if (!at_bound) moved.store(true, std::memory_order_relaxed);
            d = std::max(std::min(at_bound ? d : wish, high), std::max(low, 0.0));
            stay += d;
        }
        // Kept to the bit where nothing stands at a bound: the kernel then rounds the chunk.
        if (stay > 0) memory_.free[chunk] = free;
        memory_.stay[chunk] = stay;
    };
    for_each_chunk(pool_, problem_.size(), clamp_chunk);
    return moved;
}

// Learners of less than a chunk, all with one box and nothing capped: in one go.
double WholeSamples::carry_few(const Box& box, const Times& times, double real,
                               std::span<double> samples) const {
    if (!(real > 0)) return 0;
    const double factor = problem_.samples_real() / real;
    const double low = box.uniform.lower;
    const double high = box.uniform.upper;
    const double least = problem_.excused() && low <= 0 ? 1 : low;
    const double none = std::max(low, 0.0);
    const auto nearest = [](double x) { return (x + round_magic) - round_magic; };
    const bool same = !problem_.payload_differs();
    const double* const compute_s = problem_.compute_s().data();
    const double* const back_s = problem_.return_s_per_bit().data();
    const double back = problem_.return_bits(0);
    const double back_each = problem_.return_bits_per_sample(0);
    double left = 0;
    double total = 0;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double wish = samples[k] * factor;
        double d = wish > 0 ? low : none;
        if (wish > 0 && least <= high) {
            const double near = nearest(wish);
            const double whole = near > wish ? near - 1 : near;
            d = std::clamp(nearest(wish + left), std::clamp(whole, least, high),
                           std::clamp(whole + 1, least, high));
            // As demand_of() has it.
            const double slack = (times.cycle_s - back * back_s[k]) -
                                 (times.tau * compute_s[k] + back_each * back_s[k]) * d;
            if (!(same && slack > 0)) {
                const Demand demand = demand_of(problem_, k, times);
                if (!demand.allows(d)) d = std::max(d - 1, low);
            }
        }
        left += wish - d;
        total += d;
        samples[k] = d;
    }
    return total;
}

double WholeSamples::carry(const Box& box, const Times& times, std::span<const double> chunk_totals,
                           std::span<double> samples) {
    if (problem_.size() < chunk_size && !caps_ && box.lower.empty() &&
        problem_.samples_real() < surely_rounded) {
        return carry_few(box, times, chunk_totals[0], samples);
    }
    begin(chunk_totals);
    const auto clamp_all = [&](double factor) {
        const bool moved = clamp(box, factor, samples);
        return Clamped{in_order(memory_.free), in_order(memory_.stay), moved};
    };
    double factor = 1;
    if (caps_ && caps_->battery()) {
        // Beyond its real a learner may lack the energy: repair() finds others for what is missing.
        const Clamped own = clamp_all(1);
        if (!(own.free > 0) && !(own.stays > 0)) return 0;
        if (own.free > 0)
            factor = std::clamp((problem_.samples_real() - own.stays) / own.free, 0.0, 1.0);
        if (factor < 1) clamp_all(factor);
    } else {
        factor = scale_factor(problem_.samples_real(), !box.lower.empty(), clamp_all);
    }
    if (factor == 0) return 0;
    plan_carry(factor, {.free = memory_.free, .stay = memory_.stay}, memory_.plan);
    return carry_by(box, times, memory_.plan, samples).value();
}

CompensatedSum WholeSamples::carry_by(const Box& box, const Times& times, const CarryPlan& plan,
                                      std::span<double> samples) {
    const std::size_t size = problem_.size();
    const double factor = plan.factor;
    at_.tau = times.tau;
    const bool may_rest = problem_.excused();
    const bool columns = !box.lower.empty();
    const auto bound = [&](std::size_t k) {
        return columns && (samples[k] >= box.high(k) || samples[k] <= box.low(k));
    };
    const bool batteries = caps_ && caps_->battery();
    const auto kernel = kernels_of(pool_).carry;
    // Learners at a cap seldom take more than their real; others then take several samples more, or
    // are given them by repair(), which looks at many learners' energies at once.
    const double most_more = caps_ && !many_batteries() ? 4 : 1;
    const auto carry_chunk = [&](std::size_t first, std::size_t last) {
        const std::size_t b = first / chunk_size;
        double left = plan.starts[b];
        double total = 0;
        CompensatedSum sum;
        const CarryTarget target{factor, plan.starts[b], plan.wholes[b], box};
        // The kernel knows of no caps, and scales all alike.
        const bool plain = !caps_ && !paces_ && memory_.stay[b] == 0;
        if (plain && last - first == chunk_size) {
            const KernelInput in = kernel_input(problem_, box, {times.tau, times.cycle_s, {}});
            if (kernel(in, target, first, samples)) {
                sum.add(plan.wholes[b]);
                return sum;
            }
        }
        std::unique_ptr<const RoundedUp> looked;
        if (batteries) {
            const KernelInput in = kernel_input(problem_, box, {times.tau, times.aim_s, {}});
            looked = std::make_unique<const RoundedUp>(pool_, problem_.law(), in,
                                                       Stretch{first, last}, samples, factor);
        }
        for (std::size_t k = first; k < last; ++k) {
            const double wish = bound(k) ? samples[k] : samples[k] * factor;
            double d = nearest_integer(wish + left);
            const double low = box.low(k);
            if (!(wish > 0)) {
                d = std::max(low, 0.0);
            } else {
                const double near = nearest_integer(wish);
                const double whole = near > wish ? near - 1 : near;
                d = std::clamp(d, whole, whole + most_more);
                const double high = box.high(k);
                const double least = may_rest && low <= 0 ? 1 : low;
                d = high < least ? low : std::clamp(d, least, high);
                const Demand demand = demand_at(problem_, k, times, d);
                if (!(demand.slack(d) > 0) && !demand.allows(d)) d = std::max(d - 1, low);
                if (caps_ && !(looked &&
                               looked->settle(
                                   k, {.samples = samples[k], .whole = whole, .fewest = low}, d))) {
                    const Demand aim =
                        demand_at(problem_, k, Timing{times.tau, times.aim_s}, samples[k]);
                    while (d > whole && d > low && steep(k, aim, {.from = samples[k], .to = d}))
                        --d;
                    if (!carries(k, demand, d)) {
                        const Demand full = demand_of(problem_, k, times);
                        d = std::max(most(k, full, d), low);
                    }
                }
            }
            left += wish - d;
            total += d;
            samples[k] = d;
        }
        sum.add(total);
        return sum;
    };
    return sum_over_chunks(pool_, size, totals_, carry_chunk);
}

bool WholeSamples::steep(std::size_t k, const Demand& demand, Step step) const {
    const auto [real, d] = step;
    if (!(d > real)) return false;
    if (!(demand.slack(d) > 0)) return true;
    if (caps_->battery()) {
        const Battery battery = battery_of(problem_, k, at_.tau);
        const double most =
            std::min(battery.bandwidth_hz, steep_bandwidth * battery.bandwidth(demand, real));
        return !(battery.bandwidth(demand, d) <= most);
    }
    const double before = demand.rate(real);
    const double after = demand.rate(d);
    if (after > caps_->max_rate[k] || (d >= real + 1 && after > 1.5 * before)) return true;
    if ((after - before) * ln2 > caps_->max_bandwidth_hz[k]) return true;
    if (problem_.law() == LinkLaw::fixed) return false;
    const double most = caps_->max_power_w[k] / (problem_.noise_over_gain()[k] * ln2);
    return most - after < 0.5 * (most - before);
}

double WholeSamples::most(std::size_t k, const Demand& demand, double high) const {
    const double full = most_on(k, demand, high);
    if (!paces_) return full;
    const Pacing pacing = Pacing::of(problem_, k, at_.tau, Energy::kept);
    return at_own_pace(demand, pacing, Sought::largest, full,
                       [&](const Demand& line) { return most_on(k, line, high); });
}

double WholeSamples::most_on(std::size_t k, const Demand& demand, double high) const {
    if (!caps_) return largest_allowed(demand, high);
    if (caps_->battery()) return largest_carried(battery_of(problem_, k, at_.tau), demand, high);
    return largest_within(demand, {.samples = high, .rate = caps_->max_rate[k]});
}

bool WholeSamples::carries(std::size_t k, const Demand& demand, double d) const {
    if (caps_->battery()) return battery_of(problem_, k, at_.tau).carries(demand, d);
    return demand.rate(d) <= caps_->max_rate[k];
}

}  // namespace mel
