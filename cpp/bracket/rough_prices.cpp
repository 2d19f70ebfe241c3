// Prices from anywhere, roughly: a start for the search.
#include <cmath>

#include "bracket/least_prices.hpp"
#include "prices/factor.hpp"

namespace mel {
namespace {

constexpr double roughly = 0.02;  // of D, and of a budget
constexpr int most_scales = 40;

}  // namespace

// Whether far more samples are taken, or far fewer, is told by both prices together; and the budget
// that is stated is kept to by their ratio.
void LeastPrices::find_roughly(PassPoint& point, double& amount) {
    begin_looks();
    const double samples = problem_.samples_real();
    const bool band = resource_ == Resource::bandwidth;
    const Prices first = point.prices;
    Factor scale;
    Factor stated;  // of the stated budget's price
    for (int round = 0; round < most_scales && !enough_looks(); ++round) {
        Look seen{};
        scale = Factor(scale.value());
        for (int step = 0; step < most_scales && !scale.closed(); ++step) {
            const double here = stated.value();
            PassPoint at = point;
            at.prices = {first.lambda * scale.value() * (band ? 1 : here),
                         first.mu * scale.value() * (band ? here : 1)};
            if (!at.prices.usable() || enough_looks()) return;
            point = at;
            seen = look(point, amount);
            if (seen.sums.impossible > 0) return;
            const double taken = seen.sums.samples.value();
            if (std::fabs(taken - samples) <= roughly * samples) break;
            if (taken > samples) {
                scale.raise();
            } else {
                scale.lower();
            }
        }
        const double used = band ? seen.sums.power.value() : seen.sums.bandwidth.value();
        const double has = band ? problem_.power_w() : problem_.bandwidth_hz();
        amount = band ? seen.sums.bandwidth.value() : seen.sums.power.value();
        if (!(amount > 0) || std::fabs(used - has) <= roughly * has || stated.closed()) return;
        if (used > has) {
            stated.raise();
        } else {
            stated.lower();
        }
    }
}

}  // namespace mel
