// The pass over real samples where some may rest although they have a minimum, and where taking
// part is worth something: what learners alone say, and the same bits everywhere.
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "passes/choice_pass.hpp"

namespace {

using mel::InstructionSet;

struct Learners {
    instances::Instance it;
    std::vector<double> low, high, rests;

    explicit Learners(const instances::Shape& shape) : it(instances::draw(shape)) {
        std::mt19937_64 random(shape.seed + 99);
        for (std::size_t k = 0; k < shape.learners; ++k) {
            const double kind = instances::uniform(random, 0, 1);
            low.push_back(kind < 0.3 ? 0 : std::floor(instances::uniform(random, 1, 120)));
            high.push_back(low[k] + std::floor(instances::uniform(random, 0, 120)));
            rests.push_back(kind > 0.5 ? 1 : 0);
        }
    }
    mel::Problem problem() const {
        mel::ProblemStatement s = it.stated();
        s.min_samples = low;
        s.max_samples = high;
        s.optional = rests;
        return mel::Problem(s);
    }
    // Learner k by itself, who takes part with so many samples at least.
    mel::PassSums alone(std::size_t k, double least, const mel::PassPoint& point) const {
        mel::ProblemStatement s = it.statement;
        const std::vector<double> flops{it.flops[k]}, gain{it.gain[k]}, band{it.band[k]},
            power{it.power[k]}, fewest{least}, most{high[k]};
        s.flops_per_s = flops;
        s.gain = gain;
        s.return_bandwidth_hz = band;
        s.return_power_w = power;
        s.min_samples = fewest;
        s.max_samples = most;
        s.idle = mel::Idle::served;
        const mel::Problem problem(s);
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::Boxes boxes(problem, pool, {0, problem.samples_real()});
        std::vector<mel::PassSums> chunks;
        return mel::real_pass(problem, boxes.real(point.tau), point, pool, chunks);
    }
};

std::vector<std::uint64_t> bits(const mel::PassSums& s) {
    std::vector<std::uint64_t> out;
    for (const double x : {s.value, s.samples, s.bandwidth, s.power, s.cost, s.h_ll, s.h_lm, s.h_mm,
                           s.value_time, s.impossible, s.takers}) {
        out.push_back(std::bit_cast<std::uint64_t>(x));
    }
    return out;
}

mel::PassSums pass_of(const mel::Problem& problem, double per_learner, const mel::PassPoint& point,
                      mel::Pool& pool) {
    mel::Boxes boxes(problem, pool, {0, problem.samples_real()});
    std::vector<mel::PassSums> chunks;
    return mel::choice_pass(problem, boxes.real(point.tau),
                            {problem.limits()->optional, per_learner}, point, pool, chunks);
}

}  // namespace

TEST(a_pass_with_a_choice_adds_up_what_each_learner_would_do_alone) {
    instances::for_each_variant({.learners = 70}, [](instances::Shape shape) {
        shape.samples = 60 * static_cast<std::int64_t>(shape.learners);
        const Learners learners(shape);
        const mel::Problem problem = learners.problem();
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const mel::PassPoint point =
            instances::boundary_point(learners.it.problem(), pool, {0, problem.samples_real()});
        const bool excused = shape.idle == mel::Idle::excused;
        for (const double per_learner : {0.0, 3.0, 200.0}) {
            mel::PassSums want;
            double takers = 0;
            for (std::size_t k = 0; k < shape.learners; ++k) {
                const bool rests = learners.rests[k] > 0 || (excused && learners.low[k] <= 0);
                const double least = std::max(learners.low[k], 1.0);
                const bool can = learners.high[k] >= least;
                mel::PassSums some;
                if (can) some = learners.alone(k, least, point);
                const bool in_time = can && some.impossible == 0;
                double best = in_time ? some.value + per_learner : -1e300;
                double samples = some.samples;
                if (rests && !(best > 0)) best = samples = 0;
                if (!rests && learners.low[k] <= 0) {
                    const mel::PassSums few = learners.alone(k, 0, point);
                    const double paid = few.samples >= 1 ? per_learner : 0;
                    if (few.value + paid >= best) {
                        best = few.value + paid;
                        samples = few.samples;
                        want.impossible += few.impossible;
                    }
                }
                if (best == -1e300) {
                    want.impossible += 1;
                    continue;
                }
                want.value += best;
                want.samples += samples;
                takers += samples >= 1 ? 1 : 0;
            }
            const mel::PassSums got = pass_of(problem, per_learner, point, pool);
            const double size = std::fabs(want.value) + want.samples + per_learner * takers;
            CHECK(std::fabs(got.value - want.value) <= 1e-9 * size, got.value, want.value);
            CHECK(std::fabs(got.samples - want.samples) <= 1e-7 * size, got.samples, want.samples);
            CHECK(got.impossible == want.impossible, got.impossible, want.impossible);
            if (per_learner > 0) CHECK(got.takers == takers, got.takers, takers);
        }
    });
}

TEST(a_pass_with_a_choice_has_the_same_bits_for_every_instruction_set_and_thread_count) {
    instances::for_each_variant({.learners = 20011}, [](instances::Shape shape) {
        shape.samples = 40 * static_cast<std::int64_t>(shape.learners);
        const Learners learners(shape);
        const mel::Problem problem = learners.problem();
        mel::Stop stop(1e9, {});
        mel::Pool base(1, stop, InstructionSet::baseline);
        const mel::PassPoint point =
            instances::boundary_point(learners.it.problem(), base, {0, problem.samples_real()});
        std::set<std::vector<std::uint64_t>> seen;
        for (const InstructionSet set :
             {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
            if (set > mel::widest_instruction_set()) continue;
            for (const int threads : {1, 2, 7}) {
                mel::Pool pool(threads, stop, set);
                std::vector<std::uint64_t> all;
                for (const double per_learner : {0.0, 20.0}) {
                    const auto one = bits(pass_of(problem, per_learner, point, pool));
                    all.insert(all.end(), one.begin(), one.end());
                }
                seen.insert(all);
            }
        }
        CHECK(seen.size() == 1, seen.size());
    });
}
