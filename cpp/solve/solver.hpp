// A solve whose learners are here. The search for tau is TauSearch's; in solver_plan.cpp what
// single learners get, in solver_takers.cpp where few of them take part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/computing.hpp"
#include "solve/tau_search.hpp"
#include "tree/branch_and_bound.hpp"

namespace mel {

class Solver final : public TauSearch {
  public:
    Solver(const Problem& problem, const Settings& settings, Interval box, bool part = false)
        : TauSearch(problem, settings, part, sweeps_, nullptr),
          root_(box),
          boxes_(problem, pool_, box),
          sweeps_(problem, pool_, boxes_),
          whole_samples_(problem, pool_),
          block_filling_(problem, pool_),
          tree_search_({problem, pool_, whole_samples_, filling_, block_filling_, part}, boxes_) {}

  private:
    bool limited() const override { return problem_.limits() != nullptr; }
    bool capped() const override { return problem_.limits() && problem_.limits()->caps(); }
    bool contradicts() const override { return boxes_.contradicts(); }
    double largest_tau() override { return boxes_.largest_tau(); }
    std::int64_t conceivable_tau() const override { return largest_conceivable_tau(problem_); }

    Decision by_capacity(double tau) override;
    Decision by_computing_alone(double tau) override;
    Decision by_tree(double tau, Prices start) override;
    Decision by_known_prices(double tau, Prices prices) override;

    double draw(const PassPoint& point) override;
    double deal(double tau, std::span<const MixturePart> parts) override;
    double carry(const WholeSamples::Times& times) override;
    bool repair(const PassPoint& at) override;
    bool within_box(double tau) override;
    TimedSplit split(double tau) override { return {tau, problem_.cycle_s(), real_}; }
    Shares shares() override;
    Plan written() override;
    Plan allocate_blocks(double tau, Begin begin) override;
    void learnt(Allocation& plan) override;

    bool few_take_part(double tau) override;
    bool ask_takers(double tau, const Part& ask) override;
    void take_plan(Result& found, std::span<const std::size_t> part);

    std::int64_t more_passes() const override;
    std::int64_t nodes() const override { return tree_search_.nodes() + taker_nodes_; }
    double sum_of_reals() const;

    Interval root_;
    Boxes boxes_;
    SweepsHere sweeps_;
    WholeSamples whole_samples_;
    BlockFilling block_filling_;
    BranchAndBound tree_search_;
    std::vector<SplitSums> chunks_;
    std::vector<double> totals_;
    Buffer<double> real_;
    Allocation draft_;  // the plan that is being written
};

}  // namespace mel
