// Prices that prove, and trees of boxes that cover every split.
#include <cmath>
#include <limits>
#include <vector>

#include "brute.hpp"
#include "check.hpp"
#include "kernels/kernels.hpp"
#include "tree/branch_and_bound.hpp"
#include "tree_check.hpp"

namespace {

using brute::real;
using tree_check::BoxOf;

// U of a box at prices by trying every integer, in long double and without any solver code.
real bound_of(const brute::View& view, real tau, const BoxOf& box, mel::Prices p) {
    const real infinity = std::numeric_limits<real>::infinity();
    real total = static_cast<real>(p.lambda) * view.s.bandwidth_hz +
                 static_cast<real>(p.mu) * view.s.power_w;
    for (std::size_t k = 0; k < view.size(); ++k) {
        real best = -infinity;
        for (std::int64_t d = box.low[k]; d <= box.high[k]; ++d) {
            const real x = static_cast<real>(d);
            if (!view.allowed(k, tau, x)) continue;
            const real rate = view.bits(k, x) > 0 ? view.bits(k, x) / view.slack(k, tau, x) : 0;
            const real cost = p.lambda > 0 && p.mu > 0 ? view.cost(k, rate, p.lambda, p.mu) : 0;
            best = std::max(best, x - cost);
        }
        total += best;
    }
    return total;
}

}  // namespace

TEST(trees_cover_every_split_and_every_leaf_is_closed) {
    int trees = 0, splits = 0, with_twins = 0;
    for (unsigned seed = 1; seed <= 60; ++seed) {
        instances::for_each_variant(
            {.learners = 2 + seed % 3,
             .samples = 6 + seed % 9,
             .seed = seed,
             .kinds = seed % 2 ? 1 : 0},
            [&](const instances::Shape& shape) {
                instances::Instance it = instances::draw(shape, 5);
                it.statement.bandwidth_hz *= seed % 3 ? 0.1 : 0.3;  // where radio decides
                it.statement.cycle_s *= 1.5;
                const mel::Problem problem = it.problem();
                const brute::View view{it.stated()};
                for (const auto scheme : {mel::Scheme::joint, mel::Scheme::resource_only}) {
                    const mel::Result r = mel::solve(problem, {.scheme = scheme});
                    CHECK(r.status == mel::Status::optimal || r.status == mel::Status::infeasible);
                    const BoxOf root = tree_check::root_of(problem, scheme);
                    const auto closed = [&](const BoxOf& box, mel::Prices prices) {
                        return bound_of(view, static_cast<real>(r.bound) + 1, box, prices) <
                               static_cast<real>(view.s.samples);
                    };
                    CHECK(tree_check::proves(problem, root, r.tree, closed), seed);
                    ++trees;
                    splits += r.tree.size() > 1;
                    with_twins += r.tree.size() > 1 && !problem.twins().empty();
                }
            });
    }
    CHECK(trees > check::seen(900) && splits > check::seen(20) && with_twins > check::seen(3),
          trees, splits, with_twins);
}

TEST(price_search_proves_only_what_enumeration_confirms) {
    int proved = 0, open = 0;
    for (unsigned seed = 1; seed <= 20; ++seed) {
        instances::for_each_variant(
            {.learners = 3, .samples = 20, .seed = seed}, [&](const instances::Shape& shape) {
                instances::Instance it = instances::draw(shape);
                it.statement.bandwidth_hz *= 0.3;
                const mel::Problem problem = it.problem();
                const double best = static_cast<double>(mel::solve(problem, {}).tau);
                const brute::View view{it.stated()};
                mel::Stop stop(1e9, {});
                mel::Pool pool(1, stop);
                mel::PriceSearch search(problem, pool);
                const BoxOf root{{0, 0, 0}, {20, 20, 20}};
                const std::vector<mel::Prices> starts{{1e-6, 1}};
                for (const double tau : {best, best + 1, best + 2, best * 1.5 + 1}) {
                    const auto outcome = search.run(tau, mel::Box{{0, 20}}, starts, 120);
                    if (outcome == mel::PriceSearch::Outcome::infeasible) {
                        ++proved;
                        CHECK(bound_of(view, static_cast<real>(tau), root,
                                       search.proof().prices()) < 20,
                              tau);
                        continue;
                    }
                    ++open;
                    CHECK(search.found() > 0, tau);
                    for (std::size_t i = 0; i < std::min<std::size_t>(search.found(), 2); ++i) {
                        const mel::FoundSplit& split = search.recent(i);
                        const real bound =
                            bound_of(view, static_cast<real>(tau), root, split.prices) - 20;
                        const double excess =
                            20 * split.cut.samples +
                            split.prices.lambda * problem.bandwidth_hz() * split.cut.bandwidth +
                            split.prices.mu * problem.power_w() * split.cut.power;
                        CHECK(std::fabs(static_cast<double>(bound) - excess) <
                                  1e-8 * (std::fabs(excess) + 20),
                              excess, static_cast<double>(bound));
                    }
                }
            });
    }
    CHECK(proved > 50 && open > 50, proved, open);
}

TEST(a_bound_that_rounding_could_have_made_proves_nothing) {
    const mel::Excess hair{-1e-20, 1e-18};
    const mel::Excess clear{-1e-9, 1e-18};
    CHECK(!hair.proves_infeasible());
    CHECK(clear.proves_infeasible());
}

TEST(the_error_of_a_bound_covers_its_distance_from_the_exact_one) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        instances::for_each_variant(
            {.learners = 3, .samples = 30, .seed = seed}, [&](const instances::Shape& shape) {
                const instances::Instance it = instances::draw(shape);
                const mel::Problem problem = it.problem();
                mel::Stop stop(1e9, {});
                mel::Pool pool(1, stop);
                std::vector<mel::SplitSums> blocks;
                std::vector<double> d(3);
                const mel::PassPoint at{5, problem.cycle_s(), {3e-6, 20}};
                const BoxOf root{{0, 0, 0}, {30, 30, 30}};
                const real exact = bound_of({it.stated()}, 5, root, at.prices) - 30;
                // One box for all goes to the lanes, columns to the scalar response.
                const mel::Box uniform{{0, 30}};
                const std::vector<double> low(3, 0), high(3, 30);
                const mel::Box columns{{0, 30}, low, high};
                for (const mel::Box& box : {uniform, columns}) {
                    const mel::SplitSums sums = mel::exact_pass(problem, box, at, pool, blocks, d);
                    const mel::Excess excess = mel::excess_of(problem, at, sums);
                    // The oracle's golden section is good to about 1e-18 of the cost.
                    const real slop = 4e-18L * (std::fabs(exact) + sums.cost.value() + 60);
                    CHECK(std::fabs(exact - excess.value) <= excess.error + slop, excess.value,
                          excess.error, static_cast<double>(exact - excess.value));
                    CHECK(excess.error > 8 * mel::unit_roundoff * 30, excess.error);
                    CHECK(excess.error < 1e-9 * (std::fabs(excess.value) + 30), excess.error);
                }
            });
    }
}

// One sample more at the end of the cycle: what it costs is known the worse the less is left of it,
// and where it is not taken that is not what the samples that are taken cost.
TEST(the_error_of_a_bound_covers_what_was_not_taken_as_well) {
    int tried = 0;
    for (unsigned seed = 1; seed <= 4; ++seed) {
        const instances::Shape three{.learners = 3, .samples = 30, .seed = seed};
        instances::for_each_variant(three, [&](const instances::Shape& shape) {
            instances::Instance it = instances::draw(shape);
            it.statement.cycle_s = 0;
            const real left = seed % 2 ? 1e-9L : 1e-7L;
            it.statement.cycle_s =
                static_cast<double>(-brute::View{it.stated()}.slack(0, 5, 7) * (1 + left));
            const mel::Problem problem = it.problem();
            const brute::View view{it.stated()};
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            std::vector<mel::SplitSums> blocks;
            std::vector<double> d(3);
            const std::vector<double> low(3, 0), high(3, 30);
            // One box for all goes to the lanes, columns to the scalar response.
            for (const mel::Box& box : {mel::Box{{0, 30}}, mel::Box{{0, 30}, low, high}}) {
                const auto look = [&](double scale) {
                    const mel::Prices prices{scale * 3e-6, scale * 20};
                    return mel::exact_pass(problem, box, {5, problem.cycle_s(), prices}, pool,
                                           blocks, d);
                };
                double takes = 1e-30, leaves = 1e30;
                look(takes);
                if (d[0] != 7) continue;
                while (leaves > takes * (1 + 1e-15)) {
                    const double middle = std::sqrt(takes) * std::sqrt(leaves);
                    look(middle);
                    (d[0] == 7 ? takes : leaves) = middle;
                }
                for (int i = -40; i <= 40; i += 4) {
                    const double scale = takes * (1 + 1e-9 * i);
                    const mel::SplitSums sums = look(scale);
                    const mel::PassPoint at{5, problem.cycle_s(), {scale * 3e-6, scale * 20}};
                    const mel::Excess excess = mel::excess_of(problem, at, sums);
                    const real exact = bound_of(view, 5, {{0, 0, 0}, {30, 30, 30}}, at.prices) - 30;
                    const real slop = 4e-18L * (std::fabs(exact) + sums.cost.value() + 60);
                    CHECK(exact <= excess.value + excess.error + slop, excess.error,
                          static_cast<double>(exact - excess.value), i, seed);
                    ++tried;
                }
            }
        });
    }
    CHECK(tried > check::seen(100), tried);
}

TEST(what_only_lanes_hide_a_careful_pass_may_tell) {
    instances::for_each_variant({.learners = 3, .samples = 30}, [&](const instances::Shape& shape) {
        const instances::Instance it = instances::draw(shape);
        const mel::Problem problem = it.problem();
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        std::vector<mel::SplitSums> blocks;
        std::vector<double> d(3), alone(3);
        const mel::PassPoint at{5, problem.cycle_s(), {3e-6, 20}};
        const mel::Box box{{0, 30}};
        const mel::SplitSums sums = mel::exact_pass(problem, box, at, pool, blocks, d);
        const mel::SplitSums careful = mel::careful_pass(problem, box, at, pool, blocks, alone);
        const mel::Excess excess = mel::excess_of(problem, at, sums);
        const mel::Excess less = mel::excess_of(problem, at, careful);
        CHECK(careful.in_lanes == 0 && d == alone, careful.in_lanes);
        CHECK(std::fabs(less.value - excess.value) <= excess.error, less.value, excess.value);
        if (!(sums.in_lanes > 0)) return;
        CHECK(less.error < 0.2 * excess.error, less.error, excess.error);
        for (const double share : {0.05, 0.5, 2.0}) {
            mel::SplitSums below = sums;
            below.overlooked -= excess.value + share * excess.error;
            CHECK(mel::hidden_by_lanes(problem, at, below) == (share == 0.5), share);
        }
    });
}
