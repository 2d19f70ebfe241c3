// Two learners, one round, planned by the core alone.
#include <cstdio>
#include <vector>

#include "mel/solve.hpp"

int main() {
    const std::vector<double> speed = {2.4e9, 0.7e9}, gain = {3e-11, 8e-12};
    const std::vector<double> bandwidth(2, 5e6), power(2, 0.2);
    mel::ProblemStatement round;
    round.flops_per_s = speed, round.gain = gain;
    round.return_bandwidth_hz = bandwidth, round.return_power_w = power;
    round.samples = 6000, round.flops_per_sample = 1123736.0;
    round.send_bits = round.return_bits = 280440 * 32.0;
    round.bandwidth_hz = 5e6, round.power_w = 0.2, round.noise = 4e-21;  // W/Hz: density law
    round.cycle_s = 30;
    const mel::Result plan = mel::solve(mel::Problem(round), mel::Settings());
    std::printf("tau = %lld, proved: %d\n", static_cast<long long>(plan.tau),
                plan.status == mel::Status::optimal);
    for (long long samples : plan.samples) std::printf("%lld samples\n", samples);
}
