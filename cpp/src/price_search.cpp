#include "mel/price_search.hpp"

#include <algorithm>
#include <cmath>

namespace mel {

// Keeps the part of the polygon where c0 + cx x + cy y < 0.
void PriceSearch::clip(double c0, double cx, double cy) {
    clipped_.clear();
    const std::size_t n = polygon_.size();
    for (std::size_t i = 0; i < n; ++i) {
        const Point a = polygon_[i];
        const Point b = polygon_[(i + 1) % n];
        const double fa = c0 + cx * a.x + cy * a.y;
        const double fb = c0 + cx * b.x + cy * b.y;
        if (fa < 0) clipped_.push_back(a);
        if ((fa < 0) != (fb < 0)) {
            const double t = fa / (fa - fb);
            clipped_.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
        }
    }
    polygon_.swap(clipped_);
}

bool PriceSearch::centroid(Point& point) const {
    if (polygon_.size() < 3) return false;
    double area = 0;
    double x = 0;
    double y = 0;
    const Point o = polygon_[0];
    double extent = 0;
    for (std::size_t i = 1; i + 1 < polygon_.size(); ++i) {
        const Point a{polygon_[i].x - o.x, polygon_[i].y - o.y};
        const Point b{polygon_[i + 1].x - o.x, polygon_[i + 1].y - o.y};
        const double part = a.x * b.y - a.y * b.x;
        area += part;
        x += part * (a.x + b.x) / 3;
        y += part * (a.y + b.y) / 3;
        extent = std::max({extent, std::fabs(a.x), std::fabs(a.y), std::fabs(b.x), std::fabs(b.y)});
    }
    // Below this no price in it differs from another by more than rounding.
    if (!(extent > 1e-15 * (o.x + o.y)) || !(area > 0)) return false;
    point = {o.x + x / area, o.y + y / area};
    return point.x > 0 && point.y > 0 && point.x + point.y < 1;
}

Prices PriceSearch::prices_at(Point point) const {
    const double worth = problem_.samples_real() / (1 - point.x - point.y);
    return {point.x * worth / problem_.bandwidth_hz(), point.y * worth / problem_.power_w()};
}

PriceSearch::Outcome PriceSearch::run(double tau, const Box& box, Prices start, int max_passes) {
    polygon_.assign({{0, 0}, {1, 0}, {0, 1}});
    found_ = 0;
    Prices prices = start;
    for (int pass = 0; pass < max_passes; ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        newest_ = (newest_ + 1) % ring_.size();
        FoundSplit& split = ring_[newest_];
        split.samples.resize(problem_.size());
        const PassPoint at{tau, problem_.cycle_s(), prices};
        const SplitSums sums = exact_pass(problem_, box, at, pool_, blocks_, split.samples.data());
        ++passes_;
        if (pool_.stop().requested()) return Outcome::stopped;
        const Excess excess = excess_of(problem_, at, sums);
        split.prices = prices;
        split.excess = excess.value;
        if (excess.proves_infeasible()) {
            proof_ = prices;
            return Outcome::infeasible;
        }
        if (sums.impossible == 0) found_ = std::min(found_ + 1, ring_.size());
        const double c0 = sums.samples.value() / problem_.samples_real() - 1;
        const double cx = 1 - sums.bandwidth.value() / problem_.bandwidth_hz();
        const double cy = 1 - sums.power.value() / problem_.power_w();
        clip(c0, cx - c0, cy - c0);
        Point next;
        if (!centroid(next)) return Outcome::open;
        prices = prices_at(next);
    }
    return Outcome::open;
}

}  // namespace mel
