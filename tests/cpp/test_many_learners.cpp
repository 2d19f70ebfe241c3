// What only many learners bring about: samples of them, mixtures dealt out in groups; and single
// questions about a tau or an amount.
#include <cmath>
#include <vector>

#include "brute.hpp"
#include "check.hpp"
#include "mel/least.hpp"

TEST(plans_for_many_learners_hold_and_one_tau_more_is_refuted) {
    for (const std::size_t learners : {std::size_t{5000}, std::size_t{70000}}) {
        const instances::Shape shape{
            .learners = learners, .samples = 30 * static_cast<std::int64_t>(learners), .seed = 2};
        instances::for_each_variant(shape, [](const instances::Shape& one) {
            const instances::Instance it = instances::draw(one);
            const mel::Problem problem = it.problem();
            const mel::Result r = mel::solve(problem, {});
            CHECK(r.status == mel::Status::optimal, static_cast<int>(r.status), r.tau, r.bound);
            CHECK(brute::violation(it.stated(), r).empty(), brute::violation(it.stated(), r));
            mel::Settings warm;
            warm.start = r.end;
            const mel::Result below = mel::decide(problem, r.tau, warm);
            CHECK(below.tau == r.tau, below.tau, r.tau);
            CHECK(brute::violation(it.stated(), below).empty());
            const mel::Result above = mel::decide(problem, r.tau + 1, warm);
            CHECK(above.tau == 0 && above.bound == r.tau, above.tau, above.bound);
            CHECK(mel::solve(problem, warm).tau == r.tau);
        });
    }
}

// Taus that mixtures of real samples leave open took a hundred looks and a tree each.
TEST(where_real_samples_say_too_much_whole_ones_say_which_tau_is_next) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (const double each : {0.6, 3.0}) {
            instances::Shape shape{.learners = 5000, .law = law, .idle = mel::Idle::excused};
            shape.samples = static_cast<std::int64_t>(each * 5000);
            const instances::Instance it = instances::draw(shape, 10'000 / each);
            const mel::Result r = mel::solve(it.problem(), {});
            CHECK(r.status == mel::Status::optimal, static_cast<int>(r.status), r.tau, r.bound);
            CHECK(brute::violation(it.stated(), r).empty(), brute::violation(it.stated(), r));
            CHECK(r.passes < 140 && r.nodes == 0, r.passes, r.nodes, each, static_cast<int>(law));
        }
    }
}

// What was added up of some of the learners, when a search was stopped, is no sum of all.
TEST(equal_shares_that_are_stopped_have_a_true_plan_or_none) {
    const instances::Instance it = instances::draw(
        {.learners = 60'000, .samples = 1'200'000, .idle = mel::Idle::excused}, 600);
    const mel::Problem problem = it.problem();
    mel::Settings settings;
    settings.scheme = mel::Scheme::task_only;
    const mel::Result whole = mel::solve(problem, settings);
    CHECK(whole.status == mel::Status::optimal, static_cast<int>(whole.status));
    for (int last = 0; last < 40; last += check::sanitized ? 13 : 1) {
        int asked = 0;
        settings.should_stop = [&](const mel::Progress&) { return asked++ >= last; };
        const mel::Result r = mel::solve(problem, settings);
        CHECK(r.tau <= whole.tau && whole.tau <= r.bound, last, r.tau, whole.tau, r.bound);
        std::int64_t sum = 0;
        for (const auto d : r.samples) sum += d;
        CHECK(r.tau == 0 || sum == problem.samples(), last, r.tau, sum);
    }
}

TEST(least_amounts_suffice_and_a_hair_less_does_not) {
    using mel::Resource;
    instances::for_each_variant(
        {.learners = 40, .samples = 4000, .seed = 4}, [](const instances::Shape& shape) {
            const instances::Instance it = instances::draw(shape);
            const mel::Problem problem = it.problem();
            const std::int64_t tau = mel::solve(problem, {}).tau;
            for (const auto resource : {Resource::cycle, Resource::bandwidth, Resource::power}) {
                const mel::Estimate near = mel::estimate_least(problem, tau, resource, {});
                const auto with = [&](double amount) {
                    return instances::with_amount(it.stated(), resource, amount);
                };
                if (!near.converged) continue;  // costs that jump: there is no such estimate
                const mel::Problem roomy(with(near.amount * 1.01));
                const mel::Result r = mel::decide(roomy, tau, {});
                CHECK(r.tau == tau, r.tau, tau);
                const mel::SplitNeed least =
                    mel::least_of_split(roomy, tau, r.samples, resource, {});
                CHECK(least.amount > 0 && least.amount <= near.amount * 1.01);
                mel::Result found;
                found.tau = tau;
                found.samples.assign(r.samples.begin(), r.samples.end());
                found.bandwidth_hz.assign(least.bandwidth_hz.begin(), least.bandwidth_hz.end());
                found.power_w.assign(least.power_w.begin(), least.power_w.end());
                const mel::ProblemStatement tight = with(least.amount);
                CHECK(brute::violation(tight, found).empty(), brute::violation(tight, found));
                // The same split with a hair less does not fit.
                const brute::View short_of{with(least.amount * (1 - 1e-9))};
                const std::vector<std::int64_t> d(r.samples.begin(), r.samples.end());
                CHECK(!short_of.fits(static_cast<long double>(tau), d));
            }
            const mel::MarginalValues worth =
                mel::marginal_values_at(problem, static_cast<double>(tau), {});
            CHECK(worth.outcome == mel::BoundOutcome::found &&
                  worth.samples >= problem.samples_real() && worth.per_s > 0);
        });
}
