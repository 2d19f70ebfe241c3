#include "model/computing.hpp"

#include <algorithm>
#include <cmath>

#include "base/expansion.hpp"
#include "base/infinity.hpp"
#include "base/sums.hpp"

namespace mel {
namespace {

// c tau d, exactly.
Expansion product_of(Workload work, double c) {
    Expansion product(work.tau);
    product.multiply(work.samples);
    product.multiply(c);
    return product;
}

void subtract_product(Expansion& from, double a, double b) {
    const double product = a * b;
    from.add(-product);
    from.add(-std::fma(a, b, -product));
}

// Whether they are done at this speed in time; in less than that, where sending takes time.
bool in_time(const Problem& problem, std::size_t k, double flops_per_s, Workload work) {
    Expansion exactly = product_of(work, problem.flops_per_sample(k));
    subtract_product(exactly, problem.cycle_s(), flops_per_s);
    const double over = exactly.estimate();
    const bool sends = problem.send_bits(k) > 0 || problem.send_bits_per_sample(k) > 0;
    return over < 0 || (over == 0 && !sends && problem.returns_nothing());
}

}  // namespace

double largest_computed(const Problem& problem, std::size_t k, Workload upper) {
    const auto [tau, most] = upper;
    const double speed = problem.flops_per_s()[k];
    const double about = problem.cycle_s() * speed / (tau * problem.flops_per_sample(k));
    const double surely = std::floor(about * (1 - rounding::quotient));
    if (surely >= most) return most;
    double d = std::min(std::floor(about * (1 + rounding::quotient)), most);
    // Nearly always they are one.
    while (d > surely && d > 0 && !in_time(problem, k, speed, {.tau = tau, .samples = d})) --d;
    return d;
}

double computing_s(const Problem& problem, std::size_t k, Workload work) {
    if (work.samples == 0) return 0;
    const double speed = problem.flops_per_s()[k];
    const double flops = problem.flops_per_sample(k);
    double seconds = work.tau * work.samples * flops / speed;
    const auto above = [](double x) { return std::nextafter(x, infinity); };
    // Twice the work against twice the middle between two neighbours, which is their sum.
    const auto beyond_middle = [&](double below) {
        Expansion twice = product_of(work, 2 * flops);
        for (const double x : {below, above(below)}) subtract_product(twice, x, speed);
        return twice.estimate() > 0;
    };
    while (beyond_middle(seconds)) seconds = above(seconds);
    while (seconds > 0 && !beyond_middle(std::nextafter(seconds, 0.0))) {
        seconds = std::nextafter(seconds, 0.0);
    }
    return seconds;
}

// Some learner holds at least ceil(D/K) samples, so tau can not exceed what the fastest computes of
// those; nor, by what a problem may be, 2^53: all that follows counts tau in doubles.
std::int64_t largest_conceivable_tau(const Problem& problem, std::size_t size) {
    const auto learners = static_cast<std::int64_t>(size);
    const double share = static_cast<double>((problem.samples() + learners - 1) / learners);
    const auto exactly = [&](std::size_t k, double speed) {
        const double about = problem.cycle_s() * speed / (problem.flops_per_sample(k) * share);
        const double surely = std::floor(about * (1 - rounding::quotient));
        if (about * (1 + rounding::quotient) < surely + 1 && surely < largest_count) return surely;
        double tau = std::min(std::floor(about), largest_count);
        const auto ends = [&](double cycles) {
            return in_time(problem, k, speed, {.tau = cycles, .samples = share});
        };
        while (tau > 0 && !ends(tau)) --tau;
        while (tau < largest_count && ends(tau + 1)) ++tau;
        return tau;
    };
    double tau = 0;
    const double nearly = problem.fastest_compute_s() * (1 + rounding::quotient);
    if (!problem.payload_differs()) {
        tau = exactly(0, problem.fastest_flops_per_s());
    } else if (problem.returns_nothing()) {
        for (std::size_t k = 0; k < problem.size(); ++k) {
            if (problem.compute_s()[k] > nearly) continue;
            tau = std::max(tau, exactly(k, problem.flops_per_s()[k]));
        }
    } else {
        tau = std::floor(problem.cycle_s() / (problem.fastest_compute_s() * share) *
                         (1 + rounding::quotient));
        tau = std::min(tau, largest_count);
    }
    return static_cast<std::int64_t>(tau);
}

}  // namespace mel
