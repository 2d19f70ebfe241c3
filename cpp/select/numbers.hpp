// A number a learner, unset until it is written: of many memory that nobody has touched takes as
// long as a look at all.
#pragma once

#include "mel/buffer.hpp"

namespace mel {

using Numbers = Buffer<double>;

}  // namespace mel
