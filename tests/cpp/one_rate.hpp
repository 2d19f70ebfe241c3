// What one learner takes that needs a rate of one, as the kernels of a set buy it.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/kernels.hpp"

namespace one_rate {

inline mel::FillSums taken(mel::InstructionSet set, mel::LinkLaw law, mel::Roots roots,
                           double price_ratio, double noise_of_all = 1) {
    const double compute[mel::group] = {};
    const double back[mel::group] = {};
    double noise[mel::group];
    std::fill_n(noise, mel::group, noise_of_all);
    const std::vector<double> samples{0};
    mel::KernelInput in{};
    in.compute_s = compute;
    in.return_s_per_bit = back;
    in.noise = noise;
    in.send_bits = 1;
    in.point = {1, 1, {price_ratio, 1}};
    in.size = 1;
    return mel::kernels_for(set).fill(law, false, roots)(in, {0, 1}, samples);
}

}  // namespace one_rate
