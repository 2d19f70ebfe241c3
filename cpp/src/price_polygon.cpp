#include "mel/price_polygon.hpp"

#include <algorithm>
#include <cmath>

namespace mel {

void PricePolygon::clip(const Cut& cut) {
    const double cx = cut.bandwidth - cut.samples;
    const double cy = cut.power - cut.samples;
    clipped_.clear();
    const std::size_t n = polygon_.size();
    for (std::size_t i = 0; i < n; ++i) {
        const Point a = polygon_[i];
        const Point b = polygon_[(i + 1) % n];
        const double fa = cut.samples + cx * a.x + cy * a.y;
        const double fb = cut.samples + cx * b.x + cy * b.y;
        if (fa < 0) clipped_.push_back(a);
        if ((fa < 0) != (fb < 0)) {
            const double t = fa / (fa - fb);
            clipped_.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
        }
    }
    polygon_.swap(clipped_);
}

bool PricePolygon::centre(Prices& prices) const {
    if (polygon_.size() < 3) return false;
    double area = 0;
    double x = 0;
    double y = 0;
    double extent = 0;
    const Point o = polygon_[0];
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
    const Point c{o.x + x / area, o.y + y / area};
    if (!(c.x > 0 && c.y > 0 && c.x + c.y < 1)) return false;
    const double worth = problem_.samples_real() / (1 - c.x - c.y);
    prices = {c.x * worth / problem_.bandwidth_hz(), c.y * worth / problem_.power_w()};
    return true;
}

}  // namespace mel
