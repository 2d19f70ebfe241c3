// Where steps from one pair of prices to the next do not end, as where kinks of which no model
// knows lie close to each other: planes cut down where better prices may be. Of a pair of prices
// that rules out a longer cycle than the best did, a plane through it; of one that does not, one
// behind it. What is left stays so: whoever rules out a longer cycle rules out a shorter one. Of a
// budget a look tells what its prices rule out: there nothing is looked for at them.
#include <algorithm>
#include <cmath>

#include "bracket/least_prices.hpp"
#include "prices/polygon.hpp"

namespace mel {
namespace {

constexpr double down = -0.95, up = 3;           // relative: where prices may be, of the best
constexpr double soonest = -0.85, furthest = 2;  // best prices beyond are asked about anew
constexpr int most_rounds = 6;
constexpr int most_planes = 64;
constexpr double of_samples = 1e-8;  // of the amount: what better prices must promise, at most
constexpr double finer = 0.1;        // of that, where a look is all that a plane takes
constexpr double roughly = 0.1;      // relative: so near a sample of the learners leads
constexpr double root_share = 0.05;  // of how much lower the bound may be: left at a root
constexpr double far_times = 8;      // the step to a root that is foretold
constexpr double least_radius = 1e-3, most_radius = 0.5;  // of that step

bool inside(const PlanePoint& of) {
    return std::min(of.x, of.y) > soonest && std::max(of.x, of.y) < furthest;
}

}  // namespace

// The bound's slope in changes of prices relative to those.
PlanePoint LeastPrices::slope_from(Prices prices, double amount, const Look& seen) const {
    const Problem here = with(amount);
    return {prices.lambda * (here.bandwidth_hz() - seen.sums.bandwidth.value()),
            prices.mu * (here.power_w() - seen.sums.power.value())};
}

void LeastPrices::cut_down(PassPoint& point, double& amount, const Effort& effort) {
    const bool linear = resource_ != Resource::cycle;
    for (int round = 0; round < most_rounds; ++round) {
        const Prices middle = at_.prices;
        Polygon left;
        left.reset({{down, down}, {up, down}, {up, up}, {down, up}});
        PlanePoint best{0, 0}, at{0, 0};
        PlanePoint by = slope_from(middle, at_.amount, best_);
        left.clip(0, by.x, by.y);
        for (int plane = 0; plane < most_planes && left.centre(at); ++plane) {
            if (enough_looks()) return;
            point.prices = {middle.lambda * (1 + at.x), middle.mu * (1 + at.y)};
            if (!point.prices.usable()) return;
            amount = at_.amount;
            Look seen = look(point, amount);
            if (pool_.stop().check() || seen.sums.impossible > 0) return;
            double value = seen.at_most();
            by = slope_from(middle, amount, seen);
            const double lowest = value - left.fall({at, by.x, by.y});
            const double steep = std::max(steepness_, slope(point.prices));
            const bool sample = effort.worthwhile > of_samples;
            const bool near = sample && left.extent() < roughly * (1 + std::min(best.x, best.y));
            const double promise = std::min(effort.worthwhile, of_samples);
            const double worthwhile = (linear ? finer * promise : promise) * amount * steep;
            const bool done = near || -lowest <= worthwhile;
            const bool lowered = value < 0;
            if (lowered && linear) {
                amount = seen.rules_out;
                judge(point, amount, seen);
                value = 0;
            } else if (lowered) {
                last_move_ = -value / (steep * amount);
                seen = look_at_root(
                    point, amount,
                    {.radius = std::clamp(far_times * last_move_, least_radius, most_radius),
                     .narrow = finest_root,
                     .close = -root_share * lowest / problem_.samples_real()});
                if (pool_.stop().check() || seen.sums.impossible > 0) return;
                value = seen.at_most();
            }
            if (lowered) {
                if (amount >= at_.amount && value <= 0) {
                    at_ = {point.prices, amount, value, amount, true};
                    best_ = seen;
                    best = at;
                    samples_.swap(best_samples_);
                    preferences_.swap(best_preferences_);
                }
                by = slope_from(middle, amount, seen);
            }
            if (done || !inside(best)) break;
            left.clip(std::max(value, 0.0) - by.x * at.x - by.y * at.y, by.x, by.y);
        }
        if (inside(best)) break;
    }
}

}  // namespace mel
