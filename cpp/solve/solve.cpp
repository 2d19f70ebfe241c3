#include "mel/solve.hpp"

#include "base/chunks.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "solve/equal_shares.hpp"
#include "solve/solver.hpp"

namespace mel {

std::int64_t Solver::more_passes() const {
    return block_filling_.passes() + tree_search_.passes() + taker_passes_;
}

void Solver::learnt(Allocation& plan) {
    TauSearch::learnt(plan);
    draft_ = std::move(plan);  // its memory serves the next
}

Decision Solver::by_capacity(double tau) {
    ++capacity_passes_;
    const auto proof = proof_of_capacity(problem_, boxes_.whole(tau), tau, pool_, chunks_, part_);
    if (stop_.requested()) return Decision::Stopped{};
    return proof ? Decision(Refutation(*proof)) : Decision();
}

Decision Solver::by_known_prices(double tau, Prices prices) {
    if (!prices.usable()) return {};
    ++capacity_passes_;
    real_.resize(problem_.size());
    const PassPoint at{tau, problem_.cycle_s(), prices};
    const SplitSums sums =
        exact_pass(problem_, boxes_.whole(tau), at, pool_, chunks_, {real_.data(), real_.size()});
    if (stop_.requested()) return Decision::Stopped{};
    const auto proof = proof_of(problem_, at, sums, pool_.trust());
    return proof ? Decision(Refutation(*proof)) : Decision();
}

Decision Solver::by_tree(double tau, Prices start) {
    const double work = result_.tau > 0 ? settings_.work_limit : work_limit_;
    switch (tree_search_.decide(tau, start, work, node_limit_)) {
        case BranchAndBound::Outcome::stopped:
            return Decision::Stopped{};
        case BranchAndBound::Outcome::unresolved:
            put_off_ = put_off_ || work < settings_.work_limit;
            return {};
        case BranchAndBound::Outcome::infeasible:
            return tree_search_.refutation();
        case BranchAndBound::Outcome::feasible:
            break;
    }
    real_.assign(tree_search_.samples().begin(), tree_search_.samples().end());
    return decided(allocate(tau, {tree_search_.ratio(), problem_.cycle_s()}));
}

Result solve(const Problem& problem, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    if (settings.scheme == Scheme::task_only) return solve_equal_shares(problem, settings);
    return Solver(problem, settings, scheme_box(problem, settings.scheme)).run();
}

Result decide(const Problem& problem, std::int64_t tau, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    if (settings.scheme == Scheme::task_only) return decide_equal_shares(problem, tau, settings);
    return Solver(problem, settings, scheme_box(problem, settings.scheme)).decide_one(tau);
}

}  // namespace mel
