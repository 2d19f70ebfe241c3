// The loops. Each instruction set's translation unit defines MEL_ISA and includes this file.
#pragma once

#include "kernels/block_lanes.hpp"
#include "kernels/choice_loops.hpp"
#include "kernels/fill_lanes.hpp"
#include "kernels/limited_whole_lanes.hpp"
#include "kernels/near_choice_loops.hpp"
#include "kernels/near_loops.hpp"
#include "kernels/paced_loops.hpp"
#include "kernels/real_loops.hpp"

namespace mel::MEL_ISA {

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
            if (!out.terms.value.empty()) {
                const Lanes value = select(w.active, w.samples - w.cost, fill(-no_other));
                write(out.terms.value, at, learners.last, value);
                write(out.terms.bandwidth, at, learners.last, w.bandwidth);
                write(out.terms.power, at, learners.last, w.power);
                write(out.terms.condition, at, learners.last,
                      w.stake / select(w.active, w.slack, fill(1)));
            }
        }
    }
    return totals<WholeSums>(sums);
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

template <class Market, class Speed = FullSpeed>
static FillSums fill_chunk(const KernelInput& in, Stretch learners,
                           std::span<const double> samples) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    FillCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            FillLanes f = fill_lanes<Speed>(in, at, learners.last, samples);
            const BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
            add_fill(j, f, b, sums);
        }
    }
    return totals<FillSums>(sums);
}

// Buys the rates, scales, writes, and times every learner with what was written.
template <class Market, class Speed = FullSpeed>
static AllocationSums allocate_chunk(const KernelInput& in, const AllocationScale& scale,
                                     Stretch learners, std::span<const double> samples,
                                     const Shares& shares) {
    const double inverse_ratio = in.point.prices.lambda / in.point.prices.mu;
    AllocationCells<Sum> sums;
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            FillLanes f = fill_lanes<Speed>(in, at, learners.last, samples);
            const BoughtLanes b = Market::buy(in, at, f, inverse_ratio);
            Lanes band = only(f.sends, b.bandwidth * scale.bandwidth);
            Lanes power = only(f.sends, b.power * scale.power);
            Market::keep_caps(in, at, band, power);
            write(shares.bandwidth_hz, at, learners.last, band);
            write(shares.power_w, at, learners.last, power);
            const Lanes log_gain = logarithm_1p_at_once(power / noise_of<Market::density>(f, band));
            add_allocated<Speed>(in, scale, at, j, f, band, power, log_gain, sums);
        }
    }
    return totals<AllocationSums>(sums);
}

template <class Law, class Market, class NearMarket, class WholeLaw, class LimitedWhole,
          class BlocksOfLaw>
constexpr Kernels::OfLaw kernels_of_law(Kernels::Real real, Kernels::Real bound,
                                        Kernels::Samples samples, Kernels::Choice choice,
                                        Kernels::Choice near_choice) {
    return {real,
            bound,
            samples,
            fill_chunk<Market>,
            allocate_chunk<Market>,
            near_fill_chunk<NearMarket>,
            near_allocate_chunk<NearMarket>,
            real_chunk<Limited<Law>>,
            samples_chunk<Limited<Law>>,
            fill_chunk<Capped<Market>>,
            allocate_chunk<Capped<Market>>,
            whole_chunk<WholeLaw>,
            whole_chunk<LimitedWhole>,
            choice,
            near_choice,
            blocks_chunk<BlocksOfLaw>,
            paced_real_chunk<Law>,
            samples_chunk<Paced<Law>>,
            whole_chunk<PacedWhole<Law, LimitedWhole>>,
            fill_chunk<Market, OwnPace>,
            allocate_chunk<Market, OwnPace>,
            fill_chunk<Capped<Market>, OwnPace>,
            allocate_chunk<Capped<Market>, OwnPace>};
}

extern const Kernels kernels;
const Kernels kernels{
    kernels_of_law<DensityLaw, DensityMarket, NearDensityMarket, WholeDensity, LimitedWholeDensity,
                   DensityBlocks>(real_chunk<DensityLaw>, bound_chunk, near_samples_chunk,
                                  choice_chunk, near_choice_chunk),
    kernels_of_law<FixedLaw, FixedMarket, NearFixedMarket, WholeFixed, LimitedWholeFixed,
                   FixedBlocks>(fixed_real_chunk, fixed_bound_chunk, fixed_samples_chunk,
                                fixed_choice_chunk, near_fixed_choice_chunk),
    carry_chunk};

}  // namespace mel::MEL_ISA

#include "kernels/battery_loops.hpp"
