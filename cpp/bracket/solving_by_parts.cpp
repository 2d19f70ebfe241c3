// The largest tau, or one, of a problem or of many, where parts may refute what boxes of samples
// would leave open.
#include <span>
#include <utility>

#include "bracket/parts_asked.hpp"
#include "bracket/parts_prices.hpp"
#include "mel/parts.hpp"
#include "mel/solve.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "solve/batch_of.hpp"

namespace mel {
namespace {

bool worth_asking(const Problem& problem, const Settings& settings) {
    return parts_may_count(problem, settings) && settings.trust == Trust::proved;
}

// What `of` finds out of a solver that `make` makes, parts of samples being asked about where boxes
// take long.
template <class Make, class Of>
Result with_parts(const Problem& problem, const Settings& settings, LeafParts& parts,
                  const Make& make, const Of& of) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    const Interval box = scheme_box(problem, settings.scheme);
    const auto ask = [&](double tau, Prices prices, std::span<const std::int64_t> samples,
                         Pool& pool) {
        Elsewhere answer;
        if (!prices.usable()) return answer;
        Boxes boxes(problem, pool, box);
        const Box whole = boxes.whole(tau);
        const PassPoint point{tau, problem.cycle_s(), prices};
        for (const auto& [part, above] :
             parts_that_tell(problem, held_by(problem, samples), point, whole, pool)) {
            const PartsAsked asked{part, 0, problem.bandwidth_hz(), above};
            PartsPrices search(problem, tau, Resource::bandwidth, asked, prices, whole, pool);
            answer.proof = search.refutation();
            answer.passes += search.passes();
            if (answer.proof || pool.stop().check()) break;
        }
        return answer;
    };
    Solver solver = make(box);
    solver.ask_elsewhere(ask);
    Result result = of(solver);
    parts = solver.parts();
    return result;
}

PartsResult of_one(const Problem& problem, const Settings& settings, const auto& of) {
    LeafParts parts;
    const auto make = [&](Interval box) { return Solver(problem, settings, box); };
    Result found = with_parts(problem, settings, parts, make, of);
    return {std::move(found), parts};
}

Result row_with_parts(const Problem& problem, const Settings& settings,
                      Stop::Clock::time_point begin, Workspace& workspace, LeafParts& parts) {
    if (!worth_asking(problem, settings)) return solve_in(problem, settings, begin, workspace);
    workspace.plan.blocks.clear();
    const auto make = [&](Interval box) {
        return Solver(problem, settings, box, false, begin, &workspace);
    };
    return with_parts(problem, settings, parts, make, [](Solver& solver) { return solver.run(); });
}

}  // namespace

PartsResult solve_with_parts(const Problem& problem, const Settings& settings) {
    if (!worth_asking(problem, settings)) return {solve(problem, settings)};
    return of_one(problem, settings, [](Solver& solver) { return solver.run(); });
}

PartsResult decide_with_parts(const Problem& problem, std::int64_t tau, const Settings& settings) {
    if (!worth_asking(problem, settings)) return {decide(problem, tau, settings)};
    return of_one(problem, settings, [=](Solver& solver) { return solver.decide_one(tau); });
}

PartsResult decide_with_leaf(const Problem& problem, std::int64_t tau, const Settings& settings,
                             Prices prices, const LeafParts& leaf) {
    const bool usable = prices.usable() && leaf.part >= 1 && settings.start;
    if (!usable || !worth_asking(problem, settings)) {
        return decide_with_parts(problem, tau, settings);
    }
    const UsualArithmetic usual;
    refuse_choice(problem);
    Solver solver(problem, settings, scheme_box(problem, settings.scheme));
    solver.ask_known([&](double at, Pool& pool) {
        Boxes boxes(problem, pool, scheme_box(problem, settings.scheme));
        const Box whole = boxes.whole(at);
        const PartsAsked asked{leaf.part, 0, problem.bandwidth_hz(), leaf.above};
        PartsPrices here(problem, at, Resource::bandwidth, asked, prices, whole, pool);
        return here.refutation_at({prices, leaf.per_part});
    });
    Result found = solver.decide_one(tau);
    return {std::move(found), solver.parts()};
}

BatchResult solve_many(const BatchColumns& columns, const BatchSettings& settings,
                       const BatchOutputs& out) {
    return solve_many_by(row_with_parts, columns, settings, out);
}

BatchResult solve_many(const std::vector<const Problem*>& problems, const BatchSettings& settings,
                       const BatchOutputs& out) {
    return solve_many_by(row_with_parts, problems, settings, out);
}

}  // namespace mel
