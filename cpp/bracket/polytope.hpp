// Where a concave function of three numbers may be largest, smaller with every slope that is seen:
// a convex body that planes through, or near, its centre of gravity cut down. Each leaves less than
// two thirds of it.
#pragma once

#include <array>
#include <vector>

namespace mel {

using Vector = std::array<double, 3>;

inline double inner(const Vector& a, const Vector& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

inline Vector plus(const Vector& a, double times, const Vector& b) {
    return {a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]};
}

class Polytope {
  public:
    // So far to either side of a place, along a way, a vector of length 1, and across it.
    struct Reach {
        double along, across;
    };
    Polytope(const Vector& middle, const Vector& way, const Reach& reach);

    // Of gravity.
    const Vector& centre() const { return centre_; }

    // How much a function with that slope at the centre may rise.
    double rise(const Vector& slope) const;

    // Keeps where a function with that slope at the centre rises by so much at least; false where
    // that is nowhere, or nearly so.
    bool keep(const Vector& slope, double by);

  private:
    using Face = std::vector<Vector>;  // corners, round about
    void clip(const Face& face, const Vector& slope, double level, Face& cut);
    void close(Face& cut, const Vector& slope);
    bool find_centre();

    std::vector<Face> faces_, clipped_;
    Vector centre_;
};

}  // namespace mel
