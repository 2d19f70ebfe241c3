// The whole question on instances that enumeration answers, and what a caller may ask of it.
#include <atomic>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "brute.hpp"
#include "check.hpp"
#include "mel/batch.hpp"
#include "tree_check.hpp"

namespace {

bool same(const mel::Result& a, const mel::Result& b) {
    return a.tau == b.tau && a.samples == b.samples && a.bandwidth_hz == b.bandwidth_hz &&
           a.power_w == b.power_w && a.tree.size() == b.tree.size();
}

}  // namespace

TEST(tau_is_the_one_that_enumeration_finds) {
    int feasible = 0, infeasible = 0;
    instances::for_each_tiny(check::tries(9), [&](unsigned seed, const instances::Instance& it) {
        const mel::Problem problem = it.problem();
        const brute::View view{it.stated()};
        for (const auto scheme : {mel::Scheme::joint, mel::Scheme::resource_only}) {
            const mel::Result r = mel::solve(problem, {.scheme = scheme});
            const tree_check::BoxOf root = tree_check::root_of(problem, scheme);
            const auto exists = [&](std::int64_t tau) {
                return brute::any_split(problem.size(), problem.samples(), root.low[0],
                                        root.high[0], [&](const std::vector<std::int64_t>& d) {
                                            return view.fits(static_cast<long double>(tau), d);
                                        });
            };
            CHECK(r.tau == r.bound, r.tau, r.bound);
            CHECK(!exists(r.bound + 1), seed, r.tau);
            if (r.status == mel::Status::optimal) {
                ++feasible;
                CHECK(brute::violation(it.stated(), r).empty(), brute::violation(it.stated(), r));
            } else {
                ++infeasible;
                CHECK(r.status == mel::Status::infeasible && r.tau == 0);
                CHECK(r.blame != mel::Blame::none);
            }
        }
    });
    CHECK(feasible > check::seen(50), feasible);
    CHECK(infeasible > check::seen(5), infeasible);
}

TEST(learners_with_payloads_of_their_own_are_solved_as_enumeration_has_it) {
    int feasible = 0;
    instances::for_each_tiny(check::tries(5), [&](unsigned seed, const instances::Instance& it) {
        mel::ProblemStatement s = it.stated();
        std::vector<double> amounts[5];
        mel::Amount* const fields[] = {&s.send_bits, &s.send_bits_per_sample, &s.return_bits,
                                       &s.return_bits_per_sample, &s.flops_per_sample};
        std::mt19937_64 random(seed);
        std::uniform_real_distribution<double> factor(0.3, 2.0);
        for (std::size_t which = 0; which < 5; ++which) {
            for (std::size_t k = 0; k < s.flops_per_s.size(); ++k) {
                const double told = fields[which]->value + (which < 4 ? 2e4 : 0);
                amounts[which].push_back(told * factor(random));
            }
            *fields[which] = std::span<const double>(amounts[which]);
        }
        const mel::Problem problem(s);
        const brute::View view{s};
        const mel::Result r = mel::solve(problem, {});
        const tree_check::BoxOf root = tree_check::root_of(problem, mel::Scheme::joint);
        CHECK(r.tau == r.bound, r.tau, r.bound);
        const auto fits = [&](const std::vector<std::int64_t>& d) {
            return view.fits(static_cast<long double>(r.bound + 1), d);
        };
        CHECK(!brute::any_split(problem.size(), problem.samples(), root.low[0], root.high[0], fits),
              seed, r.tau);
        if (r.status != mel::Status::optimal) return;
        ++feasible;
        CHECK(brute::violation(s, r).empty(), brute::violation(s, r));
    });
    CHECK(feasible > check::seen(13), feasible);
}

TEST(plans_of_all_schemes_keep_every_constraint) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        instances::for_each_variant(
            {.learners = 3 * seed, .samples = 1000, .seed = seed},
            [&](const instances::Shape& shape) {
                const instances::Instance it = instances::draw(shape);
                const mel::Problem problem = it.problem();
                std::int64_t joint = 0;
                for (const auto scheme :
                     {mel::Scheme::joint, mel::Scheme::task_only, mel::Scheme::resource_only}) {
                    const mel::Result r = mel::solve(problem, {.scheme = scheme});
                    if (scheme == mel::Scheme::joint) joint = r.tau;
                    CHECK(r.tau <= joint);
                    CHECK(r.status == mel::Status::optimal || r.status == mel::Status::infeasible);
                    if (r.tau == 0) continue;
                    CHECK(brute::violation(it.stated(), r).empty(),
                          brute::violation(it.stated(), r), static_cast<int>(scheme), seed);
                    if (scheme != mel::Scheme::resource_only) continue;
                    const std::int64_t share = 1000 / static_cast<std::int64_t>(shape.learners);
                    for (const std::int64_t d : r.samples) CHECK(d >= share && d <= share + 1, d);
                }
            });
    }
}

TEST(blame_names_what_stands_in_the_way) {
    instances::Instance it = instances::draw({.learners = 4, .samples = 100});
    instances::Instance slow = it;
    slow.gain[2] = 1e-30;
    const mel::Result by_return = mel::solve(slow.problem(), {});
    CHECK(by_return.status == mel::Status::infeasible);
    CHECK(by_return.blame == mel::Blame::slow_return && by_return.blamed_learner == 2);
    instances::Instance lazy = it;
    for (double& f : lazy.flops) f *= 1e-3;
    CHECK(mel::solve(lazy.problem(), {}).blame == mel::Blame::computing);
    instances::Instance deaf = it;
    deaf.statement.bandwidth_hz = 1;
    CHECK(mel::solve(deaf.problem(), {}).blame == mel::Blame::radio);
    for (const auto* bad : {&slow, &deaf}) {
        const mel::Result r = mel::solve(bad->problem(), {.scheme = mel::Scheme::task_only});
        CHECK(r.status == mel::Status::infeasible && r.samples.empty());
    }
}

TEST(threads_do_not_change_a_plan) {
    instances::for_each_variant({.learners = 40000, .seed = 4}, [](instances::Shape shape) {
        shape.samples = 30 * static_cast<std::int64_t>(shape.learners);
        const mel::Problem problem = instances::draw(shape).problem();
        const mel::Result one = mel::solve(problem, {.threads = 1});
        CHECK(same(one, mel::solve(problem, {.threads = 2})));
        CHECK(same(one, mel::solve(problem, {.threads = 7})));
    });
}

TEST(many_threads_may_solve_at_once) {
    const mel::Problem problem = instances::draw({.learners = 60, .samples = 5000}).problem();
    const mel::Result alone = mel::solve(problem, {});
    std::atomic<int> equal{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] { equal += same(alone, mel::solve(problem, {})); });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(equal == 6, equal.load());
}

TEST(a_time_limit_of_zero_proves_nothing_and_claims_nothing) {
    const mel::Problem problem = instances::draw({.learners = 50}).problem();
    for (const auto scheme :
         {mel::Scheme::joint, mel::Scheme::task_only, mel::Scheme::resource_only}) {
        const mel::Result r = mel::solve(problem, {.scheme = scheme, .time_limit_s = 0});
        CHECK(r.stopped && r.status == mel::Status::undecided && r.tau == 0);
        CHECK(r.bound >= mel::solve(problem, {.scheme = scheme}).tau && r.samples.empty());
    }
}

TEST(a_stop_is_heeded_within_a_pass) {
    // Counted in passes, not in seconds: the same on every machine. A stop is asked for every 10
    // ms; should a machine be done by the first, it gets more learners.
    for (const int threads : {1, 3}) {
        mel::Result r;
        std::int64_t asked = -1;
        for (std::size_t learners = 100000; asked < 0 || r.status == mel::Status::optimal;
             learners *= 2) {
            asked = -1;
            const mel::Problem problem =
                instances::draw({.learners = learners,
                                 .samples = 30 * static_cast<std::int64_t>(learners),
                                 .law = mel::LinkLaw::fixed})
                    .problem();
            mel::Settings settings{.threads = threads};
            settings.should_stop = [&](const mel::Progress& p) {
                CHECK(p.bound >= p.tau);
                if (asked < 0) asked = p.passes;
                return true;
            };
            r = mel::solve(problem, settings);
        }
        CHECK(r.stopped, threads);
        CHECK(r.passes <= asked + 1, r.passes, asked);
        CHECK(r.status == mel::Status::undecided || r.status == mel::Status::feasible);
    }
}

TEST(nothing_to_send_needs_no_radio) {
    for (const auto idle : {mel::Idle::served, mel::Idle::excused}) {
        const instances::Instance it = instances::draw({.learners = 5,
                                                        .samples = 100,
                                                        .idle = idle,
                                                        .parallelized = false,
                                                        .sends_model = false});
        const mel::Result r = mel::solve(it.problem(), {});
        CHECK(r.status == mel::Status::optimal);
        CHECK(brute::violation(it.stated(), r).empty(), brute::violation(it.stated(), r));
    }
}

TEST(rows_of_a_batch_are_what_solve_says_and_bad_rows_are_named) {
    constexpr std::size_t rows = 40, learners = 4;
    const instances::Instance it = instances::draw({.learners = learners, .samples = 300});
    const mel::ProblemStatement s = it.stated();
    std::vector<double> cycle;
    for (std::size_t r = 0; r < rows; ++r) cycle.push_back(s.cycle_s * (0.5 + 0.1 * r));
    cycle[7] = -1;
    const double samples = 300;
    mel::BatchColumns c;
    c.rows = rows;
    c.learners = learners;
    c.flops_per_s = {it.flops.data(), 0, 1};
    c.gain = {it.gain.data(), 0, 1};
    c.return_bandwidth_hz = {it.band.data(), 0, 0};
    c.return_power_w = {it.power.data(), 0, 1};
    c.samples = {&samples, 0, 0};
    c.send_bits = {&s.send_bits.value, 0, 0};
    c.send_bits_per_sample = {&s.send_bits_per_sample.value, 0, 0};
    c.return_bits = {&s.return_bits.value, 0, 0};
    c.return_bits_per_sample = {&s.return_bits_per_sample.value, 0, 0};
    c.flops_per_sample = {&s.flops_per_sample.value, 0, 0};
    c.bandwidth_hz = {&s.bandwidth_hz, 0, 0};
    c.power_w = {&s.power_w, 0, 0};
    c.noise = {&s.noise, 0, 0};
    c.cycle_s = {cycle.data(), 1, 0};
    for (const int threads : {1, 3}) {
        std::vector<std::int8_t> status(rows), blame(rows), stopped(rows);
        std::vector<std::int64_t> tau(rows), bound(rows), nodes(rows), passes(rows);
        std::vector<double> elapsed(rows), lambda(rows), mu(rows), end(3 * rows);
        std::vector<std::size_t> offset(rows + 1);
        for (std::size_t r = 0; r <= rows; ++r) offset[r] = r * learners;
        std::vector<std::int64_t> d(rows * learners);
        std::vector<double> band(rows * learners), power(rows * learners);
        const mel::BatchOutputs out{.status = status,
                                    .blame = blame,
                                    .stopped = stopped,
                                    .tau = tau,
                                    .bound = bound,
                                    .nodes = nodes,
                                    .passes = passes,
                                    .elapsed_s = elapsed,
                                    .lambda_per_hz = lambda,
                                    .mu_per_w = mu,
                                    .end = end,
                                    .offset = offset,
                                    .samples = d,
                                    .bandwidth_hz = band,
                                    .power_w = power};
        const mel::BatchResult done = mel::solve_many(c, {.threads = threads}, out);
        CHECK(done.done == rows && !done.stopped);
        CHECK(done.errors.size() == 1 && done.errors[0].first == 7);
        for (std::size_t r = 0; r < rows; ++r) {
            if (r == 7) {
                CHECK(status[r] == static_cast<std::int8_t>(mel::RowStatus::invalid));
                continue;
            }
            mel::ProblemStatement row = s;
            row.cycle_s = cycle[r];
            const mel::Result alone = mel::solve(mel::Problem(row), {});
            CHECK(tau[r] == alone.tau && bound[r] == alone.bound, r, tau[r], alone.tau);
            for (std::size_t k = 0; k < alone.samples.size(); ++k) {
                CHECK(d[r * learners + k] == alone.samples[k], r, k);
                CHECK(band[r * learners + k] == alone.bandwidth_hz[k], r, k);
            }
        }
    }
}
