#include "prices/polygon.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mel {

void Polygon::clip(double value, double by_x, double by_y) {
    clipped_.clear();
    const std::size_t n = corners_.size();
    for (std::size_t i = 0; i < n; ++i) {
        const PlanePoint a = corners_[i];
        const PlanePoint b = corners_[(i + 1) % n];
        const double fa = value + by_x * a.x + by_y * a.y;
        const double fb = value + by_x * b.x + by_y * b.y;
        if (fa < 0) clipped_.push_back(a);
        if ((fa < 0) != (fb < 0)) {
            const double t = fa / (fa - fb);
            clipped_.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
        }
    }
    corners_.swap(clipped_);
}

bool Polygon::centre(PlanePoint& at) const {
    if (empty()) return false;
    double area = 0;
    double x = 0;
    double y = 0;
    const PlanePoint o = corners_[0];
    for (std::size_t i = 1; i + 1 < corners_.size(); ++i) {
        const PlanePoint a{corners_[i].x - o.x, corners_[i].y - o.y};
        const PlanePoint b{corners_[i + 1].x - o.x, corners_[i + 1].y - o.y};
        const double part = a.x * b.y - a.y * b.x;
        area += part;
        x += part * (a.x + b.x) / 3;
        y += part * (a.y + b.y) / 3;
    }
    if (!(area > 0)) return false;
    at = {o.x + x / area, o.y + y / area};
    return true;
}

double Polygon::fall(const Slope& slope) const {
    const auto& [at, by_x, by_y] = slope;
    double fall = 0;
    for (const PlanePoint& corner : corners_) {
        fall = std::max(fall, -(by_x * (corner.x - at.x) + by_y * (corner.y - at.y)));
    }
    return fall;
}

double Polygon::extent() const {
    double extent = 0;
    for (const PlanePoint& corner : corners_) {
        extent = std::max(
            {extent, std::fabs(corner.x - corners_[0].x), std::fabs(corner.y - corners_[0].y)});
    }
    return extent;
}

}  // namespace mel
