// Learners that take their other answer so that all hold a given sum.
#include <cmath>
#include <vector>

#include "bracket/filling_flips.hpp"
#include "check.hpp"

namespace {

// Of so many learners each holds `samples` and loses `margin` by resting.
struct Kind {
    std::size_t learners;
    double samples, margin;
};

struct Margin {
    std::vector<mel::Jump> jumps;
    std::vector<double> held;

    explicit Margin(const std::vector<Kind>& kinds) {
        for (const Kind& kind : kinds) {
            for (std::size_t i = 0; i < kind.learners; ++i) {
                jumps.push_back({.learner = held.size(), .margin = kind.margin});
                held.push_back(kind.samples);
            }
        }
    }
    // What those who then rest have held, and lose.
    struct Freed {
        double samples = 0, loss = 0;
    };
    Freed filling(double over) const {
        Freed freed;
        for (const std::size_t flip : mel::flips_that_fill(jumps, held, over)) {
            freed.samples += held[jumps[flip].learner];
            freed.loss += jumps[flip].margin;
        }
        return freed;
    }
};

}  // namespace

// 838 learners of five are the nearest, and 159 is no multiple of five.
TEST(those_of_another_kind_make_up_for_what_one_kind_can_not) {
    const Margin margin({{838, 5, 1e-8}, {40, 2, 2.2}, {40, 3, 9}});
    const auto freed = margin.filling(159);
    CHECK(freed.samples == 159, freed.samples);
    CHECK(std::fabs(freed.loss - (31 * 1e-8 + 2 * 2.2)) < 1e-12, freed.loss);
}

// More than the places of a knapsack.
TEST(far_too_many_rest_in_the_order_of_what_they_lose) {
    const Margin margin({{900, 5, 1e-3}, {3000, 5, 1e-8}, {300, 2, 0.5}});
    const auto freed = margin.filling(14001);
    CHECK(freed.samples == 14001, freed.samples);
    CHECK(std::fabs(freed.loss - (2799 * 1e-8 + 3 * 0.5)) < 1e-12, freed.loss);
}

TEST(what_all_together_do_not_free_is_not_filled) {
    const Margin margin({{400, 5, 1e-8}});
    CHECK(margin.filling(2001).samples == 0);
    CHECK(margin.filling(123).samples == 0);
    CHECK(margin.filling(2000).samples == 2000);
}
