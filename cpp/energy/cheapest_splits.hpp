// Where there are few samples and few learners: splits one by one, the cheapest at a price first.
#pragma once

#include <vector>

#include "energy/energy_learners.hpp"

namespace mel {

// Whether a table of every learner's costs of every number of samples is small.
bool has_few_splits(const EnergyLearners& learners);

// The splits of all samples in order of what they cost at a price of bandwidth,
//
//   L(d) = sum over the learners of C_k(d_k) - lambda budget,
//
// which no split spends less than, whatever the price: who has seen all with L(d) below what is
// spent has seen the least. Prefixes of splits wait in order of the least that they can become.
class CheapestSplits {
  public:
    CheapestSplits(EnergyLearners& learners, HertzPrice price);

    // The next split, and its L(d), which is infinite once there is no other.
    double next(std::vector<double>& samples);

  private:
    struct Prefix {
        double least;  // of the splits that begin so
        double cost;
        std::size_t learner;  // the last that is decided, counted from 1
        std::size_t left;     // samples of the others
        std::size_t samples;  // its own
        std::size_t before;   // the prefix without it
    };
    std::size_t at(std::size_t k, std::size_t d) const { return k * (samples_ + 1) + d; }
    bool later(std::size_t a, std::size_t b) const;
    void wait(const Prefix& prefix);
    void extend(std::size_t prefix);

    std::size_t size_, samples_;
    double paid_;                 // lambda budget
    std::vector<double> cost_;    // C_k(d), infinite where that is not allowed
    std::vector<double> others_;  // the least that the learners from k on spend on d samples
    std::vector<Prefix> prefixes_;
    std::vector<std::size_t> waiting_;  // a heap
};

}  // namespace mel
