// What given samples buy at a price ratio: eight learners of water-filling.
#pragma once

#include "kernels/limits_lanes.hpp"
#include "kernels/sum_lanes.hpp"

namespace mel::MEL_ISA {

struct FillLanes {
    Lanes samples, bits, rate, hurry, noise;
    Lanes inverse_slack, inverse_noise;
    Mask part, sends, impossible;
};

// All but the inverses and what follows from them; of who sends also the slack.
MEL_INLINE FillLanes asked_lanes(const KernelInput& in, const DemandLanes& q, std::size_t at,
                                 std::size_t last, std::span<const double> samples, Lanes& slack) {
    FillLanes f;
    f.samples = read(samples, at, last);
    f.part = in.excused ? q.valid & (f.samples > 0) : q.valid;
    f.bits = q.alpha * f.samples + q.beta;
    slack = q.budget - q.each * f.samples;
    const Mask fits = (slack > 0) | ((slack == fill(0)) & (f.bits == fill(0)));
    f.impossible = f.part & ~fits;
    f.sends = f.part & fits & (f.bits > 0);
    f.noise = q.noise;
    return f;
}

// Everybody computes at full speed.
struct FullSpeed {
    MEL_INLINE DemandLanes demand(const KernelInput& in, std::size_t at, std::size_t,
                                  std::span<const double>) {
        return demand_lanes(in, at);
    }
    MEL_INLINE Lanes computing_s(const KernelInput& in, std::size_t at, Lanes samples) {
        return in.point.tau * load(in.compute_s + at) * samples;
    }
};

template <class Speed = FullSpeed>
MEL_INLINE FillLanes fill_lanes(const KernelInput& in, std::size_t at, std::size_t last,
                                std::span<const double> samples) {
    Lanes slack;
    FillLanes f = asked_lanes(in, Speed::demand(in, at, last, samples), at, last, samples, slack);
    const Inverses by = inverses(select(f.sends, slack, fill(1)), f.noise);
    f.inverse_slack = by.x;
    f.inverse_noise = by.y;
    f.rate = select(f.sends, f.bits * by.x, fill(1));
    f.hurry = f.rate * by.x;
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

MEL_INLINE void add_fill(int j, const FillLanes& f, const BoughtLanes& b, FillCells<Sum>& sums) {
    sums.bandwidth.part[j] += only(f.sends, b.bandwidth);
    sums.power.part[j] += only(f.sends, b.power);
    sums.shift.part[j] += only(f.sends, b.shift);
    sums.band_time.part[j] -= only(f.sends, b.band_time);
    sums.power_time.part[j] -= only(f.sends, b.power_time);
    sums.samples.part[j] += only(f.part, f.samples);
    sums.impossible.part[j] += only(f.impossible, fill(1));
}

// Watts, of that bandwidth.
template <bool density>
MEL_INLINE Lanes noise_of(const FillLanes& f, Lanes band) {
    return density ? f.noise * select(f.sends, band, fill(1)) : f.noise;
}

// What was written for some learners, and whether it brings them home in time.
// `log_gain` is ln(1 + power / noise).
template <class Speed = FullSpeed>
MEL_INLINE void add_allocated(const KernelInput& in, const AllocationScale& scale, std::size_t at,
                              int j, const FillLanes& f, Lanes band, Lanes power, Lanes log_gain,
                              AllocationCells<Sum>& sums) {
    sums.bandwidth.part[j] += band;
    sums.power.part[j] += power;
    const Lanes rate = select(f.sends, band, fill(1)) * log_gain;
    const Lanes returned =
        amount(in.return_bits_per_sample_each, in.return_bits_per_sample, at) * f.samples +
        amount(in.return_bits_each, in.return_bits, at);
    const Lanes seconds = only(f.sends, f.bits * ln2 / select(f.sends, rate, fill(1))) +
                          Speed::computing_s(in, at, f.samples) +
                          returned * load(in.return_s_per_bit + at);
    // Whom the cycle that was aimed at leaves no time bought nothing, and does not send for free.
    const Mask real = ~(f.part & (f.bits > 0)) | ((band > 0) & (power > 0));
    const Mask kept = (seconds <= fill(scale.deadline_s)) & real;
    sums.late.part[j] += only(f.part & ~kept, fill(1));
}

}  // namespace mel::MEL_ISA
