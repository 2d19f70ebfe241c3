// Learners with an energy of their own, and at the edge of it, that send or compute within it.
#pragma once

#include <vector>

#include "instances.hpp"
#include "learner/battery.hpp"

namespace battery_cases {

enum class Speeds { same, chosen };

struct Cell {
    mel::ProblemStatement statement;
    std::vector<double> flops, gain, band, power, cap, energy, per_flop, coefficient, slowest,
        most_hz;
    bool sends = true;

    mel::Problem problem() const {
        mel::ProblemStatement s = statement;
        s.flops_per_s = flops;
        s.gain = gain;
        s.return_bandwidth_hz = band;
        s.return_power_w = power;
        s.max_bandwidth_hz = most_hz;
        s.max_power_w = cap;
        s.energy_j = energy;
        s.energy_sends = sends;
        if (!per_flop.empty()) s.energy_per_flop_j = per_flop;
        if (!coefficient.empty()) {
            s.energy_coefficient = coefficient;
            s.min_flops_per_s = slowest;
        }
        return mel::Problem(s);
    }
};

inline Cell draw(std::size_t learners, mel::LinkLaw law, mel::Idle idle, Speeds speeds,
                 unsigned seed, double tau = 6) {
    std::mt19937_64 random(seed);
    const auto drawn = [&](double low, double high) {
        return instances::uniform(random, low, high);
    };
    const auto log_drawn = [&](double low, double high) {
        return std::pow(10.0, drawn(low, high));
    };
    Cell it;
    mel::ProblemStatement& s = it.statement;
    s.law = law;
    s.idle = idle;
    s.samples = static_cast<std::int64_t>(500 * learners);
    s.flops_per_sample = 1e6;
    s.send_bits = 3e5;
    s.send_bits_per_sample = seed % 2 == 0 ? 0.0 : 200.0;
    s.return_bits = 1e5;
    s.return_bits_per_sample = 0.0;
    s.noise = law == mel::LinkLaw::density ? 4e-21 : 4e-15;
    s.bandwidth_hz = 4e5 * static_cast<double>(learners);
    s.cycle_s = 1.4 * tau * 500 * 1e6 / 2e9;
    double all = 0;
    for (std::size_t k = 0; k < learners; ++k) {
        it.flops.push_back(drawn(1e9, 3e9));
        it.gain.push_back(log_drawn(-13, -10));
        it.band.push_back(5e6);
        it.power.push_back(0.5);
        it.cap.push_back(log_drawn(-3, 0));
        all += it.cap.back();
        const double coefficient = log_drawn(-28.5, -27.5);
        const double each = coefficient * it.flops.back() * it.flops.back();
        const double computing = tau * 500 * 1e6 * each;
        const double sending = it.cap.back() * 0.3 * s.cycle_s;
        const bool free = drawn(0, 1) < 0.1;
        it.energy.push_back(free ? mel::no_limit
                                 : (computing + sending * log_drawn(-2, 0)) * log_drawn(-0.5, 0.4));
        if (speeds == Speeds::same) {
            it.per_flop.push_back(drawn(0, 1) < 0.1 ? 0 : each);
        } else {
            it.coefficient.push_back(coefficient);
            const double least = drawn(0, 1);
            it.slowest.push_back(least < 0.4 ? 0 : least * it.flops.back());
        }
    }
    s.power_w = all * (1 + 1e-12);
    return it;
}

}  // namespace battery_cases
