// Who may be left out of a proof: nobody who is worth anything at its prices, or at any higher.
#include <algorithm>
#include <numeric>
#include <vector>

#include "brute.hpp"
#include "check.hpp"
#include "tree/takers.hpp"
#include "tree_check.hpp"

namespace {

constexpr std::size_t many = 20000;

// Few samples for many learners, on channels and budgets on which several hundred take part.
instances::Shape few_samples(unsigned seed) {
    return {.learners = many, .samples = 4000, .idle = mel::Idle::excused, .seed = seed};
}

bool is_in(const std::vector<std::size_t>& part, std::size_t k) {
    return std::binary_search(part.begin(), part.end(), k);
}

}  // namespace

TEST(who_is_left_out_is_worth_nothing_at_these_prices_or_higher) {
    instances::for_each_variant(few_samples(3), [](const instances::Shape& shape) {
        if (shape.idle == mel::Idle::served) return;
        const mel::Problem problem = instances::draw(shape).problem();
        const mel::Result r = mel::solve(problem, {});
        CHECK(r.status == mel::Status::optimal);
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const mel::Box box{{0, problem.samples_real()}};
        for (const double by : {0.3, 1.0, 1.5}) {
            const mel::Prices p{r.end.prices.lambda * by, r.end.prices.mu * by};
            const double tau = static_cast<double>(r.tau);
            const std::vector<std::size_t> part =
                mel::takers(problem, box, {tau, problem.cycle_s(), p}, pool);
            CHECK(std::is_sorted(part.begin(), part.end()));
            CHECK(!part.empty() && part.size() < problem.size(), part.size());
            for (const mel::Prices at :
                 {p, mel::Prices{2 * p.lambda, p.mu}, mel::Prices{p.lambda, 2 * p.mu}}) {
                std::vector<double> samples(problem.size());
                std::vector<mel::SplitSums> blocks;
                mel::exact_pass(problem, box, {tau, problem.cycle_s(), at}, pool, blocks, samples);
                for (std::size_t k = 0; k < problem.size(); ++k) {
                    if (samples[k] > 0) CHECK(is_in(part, k), k, samples[k]);
                }
            }
        }
    });
}

// Lanes say of capped learners who surely rests; they were looked at one by one.
TEST(who_is_left_out_within_caps_is_worth_nothing_when_looked_at_alone) {
    instances::for_each_variant(few_samples(7), [](const instances::Shape& shape) {
        if (shape.idle == mel::Idle::served) return;
        const instances::Instance it = instances::draw(shape);
        mel::ProblemStatement stated = it.stated();
        std::vector<double> band(many), most(many);
        for (std::size_t k = 0; k < many; ++k) {
            band[k] = stated.bandwidth_hz / many * static_cast<double>(5 + 20 * (k % 7));
            most[k] = static_cast<double>(3 + k % 5);
        }
        stated.max_bandwidth_hz = band;
        stated.max_samples = most;
        const mel::Problem problem(stated);
        const mel::Result r = mel::solve(problem, {});
        CHECK(r.tau > 0, r.tau);
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::Boxes boxes(problem, pool, {0, problem.samples_real()});
        const double tau = static_cast<double>(r.tau);
        const mel::Box box = boxes.real(tau);
        const auto alone = [&](double by) {
            std::vector<double> samples(many);
            const mel::Prices p{r.end.prices.lambda * by, r.end.prices.mu * by};
            mel::exact_learners(problem, box, {tau, problem.cycle_s(), p}, {0, many}, samples);
            return samples;
        };
        const std::vector<std::size_t> part =
            mel::takers(problem, box, {tau, problem.cycle_s(), r.end.prices}, pool);
        const std::vector<double> here = alone(1), lower = alone(0.99);
        for (std::size_t k = 0; k < many; ++k) {
            if (here[k] > 0) CHECK(is_in(part, k), k, here[k]);
            if (is_in(part, k)) CHECK(lower[k] > 0, k);  // and hardly anybody else
        }
        CHECK(part.size() > 100 && part.size() < many / 2, part.size());
    });
}

TEST(a_proof_for_a_part_proves_the_whole) {
    instances::for_each_variant(few_samples(5), [](const instances::Shape& shape) {
        if (shape.idle == mel::Idle::served) return;
        const instances::Instance it = instances::draw(shape);
        const mel::Problem problem = it.problem();
        mel::Settings one, three;
        three.threads = 3;
        const mel::Result r = mel::solve(problem, one);
        CHECK(r.status == mel::Status::optimal, static_cast<int>(r.status), r.tau, r.bound);
        CHECK(brute::violation(it.stated(), r).empty(), brute::violation(it.stated(), r));
        const mel::Result again = mel::solve(problem, three);
        CHECK(again.tau == r.tau && std::ranges::equal(again.samples, r.samples));
        CHECK(std::ranges::equal(again.bandwidth_hz, r.bandwidth_hz));

        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        std::vector<mel::SplitSums> blocks;
        std::vector<double> low(problem.size()), high(problem.size()), samples(problem.size());
        const bool proved = tree_check::proves(
            problem, tree_check::root_of(problem, mel::Scheme::joint), r.tree,
            [&](const tree_check::BoxOf& box, mel::Prices prices) {
                std::copy(box.low.begin(), box.low.end(), low.begin());
                std::copy(box.high.begin(), box.high.end(), high.begin());
                const double above = static_cast<double>(r.bound + 1);
                const mel::PassPoint point{above, problem.cycle_s(), prices};
                const auto sums =
                    mel::exact_pass(problem, mel::Box{{}, low, high}, point, pool, blocks, samples);
                return mel::excess_of(problem, point, sums).proves_infeasible();
            });
        CHECK(proved);
    });
}

TEST(a_part_of_the_learners_has_their_columns) {
    const mel::Problem problem = instances::draw({.learners = 50, .kinds = 5}).problem();
    std::vector<std::size_t> part(20);
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = 2 * i + 1;
    const mel::Problem few = problem.taken(part);
    CHECK(few.size() == part.size() && few.samples() == problem.samples());
    for (std::size_t i = 0; i < part.size(); ++i) {
        CHECK(few.compute_s()[i] == problem.compute_s()[part[i]]);
        CHECK(few.return_s_per_bit()[i] == problem.return_s_per_bit()[part[i]]);
        CHECK(few.noise_over_gain()[i] == problem.noise_over_gain()[part[i]]);
        CHECK(few.twins()[i] == problem.twins()[part[i]]);
    }
}
