#include "energy/energy_bound.hpp"

#include <algorithm>
#include <cmath>

#include "base/rounding.hpp"

namespace mel {
namespace {

constexpr double error = 1e-12;  // of all terms of a bound
// Of a slope at an integer, relative: beyond it the neighbour on that side is surely no better.
constexpr double sure_slope = 1e-6;

// The least of C(d) - nu d over the allowed integers from d on. Convex: downhill is the way, until
// neither neighbour lies lower.
EnergyCost least_from(EnergyLearners& learners, std::size_t k, JoulePrices p, double& d) {
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
            if (!(to.cost - p.nu * step < c.cost)) continue;
            c = to;
            d += step;
            break;
        }
        stride = d != before ? 2 * stride : std::floor(0.5 * stride);
    }
    learners.remember(k, speed);
    return c;
}

}  // namespace

double energy_bound(EnergyLearners& learners, JoulePrices p, std::span<const double> near) {
    const EnergySums s = learners.sums(1, [&](std::size_t k, EnergySums& here) {
        if (!learners.takes_part(k)) return;
        EnergyCost c;
        double d = near[k] > 0 ? near[k] : std::floor(learners.best(k, p, c));
        d = std::clamp(d, learners.low(k), learners.high(k));
        c = least_from(learners, k, p, d);
        if (learners.rests(k) && c.cost + p.taking > p.nu * d) return;
        here.add(d, c);
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
    return bound.value() - error * scale - rounding::slack * problem.cycle_s() * s.condition;
}

}  // namespace mel
