// Sums that decide whether a budget is kept.
#include <span>
#include <vector>

#include "base/sums.hpp"
#include "check.hpp"

TEST(compensated_sum_keeps_what_plain_addition_loses) {
    mel::CompensatedSum sum;
    sum.add(1e16);
    for (int i = 0; i < 1000; ++i) sum.add(1);
    sum.add(-1e16);
    CHECK(sum.value() == 1000, sum.value());
}

TEST(one_unit_above_an_integer_is_seen_where_the_sum_is_no_double) {
    constexpr double limit = 9007199254740992.0;  // 2^53
    for (const double more : {-1.0, 0.0, 1.0}) {
        mel::CompensatedSum sum;
        for (const double term : {limit - 2, 2.0, more}) sum.add(term);
        CHECK(mel::above(sum, limit) == more, more);
    }
}

TEST(reduce_tree_adds_every_part_once) {
    struct Part {
        long count = 0;
        void add(const Part& o) { count += o.count; }
    };
    for (std::size_t n = 0; n < 70; ++n) {
        std::vector<Part> parts(n);
        for (std::size_t i = 0; i < n; ++i) parts[i].count = 1L << (i % 40);
        long expected = 0;
        for (const Part& part : parts) expected += part.count;
        CHECK(mel::reduce_tree(std::span<Part>(parts)).count == expected, n);
    }
}
