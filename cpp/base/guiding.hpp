// Logarithms and exponentials of what only guides a search, and is looked at anew wherever it
// leads: without a call near 1 and 0, where searches come to rest and these are exact.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace mel {

// ln((1 + z) / (1 - z)) for |z| < 1/3.
inline double guiding_log_of(double z) {
    const double s = z * z;
    const double tail = 1.0 / 3 + s * (1.0 / 5 + s * (1.0 / 7 + s * (1.0 / 9 + s * (1.0 / 11))));
    return 2 * z * (1 + s * tail);
}

// Elsewhere good to 1e-7; the sign is that of x - 1.
inline double guiding_log(double x) {
    if (!(x > 0.5 && x < 2)) return std::log(x);
    return guiding_log_of((x - 1) / (x + 1));
}

// Of positive, normal numbers, good to 0.04 and to far less in the mean of some, by a few
// operations: straight between powers of two.
inline double nearly_log(double x) {
    std::int64_t bits;  // std::bit_cast is not in every C++20 library that this is built with
    std::memcpy(&bits, &x, sizeof bits);
    constexpr std::int64_t one = 0x3ff0000000000000;
    return static_cast<double>(bits - one) * (0.69314718055994531 * 0x1p-52) + 0.0397;
}

// ln(x / y) of positive numbers, by one division.
inline double guiding_log(double x, double y) {
    if (!(x > 0.5 * y && x < 2 * y)) return std::log(x / y);
    return guiding_log_of((x - y) / (x + y));
}

// Good to 1e-8.
inline double guiding_exp(double x) {
    if (!(x > -0.5 && x < 0.5)) return std::exp(x);
    const double tail = 1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720 + x * (1.0 / 5040)));
    return 1 + x * (1 + x * (0.5 + x * (1.0 / 6 + x * tail)));
}

}  // namespace mel
