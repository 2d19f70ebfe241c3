// No limit, no way, not yet: the double above all others.
#pragma once

#include <limits>

namespace mel {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace mel
