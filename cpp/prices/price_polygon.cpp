#include "prices/price_polygon.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mel {
namespace {

// The share of a in a mixture with b that makes the smallest of the three slacks largest.
double best_share(const Cut& a, const Cut& b, double& least) {
    const std::array<double, 3> x{a.samples, a.bandwidth, a.power};
    const std::array<double, 3> y{b.samples, b.bandwidth, b.power};
    const auto slack = [&](double t) {
        double s = t * x[0] + (1 - t) * y[0];
        for (int i = 1; i < 3; ++i) s = std::min(s, t * x[i] + (1 - t) * y[i]);
        return s;
    };
    double best = 0;
    least = slack(0);
    const auto consider = [&](double t) {
        if (!(t > 0 && t <= 1)) return;
        const double s = slack(t);
        if (s > least) {
            least = s;
            best = t;
        }
    };
    consider(1);
    for (int i = 0; i < 3; ++i) {
        for (int j = i + 1; j < 3; ++j) {
            consider((y[j] - y[i]) / ((x[i] - y[i]) - (x[j] - y[j])));
        }
    }
    return best;
}

// Weights of three cuts whose slacks are then all equal; false if one weight is negative.
bool equal_slacks(const Cut& a, const Cut& b, const Cut& c, std::array<double, 3>& w,
                  double& slack) {
    // Solve M w = 1 with the cuts as columns, then scale the weights to sum to one.
    const double det = a.samples * (b.bandwidth * c.power - c.bandwidth * b.power) -
                       b.samples * (a.bandwidth * c.power - c.bandwidth * a.power) +
                       c.samples * (a.bandwidth * b.power - b.bandwidth * a.power);
    const auto solved = [&](const Cut& p, const Cut& q) {
        // Cramer's rule with the column of ones in place of the third cut.
        return (p.bandwidth * q.power - q.bandwidth * p.power) -
               (p.samples * q.power - q.samples * p.power) +
               (p.samples * q.bandwidth - q.samples * p.bandwidth);
    };
    w = {solved(b, c) / det, solved(c, a) / det, solved(a, b) / det};
    const double sum = w[0] + w[1] + w[2];
    if (!std::isfinite(sum) || sum == 0) return false;
    for (double& one : w) one /= sum;
    slack = 1 / sum;
    return w[0] >= 0 && w[1] >= 0 && w[2] >= 0;
}

}  // namespace

void PricePolygon::clip(const Cut& cut) {
    polygon_.clip(cut.samples, cut.bandwidth - cut.samples, cut.power - cut.samples);
}

bool PricePolygon::centre(Prices& prices) const {
    PlanePoint c;
    if (!polygon_.centre(c)) return false;
    // Below this no price in it differs from another by more than rounding.
    const PlanePoint o = polygon_.corners()[0];
    if (!(polygon_.extent() > 1e-15 * (o.x + o.y))) return false;
    if (!(c.x > 0 && c.y > 0 && c.x + c.y < 1)) return false;
    const double worth = problem_.samples_real() / (1 - c.x - c.y);
    prices = {c.x * worth / problem_.bandwidth_hz(), c.y * worth / problem_.power_w()};
    return true;
}

Mixture best_mixture(std::span<const Cut> cuts) {
    Mixture best;
    const std::size_t n = cuts.size();
    for (std::size_t i = 0; i < n; ++i) {
        const double alone = std::min({cuts[i].samples, cuts[i].bandwidth, cuts[i].power});
        if (alone > best.slack) best = {1, {i, 0, 0}, {1, 0, 0}, alone};
        for (std::size_t j = i + 1; j < n; ++j) {
            double slack = 0;
            const double t = best_share(cuts[i], cuts[j], slack);
            if (slack > best.slack) best = {2, {i, j, 0}, {t, 1 - t, 0}, slack};
            for (std::size_t k = j + 1; k < n; ++k) {
                std::array<double, 3> w;
                if (equal_slacks(cuts[i], cuts[j], cuts[k], w, slack) && slack > best.slack) {
                    best = {3, {i, j, k}, {w[0], w[1], w[2]}, slack};
                }
            }
        }
    }
    return best;
}

}  // namespace mel
