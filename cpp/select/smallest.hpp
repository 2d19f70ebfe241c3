// Some of many for whom a number is smallest, without sorting them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace mel {

struct Smallest {
    std::vector<std::size_t> who;  // in the order of their numbers
    double up_to;                  // of all others it is above that
};

// Those of n for whom of(k) is smallest: about so many or more, and all of whom it is finite where
// these are no more.
template <class Of>
Smallest smallest(std::size_t n, std::size_t many, Of of) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
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

}  // namespace mel
