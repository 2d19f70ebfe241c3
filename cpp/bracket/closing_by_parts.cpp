// When parts are asked for, and of how many samples.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/parallel.hpp"
#include "base/rounding.hpp"
#include "bracket/bracket_search.hpp"
#include "learner/boxes.hpp"
#include "learner/pacing.hpp"
#include "mel/parts.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"

namespace mel {
namespace {

constexpr std::size_t many = 500;      // learners: of fewer boxes tell as much, as quickly
constexpr double most_takers = 16384;  // of whom some hundred looks are worth while
constexpr double most_parts = 64;      // of a learner
constexpr double share = 0.02;  // of what one learner needs: a gap below that is none of this kind
constexpr double far = 2;       // times what prices of samples rule out
constexpr double nearly_all = 1e-3;  // of the gap: what may stay of one that was of this kind
constexpr double near = 1e-6;        // relative: ends so near to each other are left as they are

struct Held {
    double takers = 0;
    double most = 0;   // samples of a learner
    double usual = 0;  // what more than half of them hold; 0 where that is nothing
};

// Without a split: as if as few took part as may.
Held held_by(const Problem& problem, const Buffer<std::int64_t>& samples) {
    Held found;
    std::vector<double> held;
    for (const std::int64_t d : samples) {
        if (d > 0) held.push_back(static_cast<double>(d));
    }
    if (held.empty()) {
        const LearnerLimits* limits = problem.limits();
        if (!limits || limits->max_samples.empty()) return found;
        found.most = *std::max_element(limits->max_samples.begin(), limits->max_samples.end());
        found.takers = std::ceil(problem.samples_real() / std::max(found.most, 1.0));
        return found;
    }
    std::sort(held.begin(), held.end());
    found.takers = static_cast<double>(held.size());
    found.most = held.back();
    // What more than half hold is the one in the middle.
    const double middle = held[held.size() / 2];
    const auto [first, last] = std::equal_range(held.begin(), held.end(), middle);
    if (2 * (last - first) > static_cast<std::ptrdiff_t>(held.size())) found.usual = middle;
    return found;
}

// Of which all maxima up to what anybody holds are multiples; 0 where nothing is limited.
double common_step(const Problem& problem, double most) {
    const LearnerLimits* limits = problem.limits();
    if (!limits || limits->max_samples.empty() || !(most <= largest_count)) return 0;
    std::int64_t step = 0;
    for (const double high : limits->max_samples) {
        if (high <= most) step = std::gcd(step, static_cast<std::int64_t>(high));
        if (step == 1) break;
    }
    return static_cast<double>(step);
}

bool may_count(const Problem& problem, Resource resource, const Settings& settings) {
    return resource != Resource::cycle && settings.scheme == Scheme::joint && problem.excused() &&
           !(problem.block_hz() > 0) && !problem.sends_nothing() && !paces(problem) &&
           problem.size() > many;
}

}  // namespace

PartsBracket bracket_with_parts(const Problem& problem, std::int64_t tau, Resource resource,
                                const Settings& settings, double too_short) {
    if (!may_count(problem, resource, settings)) {
        return {bracket(problem, tau, resource, settings, too_short)};
    }
    const UsualArithmetic usual;
    refuse_choice(problem);
    PartsBound best;
    double part = 0;
    std::int64_t passes = 0;
    const Stop clock(settings.time_limit_s, {});
    const BeforeTree before = [&](const Bracket& found) {
        const Held held = held_by(problem, found.samples);
        double upper = found.need.amount, lower = found.lower;
        // Where there is no split yet, what parts rule out is surely less than this.
        if (found.samples.empty()) upper = far * lower;
        if (held.takers > most_takers || !((upper - lower) * held.takers > share * upper)) {
            return false;
        }
        const double apart = upper - lower;
        const double steps[] = {held.usual, common_step(problem, held.most)};
        Settings asked = settings;
        asked.start = Start{static_cast<double>(tau), found.prices};
        for (const double step : steps) {
            const bool tells = step > 1 && held.most <= most_parts * step && step != part &&
                               std::fmod(problem.samples_real(), step) > 0;
            if (!tells || upper - lower <= near * upper) continue;
            asked.time_limit_s = settings.time_limit_s - clock.elapsed_s();
            PartsBound bound = least_by_parts(problem, tau, resource, {step, lower, upper}, asked);
            passes += bound.passes;
            if (!(bound.lower > lower)) continue;
            lower = bound.lower;
            if (!bound.samples.empty()) upper = bound.need.amount;
            if (bound.samples.empty() && !best.samples.empty()) {
                bound.samples = std::move(best.samples);
                bound.need = std::move(best.need);
            }
            best = std::move(bound);
            part = step;
        }
        const bool split = !found.samples.empty() || !best.samples.empty();
        const double left = upper - lower;
        return split && part > 0 && left <= near * upper && left <= nearly_all * apart;
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
        whole.per_part = best.per_part;
        whole.part = part;
    }
    return whole;
}

}  // namespace mel
