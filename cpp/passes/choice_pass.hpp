// The pass of real_pass.hpp over learners of whom some may sit out although they have a minimum,
// and where taking part may be worth something itself.
#pragma once

#include <span>
#include <vector>

#include "passes/real_pass.hpp"

namespace mel {

struct Joining {
    // 1: may rest whatever its minimum says, and has at least one sample otherwise. Padded as the
    // learners' columns; empty: nobody.
    std::span<const double> rests = {};
    // What a learner with a sample or more is worth beside its samples.
    double per_learner = 0;
};

// Nobody of these sends or computes within an energy that its speed is chosen for.
PassSums choice_pass(const Problem& problem, const Box& box, const Joining& joining,
                     const PassPoint& point, Pool& pool, std::vector<PassSums>& chunks);

}  // namespace mel
