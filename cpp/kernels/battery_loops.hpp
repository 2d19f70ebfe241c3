// The loops over learners that send with power and energy of their own. Included by each
// instruction set's translation unit after kernels.inc.hpp. What lanes leave open is added one by
// one, after them and in the learners' order, so that sums are the same on every instruction set.
#pragma once

#include "kernels/battery_passes.hpp"
#include "kernels/battery_search_lanes.hpp"

namespace mel::MEL_ISA {

// Power answers to no price. For Newton's steps it seems to do so at once, so that its price stays
// at the next to nothing where it begins.
inline constexpr double seeming_elasticity = 1e12;

// So many of a chunk are looked at carefully.
inline constexpr std::size_t most_doubtful = 128;

// The learners that a chunk's lanes left open; at most a chunk's groups of them are looked at.
struct LeftOpen {
    std::size_t learners[chunk_size];
    std::size_t count = 0;
    std::size_t doubtful = 0;

    // Those of the lanes that are still taken in.
    MEL_INLINE Mask first_doubtful(LeftOpen& from, Mask m) {
        if (!any(m)) return m;
        double marks[width];
        store(marks, only(m, fill(1)));
        for (double& mark : marks) {
            if (mark > 0 && ++from.doubtful > most_doubtful) mark = 0;
        }
        return load(marks) > fill(0);
    }

    MEL_INLINE void add(LeftOpen& to, Mask m, std::size_t at) {
        if (!any(m)) return;
        double marks[width];
        store(marks, only(m, fill(1)));
        for (int i = 0; i < width; ++i) {
            if (marks[i] > 0) to.learners[to.count++] = at + static_cast<std::size_t>(i);
        }
    }
};

template <class Law>
static PassSums battery_real_chunk(const KernelInput& in, Stretch learners) {
    const auto [first, last] = learners;
    const PriceConstants p = constants(in);
    PassCells<Sum> sums;
    LeftOpen left;
    for (std::size_t k = first; k < last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            const BatteryLanes b = battery_lanes(in, at);
            BatteryBestLanes r = best_lanes<Law>(in, p, b, at);
            const HeldLanes& h = r.held;
            if (in.careful) {
                r.unsure = r.unsure | LeftOpen::first_doubtful(left, r.doubtful & ~r.unsure);
            }
            LeftOpen::add(left, r.unsure, at);
            const Mask m = r.active & ~r.unsure;
            const Mask out = ~r.active & ~r.unsure & ~r.impossible & h.sound;
            const Lanes at_most = r.value + r.excess;
            sums.value.part[j] += only(m, at_most) + only(out, larger(at_most, fill(0)));
            sums.samples.part[j] += only(m, h.samples);
            sums.bandwidth.part[j] += only(m, h.band);
            sums.power.part[j] += only(m, b.power);
            sums.cost.part[j] += only(m, r.cost);
            sums.most.part[j] += only(m, b.q.budget / b.q.each);
            sums.h_ll.part[j] += only(m, r.interior);
            const Lanes push = only(m, p.lambda * h.band * r.worth.by_slack / h.slack);
            sums.value_time.part[j] += push;
            const Lanes joules = b.joules * h.samples * h.speed * h.speed;
            const Lanes spent = p.lambda * h.band * r.worth.by_joule * joules;
            sums.value_tau.part[j] -=
                push * b.q.compute / h.speed * h.samples + only(m, spent / in.point.tau);
            sums.condition.part[j] += only(m, r.cost / h.slack);
            sums.impossible.part[j] += only(r.impossible & ~r.unsure, fill(1));
            sums.doubtful.part[j] += only(r.doubtful & ~r.unsure, fill(1));
        }
    }
    PassSums s = totals<PassSums>(sums);
    s.h_ll /= p.lambda * p.lambda;
    s.h_mm += seeming_elasticity * s.power / p.mu;
    for (std::size_t i = 0; i < left.count; ++i) battery_real_one(in, left.learners[i], s);
    return s;
}

template <class Law>
static double battery_samples_chunk(const KernelInput& in, Stretch learners,
                                    std::span<double> samples) {
    const auto [first, last] = learners;
    const PriceConstants p = constants(in);
    Sum sum{};
    LeftOpen left;
    for (std::size_t k = first; k < last; k += group) {
        if (!picked(in, learners, k)) continue;
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= last) break;
            const BatteryBestLanes r = best_lanes<Law>(in, p, battery_lanes(in, at), at);
            LeftOpen::add(left, r.unsure, at);
            const Lanes d = only(r.active & ~r.unsure, larger(r.held.samples, fill(0)));
            sum.part[j] += d;
            write(samples, at, last, d);
        }
    }
    double all = total(sum);
    for (std::size_t i = 0; i < left.count; ++i) {
        all += samples[left.learners[i]] = battery_samples_one(in, left.learners[i]);
    }
    return all;
}

// What given samples need of each learner.
struct GivenLanes {
    BatteryLanes b;
    HeldLanes held;
    BatteryStep step;
    Mask part, sure;
};
template <class Law>
MEL_INLINE GivenLanes given_lanes(const KernelInput& in, std::size_t at, Lanes d, double keep) {
    GivenLanes g;
    g.b = battery_lanes(in, at, keep);
    g.part = in.excused ? g.b.q.valid & (d > 0) : g.b.q.valid;
    g.held = hold_given<Law>(g.b, d, g.part, g.sure, g.step);
    return g;
}

// Gives `each` what the lanes know of every group of learners, at its place `j` in a step of all
// running sums and from learner `at` on; returns whom they leave open.
template <class Law, class Each>
MEL_INLINE LeftOpen each_given(const KernelInput& in, Stretch learners,
                               std::span<const double> samples, const Each& each) {
    const auto [first, last] = learners;
    LeftOpen left;
    for (std::size_t k = first; k < last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= last) break;
            const GivenLanes g = given_lanes<Law>(in, at, read(samples, at, last), energy_kept);
            LeftOpen::add(left, g.part & ~g.sure, at);
            each(j, at, g);
        }
    }
    return left;
}

template <class Law>
static FillSums battery_fill_chunk(const KernelInput& in, Stretch learners,
                                   std::span<const double> samples) {
    FillCells<Sum> sums;
    const auto add = [&](int j, std::size_t at, const GivenLanes& g) {
        const HeldLanes& h = g.held;
        const Lanes cap = load(in.max_bandwidth + at);
        const Mask sure = g.part & g.sure;
        const Mask fits = sure & (h.band <= cap * (1 + rounding::other_cap));
        const Mask by_joules = h.left_j < h.cap_j;
        const Lanes by_slack = worth_of<Law>(h, ratios<Law>(g.b, h), g.step, by_joules).by_slack;
        sums.impossible.part[j] += only(sure & ~fits, fill(1));
        sums.power.part[j] += only(fits, g.b.power);
        sums.bandwidth.part[j] += only(fits, smaller(h.band, cap));
        sums.band_time.part[j] -= only(fits, h.band * by_slack / h.slack);
    };
    const LeftOpen left = each_given<Law>(in, learners, samples, add);
    FillSums s = totals<FillSums>(sums);
    for (std::size_t i = 0; i < left.count; ++i) {
        battery_fill_one(in, left.learners[i], samples[left.learners[i]], s);
    }
    return s;
}

template <class Law>
static AllocationSums battery_allocate_chunk(const KernelInput& in, const AllocationScale& scale,
                                             Stretch learners, std::span<const double> samples,
                                             const Shares& shares) {
    AllocationCells<Sum> sums;
    const auto add = [&](int j, std::size_t at, const GivenLanes& g) {
        const HeldLanes& h = g.held;
        const Mask sure = g.part & g.sure;
        const Lanes cap = load(in.max_bandwidth + at);
        const Lanes slack = select(sure, h.slack, fill(1));
        const Lanes watt = only(sure, smaller(h.sending_j / slack, g.b.power));
        const Lanes band = only(sure, smaller(h.band * scale.bandwidth, cap));
        write(shares.bandwidth_hz, at, learners.last, band);
        write(shares.power_w, at, learners.last, watt);
        const Lanes some_band = select(sure, band, fill(1));
        const Lanes noise = Law::density ? g.b.q.noise * some_band : g.b.q.noise;
        const Lanes rate = some_band * logarithm_1p(select(sure, watt, fill(1)) / noise);
        const Lanes sending = h.bits * ln2 / rate;
        const Lanes seconds = (in.point.cycle_s - h.slack) + sending;
        const Lanes computing = g.b.joules * h.samples * h.speed * h.speed;
        const Lanes most_j = load(in.energy_j + at);
        const Mask kept = (seconds <= fill(scale.deadline_s)) & (watt > 0) &
                          (computing + watt * sending <= most_j * energy_kept_written);
        sums.bandwidth.part[j] += band;
        sums.power.part[j] += only(sure, g.b.power);
        sums.late.part[j] += only(sure & ~kept, fill(1));
    };
    const LeftOpen left = each_given<Law>(in, learners, samples, add);
    AllocationSums s = totals<AllocationSums>(sums);
    for (std::size_t i = 0; i < left.count; ++i) {
        battery_allocate_one(in, scale, left.learners[i], samples, shares, s);
    }
    return s;
}

template <class Law>
static void battery_bands_chunk(const KernelInput& in, Stretch learners,
                                std::span<const double> samples,
                                const BatteryKernels::BandColumns& to) {
    const auto [first, last] = learners;
    LeftOpen left;
    const std::size_t size = last - first;
    for (std::size_t i = 0; i < size; i += width) {
        const GivenLanes g = given_lanes<Law>(in, first + i, read(samples, i, size), 1);
        LeftOpen::add(left, g.part & ~g.sure, i);
        const Mask sure = g.part & g.sure;
        write(to.bandwidth_hz, i, size, only(sure, g.held.band));
        write(to.rise_hz, i, size, only(sure, g.held.band * g.step.s.rise));
    }
    for (std::size_t j = 0; j < left.count; ++j) {
        const std::size_t i = left.learners[j];
        if (i < size) {
            to.bandwidth_hz[i] = battery_band_one(in, first + i, samples[i], to.rise_hz[i]);
        }
    }
}

template <class Law>
constexpr BatteryKernels battery_kernels_of{battery_real_chunk<Law>, battery_samples_chunk<Law>,
                                            battery_fill_chunk<Law>, battery_allocate_chunk<Law>,
                                            battery_bands_chunk<Law>};

extern const BatteryKernels battery_kernels[2];
const BatteryKernels battery_kernels[2]{battery_kernels_of<DensityBattery>,
                                        battery_kernels_of<FixedBattery>};

}  // namespace mel::MEL_ISA
