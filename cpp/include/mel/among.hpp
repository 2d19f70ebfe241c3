// Some learners next to each other, by where they stand among all.
#pragma once

#include <cstddef>

namespace mel {

struct Among {
    std::size_t first;     // the number of the first of them
    std::size_t learners;  // in all
};

}  // namespace mel
