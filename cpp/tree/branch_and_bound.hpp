// Decides one tau exactly: a split that fits, or a tree of integer boxes each closed by a price
// pair.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "mel/result.hpp"
#include "prices/price_search.hpp"
#include "split/block_filling.hpp"
#include "split/block_swaps.hpp"
#include "split/water_filling.hpp"
#include "split/whole_samples.hpp"
#include "tree/decision.hpp"

namespace mel {

struct Tools {
    const Problem& problem;
    Pool& pool;
    WholeSamples& rounding;
    WaterFilling& filling;
    BlockFilling& block_filling;
    bool part = false;  // of a problem with more learners, who may hold what these can not
    // Asked once where boxes take long: whether a tau is refuted without them.
    std::function<bool(double tau, Prices start)> elsewhere = {};
    // Whether a split that fits, as far as its filling can tell, can be written down as a plan.
    std::function<bool(double tau, std::span<const double> samples, double ratio)> written = {};
};

class BranchAndBound {
  public:
    BranchAndBound(Tools tools, Boxes& boxes)
        : tools_(tools),
          boxes_(boxes),
          search_(tools.problem, tools.pool),
          swaps_(tools.problem, tools.pool) {}

    enum class Outcome { feasible, infeasible, elsewhere, unresolved, stopped };
    // After feasible: samples() and ratio(); after infeasible: refutation(). Elsewhere: refuted
    // there. Unresolved where it would take more than `work_limit` responses or `node_limit` nodes.
    // `shrinking`: a split that fits is not the end.
    struct Shrinking {
        std::function<bool()> fits;  // takes it, and leaves less in the problem; false: no more
        std::function<bool()> back;  // whether a box was asked about less than has to be ruled out,
                                     // which the problem then has again
    };
    Outcome decide(double tau, Prices start, double work_limit, std::int64_t node_limit,
                   const Shrinking* shrinking = nullptr);

    const std::vector<double>& samples() const { return samples_; }
    double ratio() const { return ratio_; }
    Refutation refutation() const;  // in preorder
    long nodes() const { return nodes_; }
    long passes() const { return search_.passes(); }

  private:
    struct Open {
        std::size_t node;  // index into build_
        std::vector<double> lower;
        std::vector<double> upper;
        std::vector<Prices> starts;  // the prices of its parent's mixture
    };
    struct Built {
        TreeNode node;
        std::size_t below = 0;
        std::size_t above = 0;
    };

    void forbid(double tau, const Open& open);
    bool closes_by_capacity(const Open& open) const;
    bool try_splits(double tau, const Box& box);
    bool try_by_price(double tau, const Box& box);
    bool try_swaps(double tau, const Box& box);
    WaterFilling::Outcome fill(double tau);
    bool written(double tau) const;
    double cost(double tau, std::size_t k, double d, Prices prices) const;
    std::vector<Prices> best_prices() const;
    std::size_t among_twins(const Mixture& mixture, std::size_t learner) const;
    bool choose_widest(const Open& open, std::size_t& learner, double& at) const;
    bool choose(double tau, const Open& open, std::size_t& learner, double& at) const;
    void branch(const Open& open, std::size_t learner, double at, std::vector<Open>& stack);

    Tools tools_;
    Boxes& boxes_;
    PriceSearch search_;
    BlockSwaps swaps_;
    std::vector<Built> build_;
    std::vector<double> most_;  // upper bounds with energy: for bounds,
    std::vector<double> kept_;  // and for plans
    std::vector<double> samples_;
    double ratio_ = 1;
    long nodes_ = 0;
    long last_written_ = 0;  // node up to which a split that can not be written is no answer
};

}  // namespace mel
