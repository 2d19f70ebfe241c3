// Single answers of a learner, whatever is best: what so many samples cost within its caps, and
// what that is worth as the cycle grows. For looks at the few whose answer soon changes.
#pragma once

#include "learner/response.hpp"

namespace mel {

struct Answer {
    double samples;
    Purchase paid;
    double by_second;  // what samples - cost gain with every second of the cycle: the rate falls
    bool possible;     // false: not within the cycle and the caps
};

struct AtTau {
    double tau;
    Prices prices;
};

// Exactly d samples, by a learner of a problem without blocks and batteries; d = 0 is free where it
// may rest. `demand` is that of demand_at().
Answer answer_with(const Problem& problem, std::size_t k, const Demand& demand, bool may_rest,
                   double d, Prices prices);

// The better of the two integers of the box around the interior maximum of d - cost, whatever
// an end of the box is worth; not possible where there is no such maximum. `demand` is that of full
// speed.
Answer answer_inside(const Problem& problem, std::size_t k, const Demand& demand, Interval box,
                     const AtTau& at);

}  // namespace mel
