// The loops. Each instruction set's translation unit defines MEL_ISA and includes this file.
#pragma once

#include "learner_lanes.hpp"

namespace mel::MEL_ISA {

template <class Law>
static PassSums real_block(const KernelInput& in, std::size_t first, std::size_t last) {
    const Prices prices = in.point.prices;
    const PriceConstants p{prices.lambda, prices.mu, prices.lambda / prices.mu,
                           prices.lambda * ln2};
    const Lanes zero = fill(0);
    Lanes value = zero, samples = zero, bandwidth = zero, power = zero, cost = zero, ll = zero,
          lm = zero, mm = zero, curvature = zero, tau = zero, time = zero, condition = zero,
          impossible = zero;
    for (std::size_t k = first; k < last; k += lanes * in.stride) {
        const ResponseLanes r = Law::respond(in, p, k);
        const Mask m = r.active;
        value += only(m, r.samples - r.cost);
        samples += only(m, r.samples);
        bandwidth += only(m, r.bandwidth);
        power += only(m, r.power);
        cost += only(m, r.cost);
        const Lanes weight = only(m, r.interior);
        const Lanes to_band = weight * r.band_slope;
        ll += to_band * r.band_slope;
        lm += to_band * r.power_slope;
        mm += weight * r.power_slope * r.power_slope;
        curvature += only(m, r.curvature);
        const Lanes hurry = r.rate / r.slack;
        const Lanes push = only(m, r.unit_cost * hurry);
        time += push;
        tau -= push * load(in.compute_s + k) * r.samples;
        condition += only(m, r.cost / r.slack);
        impossible += only(r.impossible, fill(1));
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
    return s;
}

template <class Law>
static void samples_block(const KernelInput& in, std::size_t first, std::size_t last, double* out) {
    const Prices prices = in.point.prices;
    const PriceConstants p{prices.lambda, prices.mu, prices.lambda / prices.mu,
                           prices.lambda * ln2};
    for (std::size_t k = first; k < last; k += lanes) {
        const ResponseLanes r = Law::respond(in, p, k);
        const Lanes d = only(r.active, larger(r.samples, fill(0)));
        if (k + lanes <= last) {
            store(out + k, d);
        } else {
            for (std::size_t i = 0; k + i < last; ++i) out[k + i] = d[static_cast<int>(i)];
        }
    }
}

struct FillLanes {
    Lanes rate, rate_time, noise;
    Mask sends, impossible;
};

MEL_INLINE FillLanes fill_lanes(const KernelInput& in, std::size_t k, std::size_t last,
                                const double* samples) {
    const DemandLanes q = demand_lanes(in, k);
    Lanes d = fill(0);
    if (k + lanes <= last) {
        d = load(samples + k);
    } else {
        for (std::size_t i = 0; k + i < last; ++i) d[static_cast<int>(i)] = samples[k + i];
    }
    const Mask part = in.excused ? q.valid & (d > 0) : q.valid;
    const Lanes bits = in.alpha * d + in.beta;
    const Lanes slack = q.budget - q.each * d;
    const Mask fits = (slack > 0) | ((slack == 0) & (bits == 0));
    FillLanes f;
    f.impossible = part & ~fits;
    f.sends = part & fits & (bits > 0);
    f.rate = select(f.sends, bits / slack, fill(1));
    f.rate_time = f.rate / slack;
    f.noise = q.noise;
    return f;
}

static FillSums fill_block_density(const KernelInput& in, std::size_t first, std::size_t last,
                                   const double* samples) {
    const double ratio = in.point.prices.mu / in.point.prices.lambda;
    const double inverse_ratio = 1 / ratio;
    Lanes bandwidth = fill(0), power = fill(0), shift = fill(0), band_time = fill(0),
          power_time = fill(0), impossible = fill(0);
    for (std::size_t k = first; k < last; k += lanes) {
        const FillLanes f = fill_lanes(in, k, last, samples);
        const DensityRoot root = density_root(inverse_ratio / f.noise);
        const Lanes inverse = 1 / root.log_gain;
        const Lanes band_slope = ln2 * inverse;
        const Lanes power_slope = root.gain * f.noise * band_slope;
        const Lanes band = f.rate * band_slope;
        bandwidth += only(f.sends, band);
        power += only(f.sends, f.rate * power_slope);
        shift +=
            only(f.sends, band * inverse * inverse * inverse_ratio / ((1 + root.gain) * f.noise));
        band_time -= only(f.sends, f.rate_time * band_slope);
        power_time -= only(f.sends, f.rate_time * power_slope);
        impossible += only(f.impossible, fill(1));
    }
    return {total(bandwidth), total(power),      total(shift),
            total(band_time), total(power_time), total(impossible)};
}

static FillSums fill_block_fixed(const KernelInput& in, std::size_t first, std::size_t last,
                                 const double* samples) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    Lanes bandwidth = fill(0), power = fill(0), shift = fill(0), band_time = fill(0),
          power_time = fill(0), impossible = fill(0);
    for (std::size_t k = first; k < last; k += lanes) {
        const FillLanes f = fill_lanes(in, k, last, samples);
        const Lanes u = fixed_root(square_root(inverse_ratio * ln2 * f.rate / f.noise));
        const Lanes band = f.rate * ln2 / u;
        const Lanes gain = exponential(smaller(u, fill(690))).minus_one;
        const Lanes stretch = 1 / (2 + u);
        const Lanes hurry = f.rate_time / f.rate;
        bandwidth += only(f.sends, band);
        power += only(f.sends, f.noise * gain);
        shift += only(f.sends, band * stretch);
        band_time -= only(f.sends, hurry * band * (1 + u) * stretch);
        power_time -= only(f.sends, hurry * f.noise * (gain + 1) * u * stretch);
        impossible += only(f.impossible, fill(1));
    }
    return {total(bandwidth), total(power),      total(shift),
            total(band_time), total(power_time), total(impossible)};
}

extern const Kernels kernels;
const Kernels kernels{real_block<DensityLaw>,  real_block<FixedLaw>, samples_block<DensityLaw>,
                      samples_block<FixedLaw>, fill_block_density,   fill_block_fixed};

}  // namespace mel::MEL_ISA
