// Parts of so many samples: what each learner is worth where they count, and what they rule out.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "bracket/parts_among.hpp"
#include "bracket/parts_look.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "learner/link_law.hpp"
#include "mel/parts.hpp"

namespace {

using instances::uniform;

constexpr double infinity = std::numeric_limits<double>::infinity();

// Learners who may rest and hold a handful of samples each, of a few sizes.
struct Handful {
    instances::Instance it;
    std::vector<double> most;

    Handful(std::size_t learners, std::int64_t samples, mel::LinkLaw law, unsigned seed)
        : it(instances::draw({.learners = learners,
                              .samples = samples,
                              .law = law,
                              .idle = mel::Idle::excused,
                              .seed = seed},
                             3)),
          most(learners) {
        for (std::size_t k = 0; k < learners; ++k) most[k] = 6 * static_cast<double>(1 + k % 3);
        it.statement.max_samples = most;
        it.statement.cycle_s *= 40;
        it.statement.power_w *= 0.05;
    }
};

}  // namespace

TEST(with_parts_a_learner_is_worth_the_best_of_all_its_numbers_of_samples) {
    std::mt19937_64 random(3);
    int of_several = 0;
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (unsigned seed = 1; seed <= 12; ++seed) {
            const Handful one(48, 300, law, seed);
            const mel::Problem problem(one.it.stated());
            const double tau = seed;
            const std::vector<double> none(48, 0.0);
            const mel::Box bounds{{}, none, one.most};
            const double part = 1 + static_cast<double>(seed % 7);
            mel::PartsLook look(problem, bounds, tau, mel::PartSize{part});
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            for (int draw = 0; draw < 20; ++draw) {
                mel::PartsBid bid;
                bid.prices = {std::pow(10.0, uniform(random, -6, -3)),
                              std::pow(10.0, uniform(random, 0, 5))};
                bid.per_part = std::pow(10.0, uniform(random, -2, 2));
                const double cycle_s = problem.cycle_s() * uniform(random, 0.5, 1.5);
                const auto answers = look.answers(bid, cycle_s, pool);
                double sum = 0, sizes = 0;
                for (std::size_t k = 0; k < 48; ++k) {
                    const mel::Demand demand =
                        mel::demand_of(problem, k, mel::Timing{tau, cycle_s});
                    double best = -infinity, size = 0, chosen = 0;
                    for (double d = 1; d <= one.most[k]; ++d) {
                        if (!(demand.slack(d) > 0)) break;
                        const double cost =
                            mel::cost_of(mel::link_of(problem, k), demand, true, d, bid.prices)
                                .cost;
                        const double worth = d + bid.per_part * std::ceil(d / part) - cost;
                        if (worth > best) {
                            best = worth;
                            size = d + bid.per_part * std::ceil(d / part) + cost;
                            chosen = d;
                        }
                    }
                    CHECK(answers[k].possible == (best > -infinity), k, seed);
                    if (!answers[k].possible) continue;
                    // Below nothing it rests, however far.
                    const double apart =
                        std::fabs(std::max(answers[k].value, 0.0) - std::max(best, 0.0));
                    CHECK(apart <= 1e-12 * (size + 1), k, seed, answers[k].value, best);
                    of_several += chosen > part && best > 0;
                    sum += std::max(best, 0.0);
                    sizes += size;
                }
                const mel::PartsSums sums = look.of_all(bid, cycle_s, pool);
                CHECK(std::fabs(sums.value.value() - sum) <= 1e-12 * (sizes + 1), seed);
            }
        }
    }
    CHECK(of_several > 500, of_several);
}

TEST(a_look_at_parts_has_the_same_bits_for_any_threads_and_instruction_set) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        const Handful many(17000, 40003, law, 4);
        const mel::Problem problem(many.it.stated());
        const std::vector<double> none(problem.size(), 0.0);
        const mel::Box bounds{{}, none, many.most};
        mel::Stop stop(1e9, {});
        mel::PartsLook look(problem, bounds, 5, mel::PartSize{6});
        const mel::PartsBid bid{{1e-5, 100}, 0.5};
        mel::Pool first(1, stop);
        const mel::PartsSums a = look.of_all(bid, problem.cycle_s(), first);
        for (const auto set : {mel::InstructionSet::baseline, mel::InstructionSet::avx2,
                               mel::InstructionSet::avx512}) {
            if (!mel::supported(set)) continue;
            mel::Pool pool(3, stop, set);
            const mel::PartsSums b = look.of_all(bid, problem.cycle_s(), pool);
            CHECK(a.value.value() == b.value.value() && a.parts == b.parts && a.size == b.size);
            CHECK(a.samples == b.samples && a.bandwidth == b.bandwidth && a.power == b.power);
            CHECK(a.parts > 0 && a.condition == b.condition, a.parts);
        }
    }
}

// Nobody near by does otherwise for whom no sample stands, so that all is foretold but what bends.
TEST(a_model_of_many_foretells_sums_near_its_place) {
    constexpr double by = 1e-3;
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        const Handful many(20000, 60003, law, 4);
        const mel::Problem problem(many.it.stated());
        const std::vector<double> none(problem.size(), 0.0);
        const mel::Box bounds{{}, none, many.most};
        mel::PartsLook look(problem, bounds, 5, mel::PartSize{6});
        std::vector<std::size_t> all(problem.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        mel::PartsAmong everybody(problem, bounds, 5, look.counts(), all);
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const double cycle_s = problem.cycle_s();
        const auto at = [](double way) {
            return mel::PartsBid{{1e-3 * (1 - way), 1e4 * (1 - way)}, 0.5 * (1 + way)};
        };
        const mel::PartsModel::At place{at(0), cycle_s};
        const mel::PartsSums here = look.of_all(place.bid, cycle_s, pool);
        mel::PartsModel model(problem, bounds, 5, everybody, place, here, at(by), at(-by), pool);
        CHECK(model.learners() < problem.size() / 2, model.learners());
        for (const double way : {0.0, -0.9 * by, 0.5 * by, 0.9 * by}) {
            const mel::PartsSums real = look.of_all(at(way), cycle_s, pool);
            const mel::PartsSums told = model.of_all(at(way), cycle_s, pool);
            const double off = std::fabs(told.value.value() - real.value.value());
            CHECK(off <= (1e-12 + 0.05 * way * way) * real.size, way, off, real.size);
            CHECK(std::fabs(told.parts - real.parts) <= 1e-9 * real.parts, way, told.parts);
            CHECK(real.parts > 100 && (way == 0 || real.parts != here.parts), real.parts);
        }
    }
}
