// The loops. Each instruction set's translation unit defines MEL_ISA and includes this file.
// Learners come in groups of sixteen; an instruction set takes a group in one, two or four steps,
// and keeps one running sum for each of the sixteen places, so that the sums do not depend on it.
#pragma once

#include "learner_lanes.hpp"

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

template <class Law>
static PassSums real_block(const KernelInput& in, std::size_t first, std::size_t last) {
    const PriceConstants p = constants(in);
    Sum value{}, samples{}, bandwidth{}, power{}, cost{}, ll{}, lm{}, mm{}, curvature{}, tau{},
        time{}, condition{}, impossible{}, doubtful{}, reach{};
    for (std::size_t k = first; k < last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            const ResponseLanes r = Law::respond(in, p, at);
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
            const Lanes push = only(m, r.unit_cost * r.hurry);
            time.part[j] += push;
            tau.part[j] -= push * load(in.compute_s + at) * d;
            condition.part[j] += Law::linear ? push : only(m, r.cost / r.slack);
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
            const ResponseLanes r = Law::respond(in, p, at);
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

struct FillLanes {
    Lanes samples, rate, hurry, noise;
    Mask part, sends, impossible;
};

MEL_INLINE FillLanes fill_lanes(const KernelInput& in, std::size_t at, std::size_t last,
                                const double* samples) {
    const DemandLanes q = demand_lanes(in, at);
    FillLanes f;
    if (at + width <= last) {
        f.samples = load(samples + at);
    } else {
        f.samples = load_part(samples + at, at < last ? last - at : 0);
    }
    f.part = in.excused ? q.valid & (f.samples > 0) : q.valid;
    const Lanes bits = in.alpha * f.samples + in.beta;
    const Lanes slack = q.budget - q.each * f.samples;
    const Mask fits = (slack > 0) | ((slack == fill(0)) & (bits == fill(0)));
    f.impossible = f.part & ~fits;
    f.sends = f.part & fits & (bits > 0);
    const Lanes inverse = 1 / select(f.sends, slack, fill(1));
    f.rate = select(f.sends, bits * inverse, fill(1));
    f.hurry = f.rate * inverse;
    f.noise = q.noise;
    return f;
}

struct BoughtLanes {
    Lanes bandwidth, power, shift, band_time, power_time;
};

MEL_INLINE BoughtLanes bought_density(const FillLanes& f, double inverse_ratio) {
    const DensityRoot root = density_root(inverse_ratio / f.noise);
    const Lanes inverse = 1 / root.log_gain;
    const Lanes band_slope = ln2 * inverse;
    const Lanes power_slope = root.gain * f.noise * band_slope;
    const Lanes band = f.rate * band_slope;
    return {band, f.rate * power_slope,
            band * inverse * inverse * inverse_ratio / ((1 + root.gain) * f.noise),
            f.hurry * band_slope, f.hurry * power_slope};
}

MEL_INLINE BoughtLanes bought_fixed(const FillLanes& f, double inverse_ratio) {
    const Lanes u = fixed_root(square_root(inverse_ratio * ln2 * f.rate / f.noise));
    const Lanes band = f.rate * ln2 / u;
    const Lanes gain = exponential(smaller(u, fill(690))).minus_one;
    const Lanes stretch = 1 / (2 + u);
    const Lanes relative = f.hurry / f.rate;
    return {band, f.noise * gain, band * stretch, relative * band * (1 + u) * stretch,
            relative * f.noise * (gain + 1) * u * stretch};
}

template <BoughtLanes (*bought)(const FillLanes&, double)>
static FillSums fill_block(const KernelInput& in, std::size_t first, std::size_t last,
                           const double* samples) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    Sum bandwidth{}, power{}, shift{}, band_time{}, power_time{}, impossible{};
    for (std::size_t k = first; k < last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const FillLanes f =
                fill_lanes(in, k + static_cast<std::size_t>(j * width), last, samples);
            const BoughtLanes b = bought(f, inverse_ratio);
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
template <BoughtLanes (*bought)(const FillLanes&, double), bool density>
static AllocationSums allocate_block(const KernelInput& in, const AllocationScale& scale,
                                     std::size_t first, std::size_t last, const double* samples,
                                     double* bandwidth_hz, double* power_w) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    Sum band_sum{}, power_sum{}, late{};
    for (std::size_t k = first; k < last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= last) break;
            const FillLanes f = fill_lanes(in, at, last, samples);
            const BoughtLanes b = bought(f, inverse_ratio);
            const Lanes band = only(f.sends, b.bandwidth * scale.bandwidth);
            const Lanes power = only(f.sends, b.power * scale.power);
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
            const Lanes noise = density ? f.noise * some_band : f.noise;
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
                      fill_block<bought_density>,
                      fill_block<bought_fixed>,
                      allocate_block<bought_density, true>,
                      allocate_block<bought_fixed, false>};

}  // namespace mel::MEL_ISA
