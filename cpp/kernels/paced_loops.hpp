// The loop over real samples of learners that choose a speed and do not send; the other loops are
// those of kernels.inc.hpp.
#pragma once

#include "kernels/fill_lanes.hpp"
#include "kernels/paced_lanes.hpp"
#include "kernels/real_loops.hpp"

namespace mel::MEL_ISA {

template <class Law>
static PassSums paced_real_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    RealSums sums;
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            const PacedResponse r = Paced<Law>::respond(in, p, at);
            add_response<Paced<Law>>(in, at, j, r, sums);
            // Slower learners compute longer than add_response() says.
            const Lanes more = r.busy_tau - load(in.compute_s + at) * r.samples;
            sums.cells.value_tau.part[j] -= only(r.active & r.slow, r.push * more);
        }
    }
    return finished(p, sums);
}

}  // namespace mel::MEL_ISA
