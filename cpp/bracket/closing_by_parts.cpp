// The least of a resource, where parts may close what boxes of samples would leave open.
#include <stdexcept>
#include <utility>

#include "base/parallel.hpp"
#include "bracket/bracket_search.hpp"
#include "bracket/filled_split.hpp"
#include "bracket/parts_asked.hpp"
#include "learner/boxes.hpp"
#include "least/least_parts.hpp"
#include "mel/parts.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"

namespace mel {
namespace {

constexpr double share = 0.02;  // of what one learner needs: a gap below that is none of this kind
constexpr double far = 2;       // times what prices of samples rule out
constexpr double nearly_all = 1e-3;  // of the gap: what may stay of one that was of this kind
constexpr double near = 1e-6;        // relative: ends so near to each other are left as they are

}  // namespace

PartsBracket bracket_with_parts(const Problem& problem, std::int64_t tau, Resource resource,
                                const Settings& settings, double too_short) {
    if (!parts_may_count(problem, settings)) {
        return {bracket(problem, tau, resource, settings, too_short)};
    }
    const UsualArithmetic usual;
    refuse_choice(problem);
    PartsBound best;
    std::int64_t passes = 0;
    const Stop clock(settings.time_limit_s, {});
    const BeforeTree before = [&](const Bracket& found) {
        const HeldByTakers held = held_by(problem, found.samples);
        double upper = found.need.amount, lower = found.lower;
        // Where there is no split yet, what parts rule out is surely less than this.
        if (found.samples.empty()) upper = far * lower;
        if (!((upper - lower) * held.takers > share * upper)) return false;
        const double apart = upper - lower;
        Settings asked = settings;
        asked.start = Start{static_cast<double>(tau), found.prices};
        const PassPoint point{static_cast<double>(tau),
                              with_amount(problem, resource, lower).cycle_s(), found.prices};
        Workshop shop(problem, asked);
        const Box box = shop.boxes.whole(point.tau);
        for (const auto& [part, above] : parts_that_tell(problem, held, point, box, shop.pool)) {
            if (upper - lower <= near * upper) continue;
            asked.time_limit_s = settings.time_limit_s - clock.elapsed_s();
            PartsBound bound =
                least_by_parts(problem, tau, resource, {part, lower, upper, above}, asked);
            passes += bound.passes;
            if (!(bound.lower > lower)) continue;
            lower = bound.lower;
            if (!bound.samples.empty()) upper = bound.need.amount;
            if (bound.samples.empty() && !best.samples.empty()) {
                bound.samples = std::move(best.samples);
                bound.need = std::move(best.need);
            }
            best = std::move(bound);
        }
        if (upper - lower > near * upper && !shop.stop.check()) {
            FilledSplit filled = filled_split(problem, point, resource, {lower, upper}, shop);
            passes += filled.passes;
            if (!filled.samples.empty()) {
                upper = filled.need.amount;
                best.samples = std::move(filled.samples);
                best.need = std::move(filled.need);
            }
        }
        const bool split = !found.samples.empty() || !best.samples.empty();
        const double left = upper - lower;
        return split && left <= near * upper && left <= nearly_all * apart;
    };
    PartsBracket whole;
    try {
        whole.found =
            bracket_search(problem, tau, resource, settings, scheme_box(problem, settings.scheme),
                           too_short, false, before);
    } catch (const std::invalid_argument&) {
        return {};  // the search left what a problem may be
    }
    Bracket& found = whole.found;
    found.passes += passes;
    const bool better = found.samples.empty() || best.need.amount < found.need.amount;
    if (!best.samples.empty() && better) {
        found.samples = std::move(best.samples);
        found.need = std::move(best.need);
    }
    if (best.lower > found.lower) {
        found.lower = best.lower;
        found.tree = {TreeNode{-1, 0, best.prices}};
        whole.parts = best.parts;
    }
    return whole;
}

}  // namespace mel
