// A number a learner: of many memory that nobody has touched takes as long as a look at all.
#pragma once

#include "mel/buffer.hpp"

namespace mel {

using Numbers = std::vector<double, InLargePages<double>>;

}  // namespace mel
