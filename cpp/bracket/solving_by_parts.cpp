// The largest tau, where parts may refute what boxes of samples would leave open.
#include <span>

#include "bracket/parts_asked.hpp"
#include "bracket/parts_prices.hpp"
#include "mel/parts.hpp"
#include "mel/solve.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "solve/solver.hpp"

namespace mel {

PartsResult solve_with_parts(const Problem& problem, const Settings& settings) {
    if (!parts_may_count(problem, settings) || settings.trust != Trust::proved) {
        return {solve(problem, settings)};
    }
    const UsualArithmetic usual;
    refuse_choice(problem);
    const Interval box = scheme_box(problem, settings.scheme);
    const auto ask = [&](double tau, Prices prices, std::span<const std::int64_t> samples,
                         Pool& pool) {
        Elsewhere answer;
        if (!prices.usable()) return answer;
        Boxes boxes(problem, pool, box);
        const Box whole = boxes.whole(tau);
        for (const double part : parts_that_tell(problem, held_by(problem, samples))) {
            PartsPrices search(problem, tau, Resource::bandwidth, {part, 0, problem.bandwidth_hz()},
                               prices, whole, pool);
            answer.proof = search.refutation();
            answer.passes += search.passes();
            if (answer.proof || pool.stop().check()) break;
        }
        return answer;
    };
    Solver solver(problem, settings, box);
    solver.ask_elsewhere(ask);
    PartsResult result{solver.run()};
    result.per_part = solver.parts().per_part;
    result.part = solver.parts().part;
    return result;
}

}  // namespace mel
