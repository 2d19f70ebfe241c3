// Logarithms and exponentials of what only guides a search, and is looked at anew wherever it
// leads: without a call near 1 and 0, where searches come to rest and these are exact.
#pragma once

#include <cmath>

namespace mel {

// Elsewhere good to 1e-7; the sign is that of x - 1.
inline double guiding_log(double x) {
    if (!(x > 0.5 && x < 2)) return std::log(x);
    const double z = (x - 1) / (x + 1);
    const double s = z * z;
    const double tail = 1.0 / 3 + s * (1.0 / 5 + s * (1.0 / 7 + s * (1.0 / 9 + s * (1.0 / 11))));
    return 2 * z * (1 + s * tail);
}

// Good to 1e-8.
inline double guiding_exp(double x) {
    if (!(x > -0.5 && x < 0.5)) return std::exp(x);
    const double tail = 1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720 + x * (1.0 / 5040)));
    return 1 + x * (1 + x * (0.5 + x * (1.0 / 6 + x * tail)));
}

}  // namespace mel
