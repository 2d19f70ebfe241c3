// A solve whose learners are here. The search for tau is TauSearch's; in solver_plan.cpp what
// single learners get, in solver_takers.cpp where few of them take part, in solver_wholes.cpp where
// real samples say little of whole ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "model/computing.hpp"
#include "solve/tau_search.hpp"
#include "tree/branch_and_bound.hpp"

namespace mel {

// Samples as real numbers, in the memory where their integers are in the end: one column less.
class Reals {
  public:
    explicit Reals(Buffer<std::int64_t>& memory) : memory_(memory) {}

    void resize(std::size_t size) {
        memory_.resize(size);
        auto* const first = reinterpret_cast<double*>(memory_.data());
        std::uninitialized_default_construct_n(first, size);  // unset: it costs nothing
        reals_ = {first, size};
    }
    operator std::span<double>() const { return reals_; }
    operator std::span<const double>() const { return reals_; }
    double& operator[](std::size_t k) const { return reals_[k]; }
    // There is no real number in this place from here on.
    void make_whole(std::size_t k) const {
        const auto whole = static_cast<std::int64_t>(reals_[k]);
        ::new (static_cast<void*>(&reals_[k])) std::int64_t(whole);
    }

  private:
    static_assert(sizeof(double) == sizeof(std::int64_t) &&
                  alignof(double) <= alignof(std::int64_t));
    Buffer<std::int64_t>& memory_;
    std::span<double> reals_;
};

// Memory that the search for one small problem leaves to the next.
struct Workspace {
    Allocation plan;
    std::vector<double> totals;
    WholeSamples::Memory rounding;
};

// What refutes a tau where boxes take long, if anything does: it is told prices, a plan for a lower
// tau or nothing, and who looks.
struct Elsewhere {
    std::optional<ProvingParts> proof;
    std::int64_t passes = 0;
};
using AskElsewhere = std::function<Elsewhere(double tau, Prices prices,
                                             std::span<const std::int64_t> samples, Pool& pool)>;

using AskKnown = std::function<std::optional<ProvingParts>(double tau, Pool& pool)>;

class Solver final : public TauSearch {
  public:
    Solver(const Problem& problem, const Settings& settings, Interval box, bool part = false,
           Stop::Clock::time_point begin = Stop::Clock::now(), Workspace* workspace = nullptr)
        : TauSearch(problem, settings, part, sweeps_, nullptr, begin),
          work_(workspace ? *workspace : own_.emplace()),
          root_(box),
          boxes_(problem, pool_, box),
          sweeps_(problem, pool_, boxes_),
          whole_samples_(problem, pool_, &work_.rounding),
          block_filling_(problem, pool_) {}

    void ask_elsewhere(const AskElsewhere& ask) { elsewhere_ = ask; }
    // Beside prices that are known, a leaf that is.
    void ask_known(const AskKnown& ask) { known_ = ask; }

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
    Decision by_wholes(double tau, Prices start) override;

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
    std::int64_t nodes() const override {
        return (tree_search_ ? tree_search_->nodes() : 0) + taker_nodes_;
    }
    double sum_of_reals() const;
    Plan plan_of(double tau, std::span<const double> samples, double ratio);

    std::optional<Workspace> own_;  // where no other is given
    Workspace& work_;
    std::vector<double>& totals_ = work_.totals;
    Allocation& draft_ = work_.plan;  // that is being written
    Reals real_{draft_.samples};
    Interval root_;
    Boxes boxes_;
    SweepsHere sweeps_;
    WholeSamples whole_samples_;
    BlockFilling block_filling_;
    std::optional<BranchAndBound> tree_search_;  // most problems need none
    AskElsewhere elsewhere_;                     // or nothing
    AskKnown known_;                             // or nothing
    std::optional<ProvingParts> proved_elsewhere_;
    Plan tree_plan_;  // of the split at which a tree ended, if it was written by then
    std::vector<SplitSums> chunks_;
};

// solve() since `begin`, as one of many.
Result solve_in(const Problem& problem, const Settings& settings, Stop::Clock::time_point begin,
                Workspace& workspace);

}  // namespace mel
