// The natural logarithm of the lanes (kernels/lanes.hpp), and their ln(1 + x) for one number at a
// time, in a form that compilers turn into lanes where they can: it depends on no C library, and
// errs by 8 unit roundoffs at most.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/rounding.hpp"

namespace mel {

inline constexpr double ln2_high = 6.93147180369123816490e-01;
inline constexpr double ln2_low = 1.90821492927058770002e-10;

// ln(2^k (1 + f)) with 1 + f in [sqrt(1/2), sqrt(2)) and s = f / (2 + f), of a number or of lanes.
template <class X>
inline __attribute__((always_inline)) X logarithm_of(X k, X f, X s) {
    const X z = s * s;
    const X w = z * z;
    const X odd = w * (3.999999999940941908e-01 +
                       w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const X even = z * (6.666666666666735130e-01 +
                        w * (2.857142874366239149e-01 +
                             w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const X half = 0.5 * f * f;
    return k * ln2_high - ((half - (s * (half + (odd + even)) + k * ln2_low)) - f);
}

// For 0 <= x < 1e300.
inline double log_1p(double x) {
    const double u = 1 + x;
    std::uint64_t bits;  // std::bit_cast is not in every C++20 library that this is built with
    std::memcpy(&bits, &u, sizeof bits);
    // u = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)): the constant is that of sqrt(1/2). An
    // arithmetic shift by 52 in unsigned steps.
    const std::uint64_t exponent = ((bits - 0x3fe6a09e667f3bcd + 0x4000000000000000) >> 52) - 0x400;
    const std::uint64_t mantissa = bits - (exponent << 52);
    const std::uint64_t shifted = exponent + 0x4338000000000000;
    double f, k;
    std::memcpy(&f, &mantissa, sizeof f);
    std::memcpy(&k, &shifted, sizeof k);
    f -= 1;
    k -= round_magic;
    return logarithm_of(k, f, f / (2 + f)) + (x - (u - 1)) / u;
}

}  // namespace mel
