// What planes leave of a box: the best place of a concave function is never cut away, and is found
// in a few dozen looks.
#include <algorithm>
#include <cmath>

#include "bracket/polytope.hpp"
#include "check.hpp"

namespace {

using mel::Vector;

constexpr double half = 0.70710678118654752;
constexpr Vector along{half, 0, -half};

// Concave, with a kink through its top and a ridge along one axis.
struct Roof {
    Vector top;
    double kink, ridge;

    double at(const Vector& x) const {
        const double a = x[0] - top[0], b = x[1] - top[1], c = x[2] - top[2];
        return -kink * std::fabs(a + b) - ridge * (a - b) * (a - b) - c * c;
    }
    Vector slope(const Vector& x) const {
        const double a = x[0] - top[0], b = x[1] - top[1], c = x[2] - top[2];
        const double side = a + b > 0 ? -kink : kink;
        return {side - 2 * ridge * (a - b), side + 2 * ridge * (a - b), -2 * c};
    }
};

}  // namespace

TEST(a_box_has_its_centre_in_the_middle_and_ends_where_it_was_said) {
    const mel::Polytope box({1, 2, 3}, along, {0.5, 0.1});
    CHECK(std::fabs(box.centre()[0] - 1) + std::fabs(box.centre()[2] - 3) < 1e-12);
    CHECK(std::fabs(box.rise(along) - 0.5) < 1e-12);
    CHECK(std::fabs(box.rise({0, 1, 0}) - 0.1) < 1e-12);
}

TEST(half_a_box_has_its_centre_at_three_quarters) {
    mel::Polytope box({0, 0, 0}, {1, 0, 0}, {1, 1});
    CHECK(box.keep({0, 0, 2}, 0));
    CHECK(std::fabs(box.centre()[2] - 0.5) < 1e-12);
    CHECK(std::fabs(box.centre()[0]) + std::fabs(box.centre()[1]) < 1e-12);
    CHECK(std::fabs(box.rise({0, 0, -1}) - 0.5) < 1e-12);
    CHECK(!box.keep({0, 0, 1}, 0.6));
}

TEST(planes_close_in_on_the_top_of_a_roof_with_few_looks) {
    int most = 0;
    for (const double kink : {1e-3, 1.0, 1e3}) {
        for (const double ridge : {1e-2, 1.0, 100.0}) {
            const Roof roof{{0.3, -0.2, 0.45}, kink, ridge};
            mel::Polytope around({0, 0, 0}, along, {1, 1});
            double best = -1e300;
            int looks = 0;
            for (; looks < 400; ++looks) {
                const Vector x = around.centre();
                const Vector slope = roof.slope(x);
                best = std::max(best, roof.at(x));
                // The top itself is always left.
                CHECK(roof.at(x) + around.rise(slope) >= -1e-12);
                if (roof.at(x) + around.rise(slope) - best < 1e-10) break;
                if (!around.keep(slope, best - roof.at(x))) break;
            }
            CHECK(best > -1e-9);
            most = std::max(most, looks);
        }
    }
    CHECK(most <= 80);
}
