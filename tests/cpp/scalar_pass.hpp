// The real pass written learner by learner with the C library's functions: what the kernels must
// agree with.
#pragma once

#include "passes/real_pass.hpp"

namespace oracle {

mel::PassSums real_pass(const mel::Problem& problem, mel::Interval box,
                        const mel::PassPoint& point);

}  // namespace oracle
