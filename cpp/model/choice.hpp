// Learners that may sit out although they have a minimum are asked about in select/ alone.
#pragma once

#include <stdexcept>

#include "mel/problem.hpp"

namespace mel {

inline bool has_choice(const Problem& problem) {
    return problem.limits() && !problem.limits()->optional.empty();
}

// Whoever knows nothing of them would take them for learners that must take part.
inline void refuse_choice(const Problem& problem) {
    if (has_choice(problem)) {
        throw std::invalid_argument(
            "optional: learners that may sit out although they have a minimum are not supported "
            "here");
    }
}

}  // namespace mel
