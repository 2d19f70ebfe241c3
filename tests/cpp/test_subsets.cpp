// The best subset of a few changes, against all of them one by one.
#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include "check.hpp"
#include "select/subsets.hpp"

namespace {

using mel::Change;

struct Sum {
    double worth = 0, cost = 0;
};

Sum sum_of(const std::vector<Change>& changes, std::uint32_t members) {
    Sum sum;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if ((members >> i & 1) == 0) continue;
        sum.worth += changes[i].worth;
        sum.cost += changes[i].cost;
    }
    return sum;
}

// Numbers that add up without rounding, so that both ways see the same.
std::vector<Change> drawn(std::mt19937& random) {
    std::uniform_int_distribution<int> size(0, 11), worth(-9, 9), cost(-40, 40);
    std::vector<Change> changes(static_cast<std::size_t>(size(random)));
    for (Change& change : changes) {
        change = {static_cast<double>(worth(random)), 0.25 * cost(random)};
    }
    return changes;
}

}  // namespace

TEST(the_best_subset_of_changes_is_that_of_all_of_them) {
    std::mt19937 random(11);
    int nothing = 0;
    for (int trial = 0; trial < 400; ++trial) {
        const std::vector<Change> changes = drawn(random);
        const double room = 0.25 * std::uniform_int_distribution<int>(-60, 60)(random);
        const double wanted = std::uniform_int_distribution<int>(-20, 20)(random);
        std::optional<double> most, least;
        for (std::uint32_t members = 0; members < 1u << changes.size(); ++members) {
            const Sum sum = sum_of(changes, members);
            if (sum.cost <= room && (!most || sum.worth > *most)) most = sum.worth;
            if (sum.worth == wanted && (!least || sum.cost < *least)) least = sum.cost;
        }
        const auto best = mel::WorthMost(changes).within(room);
        const auto just = mel::worth_just(changes, wanted);
        CHECK(best.has_value() == most.has_value());
        CHECK(just.has_value() == least.has_value());
        if (best) {
            CHECK(sum_of(changes, *best).worth == *most);
            CHECK(sum_of(changes, *best).cost <= room);
        }
        if (just) {
            CHECK(sum_of(changes, *just).worth == wanted);
            CHECK(sum_of(changes, *just).cost == *least);
        }
        nothing += !best || !just;
    }
    CHECK(nothing > 20 && nothing < 380);
}

TEST(the_cheapest_of_those_who_add_up_is_that_of_all_of_them) {
    std::mt19937 random(5);
    int none = 0;
    for (int trial = 0; trial < 300; ++trial) {
        std::vector<Change> sizes = drawn(random);
        for (Change& one : sizes) one.worth = 2 * std::fabs(one.worth) + 2;
        const double wanted = std::uniform_int_distribution<int>(0, 60)(random);
        std::optional<double> least;
        for (std::uint32_t members = 0; members < 1u << sizes.size(); ++members) {
            const Sum sum = sum_of(sizes, members);
            if (sum.worth == wanted && (!least || sum.cost < *least)) least = sum.cost;
        }
        const std::vector<bool> best = mel::cheapest_sum(sizes, wanted);
        if (!least) {
            CHECK(best.empty());
            none += 1;
            continue;
        }
        CHECK(best.size() == sizes.size());
        std::uint32_t members = 0;
        for (std::size_t i = 0; i < best.size(); ++i) members |= std::uint32_t{best[i]} << i;
        CHECK(sum_of(sizes, members).worth == wanted);
        CHECK(sum_of(sizes, members).cost == *least);
    }
    CHECK(none > 100 && none < 280);
}
