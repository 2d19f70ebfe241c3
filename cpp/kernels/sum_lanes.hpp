// Learners come in groups of sixteen; an instruction set takes a group in one, two or four steps,
// and keeps one running sum for each of the sixteen places, so that the sums do not depend on it.
#pragma once

#include <cstring>
#include <span>

#include "base/chunks.hpp"
#include "kernels/lanes.hpp"

// Of a lambda that a loop is made of.
#define MEL_LOOP __attribute__((always_inline))

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
MEL_INLINE Lanes read(std::span<const double> from, std::size_t at, std::size_t last) {
    if (at + width <= last) return load(from.data() + at);
    return load_part(from.data() + at, at < last ? last - at : 0);
}

}  // namespace mel::MEL_ISA
