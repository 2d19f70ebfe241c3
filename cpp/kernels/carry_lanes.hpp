// Whole samples of a whole chunk of learners at once, where no bound and no deadline stands in the
// way.
#pragma once

#include "kernels/fixed_lanes.hpp"

namespace mel::MEL_ISA {

MEL_INLINE Lanes rounded(Lanes x) { return (x + round_magic) - round_magic; }

// The learners of a chunk in sixteen columns, taken column by column: each gets the integers
// between the sum before it and the sum with it. False, and nothing written, where that breaks a
// bound or a deadline.
static bool carry_chunk(const KernelInput& in, const CarryTarget& target, std::size_t first,
                        std::span<double> samples) {
    constexpr double largest_sum = 1e15;  // rounding by the magic number holds up to here
    constexpr std::size_t rows = chunk_size / group;
    constexpr int parts = static_cast<int>(group) / width;
    if (!(target.whole < largest_sum)) return false;
    double* const real = samples.data() + first;
    Lanes sums[parts] = {};
    for (std::size_t i = 0; i < rows; ++i) {
        for (int j = 0; j < parts; ++j) sums[j] += load(real + i * group + j * width);
    }
    // Where each column begins, and the integer there; the last ends with all that the chunk owes.
    double column[group];
    for (int j = 0; j < parts; ++j) store(column + j * width, sums[j]);
    double begin[group];
    double from[group + 1];
    double before = target.start;
    for (std::size_t c = 0; c < group; ++c) {
        begin[c] = before;
        from[c] = c == 0 ? 0 : (before + round_magic) - round_magic;
        before += column[c] * target.scale;
    }
    from[group] = target.whole;
    alignas(64) double whole[chunk_size];
    Mask refused = none();
    const bool may_rest = in.excused;
    const double* const lower = target.box.lower.data();
    const double* const upper = target.box.upper.data();
    for (int j = 0; j < parts; ++j) {
        Lanes at = load(begin + j * width);
        Lanes held = load(from + j * width);
        const Lanes end = load(from + 1 + j * width);
        for (std::size_t i = 0; i < rows; ++i) {
            const std::size_t k = i * group + static_cast<std::size_t>(j * width);
            const Lanes wish = load(real + k) * target.scale;
            at += wish;
            const Lanes up_to = i + 1 < rows ? rounded(at) : end;
            const Lanes d = up_to - held;
            held = up_to;
            store(whole + k, d);
            const ReturnLanes back = return_lanes(in, first + k);
            const Lanes each = in.point.tau * load(in.compute_s + first + k) + back.each_s;
            const Lanes slack = (in.point.cycle_s - back.fixed_s) - each * d;
            const Lanes low = lower ? load(lower + first + k) : fill(in.box.lower);
            const Lanes high = upper ? load(upper + first + k) : fill(in.box.upper);
            const Lanes least = may_rest ? select(low <= 0, fill(1), low) : low;
            const Mask near = magnitude(d - wish) <= 1;
            const Mask takes_part = (d >= least) & (d <= high) & (slack > 0);
            const Mask rests = (d == fill(0)) & (low <= 0);
            const Mask on = wish > 0;
            refused = refused | ~(near & ((on & takes_part) | (~on & rests)));
        }
    }
    if (any(refused)) return false;
    std::memcpy(real, whole, sizeof whole);
    return true;
}

}  // namespace mel::MEL_ISA
