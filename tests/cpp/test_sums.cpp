// Sums that decide whether a budget is kept.
#include <cmath>
#include <random>
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

TEST(sum_at_most_refuses_one_unit_over_the_limit) {
    // 2^53 + 1 is no double, but the terms' exact sum is.
    const std::vector<double> over{9007199254740992.0, 1.0};
    CHECK(!mel::sum_at_most(over, 9007199254740992.0));
    const std::vector<double> under{9007199254740990.0, 1.0};
    CHECK(mel::sum_at_most(under, 9007199254740992.0));
    const std::vector<double> tenths(10, 0.1);  // 0.1 rounded up: ten of them exceed one
    CHECK(!mel::sum_at_most(tenths, 1.0));
    CHECK(mel::sum_at_most(std::vector<double>{}, 0.0));
}

TEST(sum_at_most_never_accepts_what_long_double_refutes) {
    std::mt19937_64 random(5);
    int accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        std::vector<double> terms(1 + random() % 50);
        long double exact = 0;
        for (double& x : terms) {
            x = std::ldexp(static_cast<double>(random() >> 34), static_cast<int>(random() % 20));
            exact += x;  // 30 bits shifted by up to 20: exact in 64 bits
        }
        const double limit = std::nextafter(static_cast<double>(exact), round % 2 ? 0.0 : 1e300);
        if (mel::sum_at_most(terms, limit)) {
            ++accepted;
            CHECK(exact <= static_cast<long double>(limit), limit);
        }
    }
    CHECK(accepted > 500, accepted);
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
