// The prices at which learners with real samples take all samples and all of the bandwidth.
#pragma once

#include "base/infinity.hpp"
#include "energy/energy_learners.hpp"

namespace mel {

// At given speeds by tangents, here and below: there a learner takes all or nothing.
JoulePrices find_joule_prices(EnergyLearners& learners);
// The same where it is others who send, and the price of a watt: all three together once they are
// near, or the other two anew for each price of a watt.
enum class WattSearch { together, around };
JoulePrices find_prices_with_watts(EnergyLearners& learners, WattSearch way);
// Another worth of a sample at which all are taken, the other prices as they are.
void find_worth(EnergyLearners& learners, JoulePrices& prices);

struct RootSearch {
    double widest;  // step
    double fine;    // value that is as good as none
    int steps;
};

// Where a monotone function of x vanishes, by secants between ends that are kept; `slope` is a
// guess of its slope, and the last found. The last x that was looked at is returned.
template <class Function>
double root_of(const Stop& stop, double x, double& slope, RootSearch search, Function function) {
    const auto [widest, fine, steps] = search;
    double low = -infinity, high = infinity;
    const double sign = slope > 0 ? 1 : -1;
    double value = function(x);
    for (int step = 0; step < steps && std::fabs(value) > fine && !stop.requested(); ++step) {
        (sign * value > 0 ? high : low) = x;
        double next =
            x - std::clamp(std::isfinite(value) ? value / slope : sign * widest, -widest, widest);
        if (!(next > low && next < high)) {
            next = low > -infinity && high < infinity ? 0.5 * (low + high)
                                                      : x - (sign * value > 0 ? widest : -widest);
        }
        if (step % 12 == 11 && low > -infinity && high < infinity) next = 0.5 * (low + high);
        if (next == x || high - low < 1e-15 * std::fabs(x)) break;
        const double there = function(next);
        const double found = (there - value) / (next - x);
        if (std::isfinite(found) && sign * found > 1e-6) slope = found;
        x = next;
        value = there;
    }
    return x;
}

// Where it is others who send: the hertz that a watt is worth at which both are used up, or the one
// that is needed more. `look` returns the sums at the learners' present price of watts.
template <class Look>
void balance_watts(EnergyLearners& learners, double& slope, double fine, Look look) {
    const Problem& problem = learners.problem();
    const double usual = std::log(problem.bandwidth_hz() / problem.power_w());
    constexpr double widest = 18;  // then one of the two costs next to nothing
    const double x = std::log(learners.watt_hz());
    const RootSearch search{.widest = 2, .fine = fine, .steps = 40};
    root_of(learners.pool().stop(), x, slope, search, [&](double ln_watt) {
        learners.price_watts(std::exp(ln_watt));
        const EnergySums* at = look();
        const double band = at->bandwidth.value() / problem.bandwidth_hz();
        const double watt = at->power.value() / problem.power_w();
        if (band <= 1 && watt <= 1 && learners.taken(*at) < learners.budget() * (1 - 1e-6)) {
            return 0.0;
        }
        const double gap = std::log(band / watt);
        const bool far = gap > 0 ? ln_watt < usual - widest : ln_watt > usual + widest;
        return far ? 0.0 : gap;
    });
}

}  // namespace mel
