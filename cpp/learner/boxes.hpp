// What the samples of every learner may be: the scheme's bounds, the learner's own, and what its
// energy allows at a number of local cycles.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learner/response.hpp"
#include "mel/buffer.hpp"
#include "mel/problem.hpp"
#include "mel/settings.hpp"
#include "model/computing.hpp"

namespace mel {

class Pool;

// What the samples of every learner may be under a scheme.
Interval scheme_box(const Problem& problem, Scheme scheme);

// Lower and upper bounds of d: one pair for all learners, or one a learner.
struct Box {
    Interval uniform{};
    std::span<const double> lower = {};  // both or neither
    std::span<const double> upper = {};
    std::span<const double> upper_slope = {};  // d upper / d tau, where the energy bounds

    double low(std::size_t k) const { return lower.empty() ? uniform.lower : lower[k]; }
    double high(std::size_t k) const { return upper.empty() ? uniform.upper : upper[k]; }
    Interval operator[](std::size_t k) const { return {low(k), high(k)}; }
};

// Whether learner k keeps its energy in such work, in exact arithmetic on the stated numbers;
// `unclear` where the energy of returning is within rounding of what is left.
enum class EnergyVerdict : std::uint8_t { kept, broken, unclear };
EnergyVerdict energy_verdict(const Problem& problem, std::size_t k, Workload work);

// The boxes of one solve. Unlimited problems have the scheme's box and nothing is computed; else
// columns, those with energy for the latest tau asked.
class Boxes {
  public:
    Boxes(const Problem& problem, Pool& pool, Interval scheme);
    Boxes(const Boxes&) = delete;
    Boxes& operator=(const Boxes&) = delete;

    // Of the whole tree: what the scheme and the learner's own bounds allow, energy left out.
    Box root() const { return limits_ ? limited_root() : Box{scheme_}; }
    // With what the energy allows as a real number, rounded up. Valid until the next tau.
    Box real(double tau) { return energy_ ? real_with_energy(tau) : root(); }
    // The same in integers: the largest not proved to be too much, for bounds,
    Box whole(double tau) { return energy_ ? whole_with_energy(tau) : root(); }
    // and the largest proved to be kept, for plans.
    Box sure(double tau) { return energy_ ? sure_with_energy(tau) : root(); }

    // No split at all: some learner's root box is empty, or they can not sum to D.
    bool contradicts() const { return contradicts_; }
    // A number of local cycles above which some learner can not hold its fewest samples.
    double largest_tau() const;
    // Whether sure() and whole() differ at tau.
    bool doubtful(double tau) { return energy_ && (whole_with_energy(tau), doubtful_); }

  private:
    bool one_for_all();
    Box limited_root() const;
    Box real_with_energy(double tau);
    Box whole_with_energy(double tau);
    Box sure_with_energy(double tau);
    void find_whole(double tau);

    const Problem& problem_;
    Pool& pool_;
    Interval scheme_;
    const LearnerLimits* limits_;
    bool energy_;
    bool contradicts_ = false;
    bool doubtful_ = false;
    std::span<const double> lower_, upper_;  // the stated ones where the scheme has none narrower,
    Buffer<double> own_lower_, own_upper_;   // or these
    std::vector<double> real_, slope_, whole_, sure_;
    double real_tau_ = -1;
    double whole_tau_ = -1;
};

}  // namespace mel
