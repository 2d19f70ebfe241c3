// The best whole samples and blocks on lanes against the scalar response, learner by learner.
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "blocks/block_answers.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "passes/exact_pass.hpp"
#include "prices/switching_point.hpp"

namespace {

using mel::InstructionSet;

mel::Problem in_blocks(const instances::Shape& shape, double each) {
    instances::Instance it = instances::draw(shape);
    it.statement.block_hz =
        it.statement.bandwidth_hz / (each * static_cast<double>(shape.learners) + 0.5);
    return it.problem();
}

mel::PassPoint whole_point(const mel::Problem& problem, mel::Pool& pool) {
    mel::PassPoint point = instances::boundary_point(problem, pool);
    point.tau = std::max(1.0, std::floor(point.tau));
    return point;
}

}  // namespace

TEST(whole_blocks_on_lanes_are_those_of_the_scalar_response) {
    double in_lanes = 0, all = 0;
    for (unsigned seed = 1; seed <= check::tries(4); ++seed) {
        const double blocks[] = {0.3, 2.3, 40};
        const std::int64_t each[] = {1, 3, 40, 3000};
        instances::Shape shape{.learners = 203, .sends_model = seed % 5 != 0, .seed = seed};
        shape.samples = each[seed % 4] * 203;
        instances::for_each_variant(shape, [&](const instances::Shape& one) {
            const mel::Problem problem = in_blocks(one, blocks[seed % 3]);
            if (problem.sends_nothing()) return;
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            const mel::PassPoint at = whole_point(problem, pool);
            const double share = static_cast<double>(each[seed % 4]);
            const mel::Interval boxes[] = {
                {0, problem.samples_real()}, {0, share}, {1, 5}, {std::ceil(share / 2), 3 * share}};
            for (const mel::Interval& box : boxes) {
                for (const double scale : {1e-4, 0.2, 1.0, 7.0}) {
                    for (const double tilt : {1e-3, 1.0, 3e2}) {
                        const mel::Prices prices{at.prices.lambda * scale,
                                                 at.prices.mu * scale * tilt};
                        const mel::PassPoint point{at.tau, problem.cycle_s(), prices};
                        std::vector<double> lanes(problem.size()), one_by_one(problem.size());
                        std::vector<mel::SplitSums> chunks;
                        const mel::SplitSums a =
                            mel::exact_pass(problem, mel::Box{box}, point, pool, chunks, lanes);
                        const mel::SplitSums b = mel::exact_learners(
                            problem, mel::Box{box}, point, {0, problem.size()}, one_by_one);
                        CHECK(a.impossible == b.impossible, a.impossible, b.impossible);
                        std::size_t others = 0;
                        for (std::size_t k = 0; k < problem.size(); ++k) {
                            others += lanes[k] != one_by_one[k];
                        }
                        // Where two answers are worth the same, either may be taken.
                        CHECK(others <= 2, others, seed, scale, tilt, box.lower, box.upper);
                        in_lanes += a.in_lanes;
                        all += static_cast<double>(problem.size());
                        if (b.impossible > 0) continue;
                        const mel::Excess x = mel::excess_of(problem, point, a);
                        const mel::Excess y = mel::excess_of(problem, point, b);
                        CHECK(std::fabs(x.value - y.value) <= x.error, x.value, y.value, x.error,
                              seed, scale, tilt, box.lower, box.upper);
                    }
                }
            }
        });
    }
    CHECK(in_lanes > 0.5 * all, in_lanes, all);
}

TEST(near_answers_are_left_out_by_the_lanes_only_where_there_are_others) {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        const std::int64_t each[] = {1, 3, 40};
        instances::Shape shape{.learners = 512, .samples = each[seed % 3] * 512, .seed = seed};
        instances::for_each_variant(shape, [&](const instances::Shape& one) {
            const mel::Problem problem = in_blocks(one, seed % 2 ? 0.7 : 2.3);
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            const mel::PassPoint at = whole_point(problem, pool);
            const mel::Box box{{0, problem.samples_real()}};
            mel::BlockAnswers near(problem, box, pool);
            std::vector<double> samples(problem.size());
            for (const double radius : {1e-3, 0.05}) {
                if (!near.gather(at, {radius, 1e-3 * static_cast<double>(each[seed % 3])}))
                    continue;
                const mel::SplitSums sums =
                    mel::exact_learners(problem, box, at, {0, problem.size()}, samples);
                CHECK(near.possible() == (sums.impossible == 0));
                if (!near.possible()) continue;
                std::vector<char> chooses(problem.size(), 0);
                mel::BlockSumsOfAnswers best = near.table().fixed;
                for (const auto& choice : near.table().choices) {
                    chooses[choice.learner] = 1;
                    best.add(near.table().answers[choice.first]);
                }
                const double worth = sums.samples.value() - sums.cost.value();
                CHECK(std::fabs(best.value.value() - worth) <= 1e-10 * (worth + sums.cost.value()));
                // Whoever is said to have no choice has none where both prices change by half of
                // it.
                for (const double band : {-0.5, 0.5}) {
                    for (const double watt : {-0.5, 0.5}) {
                        const mel::PassPoint there{at.tau,
                                                   at.cycle_s,
                                                   {at.prices.lambda * (1 + band * radius),
                                                    at.prices.mu * (1 + watt * radius)}};
                        mel::exact_learners(problem, box, there, {0, problem.size()}, samples);
                        for (std::size_t k = 0; k < problem.size(); ++k) {
                            CHECK(chooses[k] || samples[k] == near.samples()[k], k, seed, radius);
                        }
                    }
                }
            }
        });
    }
}

TEST(whole_blocks_are_the_same_bits_for_every_instruction_set_and_thread_count) {
    instances::for_each_variant(
        {.learners = 2011, .samples = 2011 * 3}, [](const instances::Shape& shape) {
            const mel::Problem problem = in_blocks(shape, 2.3);
            mel::Stop stop(1e9, {});
            mel::Pool base(1, stop, InstructionSet::baseline);
            const mel::PassPoint point = whole_point(problem, base);
            std::set<std::vector<std::uint64_t>> found;
            for (const auto set :
                 {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
                if (set > mel::widest_instruction_set()) continue;
                for (const int threads : {1, 3}) {
                    mel::Pool pool(threads, stop, set);
                    std::vector<double> samples(problem.size());
                    std::vector<mel::SplitSums> chunks;
                    const mel::SplitSums sums =
                        mel::exact_pass(problem, mel::Box{{0, problem.samples_real()}}, point, pool,
                                        chunks, samples);
                    std::vector<std::uint64_t> words;
                    for (const double d : samples) words.push_back(std::bit_cast<std::uint64_t>(d));
                    for (const double x : {sums.samples.value(), sums.bandwidth.value(),
                                           sums.power.value(), sums.cost.value(), sums.condition}) {
                        words.push_back(std::bit_cast<std::uint64_t>(x));
                    }
                    found.insert(words);
                }
            }
            CHECK(found.size() == 1, found.size());
        });
}
