// The loops. Each instruction set's translation unit defines MEL_ISA and includes this file.
// Learners come in groups of sixteen; an instruction set takes a group in one, two or four steps,
// and keeps one running sum for each of the sixteen places, so that the sums do not depend on it.
#pragma once

#include "kernels/fill_lanes.hpp"
#include "kernels/whole_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr int steps = static_cast<int>(group) / width;

struct Sum {
    Lanes part[steps];
};

// Of the sixteen places, always in the same tree.
MEL_INLINE double total(const Sum& sum) {
    double x[group];
    for (int j = 0; j < steps; ++j) store(x + j * width, sum.part[j]);
    for (std::size_t half = group / 2; half > 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) x[i] += x[i + half];
    }
    return x[0];
}

MEL_INLINE PriceConstants constants(const KernelInput& in) {
    const Prices p = in.point.prices;
    return {p.lambda, p.mu, p.lambda / p.mu, p.lambda * ln2};
}

// d value / d slack, but for whether the learner takes part.
MEL_INLINE Lanes push_of(const ResponseLanes& r) { return r.unit_cost * r.hurry; }
MEL_INLINE Lanes push_of(const LimitedResponse& r) { return r.push; }
MEL_INLINE void follow_bound(Lanes&, Mask, const ResponseLanes&) {}
MEL_INLINE void follow_bound(Lanes& tau, Mask m, const LimitedResponse& r) {
    tau += only(m, r.bound_tau);
}

template <class Law>
static PassSums real_block(const KernelInput& in, std::size_t first, std::size_t last) {
    const PriceConstants p = constants(in);
    Sum value{}, samples{}, bandwidth{}, power{}, cost{}, ll{}, lm{}, mm{}, curvature{}, tau{},
        time{}, condition{}, impossible{}, doubtful{}, reach{};
    for (std::size_t k = first; k < last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            const auto r = Law::respond(in, p, at);
            const Mask m = r.active;
            const Lanes d = only(m, r.samples);
            const Lanes paid = only(m, r.cost);
            samples.part[j] += d;
            cost.part[j] += paid;
            value.part[j] += d - paid;
            bandwidth.part[j] += only(m, r.bandwidth);
            power.part[j] += only(m, r.power);
            const Lanes weight = only(m, r.interior);
            const Lanes to_band = weight * r.band_slope;
            ll.part[j] += to_band * r.band_slope;
            lm.part[j] += to_band * r.power_slope;
            mm.part[j] += weight * r.power_slope * r.power_slope;
            curvature.part[j] += only(m, r.curvature);
            const Lanes push = only(m, push_of(r));
            time.part[j] += push;
            tau.part[j] -= push * load(in.compute_s + at) * d;
            follow_bound(tau.part[j], m, r);
            condition.part[j] += only(m, Law::condition(r));
            impossible.part[j] += only(r.impossible, fill(1));
            doubtful.part[j] += only(r.doubtful, fill(1));
            reach.part[j] += only(m, r.reach);
        }
    }
    PassSums s;
    s.value = total(value);
    s.samples = total(samples);
    s.bandwidth = total(bandwidth);
    s.power = total(power);
    s.cost = total(cost);
    const double bend = total(curvature) / p.lambda;
    s.h_ll = total(ll) + bend;
    s.h_lm = total(lm) - bend * p.ratio;
    s.h_mm = total(mm) + bend * p.ratio * p.ratio;
    s.value_tau = total(tau);
    s.value_time = total(time);
    s.condition = total(condition);
    s.impossible = total(impossible);
    s.doubtful = total(doubtful);
    s.reach = total(reach);
    return s;
}

template <class Law>
static double samples_block(const KernelInput& in, std::size_t first, std::size_t last,
                            double* out) {
    const PriceConstants p = constants(in);
    Sum sum{};
    for (std::size_t k = first; k < last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= last) break;
            const auto r = Law::respond(in, p, at);
            const Lanes d = only(r.active, larger(r.samples, fill(0)));
            sum.part[j] += d;
            if (at + width <= last) {
                store(out + at, d);
            } else {
                store_part(out + at, d, last - at);
            }
        }
    }
    return total(sum);
}

// Writes -1 for what the scalar response must look at, and leaves that out of the sums.
template <class Law>
static WholeSums whole_block(const KernelInput& in, std::size_t first, std::size_t last,
                             double* out, double* lean) {
    const PriceConstants p = constants(in);
    Sum samples{}, bandwidth{}, power{}, cost{}, condition{}, impossible{}, unsure{};
    for (std::size_t k = first; k < last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= last) break;
            const WholeLanes w = Law::respond(in, p, at);
            const Mask sure = w.active & ~w.unsure;
            const Lanes paid = only(sure, w.cost);
            samples.part[j] += only(sure, w.samples);
            bandwidth.part[j] += only(sure, w.bandwidth);
            power.part[j] += only(sure, w.power);
            cost.part[j] += paid;
            condition.part[j] += paid / select(sure, w.slack, fill(1));
            impossible.part[j] += only(w.impossible & ~w.unsure, fill(1));
            unsure.part[j] += only(w.unsure, fill(1));
            const Lanes d = select(w.unsure, fill(-1), only(w.active, w.samples));
            const auto write = [&](double* to, Lanes x) {
                if (at + width <= last) {
                    store(to + at, x);
                } else {
                    store_part(to + at, x, last - at);
                }
            };
            write(out, d);
            if (lean) write(lean, select(w.unsure, fill(0), w.lean));
        }
    }
    return {total(samples),   total(bandwidth),  total(power), total(cost),
            total(condition), total(impossible), total(unsure)};
}

template <class Market>
static FillSums fill_block(const KernelInput& in, std::size_t first, std::size_t last,
                           const double* samples) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    Sum bandwidth{}, power{}, shift{}, band_time{}, power_time{}, impossible{};
    for (std::size_t k = first; k < last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            FillLanes f = fill_lanes(in, at, last, samples);
            const BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
            bandwidth.part[j] += only(f.sends, b.bandwidth);
            power.part[j] += only(f.sends, b.power);
            shift.part[j] += only(f.sends, b.shift);
            band_time.part[j] -= only(f.sends, b.band_time);
            power_time.part[j] -= only(f.sends, b.power_time);
            impossible.part[j] += only(f.impossible, fill(1));
        }
    }
    return {total(bandwidth), total(power),      total(shift),
            total(band_time), total(power_time), total(impossible)};
}

// Buys the rates, scales, writes, and times every learner with what was written.
template <class Market>
static AllocationSums allocate_block(const KernelInput& in, const AllocationScale& scale,
                                     std::size_t first, std::size_t last, const double* samples,
                                     double* bandwidth_hz, double* power_w) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    Sum band_sum{}, power_sum{}, late{};
    for (std::size_t k = first; k < last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= last) break;
            FillLanes f = fill_lanes(in, at, last, samples);
            const BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
            Lanes band = only(f.sends, b.bandwidth * scale.bandwidth);
            Lanes power = only(f.sends, b.power * scale.power);
            Market::keep_caps(in, at, band, power);
            if (at + width <= last) {
                store(bandwidth_hz + at, band);
                store(power_w + at, power);
            } else {
                store_part(bandwidth_hz + at, band, last - at);
                store_part(power_w + at, power, last - at);
            }
            band_sum.part[j] += band;
            power_sum.part[j] += power;
            const Lanes some_band = select(f.sends, band, fill(1));
            const Lanes noise = Market::density ? f.noise * some_band : f.noise;
            const Lanes rate = some_band * logarithm_1p(power / noise);
            const Lanes sent = in.alpha * f.samples + in.beta;
            const Lanes returned = in.returned_bits_per_sample * f.samples + in.beta;
            const Lanes seconds = only(f.sends, sent * ln2 / select(f.sends, rate, fill(1))) +
                                  in.point.tau * load(in.compute_s + at) * f.samples +
                                  returned * load(in.return_s_per_bit + at);
            const Mask real = ~f.sends | ((band > 0) & (power > 0));
            const Mask kept = (seconds <= fill(scale.deadline_s)) & real;
            late.part[j] += only(f.part & ~kept, fill(1));
        }
    }
    return {total(band_sum), total(power_sum), total(late)};
}

extern const Kernels kernels;
const Kernels kernels{real_block<DensityLaw>,
                      real_block<FixedLaw>,
                      samples_block<DensityLaw>,
                      samples_block<FixedLaw>,
                      fill_block<DensityMarket>,
                      fill_block<FixedMarket>,
                      allocate_block<DensityMarket>,
                      allocate_block<FixedMarket>,
                      real_block<Limited<DensityLaw>>,
                      real_block<Limited<FixedLaw>>,
                      samples_block<Limited<DensityLaw>>,
                      samples_block<Limited<FixedLaw>>,
                      fill_block<Capped<DensityMarket>>,
                      fill_block<Capped<FixedMarket>>,
                      allocate_block<Capped<DensityMarket>>,
                      allocate_block<Capped<FixedMarket>>,
                      carry_block,
                      whole_block<WholeDensity>,
                      whole_block<WholeFixed>};

}  // namespace mel::MEL_ISA
