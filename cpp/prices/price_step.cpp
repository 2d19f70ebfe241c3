#include "prices/price_step.hpp"

#include <algorithm>
#include <cmath>

#include "base/guiding.hpp"

namespace mel {
namespace {

constexpr double largest_log_step = 3.0;

}  // namespace

double PriceStep::length() const { return std::max(std::fabs(d_lambda), std::fabs(d_mu)); }

void PriceStep::take(Prices& prices, double times) const {
    prices.lambda *= guiding_exp(d_lambda) * times;
    prices.mu *= guiding_exp(d_mu) * times;
}

// In logarithms, where demand is nearly a power law of the prices: H diag(p) delta = sum * ln(sum /
// budget). Where the samples stand at their bounds only the ratio of the prices matters and H is
// singular; the ridge then keeps the scale.
PriceStep price_step(Prices prices, const PassSums& s, const Budgets& budgets) {
    const double band = budgets.bandwidth_hz, watt = budgets.power_w;
    if (!(s.bandwidth > 0) || !(s.power > 0)) return {-1.0, -1.0, 0};
    const double by_band = 1 / s.bandwidth;
    const double by_watt = 1 / s.power;
    const double a11 = s.h_ll * prices.lambda * by_band;
    const double a12 = s.h_lm * prices.mu * by_band;
    const double a21 = s.h_lm * prices.lambda * by_watt;
    const double a22 = s.h_mm * prices.mu * by_watt;
    const double r1 = guiding_log(s.bandwidth, band);
    const double r2 = guiding_log(s.power, watt);
    // Least squares with a small ridge.
    const double n11 = a11 * a11 + a21 * a21;
    const double n12 = a11 * a12 + a21 * a22;
    const double n22 = a12 * a12 + a22 * a22;
    const double ridge = 1e-10 * (n11 + n22) + 1e-300;
    const double det = (n11 + ridge) * (n22 + ridge) - n12 * n12;
    const double b1 = a11 * r1 + a21 * r2;
    const double b2 = a12 * r1 + a22 * r2;
    const double by_det = 1 / det;
    double d1 = ((n22 + ridge) * b1 - n12 * b2) * by_det;
    double d2 = ((n11 + ridge) * b2 - n12 * b1) * by_det;
    if (!std::isfinite(d1) || !std::isfinite(d2)) {
        d1 = std::clamp(r1, -1.0, 1.0);
        d2 = std::clamp(r2, -1.0, 1.0);
    }
    const double longest = std::max(std::fabs(d1), std::fabs(d2));
    if (longest > largest_log_step) {
        d1 *= largest_log_step / longest;
        d2 *= largest_log_step / longest;
    }
    const double drop =
        -0.5 * (prices.lambda * (band - s.bandwidth) * d1 + prices.mu * (watt - s.power) * d2);
    return {d1, d2, std::max(drop, 0.0)};
}

}  // namespace mel
