// What makes many small searches cheap may change neither a limit nor an answer.
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "base/guiding.hpp"
#include "base/logarithm.hpp"
#include "base/parallel.hpp"
#include "base/rounding.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "mel/solve.hpp"
#include "solve/solver.hpp"

namespace {
constexpr double forever = std::numeric_limits<double>::infinity();
using Clock = mel::Stop::Clock;
}  // namespace

TEST(a_limit_that_is_over_is_seen_at_the_first_check) {
    mel::Stop stop(0.001, {}, Clock::now() - std::chrono::seconds(1), 16);
    CHECK(stop.check());
    CHECK(stop.check() && stop.requested());
}

TEST(a_patient_stop_sees_a_limit_within_as_many_checks) {
    for (int starts = 1;; ++starts) {
        mel::Stop stop(0.002, {}, Clock::now(), 16);
        if (stop.check() && starts < 1000) continue;  // a busy machine stood still for so long
        CHECK(starts < 1000);
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
        int checks = 1;
        while (!stop.check()) ++checks;
        CHECK(checks <= 16, checks);
        return;
    }
}

TEST(checks_that_are_far_apart_each_look_at_the_clock) {
    int asked = 0;
    mel::Stop stop(forever, [&] { return ++asked == 3; }, Clock::now(), 16);
    int checks = 0;
    do {
        ++checks;
        std::this_thread::sleep_for(std::chrono::milliseconds(11));
    } while (!stop.check());
    CHECK(asked == 3 && checks <= 16 + 2, asked, checks);
}

TEST(guiding_numbers_come_to_rest_where_the_exact_ones_do) {
    CHECK(mel::guiding_log(1) == 0 && mel::guiding_exp(0) == 1);
    for (double x = 0.05; x < 8; x += 0.01) {
        const double off = mel::guiding_log(x) - std::log(x);
        CHECK(std::fabs(off) < 2e-7, x, off);
        CHECK((mel::guiding_log(x) > 0) == (std::log(x) > 0), x);
    }
    for (double x = -2; x < 2; x += 0.01) {
        const double off = mel::guiding_exp(x) / std::exp(x) - 1;
        CHECK(std::fabs(off) < 2e-7, x, off);
    }
    const double beside = std::nextafter(1.0, 2.0);
    CHECK(mel::guiding_log(beside) > 0 && mel::guiding_log(std::nextafter(1.0, 0.0)) < 0);
    CHECK(mel::guiding_log(beside, 1) > 0 && mel::guiding_log(1, beside) < 0);
    CHECK(mel::guiding_log(7, 7) == 0 &&
          std::fabs(mel::guiding_log(7, 6) - std::log(7. / 6)) < 1e-7);
    for (double x = 1e-60; x < 1e60; x *= 1.37) {
        CHECK(std::fabs(mel::nearly_log(x) - std::log(x)) < 0.041, x);
    }
}

TEST(the_logarithm_of_return_rates_errs_by_eight_units_at_most) {
    for (double x = 1e-70; x < 1e299; x *= 1.0123) {
        const long double exact = std::log1p(static_cast<long double>(x));
        const auto off = static_cast<double>((mel::log_1p(x) - exact) / exact);
        CHECK(std::fabs(off) <= 8 * mel::unit_roundoff, x, off);
    }
    CHECK(mel::log_1p(0) == 0 && mel::log_1p(1) == std::log(2.0) &&
          mel::log_1p(3) == std::log(4.0));
}

TEST(a_guess_of_learners_alike_knows_who_holds_the_samples) {
    // The fast ones have good channels, or bad ones: their noise is what tells.
    for (const bool fast_are_near : {true, false}) {
        instances::Instance drawn = instances::draw({.learners = 20, .samples = 1000});
        for (std::size_t k = 0; k < 20; ++k) {
            const bool fast = k % 2 == 0;
            drawn.flops[k] = fast ? 2e9 : 1e9;
            drawn.gain[k] = fast == fast_are_near ? 1e-9 : 1e-12;
        }
        const mel::Problem problem = drawn.problem();
        const double third = std::pow(1e3, fast_are_near ? -1. / 6 : 1. / 6);
        const double off = problem.typical_noise_of_samples() / problem.typical_noise() / third;
        CHECK(std::fabs(off - 1) < 0.02, off);
        CHECK(std::fabs(problem.noise_spread() / std::pow(std::log(1e3) / 2, 2) - 1) < 0.02);
    }
}

TEST(the_nearest_integer_is_the_librarys) {
    for (const double x : {0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 1e15 + 0.5, 3e15, 9e15,
                           -9e15, 2251799813685247.5, 2251799813685248.5, 1e300}) {
        CHECK(mel::nearest_integer(x) == std::nearbyint(x), x);
    }
}

TEST(a_workspace_of_other_problems_changes_no_answer) {
    mel::Workspace used;
    for (const std::size_t learners : {40u, 3u, 17u, 100u, 1u, 16u}) {
        instances::for_each_variant(
            {.learners = learners, .samples = static_cast<std::int64_t>(50 * learners)},
            [&](const instances::Shape& shape) {
                const mel::Problem problem = instances::draw(shape).problem();
                const mel::Result alone = mel::solve(problem, {});
                mel::Result again = mel::solve_in(problem, {}, Clock::now(), used);
                CHECK(alone.status == again.status && alone.tau == again.tau);
                CHECK(alone.bound == again.bound && alone.passes == again.passes);
                CHECK(alone.samples == again.samples && alone.blocks == again.blocks);
                CHECK(alone.bandwidth_hz == again.bandwidth_hz && alone.power_w == again.power_w);
                std::swap(used.plan.samples, again.samples);
                std::swap(used.plan.bandwidth_hz, again.bandwidth_hz);
                std::swap(used.plan.power_w, again.power_w);
            });
    }
}
