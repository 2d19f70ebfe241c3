// What given samples buy at a price ratio: eight learners of water-filling.
#pragma once

#include "kernels/limits_lanes.hpp"

namespace mel::MEL_ISA {

struct FillLanes {
    Lanes samples, bits, rate, hurry, noise;
    Lanes inverse_slack, inverse_noise;
    Mask part, sends, impossible;
};

MEL_INLINE FillLanes fill_lanes(const KernelInput& in, std::size_t at, std::size_t last,
                                std::span<const double> samples) {
    const DemandLanes q = demand_lanes(in, at);
    FillLanes f;
    if (at + width <= last) {
        f.samples = load(samples.data() + at);
    } else {
        f.samples = load_part(samples.data() + at, at < last ? last - at : 0);
    }
    f.part = in.excused ? q.valid & (f.samples > 0) : q.valid;
    const Lanes bits = q.alpha * f.samples + q.beta;
    const Lanes slack = q.budget - q.each * f.samples;
    const Mask fits = (slack > 0) | ((slack == fill(0)) & (bits == fill(0)));
    f.impossible = f.part & ~fits;
    f.sends = f.part & fits & (bits > 0);
    const Inverses by = inverses(select(f.sends, slack, fill(1)), q.noise);
    f.inverse_slack = by.x;
    f.inverse_noise = by.y;
    f.rate = select(f.sends, bits * by.x, fill(1));
    f.hurry = f.rate * by.x;
    f.noise = q.noise;
    f.bits = bits;
    return f;
}

struct BoughtLanes {
    Lanes bandwidth, power, shift, band_time, power_time;
};

struct DensityMarket {
    using Caps = DensityCaps;
    static constexpr bool density = true;
    MEL_INLINE BoughtLanes buy(const KernelInput&, std::size_t, const FillLanes& f,
                               double inverse_ratio) {
        const Lanes y = inverse_ratio * f.inverse_noise;
        const DensityRoot root = density_root(y);
        const Inverses by = inverses(root.log_gain, 1 + root.gain);
        const Lanes band_slope = ln2 * by.x;
        const Lanes power_slope = root.gain * f.noise * band_slope;
        const Lanes band = f.rate * band_slope;
        return {band, f.rate * power_slope, band * by.x * by.x * y * by.y, f.hurry * band_slope,
                f.hurry * power_slope};
    }
    MEL_INLINE void keep_caps(const KernelInput&, std::size_t, Lanes&, Lanes&) {}
};

struct FixedMarket {
    using Caps = FixedCaps;
    static constexpr bool density = false;
    MEL_INLINE BoughtLanes buy(const KernelInput&, std::size_t, const FillLanes& f,
                               double inverse_ratio) {
        const FixedRoot root = fixed_root_of(inverse_ratio * ln2 * f.rate * f.inverse_noise);
        const Lanes band = f.rate * ln2 * root.inverse;
        const Lanes relative = f.inverse_slack * root.stretch;
        return {band, f.noise * root.gain, band * root.stretch, relative * band * (1 + root.u),
                relative * f.noise * (root.gain + 1) * root.u};
    }
    MEL_INLINE void keep_caps(const KernelInput&, std::size_t, Lanes&, Lanes&) {}
};

// The same under caps. Where the cheapest purchase exceeds both, the caps do not carry the rate.
template <class Market>
struct Capped {
    using Caps = typename Market::Caps;
    static constexpr bool density = Market::density;

    MEL_INLINE BoughtLanes buy(const KernelInput& in, std::size_t at, FillLanes& f,
                               double inverse_ratio) {
        BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
        const CapLanes cap = caps_of(in, at);
        const Mask band = f.sends & (b.bandwidth > cap.bandwidth);
        const Mask power = f.sends & ~band & (b.power > cap.power);
        if (any(band)) at_band_cap(cap, band, f, b);
        if (any(power)) at_power_cap(cap, power, f, b);
        return b;
    }

    MEL_INLINE void keep_caps(const KernelInput& in, std::size_t at, Lanes& band, Lanes& power) {
        const CapLanes cap = caps_of(in, at);
        band = smaller(band, cap.bandwidth);
        power = smaller(power, cap.power);
    }

  private:
    MEL_INLINE void at_band_cap(const CapLanes& cap, Mask m, FillLanes& f, BoughtLanes& b) {
        const Lanes band = select(m, cap.bandwidth, fill(1));
        const CappedLanes paid =
            MEL_ISA::at_band_cap(1.0, band, ln2 / band, Caps::watt(f.noise, band), f.rate);
        take(m, cap, paid, f, b);
        f.impossible = f.impossible | (m & (paid.power > cap.power * (1 + rounding::other_cap)));
    }

    MEL_INLINE void at_power_cap(const CapLanes& cap, Mask m, FillLanes& f, BoughtLanes& b) {
        const Lanes power = select(m, cap.power, fill(1));
        const PriceConstants p{1, 1, 1, ln2};
        Mask converged;
        CappedLanes paid;
        if constexpr (density) {
            paid = Caps::at_power_cap(p, f.noise, power, f.rate, fill(1), none(), m, converged);
            f.impossible = f.impossible | (m & ~(f.rate * ln2 * f.noise < power));
        } else {
            const Lanes u = logarithm_1p(power / f.noise);
            paid = Caps::at_power_cap(p, f.noise, power, f.rate, u, none(), m, converged);
        }
        // With little signal to noise the bandwidth that follows is all rounding error.
        const Lanes tolerance = rounding::other_cap * (1 + 1 / smaller(paid.log_gain, fill(1)));
        take(m, cap, paid, f, b);
        f.impossible = f.impossible | (m & (paid.bandwidth > cap.bandwidth * (1 + tolerance)));
    }

    MEL_INLINE void take(Mask m, const CapLanes& cap, const CappedLanes& paid, const FillLanes& f,
                         BoughtLanes& b) {
        b.bandwidth = select(m, smaller(paid.bandwidth, cap.bandwidth), b.bandwidth);
        b.power = select(m, smaller(paid.power, cap.power), b.power);
        b.shift = select(m, fill(0), b.shift);
        b.band_time = select(m, f.hurry * paid.band_slope, b.band_time);
        b.power_time = select(m, f.hurry * paid.power_slope, b.power_time);
    }
};

}  // namespace mel::MEL_ISA
