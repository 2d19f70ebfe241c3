// What each learner is worth: in lanes who surely stays out, one by one the others, as the scalar
// response says of all of them.
#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "learner/boxes.hpp"
#include "mel/each.hpp"
#include "mel/solve.hpp"
#include "passes/exact_pass.hpp"

TEST(each_learner_is_worth_what_its_own_response_says) {
    const instances::Shape shape{.learners = 3001, .samples = 4000, .seed = 9};
    instances::for_each_variant(shape, [](const instances::Shape& variant) {
        const mel::Problem problem = instances::draw(variant).problem();
        const mel::Result r = mel::solve(problem, {});
        if (!r.end.prices.usable()) return;
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::Boxes boxes(problem, pool, mel::scheme_box(problem, mel::Scheme::joint));
        const std::size_t n = problem.size();
        for (const double by : {0.2, 1.0, 3.0}) {
            const mel::PassPoint point{static_cast<double>(r.tau + 1),
                                       problem.cycle_s(),
                                       {r.end.prices.lambda * by, r.end.prices.mu * by}};
            std::vector<double> value(n), error(n), samples(n), bandwidth(n), power(n), own(n);
            mel::worth_of_each(problem, point.tau, point.prices,
                               {value, error, samples, bandwidth, power});
            std::size_t out = 0;
            for (std::size_t k = 0; k < n; ++k) {
                const mel::SplitSums sums =
                    mel::exact_learners(problem, boxes.whole(point.tau), point, {k, k + 1}, own);
                const double worth = sums.samples.value() - sums.cost.value() + sums.overlooked;
                CHECK(sums.impossible > 0 ? std::isinf(value[k]) : value[k] == worth, k, worth);
                CHECK(error[k] >= 0);
                CHECK(samples[k] == own[k] && bandwidth[k] == sums.bandwidth.value() &&
                          power[k] == sums.power.value(),
                      k, samples[k], own[k]);
                out += samples[k] == 0;
            }
            if (problem.excused()) CHECK(out > n / 10 && out < n, out);
        }
    });
}
