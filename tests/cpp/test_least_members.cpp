// Where so many must take part the bound is least over three prices: that of taking part is found
// by counting, at each look.
#include <cmath>

#include "check.hpp"
#include "instances.hpp"
#include "learner/boxes.hpp"
#include "least/least_bound.hpp"
#include "mel/selection.hpp"

namespace {

struct Found {
    mel::BoundOutcome outcome;
    double bound;
    long passes;
};

struct Asked {
    explicit Asked(mel::LinkLaw law)
        : it(instances::draw({.learners = 20'000,
                              .samples = 800'000,
                              .law = law,
                              .idle = mel::Idle::excused,
                              .seed = 8})),
          problem(scarce(it)) {}

    // So little that not all take part of their own accord.
    static mel::ProblemStatement scarce(const instances::Instance& it) {
        mel::ProblemStatement stated = it.stated();
        stated.bandwidth_hz *= 0.15;
        stated.power_w *= 0.15;
        return stated;
    }

    Found least(double at_least, double bandwidth = 1) {
        mel::LeastBound search(problem, pool, {{0, problem.samples_real()}}, 3,
                               {.at_least = at_least});
        const mel::Budgets has{problem.cycle_s(), bandwidth * problem.bandwidth_hz(),
                               problem.power_w()};
        const mel::Prices start{problem.samples_real() / has.bandwidth_hz,
                                problem.samples_real() / has.power_w};
        const auto outcome = search.run(has, start);
        prices = search.prices();
        return {outcome, search.bound(), search.passes()};
    }

    instances::Instance it;
    mel::Problem problem;
    mel::Stop stop{1e9, {}};
    mel::Pool pool{1, stop};
    mel::Prices prices{};
};

}  // namespace

TEST(what_participants_must_be_worth_takes_a_few_looks_more) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        Asked asked(law);
        const Found free = asked.least(0);
        double before = free.bound;
        for (const double least : {100.0, 10'000.0, 14'000.0, 16'000.0, 18'000.0}) {
            if (check::sanitized && least > 100 && least < 18'000) continue;
            const Found found = asked.least(least);
            CHECK(found.outcome == mel::BoundOutcome::found, least);
            CHECK(found.bound <= before * (1 + 1e-11), least, found.bound, before);
            // Nested searches to eleven digits took thousands.
            CHECK(found.passes <= 120, least, found.passes);
            before = found.bound;
            // A little more bandwidth is worth its price.
            const double price = asked.prices.lambda, step = 1e-6;
            const Found more = asked.least(least, 1 + step);
            const double gained = (more.bound - found.bound) / step;
            const double stated = price * asked.problem.bandwidth_hz();
            CHECK(std::fabs(gained - stated) <= 1e-3 * stated + 1e-4 * found.bound, gained, stated);
        }
        CHECK(before < 0.999 * free.bound, before, free.bound);
    }
}

TEST(a_mixture_says_what_time_is_worth_without_another_look) {
    for (const double least : {0.0, 14'000.0, 18'000.0}) {
        Asked asked(mel::LinkLaw::fixed);
        const mel::Problem& problem = asked.problem;
        mel::LeastBound search(problem, asked.pool, {{0, problem.samples_real()}}, 3,
                               {.at_least = least});
        const mel::Budgets has{problem.cycle_s(), problem.bandwidth_hz(), problem.power_w()};
        const mel::Prices start{problem.samples_real() / has.bandwidth_hz,
                                problem.samples_real() / has.power_w};
        CHECK(search.run(has, start) == mel::BoundOutcome::found, least);
        const long passes = search.passes();
        const auto per_s = search.per_s_of_mixture();
        CHECK(!search.smooth() || least > 0, least);
        CHECK(per_s.has_value(), least, search.prices().lambda, search.prices().mu);
        if (!per_s) continue;
        // A search with a little more time took as many again.
        CHECK(search.passes() == passes, least);
        const double before = search.bound(), step = 1e-6 * has.cycle_s;
        mel::Budgets more = has;
        more.cycle_s += step;
        CHECK(search.run(more, search.prices()) == mel::BoundOutcome::found, least);
        const double slope = (search.bound() - before) / step;
        CHECK(std::fabs(slope - *per_s) <= 1e-3 * slope, slope, *per_s);
    }
}
