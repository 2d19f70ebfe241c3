// Water-filling of a given split, and the rounding that makes splits.
#include <cmath>
#include <numeric>
#include <vector>

#include "base/chunks.hpp"
#include "brute.hpp"
#include "check.hpp"
#include "split/water_filling.hpp"
#include "split/whole_samples.hpp"

namespace {

double sum(const std::vector<double>& d) { return std::accumulate(d.begin(), d.end(), 0.0); }

std::vector<double> equal_split(const mel::Problem& problem) {
    std::vector<double> d(problem.size(),
                          std::floor(problem.samples_real() / static_cast<double>(problem.size())));
    d[0] += problem.samples_real() - sum(d);
    return d;
}

}  // namespace

TEST(filling_says_fits_where_the_oracle_does_and_its_allocation_keeps_every_constraint) {
    int fit = 0, over = 0;
    for (unsigned seed = 1; seed <= check::tries(4); ++seed) {
        instances::for_each_variant(
            {.learners = 4, .samples = 200, .seed = seed}, [&](const instances::Shape& shape) {
                const instances::Instance it = instances::draw(shape);
                const mel::Problem problem = it.problem();
                const brute::View view{it.stated()};
                mel::Stop stop(1e9, {});
                mel::Pool pool(1, stop);
                mel::WaterFilling filling(problem, pool);
                const std::vector<double> d = equal_split(problem);
                const std::vector<std::int64_t> whole(d.begin(), d.end());
                for (double tau = 1; tau <= 9; ++tau) {
                    double ratio = 1e6;
                    const auto outcome = filling.fill({tau, problem.cycle_s(), d}, ratio);
                    const bool fits = view.fits(static_cast<long double>(tau), whole);
                    CHECK(outcome == (fits ? mel::WaterFilling::Outcome::fits
                                           : mel::WaterFilling::Outcome::too_much),
                          seed, tau, fits);
                    ++(fits ? fit : over);
                    if (!fits) continue;
                    const mel::WaterFilling::Finish finish = filling.shortest_cycle(
                        {tau, problem.cycle_s(), d}, {problem.cycle_s(), ratio});
                    CHECK(finish.cycle_s <= problem.cycle_s(), seed, tau);
                    mel::Result r;
                    r.tau = static_cast<std::int64_t>(tau);
                    r.samples.assign(whole.begin(), whole.end());
                    r.bandwidth_hz.resize(d.size());
                    r.power_w.resize(d.size());
                    CHECK(filling.allocate({tau, problem.cycle_s(), d}, finish,
                                           {r.bandwidth_hz, r.power_w}));
                    CHECK(brute::violation(it.stated(), r).empty(),
                          brute::violation(it.stated(), r));
                    // No shorter cycle: a hair less and the oracle says no.
                    mel::ProblemStatement tight = it.stated();
                    tight.cycle_s = finish.cycle_s * (1 - 1e-5);
                    if (problem.send_bits(0) > 0) {
                        CHECK(!brute::View{tight}.fits(static_cast<long double>(tau), whole), tau);
                    }
                }
            });
    }
    CHECK(fit > check::seen(20) && over > check::seen(20), fit, over);
}

TEST(allocation_is_refused_where_a_learner_would_be_late) {
    const mel::Problem problem = instances::draw({.learners = 5, .samples = 100}).problem();
    mel::Stop stop(1e9, {});
    mel::Pool pool(1, stop);
    mel::WaterFilling filling(problem, pool);
    const std::vector<double> d = equal_split(problem);
    std::vector<double> band(5), power(5);
    // A split that only fits a longer cycle, scaled down to the budgets.
    const auto finish = filling.at({50, problem.cycle_s() * 20, d}, 1e6);
    CHECK(finish.sums.impossible == 0);
    CHECK(!filling.allocate({50, problem.cycle_s(), d}, finish, {band, power}));
}

TEST(nobody_sends_for_free_at_a_cycle_that_was_only_foreseen) {
    for (const mel::LinkLaw law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        instances::Instance it = instances::draw({.learners = 5, .samples = 100, .law = law});
        // The first computes a tenth of a percent longer than the cycle that is aimed at, and has
        // time to send in the whole one.
        const std::vector<double> d(5, 20.0);
        const double tau = 3, each = it.statement.flops_per_sample.value * tau * d[0];
        const double computing_s = 0.9 * it.statement.cycle_s;
        it.flops.assign(5, 10 * each / computing_s);
        it.flops[0] = each / computing_s;
        const mel::Problem problem = it.problem();
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::WaterFilling filling(problem, pool);
        std::vector<double> band(5), power(5);
        const mel::TimedSplit split{tau, problem.cycle_s(), d};
        const auto finish = filling.at(split.within(0.999 * computing_s), 1e6);
        CHECK(finish.sums.impossible == 1, finish.sums.impossible);
        CHECK(!filling.allocate(split, finish, {band, power}));
        CHECK(band[0] == 0 && power[0] == 0);
    }
}

TEST(carried_rounding_sums_to_all_samples_within_one_of_each_wish) {
    instances::for_each_variant(
        {.learners = 3000, .samples = 90001, .seed = 2}, [](const instances::Shape& shape) {
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            mel::WholeSamples rounding(problem, pool);
            const mel::Box box{{0, problem.samples_real()}};
            std::vector<double> wish(problem.size());
            std::mt19937_64 random(3);
            for (double& d : wish) d = 1 + 60 * std::generate_canonical<double, 53>(random);
            std::vector<double> totals(mel::chunk_count(problem.size()));
            for (std::size_t k = 0; k < wish.size(); ++k) totals[k / mel::chunk_size] += wish[k];
            const double scale = problem.samples_real() / sum(wish);
            std::vector<double> d = wish;
            const double total =
                rounding.carry(box, {1, problem.cycle_s(), problem.cycle_s()}, totals, d);
            CHECK(total == sum(d), total, sum(d));
            CHECK(std::fabs(total - problem.samples_real()) <= 30, total);
            for (std::size_t k = 0; k < d.size(); ++k) {
                CHECK(d[k] == std::floor(d[k]));
                if (wish[k] * scale > 1) CHECK(std::fabs(d[k] - wish[k] * scale) <= 1 + 1e-9, k);
            }
            CHECK(rounding.repair(box, {1, problem.cycle_s(), {1e-9, 1e-3}}, d));
            CHECK(sum(d) == problem.samples_real());
        });
}

TEST(repair_adds_and_removes_and_stays_in_the_box) {
    instances::for_each_variant(
        {.learners = 20, .samples = 400}, [](const instances::Shape& shape) {
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            mel::WholeSamples rounding(problem, pool);
            const mel::Prices prices{1e-7, 1e-1};
            for (const double start : {1.0, 18.0, 23.0, 40.0}) {
                const mel::Box box{{1, 40}};
                std::vector<double> d(problem.size(), start);
                const bool whole = rounding.repair(box, {1, problem.cycle_s(), prices}, d);
                CHECK(whole && sum(d) == 400, start, sum(d));
                for (const double x : d) CHECK(x >= 1 && x <= 40 && x == std::floor(x), x);
            }
            std::vector<double> d(problem.size(), 5.0);
            CHECK(!rounding.repair(mel::Box{{0, 10}}, {1, problem.cycle_s(), prices}, d));
        });
}

TEST(exchange_ends_at_the_cheapest_split_of_two_learners) {
    for (unsigned seed = 1; seed <= 10; ++seed) {
        instances::for_each_variant(
            {.learners = 2, .samples = 40, .seed = seed}, [&](const instances::Shape& shape) {
                // Convex costs only: an excused learner's first sample and the fixed law's low
                // rates are steps that single exchanges need not climb.
                if (shape.idle == mel::Idle::excused || shape.law == mel::LinkLaw::fixed) return;
                const mel::Problem problem = instances::draw(shape).problem();
                mel::Stop stop(1e9, {});
                mel::Pool pool(1, stop);
                mel::WholeSamples rounding(problem, pool);
                const mel::Prices prices{1e-6, 1};
                const auto cost = [&](double first) {
                    double total = 0;
                    for (const std::size_t k : {0, 1}) {
                        const double d = k == 0 ? first : 40 - first;
                        const mel::Demand q = mel::demand_of(problem, k, 2);
                        if (!q.allows(d)) return 1e300;
                        total += mel::cost_of(mel::link_of(problem, k), q, false, d, prices).cost;
                    }
                    return total;
                };
                std::vector<double> d{20, 20};
                if (cost(20) == 1e300) return;
                rounding.exchange(mel::Box{{0, 40}}, {2, problem.cycle_s(), prices}, d);
                double best = 1e300;
                for (double x = 0; x <= 40; ++x) best = std::min(best, cost(x));
                CHECK(sum(d) == 40);
                CHECK(cost(d[0]) <= best * (1 + 1e-9), seed, d[0], cost(d[0]), best);
            });
    }
}

// Many enough for a sample of them to say where the search begins, and how its last step bends.
TEST(a_finish_that_a_sample_foresaw_leaves_less_than_a_millionth_of_both_budgets) {
    instances::for_each_variant(
        {.learners = 140'000, .samples = 140'000 * 30}, [](const instances::Shape& shape) {
            if (!shape.parallelized || !shape.sends_model) return;
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            mel::WaterFilling filling(problem, pool);
            std::mt19937_64 random(5);
            std::vector<double> d(problem.size());
            for (double& x : d) x = std::floor(instances::uniform(random, 1, 60));
            const mel::TimedSplit split{1, 4 * problem.cycle_s(), d};
            const double ratio = problem.bandwidth_hz() / problem.power_w();
            const auto finish = filling.shortest_cycle(split, {split.cycle_s, ratio},
                                                       mel::WaterFilling::Guess::rough);
            CHECK(finish.cycle_s < split.cycle_s, finish.cycle_s);
            const auto exact = filling.at(split.within(finish.cycle_s), finish.ratio, finish.roots);
            const double band = exact.sums.bandwidth / problem.bandwidth_hz();
            const double power = exact.sums.power / problem.power_w();
            CHECK(band <= 1 && band > 1 - 1e-6, band - 1, filling.passes());
            CHECK(power <= 1 && power > 1 - 1e-6, power - 1, filling.passes());
        });
}

// Who sits out of a problem whose idle learners are served takes what it takes where they are
// excused, and the problem of the others need not be made.
TEST(idle_learners_that_rest_take_nothing_though_others_are_served) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        instances::Shape shape{.learners = 40, .samples = 4000, .law = law, .seed = 6};
        shape.idle = mel::Idle::served;
        const instances::Instance drawn = instances::draw(shape);
        mel::ProblemStatement stated = drawn.stated();
        const mel::Problem served(stated);
        stated.idle = mel::Idle::excused;
        const mel::Problem excused(stated);
        std::vector<double> samples(mel::padded_to_groups(40), 0.0);
        for (std::size_t k = 0; k < 40; k += 3) samples[k] = 100;
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::FillsHere rest(served, pool, true), all(served, pool), others(excused, pool);
        const mel::TimedSplit split{2, served.cycle_s(), samples};
        const auto a = rest.fill(split, 1e-3, mel::Roots::exact);
        const auto b = others.fill(split, 1e-3, mel::Roots::exact);
        const auto c = all.fill(split, 1e-3, mel::Roots::exact);
        CHECK(a.bandwidth == b.bandwidth && a.power == b.power, a.bandwidth, b.bandwidth);
        CHECK(a.bandwidth < c.bandwidth, a.bandwidth, c.bandwidth);
    }
}
