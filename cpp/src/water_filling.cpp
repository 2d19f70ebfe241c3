#include "mel/water_filling.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "mel/kernels.hpp"
#include "mel/sums.hpp"

namespace mel {
namespace {

constexpr double clear_margin =
    1e-13;  // below this share of a budget, double precision decides nothing
constexpr double budget_reserve = 2e-15;    // left unspent so that rounded sums stay within
constexpr double deadline_reserve = 1e-14;  // covers every rounding error of a learner's time

bool takes_part(const Problem& problem, double samples) {
    return samples > 0 || !problem.excused();
}

}  // namespace

FillSums WaterFilling::pass(double tau, double cycle_s, const double* samples, double ratio) {
    ++passes_;
    const std::size_t size = problem_.size();
    const KernelInput in = kernel_input(problem_, {}, {tau, cycle_s, {1.0, ratio}});
    const auto kernel = pool_.kernels().fill(problem_.law());
    blocks_.resize(block_count(size));
    pool_.run(blocks_.size(), [&](std::size_t b) {
        blocks_[b] = kernel(in, b * block_size, std::min(size, (b + 1) * block_size), samples);
    });
    return reduce_tree(std::span<FillSums>(blocks_));
}

WaterFilling::Outcome WaterFilling::fill(double tau, double cycle_s, const double* samples,
                                         double& ratio) {
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    double z = std::log(ratio);
    double low = -1e300;
    double high = 1e300;
    for (int step = 0; step < 100; ++step) {
        ratio = std::exp(z);
        const FillSums sums = pass(tau, cycle_s, samples, ratio);
        if (pool_.stop().check()) return Outcome::stopped;
        if (sums.impossible > 0) return Outcome::too_much;
        const double share_band = sums.bandwidth / band;
        const double share_power = sums.power / watt;
        load_ = std::max(share_band, share_power);
        if (load_ <= 1 - clear_margin) return Outcome::fits;
        const double cost = sums.bandwidth + ratio * sums.power;
        const double budget = band + ratio * watt;
        if (cost > budget * (1 + clear_margin)) return Outcome::too_much;
        const double gap = std::log(share_band) - std::log(share_power);  // rises with z
        (gap > 0 ? high : low) = z;
        if (std::fabs(gap) < 1e-15 || high - low < 1e-15 * std::fabs(z)) break;
        const double slope = sums.shift / sums.bandwidth + sums.shift / (ratio * sums.power);
        double next = z - std::clamp(gap / slope, -6.0, 6.0);
        if (!(next > low && next < high)) {
            next = low > -1e299 && high < 1e299 ? 0.5 * (low + high) : z - (gap > 0 ? 6.0 : -6.0);
        }
        if (next == z) break;
        z = next;
    }
    return Outcome::unclear;
}

double WaterFilling::shortest_cycle(double tau, double cycle_s, const double* samples,
                                    double& ratio) {
    const double band = problem_.bandwidth_hz();
    const double watt = problem_.power_w();
    double best = cycle_s;
    double best_ratio = ratio;
    double z = std::log(ratio);
    double t = cycle_s;
    double too_short = 0;
    for (int step = 0; step < 20; ++step) {
        const FillSums sums = pass(tau, t, samples, std::exp(z));
        if (pool_.stop().check()) break;
        if (sums.impossible > 0) {
            too_short = t;
            t = 0.5 * (t + best);
            continue;
        }
        if (!(sums.bandwidth > 0)) break;
        const double over_band = std::log(sums.bandwidth / band);
        const double over_power = std::log(sums.power / watt);
        if (over_band <= 0 && over_power <= 0) {
            best = t;
            best_ratio = std::exp(z);
            if (over_band > -1e-9 && over_power > -1e-9) break;
        }
        const double q = std::exp(z);
        const double a11 = sums.shift / sums.bandwidth;
        const double a12 = sums.band_time / sums.bandwidth;
        const double a21 = -sums.shift / (q * sums.power);
        const double a22 = sums.power_time / sums.power;
        const double det = a11 * a22 - a12 * a21;  // < 0
        const double r1 = -over_band - 5e-10;
        const double r2 = -over_power - 5e-10;
        const double dz = (r1 * a22 - a12 * r2) / det;
        const double dt = (a11 * r2 - a21 * r1) / det;
        if (!std::isfinite(dz) || !std::isfinite(dt)) break;
        z += std::clamp(dz, -3.0, 3.0);
        double next = t + dt;
        if (!(next > too_short)) next = 0.5 * (t + too_short);
        next = std::min(next, cycle_s);
        t = next;
    }
    ratio = best_ratio;
    return best;
}

bool WaterFilling::allocate(double tau, double within_s, const double* samples, double ratio,
                            double* bandwidth_hz, double* power_w) {
    ++passes_;
    const std::size_t size = problem_.size();
    const Prices prices{1.0, ratio};
    std::vector<CompensatedSum> band_parts(block_count(size));
    std::vector<CompensatedSum> power_parts(block_count(size));
    pool_.run(block_count(size), [&](std::size_t b) {
        CompensatedSum band;
        CompensatedSum power;
        const std::size_t last = std::min(size, (b + 1) * block_size);
        for (std::size_t k = b * block_size; k < last; ++k) {
            Purchase p{0, 0, 0};
            if (takes_part(problem_, samples[k])) {
                const Demand demand = demand_of(problem_, k, tau, within_s);
                p = buy(problem_.law(), problem_.noise_over_gain()[k], prices,
                        demand.rate(samples[k]));
            }
            bandwidth_hz[k] = p.bandwidth_hz;
            power_w[k] = p.power_w;
            band.add(p.bandwidth_hz);
            power.add(p.power_w);
        }
        band_parts[b] = band;
        power_parts[b] = power;
    });
    if (pool_.stop().requested()) return false;
    const double band_sum = reduce_tree(std::span<CompensatedSum>(band_parts)).value();
    const double power_sum = reduce_tree(std::span<CompensatedSum>(power_parts)).value();
    // Both scaled by one or more: rates only rise. With nothing to send there is nothing to scale.
    const double band_scale =
        band_sum > 0 ? problem_.bandwidth_hz() / band_sum * (1 - budget_reserve) : 1;
    const double power_scale =
        power_sum > 0 ? problem_.power_w() / power_sum * (1 - budget_reserve) : 1;
    const double deadline = problem_.cycle_s() * (1 - deadline_reserve);
    std::atomic<bool> kept{true};
    pool_.run(block_count(size), [&](std::size_t b) {
        CompensatedSum band;
        CompensatedSum power;
        bool good = true;
        const std::size_t last = std::min(size, (b + 1) * block_size);
        for (std::size_t k = b * block_size; k < last; ++k) {
            bandwidth_hz[k] *= band_scale;
            power_w[k] *= power_scale;
            band.add(bandwidth_hz[k]);
            power.add(power_w[k]);
            if (!takes_part(problem_, samples[k])) continue;
            const LearnerTimes times =
                evaluate_learner(problem_, k, tau, static_cast<std::int64_t>(samples[k]),
                                 bandwidth_hz[k], power_w[k]);
            good = good && times.total_s() <= deadline;
        }
        band_parts[b] = band;
        power_parts[b] = power;
        if (!good) kept.store(false, std::memory_order_relaxed);
    });
    if (pool_.stop().requested()) return false;
    // The compensated sums err by less than the reserve: 2 units in the last place plus second
    // order.
    const double slack = 1 - 4 * unit_roundoff;
    return kept.load() &&
           reduce_tree(std::span<CompensatedSum>(band_parts)).value() <=
               problem_.bandwidth_hz() * slack &&
           reduce_tree(std::span<CompensatedSum>(power_parts)).value() <=
               problem_.power_w() * slack;
}

}  // namespace mel
