// What a resource is worth, and which resources there are.
#pragma once

#include <cstdint>

namespace mel {

// In samples.
struct Prices {
    double lambda = 0;  // a hertz
    double mu = 0;      // a watt

    // Where every formula of a response stays within the range of doubles.
    bool usable() const { return lambda > 1e-250 && lambda < 1e250 && mu > 1e-250 && mu < 1e250; }
};

// What a plan may have more or less of.
enum class Resource : std::uint8_t { cycle, bandwidth, power };

}  // namespace mel
