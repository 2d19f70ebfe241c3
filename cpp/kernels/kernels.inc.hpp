// The loops. Each instruction set's translation unit defines MEL_ISA and includes this file.
// Learners come in groups of sixteen; an instruction set takes a group in one, two or four steps,
// and keeps one running sum for each of the sixteen places, so that the sums do not depend on it.
#pragma once

#include "kernels/block_lanes.hpp"
#include "kernels/choice_lanes.hpp"
#include "kernels/fill_lanes.hpp"
#include "kernels/gathered_lanes.hpp"
#include "kernels/limited_whole_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr int steps = static_cast<int>(group) / width;

struct Sum {
    Lanes part[steps];
};

// Of the sixteen places, always in the same tree: the second half is added to the first, then
// again of what that leaves.
MEL_INLINE double total(const Sum& sum) {
    Lanes x[steps];
    for (int j = 0; j < steps; ++j) x[j] = sum.part[j];
    for (int half = steps / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) x[j] += x[j + half];
    }
    return total(x[0].a + x[0].b);
}

// The sums of a kernel's cells, field by field.
template <class Sums, class Cells>
MEL_INLINE Sums totals(Cells& cells) {
    Sums sums;
    sums.zip(cells, [](double& to, const Sum& sum) { to = total(sum); });
    return sums;
}

// Lanes from learner `at` on, up to the last of the chunk.
MEL_INLINE void write(std::span<double> to, std::size_t at, std::size_t last, Lanes x) {
    if (at + width <= last) {
        store(to.data() + at, x);
    } else {
        store_part(to.data() + at, x, last - at);
    }
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

// What a response adds to the sums of a pass, and the part of the second derivatives that has the
// prices' own factor.
struct RealSums {
    PassCells<Sum> cells;
    Sum curvature{};
};

template <class Law, class Response>
MEL_INLINE void add_response(const KernelInput& in, std::size_t at, int j, const Response& r,
                             RealSums& to) {
    PassCells<Sum>& sums = to.cells;
    const Mask m = r.active;
    const Lanes d = only(m, r.samples);
    const Lanes paid = only(m, r.cost);
    sums.samples.part[j] += d;
    sums.cost.part[j] += paid;
    sums.value.part[j] += d - paid;
    sums.bandwidth.part[j] += only(m, r.bandwidth);
    sums.power.part[j] += only(m, r.power);
    const Lanes weight = only(m, r.interior);
    const Lanes to_band = weight * r.band_slope;
    sums.h_ll.part[j] += to_band * r.band_slope;
    sums.h_lm.part[j] += to_band * r.power_slope;
    sums.h_mm.part[j] += weight * r.power_slope * r.power_slope;
    to.curvature.part[j] += only(m, r.curvature);
    const Lanes push = only(m, push_of(r));
    sums.value_time.part[j] += push;
    sums.value_tau.part[j] -= push * load(in.compute_s + at) * d;
    follow_bound(sums.value_tau.part[j], m, r);
    sums.condition.part[j] += only(m, Law::condition(r));
    sums.impossible.part[j] += only(r.impossible, fill(1));
    sums.doubtful.part[j] += only(r.doubtful, fill(1));
    sums.most.part[j] += only(m, r.most);
}

MEL_INLINE PassSums finished(const PriceConstants& p, RealSums& sums) {
    PassSums s = totals<PassSums>(sums.cells);
    const double bend = total(sums.curvature) / p.lambda;
    s.h_ll += bend;
    s.h_lm -= bend * p.ratio;
    s.h_mm += bend * p.ratio * p.ratio;
    return s;
}

template <class Law>
static PassSums real_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    RealSums sums;
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            add_response<Law>(in, at, j, Law::respond(in, p, at), sums);
        }
    }
    return finished(p, sums);
}

template <class Law>
static double samples_chunk(const KernelInput& in, Stretch learners, std::span<double> out) {
    const PriceConstants p = constants(in);
    Sum sum{};
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        if (!picked(in, learners, k)) continue;
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            const auto r = Law::respond(in, p, at);
            const Lanes d = only(r.active, larger(r.samples, fill(0)));
            sum.part[j] += d;
            write(out, at, learners.last, d);
        }
    }
    return total(sum);
}

// The fixed law's loops sort the learners first: few of a group need a root of their value, but
// hardly any group is without them. Those are gathered, and looked at side by side.
static PassSums fixed_real_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    RealSums sums;
    Gathered gathered(in);
    const auto look = [&] {
        const KernelInput& some = gathered.columns();
        for (std::size_t k = 0; k < some.size; k += group) {
            for (int j = 0; j < steps; ++j) {
                const std::size_t at = k + static_cast<std::size_t>(j * width);
                add_response<FixedLaw>(some, at, j, FixedLaw::respond(some, p, at), sums);
            }
        }
        gathered.clear();
    };
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            const DemandLanes q = demand_lanes(in, at);
            const Ends e = ends_of(in, q);
            const FixedLaw::Sorted s = FixedLaw::sorted(in, p, q, e);
            add_response<FixedLaw>(in, at, j, FixedLaw::at_low_end(in, p, q, e, s), sums);
            gathered.add(s.hard, at);
        }
        if (gathered.full()) look();
    }
    look();
    return finished(p, sums);
}

static double fixed_samples_chunk(const KernelInput& in, Stretch learners, std::span<double> out) {
    const PriceConstants p = constants(in);
    Sum sum{};
    Gathered gathered(in);
    const auto look = [&] {
        const KernelInput& some = gathered.columns();
        for (std::size_t k = 0; k < some.size; k += group) {
            double samples[group];
            for (int j = 0; j < steps; ++j) {
                const std::size_t at = k + static_cast<std::size_t>(j * width);
                const ResponseLanes r = FixedLaw::respond(some, p, at);
                const Lanes d = only(r.active, larger(r.samples, fill(0)));
                sum.part[j] += d;
                store(samples + j * width, d);
            }
            gathered.put(samples, k, out);
        }
        gathered.clear();
    };
    const bool may_rest = in.excused && in.box.lower <= 0;
    const Lanes least = fill(may_rest || in.box.lower < 0 ? 0 : in.box.lower);
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        if (!picked(in, learners, k)) continue;
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            const DemandLanes q = demand_lanes(in, at);
            const FixedLaw::Sorted s = FixedLaw::sorted(in, p, q, ends_of(in, q));
            const Lanes d = only(s.low, least);
            sum.part[j] += d;
            write(out, at, learners.last, d);
            gathered.add(s.hard, at);
        }
        if (gathered.full()) look();
    }
    look();
    return total(sum);
}

// Writes -1 for what the scalar response must look at, and leaves that out of the sums.
template <class Law>
static WholeSums whole_chunk(const KernelInput& in, Stretch learners, const Picks& out) {
    const PriceConstants p = constants(in);
    WholeCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            const WholeLanes w = Law::respond(in, p, at);
            const Mask sure = w.active & ~w.unsure;
            const Lanes paid = only(sure, w.cost);
            sums.samples.part[j] += only(sure, w.samples);
            sums.bandwidth.part[j] += only(sure, w.bandwidth);
            sums.power.part[j] += only(sure, w.power);
            sums.cost.part[j] += paid;
            sums.condition.part[j] += only(sure, w.stake) / select(sure, w.slack, fill(1));
            sums.impossible.part[j] += only(w.impossible & ~w.unsure, fill(1));
            sums.unsure.part[j] += only(w.unsure, fill(1));
            const Lanes d = select(w.unsure, fill(-1), only(w.active, w.samples));
            write(out.samples, at, learners.last, d);
            if (!out.preference.empty()) {
                write(out.preference, at, learners.last, select(w.unsure, fill(0), w.preference));
            }
        }
    }
    return totals<WholeSums>(sums);
}

// The same for choices.
template <class Law>
static ChoiceTotals choice_chunk(const KernelInput& in, const ChoiceInput& choice, Stretch learners,
                                 const Picks& out) {
    const PriceConstants p = constants(in);
    ChoiceCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            const ChosenLanes r = chosen_lanes<Law>(in, choice, p, at);
            const Lanes index = load(lane_numbers) + static_cast<double>(at);
            const Mask here = (index < fill(static_cast<double>(in.size))) & ~r.unsure;
            sums.value.part[j] += only(here, r.net);
            sums.cost.part[j] += only(here, r.best.cost);
            sums.bandwidth.part[j] += only(here, r.best.bandwidth);
            sums.power.part[j] += only(here, r.best.power);
            sums.takers.part[j] += only(here & (r.best.samples > fill(0)), fill(1));
            sums.size.part[j] += only(here, r.size);
            sums.condition.part[j] += only(here, r.condition);
            sums.impossible.part[j] += only(r.impossible & ~r.unsure, fill(1));
            sums.unsure.part[j] += only(r.unsure, fill(1));
            write(out.samples, at, learners.last,
                  select(r.unsure, fill(-1), only(here, r.best.samples)));
            if (!out.preference.empty()) write(out.preference, at, learners.last, r.margin);
        }
    }
    return totals<ChoiceTotals>(sums);
}

// The same in whole blocks.
template <class Law>
static BlockTotals blocks_chunk(const KernelInput& in, const BlockInput& b, Stretch learners,
                                const BlockPicks& out) {
    const PriceConstants p = constants(in);
    BlockCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            const BlocksAnswered r = answer_in_blocks<Law>(in, b, p, at);
            sums.samples.part[j] += only(r.sure, r.samples);
            sums.blocks.part[j] += only(r.sure, r.blocks);
            sums.power.part[j] += only(r.sure, r.power);
            sums.cost.part[j] += only(r.sure, r.cost);
            sums.condition.part[j] += only(r.sure, r.condition);
            sums.by_second.part[j] += only(r.sure, r.by_second);
            sums.unsure.part[j] += only(r.unsure, fill(1));
            write(out.samples, at, learners.last, select(r.unsure, fill(-1), r.samples));
            if (!out.blocks.empty()) write(out.blocks, at, learners.last, r.blocks);
        }
    }
    return totals<BlockTotals>(sums);
}

template <class Market>
static FillSums fill_chunk(const KernelInput& in, Stretch learners,
                           std::span<const double> samples) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    FillCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            FillLanes f = fill_lanes(in, at, learners.last, samples);
            const BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
            sums.bandwidth.part[j] += only(f.sends, b.bandwidth);
            sums.power.part[j] += only(f.sends, b.power);
            sums.shift.part[j] += only(f.sends, b.shift);
            sums.band_time.part[j] -= only(f.sends, b.band_time);
            sums.power_time.part[j] -= only(f.sends, b.power_time);
            sums.samples.part[j] += only(f.part, f.samples);
            sums.impossible.part[j] += only(f.impossible, fill(1));
        }
    }
    return totals<FillSums>(sums);
}

// Buys the rates, scales, writes, and times every learner with what was written.
template <class Market>
static AllocationSums allocate_chunk(const KernelInput& in, const AllocationScale& scale,
                                     Stretch learners, std::span<const double> samples,
                                     const Shares& shares) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    AllocationCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            FillLanes f = fill_lanes(in, at, learners.last, samples);
            const BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
            Lanes band = only(f.sends, b.bandwidth * scale.bandwidth);
            Lanes power = only(f.sends, b.power * scale.power);
            Market::keep_caps(in, at, band, power);
            write(shares.bandwidth_hz, at, learners.last, band);
            write(shares.power_w, at, learners.last, power);
            sums.bandwidth.part[j] += band;
            sums.power.part[j] += power;
            const Lanes some_band = select(f.sends, band, fill(1));
            const Lanes noise = Market::density ? f.noise * some_band : f.noise;
            const Lanes rate = some_band * logarithm_1p(power / noise);
            const Lanes returned =
                amount(in.return_bits_per_sample_each, in.return_bits_per_sample, at) * f.samples +
                amount(in.return_bits_each, in.return_bits, at);
            const Lanes seconds = only(f.sends, f.bits * ln2 / select(f.sends, rate, fill(1))) +
                                  in.point.tau * load(in.compute_s + at) * f.samples +
                                  returned * load(in.return_s_per_bit + at);
            const Mask real = ~f.sends | ((band > 0) & (power > 0));
            const Mask kept = (seconds <= fill(scale.deadline_s)) & real;
            sums.late.part[j] += only(f.part & ~kept, fill(1));
        }
    }
    return totals<AllocationSums>(sums);
}

template <class Law, class Market, class WholeLaw, class LimitedWhole, class ChoiceLaw,
          class BlocksOfLaw>
constexpr Kernels::OfLaw kernels_of_law(Kernels::Real real, Kernels::Samples samples) {
    return {real,
            samples,
            fill_chunk<Market>,
            allocate_chunk<Market>,
            real_chunk<Limited<Law>>,
            samples_chunk<Limited<Law>>,
            fill_chunk<Capped<Market>>,
            allocate_chunk<Capped<Market>>,
            whole_chunk<WholeLaw>,
            whole_chunk<LimitedWhole>,
            choice_chunk<ChoiceLaw>,
            blocks_chunk<BlocksOfLaw>};
}

extern const Kernels kernels;
const Kernels kernels{
    kernels_of_law<DensityLaw, DensityMarket, WholeDensity, LimitedWholeDensity, ChoiceDensity,
                   DensityBlocks>(real_chunk<DensityLaw>, samples_chunk<DensityLaw>),
    kernels_of_law<FixedLaw, FixedMarket, WholeFixed, LimitedWholeFixed, ChoiceFixed, FixedBlocks>(
        fixed_real_chunk, fixed_samples_chunk),
    carry_chunk};

}  // namespace mel::MEL_ISA

#include "kernels/battery_loops.hpp"
