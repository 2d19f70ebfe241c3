#include "mel/solve.hpp"

#include <algorithm>
#include <chrono>

#include "base/chunks.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "solve/equal_shares.hpp"
#include "solve/solver.hpp"

namespace mel {

std::int64_t Solver::more_passes() const {
    return block_filling_.passes() + (tree_search_ ? tree_search_->passes() : 0) + taker_passes_;
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
    const Box whole = boxes_.whole(tau);
    SplitSums sums = exact_pass(problem_, whole, at, pool_, chunks_, real_);
    if (hidden_by_lanes(problem_, at, sums)) {
        ++capacity_passes_;
        sums = careful_pass(problem_, whole, at, pool_, chunks_, real_);
    }
    if (stop_.requested()) return Decision::Stopped{};
    const auto proof = proof_of(problem_, at, sums, pool_.trust());
    if (proof) return Refutation(*proof);
    if (!known_) return {};
    ++capacity_passes_;
    const auto by_leaf = known_(tau, pool_);
    return by_leaf ? Decision(Refutation(*by_leaf)) : Decision();
}

Decision Solver::by_tree(double tau, Prices start) {
    const double work = result_.tau > 0 ? most_work_ : work_limit_;
    if (!tree_search_) {
        Tools tools{problem_, pool_, whole_samples_, filling_, block_filling_, part_};
        if (elsewhere_) {
            tools.elsewhere = [this](double at, Prices prices) {
                Elsewhere found = elsewhere_(at, prices, result_.samples, pool_);
                taker_passes_ += found.passes;
                proved_elsewhere_ = found.proof;
                return proved_elsewhere_.has_value();
            };
        }
        tools.written = [this](double at, std::span<const double> samples, double ratio) {
            tree_plan_ = plan_of(at, samples, ratio);
            return tree_plan_ || stop_.requested();
        };
        tree_search_.emplace(tools, boxes_);
    }
    tree_plan_.reset();
    BranchAndBound& search = *tree_search_;
    switch (search.decide(tau, start, work, node_limit_)) {
        case BranchAndBound::Outcome::stopped:
            return Decision::Stopped{};
        case BranchAndBound::Outcome::unresolved:
            put_off_ = put_off_ || work < most_work_;
            return {};
        case BranchAndBound::Outcome::elsewhere:
            return Refutation(*proved_elsewhere_);
        case BranchAndBound::Outcome::infeasible:
            return search.refutation();
        case BranchAndBound::Outcome::feasible:
            break;
    }
    if (tree_plan_) return std::move(*tree_plan_);
    return decided(plan_of(tau, search.samples(), search.ratio()));
}

Solver::Plan Solver::plan_of(double tau, std::span<const double> samples, double ratio) {
    real_.resize(problem_.size());
    std::copy(samples.begin(), samples.end(), std::span<double>(real_).begin());
    return allocate(tau, {ratio, problem_.cycle_s()});
}

Result solve(const Problem& problem, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    if (settings.scheme == Scheme::task_only) return solve_equal_shares(problem, settings);
    return Solver(problem, settings, scheme_box(problem, settings.scheme)).run();
}

Result solve_in(const Problem& problem, const Settings& settings, Stop::Clock::time_point begin,
                Workspace& workspace) {
    if (settings.scheme == Scheme::task_only) {
        Result result = solve(problem, settings);
        result.elapsed_s = std::chrono::duration<double>(Stop::Clock::now() - begin).count();
        return result;
    }
    const UsualArithmetic usual;
    refuse_choice(problem);
    workspace.plan.blocks.clear();  // a plan without any has no such column
    Solver solver(problem, settings, scheme_box(problem, settings.scheme), false, begin,
                  &workspace);
    return solver.run();
}

Result decide(const Problem& problem, std::int64_t tau, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    if (settings.scheme == Scheme::task_only) return decide_equal_shares(problem, tau, settings);
    return Solver(problem, settings, scheme_box(problem, settings.scheme)).decide_one(tau);
}

}  // namespace mel
