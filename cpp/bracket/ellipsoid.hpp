// Where a concave function of three numbers may be largest, smaller with every slope that is seen.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace mel {

using Vector = std::array<double, 3>;

class Ellipsoid {
  public:
    Ellipsoid(const Vector& centre, double radius) : centre_(centre) {
        for (std::size_t i = 0; i < 3; ++i) shape_[i][i] = radius * radius;
    }

    // Longer one way, a vector of length 1.
    Ellipsoid(const Vector& centre, double radius, const Vector& way, double longer)
        : Ellipsoid(centre, radius) {
        const double more = longer * longer - radius * radius;
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 3; ++j) shape_[i][j] += more * way[i] * way[j];
        }
    }

    const Vector& centre() const { return centre_; }

    // How much a function with that slope at the centre may rise.
    double rise(const Vector& slope) const {
        double square = 0;
        for (std::size_t i = 0; i < 3; ++i) square += slope[i] * times(slope)[i];
        return std::sqrt(std::max(square, 0.0));
    }

    // Keeps where it rises by so much at least; false where that is nowhere, or nearly so.
    bool keep(const Vector& slope, double by) {
        const double most = rise(slope);
        const double depth = by / most;
        if (!(most > 0) || !(depth < 1)) return false;
        const Vector along = times(slope);
        const double step = (1 + 3 * depth) / 4;
        const double wider = 9 * (1 - depth * depth) / 8;
        const double thinner = (1 + 3 * depth) / (2 * (1 + depth));
        for (std::size_t i = 0; i < 3; ++i) centre_[i] += step * along[i] / most;
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 3; ++j) {
                shape_[i][j] =
                    wider * (shape_[i][j] - thinner * along[i] * along[j] / (most * most));
            }
        }
        return true;
    }

  private:
    Vector times(const Vector& slope) const {
        Vector product = {};
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 3; ++j) product[i] += shape_[i][j] * slope[j];
        }
        return product;
    }

    Vector centre_;
    std::array<Vector, 3> shape_ = {};
};

}  // namespace mel
