#include "mel/least.hpp"

#include <cmath>
#include <limits>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "least/least_bound.hpp"
#include "least/least_parts.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "passes/proof.hpp"

namespace mel {

namespace {
double Budgets::* field_of(Resource resource) {
    return resource == Resource::cycle       ? &Budgets::cycle_s
           : resource == Resource::bandwidth ? &Budgets::bandwidth_hz
                                             : &Budgets::power_w;
}
}  // namespace

double amount_of(const Problem& problem, Resource resource) {
    return problem.stated_budgets().*field_of(resource);
}

Problem with_amount(const Problem& problem, Resource resource, double amount) {
    Budgets budgets = problem.stated_budgets();
    budgets.*field_of(resource) = amount;
    return problem.with(budgets);
}

namespace {
constexpr double close = 1e-12;  // relative: ends of a cycle between which rounding decides
constexpr double shortest = 1e-60;
}  // namespace

Estimate estimate_least(const Problem& problem, std::int64_t tau, Resource resource,
                        const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    Workshop shop(problem, settings);
    PassPoint point = shop.begin(problem, static_cast<double>(tau), settings);
    // Where steps circle on a sample of the learners they would on all.
    const std::size_t stride = sample_stride(problem.size(), searched_learners);
    const bool converged =
        !shop.boxes.contradicts() &&
        (stride == 1 ||
         shop.switching_point.find_least(
             point, resource, {.tolerance = 1e-6, .max_passes = 16, .stride = stride})) &&
        shop.switching_point.find_least(point, resource, {.tolerance = 1e-13, .max_passes = 80});
    const double amount = shop.switching_point.amount(resource, point);
    return {amount, point.prices, converged && std::isfinite(amount) && amount > 0};
}

Result without_radio(const Problem& problem, std::int64_t tau, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    Workshop shop(problem, settings);
    Result result;
    result.bound = std::numeric_limits<std::int64_t>::max();
    result.tree = {TreeNode{}};
    std::vector<SplitSums> chunks;
    const double real = static_cast<double>(tau);
    const bool impossible =
        shop.boxes.contradicts() ||
        proof_of_capacity(problem, shop.boxes.whole(real), real, shop.pool, chunks, false)
            .has_value();
    result.stopped = shop.stop.check();
    if (impossible && !result.stopped) result.bound = tau - 1;
    result.passes = 1;
    return result;
}

ReachableCycle reachable_cycle(const Problem& problem, std::int64_t tau, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    Workshop shop(problem, settings);
    const double real = static_cast<double>(tau);
    const Box box = shop.boxes.whole(real);
    std::vector<SplitSums> chunks;
    ReachableCycle reach;
    const auto enough = [&](double cycle_s) {
        ++reach.passes;
        const Problem here = with_amount(problem, Resource::cycle, cycle_s);
        return capacity(here, box, real, shop.pool, chunks) >= problem.samples_real();
    };
    const double longest = problem.largest_cycle_s();
    double low = 0, high = infinity;
    if (shop.boxes.contradicts()) return {longest, high, false, 0};
    double at = std::min(problem.cycle_s(), longest);
    for (double step = 2; high - low > close * low; step *= step) {
        if (shop.stop.check()) {
            reach.stopped = true;
            break;
        }
        if (enough(at)) {
            high = at;
            if (at <= shortest) break;
        } else {
            low = at;
            if (at >= longest) break;
        }
        const bool between = low > 0 && high < infinity;
        at = between   ? (high > 2 * low ? std::sqrt(low * high) : 0.5 * (low + high))
             : low > 0 ? std::min(at * step, longest)
                       : std::max(at / step, shortest);
    }
    reach.too_short_s = low;
    reach.enough_s = high;
    return reach;
}

namespace {

// A little more of one resource, as a share of it: well above what a search takes for nothing.
constexpr double little = 1e-5;

// Where responses jump, a second's worth is that of a mixture of them; where the bound is as low at
// other prices, a little more is worth less than a little less. Then the bound with a little more
// tells.
BoundOutcome look_with_more(LeastBound& search, const Budgets& has, MarginalValues& worth,
                            Prices from) {
    const bool flat = search.flat();
    if (!flat) {
        if (const auto per_s = search.per_s_of_mixture()) {
            worth.per_s = *per_s;
            return BoundOutcome::found;
        }
    }
    Budgets more = has;
    more.cycle_s *= 1 + little;
    BoundOutcome outcome = search.run(more, from);
    if (outcome != BoundOutcome::found) return outcome;
    const double gained = search.bound() - worth.samples;
    worth.per_s = gained > 2 * search.noise() ? gained / (little * has.cycle_s) : 0;
    if (!flat) return outcome;
    more = has;
    more.bandwidth_hz *= 1 + little;
    outcome = search.run(more, from);
    if (outcome != BoundOutcome::found) return outcome;
    worth.prices.lambda = search.prices().lambda;
    more = has;
    more.power_w *= 1 + little;
    outcome = search.run(more, from);
    worth.prices.mu = search.prices().mu;
    return outcome;
}

}  // namespace

MarginalValues marginal_values_at(const Problem& problem, double tau, const Settings& settings,
                                  std::int64_t at_least) {
    const UsualArithmetic usual;
    Workshop shop(problem, settings);
    LeastBound::Choice choice{.at_least = static_cast<double>(at_least)};
    // Where everybody must have a sample nobody rests.
    if (has_choice(problem) && !(scheme_box(problem, settings.scheme).lower > 0)) {
        choice.rests = problem.limits()->optional;
    }
    LeastBound search(problem, shop.pool, shop.boxes.real(tau), tau, choice);
    const Budgets has{problem.cycle_s(), problem.bandwidth_hz(), problem.power_w()};
    const BoundOutcome outcome = search.run(has, shop.begin(problem, tau, settings).prices);
    MarginalValues worth{outcome, search.bound(), search.per_s(), search.prices()};
    if (outcome == BoundOutcome::found && (search.flat() || !search.smooth())) {
        const Prices from =
            worth.prices.usable() ? worth.prices : shop.switching_point.guess().prices;
        worth.outcome = look_with_more(search, has, worth, from);
    }
    return worth;
}

}  // namespace mel
