// Problems for tests: columns that outlive the statement, drawn from a seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "check.hpp"
#include "mel/problem.hpp"
#include "prices/switching_point.hpp"

namespace instances {

struct Shape {
    std::size_t learners = 10;
    std::int64_t samples = 1000;
    mel::LinkLaw law = mel::LinkLaw::density;
    mel::Idle idle = mel::Idle::served;
    bool parallelized = true;
    bool sends_model = true;
    unsigned seed = 1;
    int kinds = 0;  // > 0: so many different learners
};

struct Instance {
    mel::ProblemStatement statement;
    std::vector<double> flops, gain, band, power;

    // Spans must look at this object's own columns, wherever it was moved.
    mel::ProblemStatement stated() const {
        mel::ProblemStatement s = statement;
        s.flops_per_s = flops;
        s.gain = gain;
        s.return_bandwidth_hz = band;
        s.return_power_w = power;
        return s;
    }
    mel::Problem problem() const { return mel::Problem(stated()); }
};

inline double uniform(std::mt19937_64& random, double low, double high) {
    return low + (high - low) * std::generate_canonical<double, 53>(random);
}

// Numbers like those of a cell, with a cycle in which about `tau` local cycles fit.
inline Instance draw(const Shape& shape, double tau = 6) {
    std::mt19937_64 random(shape.seed);
    const auto drawn = [&](double low, double high) { return uniform(random, low, high); };
    Instance it;
    for (std::size_t k = 0; k < shape.learners; ++k) {
        if (shape.kinds > 0 && k >= static_cast<std::size_t>(shape.kinds)) {
            const std::size_t same = k % static_cast<std::size_t>(shape.kinds);
            it.flops.push_back(it.flops[same]);
            it.gain.push_back(it.gain[same]);
            it.band.push_back(it.band[same]);
            it.power.push_back(it.power[same]);
            continue;
        }
        it.flops.push_back(drawn(0, 1) < 0.5 ? 2.4e9 : 7e8 * drawn(1, 1.5));
        it.gain.push_back(std::pow(10.0, drawn(-11, -8)));
        it.band.push_back(5e6);
        it.power.push_back(0.2 * drawn(0.8, 1.2));
    }
    mel::ProblemStatement& s = it.statement;
    s.samples = shape.samples;
    const double grown = shape.seed % 3 == 0 ? 64 : 0;
    const double model = shape.sends_model ? 280440 : 0;
    s.send_bits = s.return_bits = model;
    s.send_bits_per_sample = (shape.parallelized ? 784 * 8 : 0) + grown;
    s.return_bits_per_sample = grown;
    s.flops_per_sample = 1.1e6;
    s.law = shape.law;
    s.idle = shape.idle;
    const double each = static_cast<double>(shape.samples) / static_cast<double>(shape.learners);
    s.bandwidth_hz = 1e6 * static_cast<double>(shape.learners);
    s.power_w = 0.02 * static_cast<double>(shape.learners);
    s.noise = shape.law == mel::LinkLaw::density ? 4e-21 : 4e-21 * 1e6;
    s.cycle_s = tau * (each + 1) * s.flops_per_sample.value / 1.2e9 +
                (s.send_bits_per_sample.value * each + 2 * model) / 4e6;
    return it;
}

// The same with another amount of one resource.
inline mel::ProblemStatement with_amount(mel::ProblemStatement s, mel::Resource resource,
                                         double amount) {
    (resource == mel::Resource::cycle       ? s.cycle_s
     : resource == mel::Resource::bandwidth ? s.bandwidth_hz
                                            : s.power_w) = amount;
    return s;
}

// All eight combinations of law, idle reading and setting; under a sanitizer four, in which any two
// of the three still meet in every way, the other four for the next seed.
template <class Visit>
void for_each_variant(Shape shape, Visit visit) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (const auto idle : {mel::Idle::served, mel::Idle::excused}) {
            for (const bool parallelized : {true, false}) {
                shape.law = law;
                shape.idle = idle;
                shape.parallelized = parallelized;
                const unsigned odd =
                    (law == mel::LinkLaw::fixed) + (idle == mel::Idle::excused) + parallelized;
                if (!check::sanitized || (shape.seed + odd) % 2 == 0) visit(shape);
            }
        }
    }
}

// Instances small enough to enumerate, some with radio so scarce that it decides.
template <class Visit>
void for_each_tiny(unsigned seeds, Visit visit) {
    for (unsigned seed = 1; seed <= seeds; ++seed) {
        const Shape tiny{.learners = 2 + seed % 2,
                         .samples = 5 + seed % 6,
                         .seed = seed,
                         .kinds = seed % 5 == 0 ? 1 : 0};
        for_each_variant(tiny, [&](const Shape& shape) {
            Instance it = draw(shape, 4);
            it.statement.bandwidth_hz *= seed % 4 == 0 ? 0.02 : seed % 4 == 1 ? 0.15 : 1;
            visit(seed, it);
        });
    }
}

// Prices and tau of the switching point, near enough, within a box (else the widest).
inline mel::PassPoint boundary_point(const mel::Problem& problem, mel::Pool& pool,
                                     mel::Interval box) {
    mel::Boxes boxes(problem, pool, box);
    mel::SweepsHere sweeps(problem, pool, boxes);
    mel::SwitchingPoint switching_point(problem, pool, sweeps);
    mel::PassPoint point = switching_point.guess();
    switching_point.find_tau(point, {.tolerance = 1e-6, .max_passes = 40});
    return point;
}
inline mel::PassPoint boundary_point(const mel::Problem& problem, mel::Pool& pool) {
    return boundary_point(problem, pool, {0, problem.samples_real()});
}

}  // namespace instances
