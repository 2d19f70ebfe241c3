// Plans and proofs where bandwidth comes in whole blocks, against trying every split.
#include "block_brute.hpp"
#include "check.hpp"
#include "mel/least.hpp"

using brute::real;
using instances::uniform;
using namespace block_brute;

TEST(tau_with_blocks_is_the_one_that_enumeration_finds) {
    int feasible = 0, infeasible = 0, coarser = 0, trees = 0;
    instances::for_each_tiny(40, [&](unsigned seed, instances::Instance& it) {
        const std::int64_t plain = mel::solve(it.problem(), {}).tau;
        it.statement.block_hz = it.statement.bandwidth_hz / (1.1 + seed % 7);
        const mel::Problem problem = it.problem();
        const Blocks blocks{{it.stated()}};
        for (const auto scheme : {mel::Scheme::joint, mel::Scheme::resource_only}) {
            const mel::Result r = mel::solve(problem, {.scheme = scheme});
            const BoxOf root = tree_check::root_of(problem, scheme);
            const auto exists = [&](std::int64_t tau) {
                return brute::any_split(problem.size(), problem.samples(), root.low[0],
                                        root.high[0], [&](const std::vector<std::int64_t>& d) {
                                            return blocks.least_power(static_cast<real>(tau), d) <=
                                                   problem.power_w();
                                        });
            };
            CHECK(r.tau == r.bound, r.tau, r.bound, seed);
            CHECK(!exists(r.bound + 1), seed, r.tau);
            CHECK(proves(blocks, problem, static_cast<real>(r.bound) + 1, root, r.tree), seed);
            if (scheme == mel::Scheme::joint) coarser += r.tau < plain;
            trees += r.tree.size() > 1;
            if (r.status == mel::Status::optimal) {
                ++feasible;
                CHECK(violation(it.stated(), r).empty(), violation(it.stated(), r));
            } else {
                ++infeasible;
                CHECK(r.status == mel::Status::infeasible && r.tau == 0);
            }
        }
    });
    CHECK(feasible > check::seen(200) && infeasible > check::seen(20) &&
              coarser > check::seen(50) && trees > check::seen(10),
          feasible, infeasible, coarser, trees);
}

TEST(finer_blocks_never_hurt_and_fine_ones_do_nothing) {
    for (unsigned seed = 1; seed <= 10; ++seed) {
        instances::for_each_variant(
            {.learners = 3 + seed, .samples = 400, .seed = seed},
            [&](const instances::Shape& shape) {
                instances::Instance it = instances::draw(shape);
                const std::int64_t plain = mel::solve(it.problem(), {}).tau;
                std::int64_t last = 0;
                for (const double parts : {16.0, 32.0, 64.0, 1e7}) {
                    it.statement.block_hz = it.statement.bandwidth_hz / parts;
                    const mel::Result r = mel::solve(it.problem(), {});
                    CHECK(r.tau == r.bound, r.tau, r.bound, seed, parts);
                    CHECK(r.tau >= last && r.tau <= plain, r.tau, last, plain, seed, parts);
                    last = r.tau;
                    if (r.tau == 0) continue;
                    CHECK(violation(it.stated(), r).empty(), violation(it.stated(), r), seed);
                }
                CHECK(last == plain, last, plain, seed);
            });
    }
}

TEST(caps_of_learners_count_in_whole_blocks) {
    int feasible = 0, capped = 0;
    for (unsigned seed = 1; seed <= 40; ++seed) {
        instances::for_each_variant(
            {.learners = 2 + seed % 2, .samples = 5 + seed % 6, .seed = seed},
            [&](const instances::Shape& shape) {
                std::mt19937_64 random(seed);
                instances::Instance it = instances::draw(shape, 4);
                it.statement.bandwidth_hz *= seed % 3 ? 0.15 : 1;
                it.statement.block_hz = it.statement.bandwidth_hz / (2.2 + seed % 7);
                Blocks blocks{{it.stated()}};
                const std::int64_t free = mel::solve(it.problem(), {}).tau;
                std::vector<double> band, power;
                for (std::size_t k = 0; k < shape.learners; ++k) {
                    band.push_back(it.statement.bandwidth_hz * uniform(random, 0.2, 1.1));
                    power.push_back(it.statement.power_w * uniform(random, 0.05, 0.9));
                    blocks.power_caps.push_back(power.back());
                    blocks.most_each.push_back(
                        static_cast<std::int64_t>(band.back() / it.statement.block_hz));
                }
                mel::ProblemStatement stated = it.stated();
                stated.max_bandwidth_hz = band;
                stated.max_power_w = power;
                const mel::Problem problem(stated);
                const mel::Result r = mel::solve(problem, {});
                const auto exists = [&](std::int64_t tau) {
                    return brute::any_split(problem.size(), shape.samples, 0, shape.samples,
                                            [&](const std::vector<std::int64_t>& d) {
                                                return blocks.least_power(static_cast<real>(tau),
                                                                          d) <= problem.power_w();
                                            });
                };
                CHECK(r.tau == r.bound && r.tau <= free, r.tau, r.bound, free, seed);
                CHECK(!exists(r.bound + 1), seed, r.tau);
                const BoxOf root{std::vector<std::int64_t>(problem.size(), 0),
                                 std::vector<std::int64_t>(problem.size(), shape.samples)};
                CHECK(proves(blocks, problem, static_cast<real>(r.bound) + 1, root, r.tree), seed);
                capped += r.tau < free;
                if (r.tau == 0) return;
                ++feasible;
                CHECK(violation(it.stated(), r).empty(), violation(it.stated(), r), seed);
                for (std::size_t k = 0; k < problem.size(); ++k) {
                    CHECK(r.blocks[k] <= blocks.most_each[k] && r.power_w[k] <= power[k], seed, k);
                }
            });
    }
    CHECK(feasible > check::seen(100) && capped > check::seen(50), feasible, capped);
}

TEST(equal_shares_are_whole_blocks) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        instances::for_each_variant(
            {.learners = 4, .samples = 60, .seed = seed}, [&](const instances::Shape& shape) {
                instances::Instance it = instances::draw(shape);
                it.statement.block_hz = it.statement.bandwidth_hz / (1.0 + seed);
                const auto each = static_cast<std::int64_t>((1 + seed) / shape.learners);
                const mel::Problem problem = it.problem();
                const mel::Result r = mel::solve(problem, {.scheme = mel::Scheme::task_only});
                CHECK(r.tau == r.bound && r.tau <= mel::solve(problem, {}).tau, r.tau, r.bound);
                if (each == 0) CHECK(r.tau == 0, r.tau);
                if (r.tau == 0) return;
                CHECK(violation(it.stated(), r).empty(), violation(it.stated(), r), seed);
                for (const std::int64_t n : r.blocks) CHECK(n == each, n, each);
            });
    }
}

TEST(blocks_for_many_learners_hold_and_one_tau_more_is_refuted) {
    for (const double each : {1.6, 7.3}) {
        instances::for_each_variant(
            {.learners = 6000, .samples = 90000, .seed = 3}, [&](const instances::Shape& shape) {
                instances::Instance it = instances::draw(shape);
                it.statement.block_hz = it.statement.bandwidth_hz / (6000 * each);
                const mel::Problem problem = it.problem();
                const mel::Result r = mel::solve(problem, {});
                CHECK(r.status == mel::Status::optimal, each, r.tau, r.bound);
                CHECK(violation(it.stated(), r).empty(), violation(it.stated(), r));
                CHECK(mel::decide(problem, r.tau + 1, {}).bound == r.tau);
            });
    }
}

TEST(a_split_in_blocks_needs_its_least_amount_and_no_less) {
    using mel::Resource;
    int count = 0;
    for (unsigned seed = 1; seed <= 8; ++seed) {
        instances::for_each_variant(
            {.learners = 4, .samples = 60, .seed = seed}, [&](const instances::Shape& shape) {
                instances::Instance it = instances::draw(shape);
                it.statement.block_hz =
                    std::floor(it.statement.bandwidth_hz / (4.0 + seed));  // products are exact
                const mel::Problem problem = it.problem();
                const mel::Result r = mel::solve(problem, {});
                if (r.tau == 0) return;
                const std::vector<std::int64_t> d(r.samples.begin(), r.samples.end());
                for (const auto resource :
                     {Resource::cycle, Resource::bandwidth, Resource::power}) {
                    const mel::SplitNeed found =
                        mel::least_of_split(problem, r.tau, d, resource, {});
                    CHECK(found.amount > 0 && !found.blocks.empty(), seed, found.amount);
                    if (found.blocks.empty()) continue;
                    ++count;
                    const mel::ProblemStatement s =
                        instances::with_amount(it.stated(), resource, found.amount);
                    mel::Result plan;
                    plan.tau = r.tau;
                    plan.samples = r.samples;
                    plan.bandwidth_hz = found.bandwidth_hz;
                    plan.power_w = found.power_w;
                    plan.blocks = found.blocks;
                    CHECK(violation(s, plan).empty(), violation(s, plan), seed);
                    // Less of it does not do: a hair of time or power, one block.
                    mel::ProblemStatement less = s;
                    if (resource == Resource::cycle) less.cycle_s *= 1 - 1e-9;
                    if (resource == Resource::bandwidth) less.bandwidth_hz -= s.block_hz;
                    const real power =
                        less.bandwidth_hz < s.block_hz
                            ? none
                            : Blocks{{less}}.least_power(static_cast<real>(r.tau), d);
                    const real kept = resource == Resource::power ? s.power_w * (1 - 1e-9L)
                                                                  : static_cast<real>(s.power_w);
                    CHECK(power > kept, seed, static_cast<double>(power),
                          static_cast<double>(kept));
                }
            });
    }
    CHECK(count > check::seen(100), count);
}
