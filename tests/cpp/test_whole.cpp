// The best whole samples on lanes against the scalar response, learner by learner.
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "brute.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "kernels/kernels.hpp"
#include "mel/least.hpp"
#include "passes/exact_pass.hpp"
#include "prices/switching_point.hpp"

namespace {

using mel::InstructionSet;

struct Passed {
    mel::SplitSums sums;
    std::vector<double> samples;
};

Passed pass(const mel::Problem& problem, const mel::Box& box, const mel::PassPoint& point,
            mel::Pool& pool) {
    Passed p;
    p.samples.resize(problem.size());
    std::vector<mel::SplitSums> blocks;
    p.sums = mel::exact_pass(problem, box, point, pool, blocks, p.samples);
    return p;
}

// Without lanes.
Passed scalar_pass(const mel::Problem& problem, mel::Interval box, const mel::PassPoint& point) {
    Passed p;
    p.samples.resize(problem.size());
    p.sums = mel::exact_learners(problem, mel::Box{box}, point, {0, problem.size()}, p.samples);
    return p;
}

}  // namespace

TEST(whole_samples_on_lanes_are_those_of_the_scalar_response) {
    for (unsigned seed = 1; seed <= check::tries(6); ++seed) {
        instances::Shape shape{.learners = 3001, .seed = seed, .kinds = seed == 6 ? 7 : 0};
        const std::int64_t each = seed % 2 == 0 ? 3000 : seed == 5 ? 3 : 40;
        shape.samples = each * 3001;
        shape.sends_model = seed != 4;
        instances::for_each_variant(shape, [&](const instances::Shape& one) {
            const mel::Problem problem = instances::draw(one).problem();
            if (problem.sends_nothing()) return;
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            const mel::PassPoint at = instances::boundary_point(problem, pool);
            const double share = static_cast<double>(each);
            const mel::Interval boxes[] = {{0, problem.samples_real()},
                                           {0, share},
                                           {share, share + 1},
                                           {1, 5},
                                           {5, 3 * share}};
            for (const mel::Interval& box : boxes) {
                for (const double scale : {1e-6, 0.2, 1.0, 7.0, 1e5}) {
                    for (const double tilt : {1e-4, 1.0, 3e3}) {
                        const mel::Prices prices{at.prices.lambda * scale,
                                                 at.prices.mu * scale * tilt};
                        const mel::PassPoint point{std::floor(at.tau), problem.cycle_s(), prices};
                        const Passed lanes = pass(problem, mel::Box{box}, point, pool);
                        const Passed exact = scalar_pass(problem, box, point);
                        CHECK(exact.sums.in_lanes == 0);
                        CHECK(lanes.sums.impossible == exact.sums.impossible, lanes.sums.impossible,
                              exact.sums.impossible);
                        std::size_t others = 0;
                        for (std::size_t k = 0; k < problem.size(); ++k) {
                            if (lanes.samples[k] != exact.samples[k]) ++others;
                        }
                        // Where two integers are worth the same, either may be taken.
                        CHECK(others <= 2, others, seed, scale, tilt, box.lower, box.upper);
                        if (exact.sums.impossible > 0) continue;
                        const mel::Excess a = mel::excess_of(problem, point, lanes.sums);
                        const mel::Excess b = mel::excess_of(problem, point, exact.sums);
                        CHECK(std::fabs(a.value - b.value) <= a.error, a.value, b.value, a.error);
                        CHECK(a.error >= b.error, a.error, b.error);
                        CHECK(a.error <= 16 * b.error + 1e-300, a.error, b.error);
                    }
                }
            }
        });
    }
}

TEST(most_learners_need_no_scalar_response) {
    instances::for_each_variant(
        {.learners = 5000, .samples = 5000 * 3000, .seed = 2}, [](const instances::Shape& shape) {
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            mel::PassPoint point = instances::boundary_point(problem, pool);
            point.tau = std::floor(point.tau);
            const Passed p = pass(problem, mel::Box{{0, problem.samples_real()}}, point, pool);
            CHECK(p.sums.in_lanes > 0.9 * 5000, p.sums.in_lanes);
        });
}

TEST(whole_samples_are_the_same_bits_for_every_instruction_set_and_thread_count) {
    instances::for_each_variant(
        {.learners = 20011, .samples = 20011 * 40}, [](const instances::Shape& shape) {
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool base(1, stop, InstructionSet::baseline);
            const mel::PassPoint point = instances::boundary_point(problem, base);
            std::set<std::vector<std::uint64_t>> found;
            for (const auto set :
                 {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
                if (set > mel::widest_instruction_set()) continue;
                for (const int threads : {1, 2, 7}) {
                    mel::Pool pool(threads, stop, set);
                    const Passed p =
                        pass(problem, mel::Box{{0, problem.samples_real()}}, point, pool);
                    std::vector<std::uint64_t> words;
                    for (const double d : p.samples)
                        words.push_back(std::bit_cast<std::uint64_t>(d));
                    for (const double x :
                         {p.sums.samples.value(), p.sums.bandwidth.value(), p.sums.power.value(),
                          p.sums.cost.value(), p.sums.condition, p.sums.in_lanes}) {
                        words.push_back(std::bit_cast<std::uint64_t>(x));
                    }
                    found.insert(words);
                }
            }
            CHECK(found.size() == 1, found.size());
        });
}
