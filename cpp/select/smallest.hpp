// Some of many for whom a number is smallest, without sorting them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "base/infinity.hpp"

namespace mel {

struct Smallest {
    std::vector<std::size_t> who;  // in the order of their numbers
    double up_to;                  // of all others it is above that
};

// Those of n for whom of(k) is smallest: about so many or more, and all of whom it is finite where
// these are no more.
template <class Of>
Smallest smallest(std::size_t n, std::size_t many, Of of) {
    constexpr std::size_t asked = 2048;  // about how small those are
    const std::size_t stride = (n / asked) | 1;
    std::vector<double> some;
    for (std::size_t k = stride / 2; k < n; k += stride) {
        const double x = of(k);
        if (x < infinity) some.push_back(x);
    }
    for (std::size_t share = many / stride + many / (4 * stride) + 8;; share *= 2) {
        Smallest found{{}, infinity};
        if (share < some.size()) {
            const auto at = some.begin() + static_cast<std::ptrdiff_t>(share);
            std::nth_element(some.begin(), at, some.end());
            found.up_to = *at;
        }
        for (std::size_t k = 0; k < n; ++k) {
            const double x = of(k);
            if (x <= found.up_to && x < infinity) found.who.push_back(k);
        }
        if (found.who.size() >= many || found.up_to == infinity) return found;
    }
}

// Those of whom a sample more or less loses least, in the order of their numbers: about so many for
// whom it is one more that loses so little, and for whom it is one less, as Picks has it.
inline std::vector<std::size_t> nearest_steps(std::span<const double> steps, std::size_t more,
                                              std::size_t less) {
    constexpr std::size_t asked = 2048;
    const std::size_t n = steps.size(), stride = (n / asked) | 1;
    struct Side {
        std::size_t many, share;
        std::vector<double> some = {};
        double up_to = infinity;
        std::size_t found = 0;

        bool enough() const { return found >= many || up_to == infinity; }
        void aim() {
            up_to = infinity;
            if (share >= some.size()) return;
            const auto at = some.begin() + static_cast<std::ptrdiff_t>(share);
            std::nth_element(some.begin(), at, some.end());
            up_to = *at;
        }
    };
    const auto side = [&](std::size_t many) {
        return Side{many, many / stride + many / (4 * stride) + 8};
    };
    Side up = side(more), down = side(less);
    for (std::size_t k = stride / 2; k < n; k += stride) {
        if (steps[k] < infinity) (steps[k] > 0 ? up : down).some.push_back(std::fabs(steps[k]));
    }
    std::vector<std::size_t> who;
    for (;; up.share *= up.enough() ? 1 : 2, down.share *= down.enough() ? 1 : 2) {
        up.aim();
        down.aim();
        who.clear();
        up.found = down.found = 0;
        // Of those above zero one more is nearest, of the others one less.
        const double high = up.up_to, low = -down.up_to;
        for (std::size_t k = 0; k < n; ++k) {
            const double step = steps[k];
            if (!((step <= high) & (step >= low)) || step == infinity) continue;
            who.push_back(k);
            ++(step > 0 ? up : down).found;
        }
        if (up.enough() && down.enough()) return who;
    }
}

}  // namespace mel
