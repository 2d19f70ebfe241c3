// Many learners, few samples: the problem of those who may matter, solved in place of the whole,
// and one look at the others.
#include <algorithm>
#include <cmath>

#include "solve/solver.hpp"
#include "tree/few_blocks.hpp"

namespace mel {
namespace {

constexpr int most_rounds = 40;
constexpr double too_many = 0.5;  // of the learners: then leaving the others out is no gain

}  // namespace

bool Solver::few_take_part(double tau) {
    if (part_ || !may_leave_out(problem_)) return false;
    return mel::few_take_part(problem_, boxes_.real(tau), {tau, problem_.cycle_s(), prices_},
                              pool_);
}

// Asks a part of the learners, then all others whether they could change what is proved; those who
// could join. False where so many join that the whole problem may as well be asked.
bool Solver::ask_takers(double tau, const Part& ask) {
    const double cycle = problem_.cycle_s();
    const bool in_blocks = few_blocks(problem_);
    const PassPoint begin_at{tau, cycle, prices_};
    std::vector<std::size_t> part =
        in_blocks ? first_with_blocks(problem_, boxes_.real(tau), begin_at, stop_)
                  : first_takers(problem_, boxes_.real(tau), sweeps_, begin_at, pool_);
    Settings settings = settings_;
    settings.start = Start{tau, prices_};
    for (int round = 0; round < most_rounds; ++round) {
        if (stop_.check()) return true;
        if (part.empty() ||
            static_cast<double>(part.size()) > too_many * static_cast<double>(problem_.size())) {
            return false;
        }
        const Problem few = problem_.taken(part);
        tell_part(settings);
        Solver solver(few, settings, root_, true);
        solver.ask_elsewhere(elsewhere_);
        Result found = ask(solver);
        if (found.tau > result_.tau) take_plan(found, part);
        hear_part(found, settings);
        if (halted_ || stop_.check()) return true;
        if (found.bound >= upper_) return true;
        if (solver.parts().part > 0) {  // all learners were asked
            upper_ = found.bound;
            blame_ = found.blame;
            parts_ = solver.parts();
            result_.tree = std::move(found.tree);
            return true;
        }
        const double above = static_cast<double>(found.bound + 1);
        const RaisedTree raised(few, solver.boxes_, above, found.tree, solver.pool_);
        taker_passes_ += raised.passes();
        std::vector<std::size_t> back;
        bool proved = true;
        if (in_blocks) {
            ++taker_passes_;
            MustJoin joining =
                must_join(problem_, boxes_.whole(above), above, raised.leaves(), part, pool_);
            proved = joining.proved;
            back = std::move(joining.learners);
        } else if (raised.counts_on_prices()) {
            ++taker_passes_;
            back = missing_from(
                part, takers(problem_, boxes_.real(above), {above, cycle, raised.lowest()}, pool_));
        }
        if (stop_.check()) return true;
        if (back.empty() && !proved) return false;
        if (back.empty()) {
            upper_ = found.bound;
            blame_ = found.blame;
            renumber(found.tree, part);
            parts_ = {};
            result_.tree = std::move(found.tree);
            return true;
        }
        if (in_blocks) {
            part = joined(part, back);
            continue;
        }
        part = more_takers(problem_, boxes_.real(above), {above, cycle, raised.lowest()}, part,
                           std::move(back), pool_);
    }
    return false;
}

// The plan of a part, in the whole problem's columns.
void Solver::take_plan(Result& found, std::span<const std::size_t> part) {
    const auto spread = [&](const auto& from, auto& to) {
        to.assign(problem_.size(), 0);
        for (std::size_t i = 0; i < part.size(); ++i) to[part[i]] = from[i];
    };
    result_.tau = found.tau;
    spread(found.samples, result_.samples);
    spread(found.bandwidth_hz, result_.bandwidth_hz);
    spread(found.power_w, result_.power_w);
    if (!found.blocks.empty()) spread(found.blocks, result_.blocks);
}

}  // namespace mel
