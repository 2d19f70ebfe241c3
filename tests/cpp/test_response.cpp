// The best whole number of samples of one learner, against trying them all.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "brute.hpp"
#include "check.hpp"
#include "learner/response.hpp"

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Facing {
    mel::LinkLaw law;
    mel::Demand demand;
    double noise;
    bool excused;
    mel::Prices prices;

    // v(d), minus infinity where d is not allowed.
    double value(double d) const {
        if (!(excused && d == 0) && !demand.allows(d)) return -infinity;
        return d - mel::cost_of({law, noise}, demand, excused, d, prices).cost;
    }
};

// respond() against all integers of the box. Returns what it chose.
mel::Response check_response(const Facing& f, double low, double high) {
    const mel::Response r =
        mel::respond({f.law, f.noise}, f.demand, f.excused, {low, high}, f.prices);
    double best = -infinity;
    for (double d = low; d <= high; ++d) best = std::max(best, f.value(d));
    CHECK(r.possible == (best > -infinity), best);
    if (!r.possible) return r;
    CHECK(std::fabs(r.samples - r.cost - best) <= 1e-12 * (std::fabs(best) + r.cost), r.samples,
          r.cost, best);
    CHECK(r.samples >= low && r.samples <= high && r.samples == std::floor(r.samples));
    const double parts = f.prices.lambda * r.bandwidth_hz + f.prices.mu * r.power_w;
    CHECK(std::fabs(parts - r.cost) <= 1e-12 * r.cost, parts, r.cost);
    return r;
}

double draw_log(std::mt19937_64& random, double low, double high) {
    return std::exp(low + (high - low) * std::generate_canonical<double, 53>(random));
}

}  // namespace

TEST(respond_finds_the_best_integer_of_the_box) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        instances::for_each_variant(
            {.learners = 1, .samples = 60, .seed = seed}, [&](const instances::Shape& shape) {
                const mel::Problem problem = instances::draw(shape).problem();
                std::mt19937_64 random(seed);
                for (int round = 0; round < 12; ++round) {
                    const mel::Demand q =
                        mel::demand_of(problem, 0, 1 + static_cast<double>(seed % 7));
                    const double lambda = draw_log(random, -20, -4);
                    const double low = static_cast<double>(random() % 4);
                    const double high = low + static_cast<double>(random() % 60);
                    check_response({problem.law(),
                                    q,
                                    problem.noise_over_gain()[0],
                                    problem.excused(),
                                    {lambda, draw_log(random, -4, 12)}},
                                   low, high);
                }
            });
    }
}

TEST(fixed_law_takes_the_lower_end_where_costs_are_concave) {
    // Low rates and samples on the air: v first falls, then rises to a peak, so that the best may
    // be the lower end of the box although there is a stationary point.
    int lower_end = 0, peak = 0;
    for (unsigned seed = 1; seed <= 400; ++seed) {
        std::mt19937_64 random(seed);
        const mel::Problem problem = instances::draw({.learners = 1,
                                                      .samples = 60,
                                                      .law = mel::LinkLaw::fixed,
                                                      .sends_model = seed % 2 == 0,
                                                      .seed = seed})
                                         .problem();
        const double noise = problem.noise_over_gain()[0];
        const mel::Demand q = mel::demand_of(problem, 0, 1);
        const double high = mel::largest_allowed(q, 60);
        if (high < 8) continue;
        // Prices at which some d is sent with ln(1 + SNR) = u and costs about as much as it is
        // worth.
        const double d = 1 + static_cast<double>(random() % static_cast<unsigned>(high - 1));
        const double u = draw_log(random, -7, 1.5);
        const double ratio = u * u * std::exp(u) * noise / (mel::ln2 * q.rate(d));
        const double cost = mel::buy({mel::LinkLaw::fixed, noise}, {ratio, 1}, q.rate(d)).cost;
        const double scale = d * draw_log(random, -1.5, 1) / cost;
        const double low = 1 + static_cast<double>(random() % 3);
        const Facing f{mel::LinkLaw::fixed, q, noise, false, {ratio * scale, scale}};
        const mel::Response r = check_response(f, low, high);
        bool rises = false;  // somewhere after it fell
        for (double at = low + 1; at < high; ++at) rises |= f.value(at + 1) > f.value(at);
        if (!(f.value(low + 1) < f.value(low)) || !rises) continue;
        ++(r.samples == low ? lower_end : peak);
    }
    CHECK(lower_end > 10 && peak > 10, lower_end, peak);
}

TEST(a_rate_is_bought_at_the_least_price) {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
            const instances::Instance it =
                instances::draw({.learners = 2, .law = law, .seed = seed});
            const mel::Problem problem = it.problem();
            const brute::View view{it.stated()};
            for (const double rate : {1e3, 1e6, 3e7}) {
                for (const mel::Prices p : {mel::Prices{1e-5, 1e2}, mel::Prices{1e-7, 1e4}}) {
                    const double noise = problem.noise_over_gain()[0];
                    const mel::Purchase bought = mel::buy({law, noise}, p, rate);
                    const double least = static_cast<double>(view.cost(0, rate, p.lambda, p.mu));
                    CHECK(std::fabs(bought.cost / least - 1) < 1e-11, bought.cost, least);
                    const double gain =
                        bought.power_w /
                        (noise * (law == mel::LinkLaw::density ? bought.bandwidth_hz : 1));
                    const double got = bought.bandwidth_hz * std::log1p(gain) / mel::ln2;
                    CHECK(std::fabs(got / rate - 1) < 1e-12, got, rate);
                }
            }
        }
    }
}

TEST(largest_allowed_is_the_last_integer_before_the_deadline) {
    const auto demand = [](double budget, double each, double bits) {
        return mel::Demand{budget, each, 0, bits, each * bits};
    };
    CHECK(mel::largest_allowed(demand(10, 1, 1), 100) == 9);   // no time to send after the tenth
    CHECK(mel::largest_allowed(demand(10, 1, 0), 100) == 10);  // nothing to send
    CHECK(mel::largest_allowed(demand(10, 1, 1), 5) == 5);
    CHECK(mel::largest_allowed(demand(10.5, 1, 1), 100) == 10);
    CHECK(mel::largest_allowed(demand(0.5, 1, 1), 100) == 0);
    CHECK(mel::largest_allowed(demand(0, 1, 1), 100) == -1);
    CHECK(mel::largest_allowed(demand(-1, 1, 0), 100) == -1);
}

TEST(what_rounding_may_overlook_at_the_deadline_is_bounded) {
    // Slack exactly zero at d = 10 with bits to send: one more sample may be allowed in exact
    // arithmetic, at no less than the price of the rate that the guard's slack asks for.
    const mel::Demand q{10, 1, 0, 1e6, 1e6};
    const mel::Prices prices{1e-9, 1e-6};
    const double guard = 1e-12;
    const double more =
        mel::overlooked_value({mel::LinkLaw::density, 1e-12}, q, {9, 100}, guard, prices);
    const double cost = mel::buy_density(1e-12, prices, 1e6 / guard).cost;
    CHECK(more == 10 - cost, more);
    CHECK(mel::overlooked_value({mel::LinkLaw::density, 1e-12}, q, {9, 9}, guard, prices) ==
          -infinity);
    CHECK(mel::overlooked_value({mel::LinkLaw::density, 1e-12}, q, {10, 100}, guard, prices) ==
          -infinity);
}
