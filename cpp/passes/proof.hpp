// Prices that prove that D samples are too many, as a type: nothing but the sums of a pass whose
// bound, with its rounding error, is below D makes one. Prices alone are a guess.
#pragma once

#include <optional>

#include "mel/leaf_parts.hpp"
#include "mel/settings.hpp"
#include "passes/exact_pass.hpp"
#include "passes/real_pass.hpp"

namespace mel {

class ProvingPrices {
  public:
    Prices prices() const { return prices_; }

  private:
    explicit ProvingPrices(Prices prices) : prices_(prices) {}
    friend std::optional<ProvingPrices> proof_of(const Problem&, const PassPoint&, const PassSums&);
    friend std::optional<ProvingPrices> rough_proof_of(const Problem&, const PassPoint&,
                                                       const PassSums&);
    friend std::optional<ProvingPrices> proof_of(const Problem&, const PassPoint&, const SplitSums&,
                                                 Trust);
    Prices prices_;
};

// Of a whole pass over all learners, not of one that was stopped. Real samples leave it to whole
// ones where a learner can not get home at any rate.
std::optional<ProvingPrices> proof_of(const Problem& problem, const PassPoint& point,
                                      const PassSums& sums);
std::optional<ProvingPrices> proof_of(const Problem& problem, const PassPoint& point,
                                      const SplitSums& sums, Trust trust);
// Whether the bound is below D, and all that hides it is how lanes round: a careful_pass() may
// tell.
bool hidden_by_lanes(const Problem& problem, const PassPoint& point, const SplitSums& sums);
// Of a bound_pass().
std::optional<ProvingPrices> rough_proof_of(const Problem& problem, const PassPoint& point,
                                            const PassSums& sums);

// The same at prices of zero, where no radio is good enough.
class ProvedCapacity {
  public:
    bool impossible() const { return impossible_; }  // some learner can not do its part

  private:
    explicit ProvedCapacity(bool impossible) : impossible_(impossible) {}
    friend std::optional<ProvedCapacity> proof_of_capacity(const Problem&, const Box&, double,
                                                           Pool&, std::vector<SplitSums>&, bool);
    friend std::optional<ProvedCapacity> proof_of_capacity(const Problem&, const SplitSums&, bool);
    bool impossible_;
};

// `part`: of a problem with more learners, who may hold what these can not.
std::optional<ProvedCapacity> proof_of_capacity(const Problem& problem, const Box& box, double tau,
                                                Pool& pool, std::vector<SplitSums>& chunks,
                                                bool part);
// From the sums of a whole look at everybody.
std::optional<ProvedCapacity> proof_of_capacity(const Problem& problem, const SplitSums& total,
                                                bool part);

// Prices and what a part of so many samples is worth, by a look at everybody in which parts count.
class ProvingParts {
  public:
    Prices prices() const { return prices_; }
    LeafParts parts() const { return parts_; }

  private:
    ProvingParts(Prices prices, LeafParts parts) : prices_(prices), parts_(parts) {}
    friend class PartsPrices;
    Prices prices_;
    LeafParts parts_;
};

}  // namespace mel
