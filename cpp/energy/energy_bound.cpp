#include "energy/energy_bound.hpp"

#include <algorithm>
#include <cmath>

#include "base/rounding.hpp"

namespace mel {
namespace {

constexpr double error = 1e-12;  // of all terms of a bound
// Of a slope at an integer, relative: beyond it the neighbour on that side is surely no better.
constexpr double sure_slope = 1e-6;

// By how much a cost may be too high, for its slack is off.
double too_high(const EnergyCost& c, double off_s) {
    return c.slack_s > 0 && c.cost < no_limit ? off_s * c.cost / c.slack_s : 0;
}

struct LeastSamples {
    EnergyCost cost;
    double d;
    double hidden;  // by how much another may lie lower, for what its slack is off by
};

// The least of C(d) - nu d over the allowed integers from d on. Convex: downhill is the way, until
// neither neighbour lies lower.
LeastSamples least_from(EnergyLearners& learners, std::size_t k, JoulePrices p, double d) {
    const double off_s = rounding::slack * learners.problem().cycle_s();
    double hidden = 0;
    EnergyCost c = learners.cost(k, p.of_hertz(), d);
    const double speed = c.speed;
    for (double stride = 1; stride >= 1;) {
        const double before = d;
        for (const double step : {stride, -stride}) {
            if (d + step < learners.low(k) || d + step > learners.high(k)) continue;
            // Where the slope is up that way no one lies lower.
            if (step * (c.slope - p.nu) > sure_slope * p.nu * stride) continue;
            learners.remember(k, c.speed);
            const EnergyCost to = learners.cost(k, p.of_hertz(), d + step);
            if (!(to.cost - p.nu * step < c.cost)) {
                hidden = std::max(hidden, c.cost - (to.cost - p.nu * step - too_high(to, off_s)));
                continue;
            }
            c = to;
            d += step;
            break;
        }
        stride = d != before ? 2 * stride : std::floor(0.5 * stride);
    }
    learners.remember(k, speed);
    return {c, d, hidden};
}

}  // namespace

double energy_bound(EnergyLearners& learners, JoulePrices p, std::span<const double> near) {
    const double off_s = rounding::slack * learners.problem().cycle_s();
    const EnergySums s = learners.sums(1, [&](std::size_t k, EnergySums& here) {
        if (!learners.takes_part(k)) return;
        EnergyCost c;
        const double from = near[k] > 0 ? near[k] : std::floor(learners.best(k, p, c));
        const LeastSamples least =
            least_from(learners, k, p, std::clamp(from, learners.low(k), learners.high(k)));
        // What its slack may be off by counts where it is not taken, too.
        const double low = least.cost.cost - too_high(least.cost, off_s) - least.hidden;
        if (learners.rests(k) && low + p.taking > p.nu * least.d) return;
        here.add(least.d, least.cost);
        here.condition += least.hidden / off_s;
    });
    if (s.impossible > 0) return 0;
    const Problem& problem = learners.problem();
    CompensatedSum bound;
    const double samples = problem.samples_real();
    bound.add(p.nu * samples);
    bound.add(-p.lambda * learners.budget());
    bound.add(s.cost.value());
    bound.add(-p.nu * s.samples.value());
    bound.add(p.taking * s.takers);
    bound.add(learners.proved_by_count(p));
    const double scale = p.nu * (samples + s.samples.value()) + p.lambda * learners.budget() +
                         s.cost.value() + std::fabs(p.taking) * s.takers +
                         std::fabs(learners.proved_by_count(p));
    return bound.value() - error * scale - off_s * s.condition;
}

}  // namespace mel
