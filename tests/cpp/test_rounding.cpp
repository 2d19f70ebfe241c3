// The allowances of base/rounding.hpp against what docs/rounding.md counts.
#include <cmath>

#include "base/chunks.hpp"
#include "base/rounding.hpp"
#include "check.hpp"

using namespace mel;

TEST(allowances_cover_what_is_counted_of_them) {
    const double most_chunks = 24;  // log2: sixteen thousand million learners
    const double plain_sum =
        units(static_cast<double>(chunk_size / group) - 1 + std::log2(group) + most_chunks);
    CHECK(rounding::budget_check > plain_sum, rounding::budget_check / plain_sum);
    const double reserve = rounding::budget_check + 2 * plain_sum + units(3);
    CHECK(rounding::budget_reserve > reserve, rounding::budget_reserve / reserve);
    CHECK(rounding::other_budget > rounding::budget_reserve + rounding::deadline_reserve);
    CHECK(rounding::deadline_reserve > units(20));
    CHECK(rounding::slack > units(16));
    CHECK(rounding::rate > units(12));
    CHECK(rounding::whole_bound > units(32));
    CHECK(rounding::whole_bound_in_lanes > rounding::whole_bound + plain_sum);
    CHECK(rounding::filling_verdict > plain_sum + rounding::rate);
    CHECK(rounding::equal_shares_verdict > units(20));
}
