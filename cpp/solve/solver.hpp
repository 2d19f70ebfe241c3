// One solve, from the guess to the result. The parts of the work are in solve.cpp (the search for
// tau), solver_plan.cpp (a plan for one tau), solver_mixture.cpp (where responses jump) and
// solver_takers.cpp (where few learners take part).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/chunks.hpp"
#include "mel/solve.hpp"
#include "prices/mixture.hpp"
#include "prices/switching_point.hpp"
#include "tree/branch_and_bound.hpp"
#include "tree/decision.hpp"

namespace mel {

class Solver {
  public:
    // `part`: of a problem whose other learners may rest, and no bound may rest on their absence.
    Solver(const Problem& problem, const Settings& settings, UniformBox box, bool part = false)
        : problem_(problem),
          settings_(settings),
          root_(box),
          part_(part),
          stop_(settings.time_limit_s, poll()),
          pool_(useful_threads(problem.size(), settings.threads), stop_, InstructionSet::automatic,
                settings.trust),
          boxes_(problem, pool_, box),
          switching_point_(problem, pool_, boxes_),
          whole_samples_(problem, pool_),
          filling_(problem, pool_),
          block_filling_(problem, pool_),
          mixture_(problem, pool_, boxes_),
          tree_search_({problem, pool_, whole_samples_, filling_, block_filling_, part}, boxes_),
          work_limit_(settings.work_limit) {}

    Result run();
    Result decide_one(std::int64_t tau);
    // The same of a part, where no more than `upper` is possible for the whole.
    Result run_part(std::int64_t upper);
    Result decide_part(std::int64_t tau, std::int64_t upper);

  private:
    static constexpr std::size_t stepped_learners = 131072;  // one step after a search
    static constexpr std::int64_t nodes_for_a_plan = 64;
    static constexpr double work_for_a_plan = 5e4;  // learner responses
    static constexpr std::int64_t any_number_of_nodes = std::numeric_limits<std::int64_t>::max();
    enum class Answer { feasible, infeasible, unresolved, stopped };
    using Plan = std::optional<Allocation>;

    PassPoint begin() const;
    void find_largest();
    PassPoint guess_tau();
    std::function<bool()> poll();
    std::int64_t passes() const;
    std::int64_t whole_guess(double guess, std::int64_t least) const;
    std::size_t stride_of(std::size_t learners) const {
        return sample_stride(problem_.size(), learners);
    }

    void search(std::int64_t guess, bool hopeful = false);
    std::int64_t also_refuted(std::int64_t tau, std::int64_t low);
    void search_plan_first(std::int64_t guess);
    void search_in_blocks(std::int64_t guess);
    void tighten();
    Answer decide(std::int64_t tau);
    Answer learn(std::int64_t tau, Decision decision);
    Result finish();

    // The ladder, and its rungs.
    Decision climb(double tau);
    Decision by_capacity(double tau);
    Decision by_computing_alone(double tau);
    Decision by_rounding(double tau);
    Decision by_prices(PassPoint& point);
    Decision by_mixture(double tau, Prices start);
    Decision by_tree(double tau, Prices start);

    bool round_reals(double tau, Prices prices, double aim_s);
    bool within_box(double tau);
    Plan allocate(double tau, double ratio, double guess_s);
    Plan allocate_blocks(double tau, double ratio, double guess_s);
    Plan written();
    Decision decided(Plan plan) const;

    bool few_take_part(double tau);
    bool ask_takers(double tau, const std::function<Result(Solver&)>& ask);
    void take_plan(Result& found, std::span<const std::size_t> part);

    double tau_by_mixture(double guess);
    Plan plan_from_mixture(double tau);

    const Problem& problem_;
    const Settings& settings_;
    UniformBox root_;
    bool part_;
    Result result_;
    std::int64_t upper_ = 0;
    Blame blame_ = Blame::none;
    std::int64_t capacity_passes_ = 0;
    std::int64_t taker_passes_ = 0;  // over all learners and over parts
    std::int64_t taker_nodes_ = 0;
    Stop stop_;
    Pool pool_;
    Boxes boxes_;
    SwitchingPoint switching_point_;
    WholeSamples whole_samples_;
    WaterFilling filling_;
    BlockFilling block_filling_;
    MixtureSearch mixture_;
    BranchAndBound tree_search_;
    Prices prices_{};
    bool halted_ = false;  // a part's search was stopped
    bool smooth_ = true;
    std::int64_t node_limit_ = any_number_of_nodes;  // of branch and bound on one tau
    double work_limit_;                              // of it, while no plan is known
    bool put_off_ = false;                           // some tau, for that limit
    double end_tau_ = 0;
    double expected_ = 0;  // up to here the search expects plans
    std::vector<SplitSums> chunks_;
    std::vector<double> totals_;
    Buffer<double> real_;
    Allocation draft_;  // the plan that is being written
};

}  // namespace mel
