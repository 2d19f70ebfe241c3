// A convex polygon that half-planes cut down: what is left of a search in two dimensions.
#pragma once

#include <initializer_list>
#include <vector>

namespace mel {

struct PlanePoint {
    double x, y;
};

class Polygon {
  public:
    void reset(std::initializer_list<PlanePoint> corners) { corners_.assign(corners); }

    // Keeps where value + x * by_x + y * by_y < 0.
    void clip(double value, double by_x, double by_y);

    // The centre of gravity; false where nothing is left of any area.
    bool centre(PlanePoint& at) const;

    // How far a convex function with that slope at a place may fall below its value there.
    struct Slope {
        PlanePoint at;
        double by_x, by_y;
    };
    double fall(const Slope& slope) const;

    // The largest distance along an axis from the first corner.
    double extent() const;
    bool empty() const { return corners_.size() < 3; }
    const std::vector<PlanePoint>& corners() const { return corners_; }

  private:
    std::vector<PlanePoint> corners_;
    std::vector<PlanePoint> clipped_;
};

}  // namespace mel
