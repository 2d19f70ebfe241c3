#include "bracket/polytope.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace mel {
namespace {

constexpr double thinnest = 1e-13;  // of what a function with some slope rises by

Vector less(const Vector& a, const Vector& b) { return plus(a, -1, b); }

Vector across(const Vector& a, const Vector& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Vector unit(const Vector& a) { return plus({}, 1 / std::sqrt(inner(a, a)), a); }

// Some vector of length 1 across one of length 1.
Vector side_of(const Vector& way) {
    std::size_t least = 0;
    for (std::size_t i = 1; i < 3; ++i) {
        if (std::fabs(way[i]) < std::fabs(way[least])) least = i;
    }
    Vector axis{};
    axis[least] = 1;
    return unit(across(way, axis));
}

Vector mean(const std::vector<Vector>& of) {
    Vector sum{};
    for (const Vector& corner : of) sum = plus(sum, 1, corner);
    return plus({}, 1 / static_cast<double>(of.size()), sum);
}

}  // namespace

Polytope::Polytope(const Vector& middle, const Vector& way, const Reach& reach) : centre_(middle) {
    const Vector side = side_of(way);
    const std::array<Vector, 3> axes{plus({}, reach.along, way), plus({}, reach.across, side),
                                     plus({}, reach.across, across(way, side))};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const Vector& a = axes[(axis + 1) % 3];
        const Vector& b = axes[(axis + 2) % 3];
        for (const double to : {1.0, -1.0}) {
            const Vector at = plus(middle, to, axes[axis]);
            faces_.push_back({plus(plus(at, 1, a), 1, b), plus(plus(at, 1, a), -1, b),
                              plus(plus(at, -1, a), -1, b), plus(plus(at, -1, a), 1, b)});
        }
    }
}

double Polytope::rise(const Vector& slope) const {
    double most = 0;
    for (const Face& face : faces_) {
        for (const Vector& corner : face) {
            most = std::max(most, inner(slope, less(corner, centre_)));
        }
    }
    return most;
}

bool Polytope::keep(const Vector& slope, double by) {
    const double most = rise(slope);
    if (!(most > 0) || !(by < most * (1 - thinnest))) return false;
    clipped_.clear();
    Face cut;
    for (const Face& face : faces_) clip(face, slope, by, cut);
    close(cut, slope);
    faces_.swap(clipped_);
    return find_centre();
}

// What is left of a face, if anything; and the corners that this makes.
void Polytope::clip(const Face& face, const Vector& slope, double level, Face& cut) {
    Face kept;
    const auto above = [&](const Vector& corner) {
        return inner(slope, less(corner, centre_)) - level;
    };
    for (std::size_t i = 0; i < face.size(); ++i) {
        const Vector& from = face[i];
        const Vector& to = face[(i + 1) % face.size()];
        const double here = above(from), there = above(to);
        if (here >= 0) kept.push_back(from);
        if ((here >= 0) == (there >= 0)) continue;
        const Vector between = plus(from, here / (here - there), less(to, from));
        kept.push_back(between);
        cut.push_back(between);
    }
    if (kept.size() > 2) clipped_.push_back(std::move(kept));
}

// The face of the cut itself, its corners round about.
void Polytope::close(Face& cut, const Vector& slope) {
    if (cut.size() < 3) return;
    const Vector way = unit(slope);
    const Vector x = side_of(way), y = across(way, x);
    const Vector middle = mean(cut);
    std::vector<std::pair<double, std::size_t>> turns(cut.size());
    for (std::size_t i = 0; i < cut.size(); ++i) {
        const Vector from = less(cut[i], middle);
        turns[i] = {std::atan2(inner(from, y), inner(from, x)), i};
    }
    std::sort(turns.begin(), turns.end());
    Face face;
    for (const auto& turn : turns) face.push_back(cut[turn.second]);
    clipped_.push_back(std::move(face));
}

bool Polytope::find_centre() {
    if (faces_.size() < 4) return false;
    Vector inside{};
    for (const Face& face : faces_) inside = plus(inside, 1, mean(face));
    inside = plus({}, 1 / static_cast<double>(faces_.size()), inside);
    double volume = 0;
    Vector moment{};
    for (const Face& face : faces_) {
        const Vector a = less(face[0], inside);
        for (std::size_t i = 1; i + 1 < face.size(); ++i) {
            const Vector b = less(face[i], inside), c = less(face[i + 1], inside);
            const double part = std::fabs(inner(a, across(b, c)));
            volume += part;
            moment = plus(moment, part / 4, plus(plus(a, 1, b), 1, c));
        }
    }
    centre_ = volume > 0 ? plus(inside, 1 / volume, moment) : inside;
    return true;
}

}  // namespace mel
