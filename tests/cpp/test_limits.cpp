#include <algorithm>
#include <cmath>
#include <random>

#include "capped_oracle.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "learner/boxes.hpp"
#include "learner/capped.hpp"
#include "mel/solve.hpp"

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Limited {
    instances::Instance base;
    std::vector<double> least, most, band, watt, energy, per_flop;

    mel::Problem problem() const {
        mel::ProblemStatement s = base.stated();
        s.min_samples = least;
        s.max_samples = most;
        s.max_bandwidth_hz = band;
        s.max_power_w = watt;
        s.energy_j = energy;
        s.energy_per_flop_j = per_flop;
        return mel::Problem(s);
    }
};

std::string refused(const Limited& limited) {
    try {
        limited.problem();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(limits_that_can_not_be_are_refused_by_field_index_and_value) {
    const Limited plain{instances::draw({.learners = 3})};
    Limited bad = plain;
    bad.least = {0, 1.5, 0};
    CHECK(refused(bad).starts_with("min_samples[1] = 1.5"), refused(bad));
    bad = plain;
    bad.least = {0, 5, 0};
    bad.most = {9, 4, 9};
    CHECK(refused(bad) == "max_samples[1] = 4: must be at least min_samples[1] = 5", refused(bad));
    bad = plain;
    bad.band = {1, infinity, -1};
    CHECK(refused(bad).starts_with("max_bandwidth_hz[2] = -1"), refused(bad));
    bad = plain;
    bad.energy = {1, 1, 1};
    CHECK(refused(bad) ==
              "energy_j must be given together with energy_per_flop_j or energy_coefficient",
          refused(bad));
    bad = plain;
    bad.watt = {1, 1};
    CHECK(refused(bad).starts_with("max_power_w has 2 learners"), refused(bad));
}

// A cap of zero, or no channel: no samples, and no plan where the model must be sent.
TEST(learners_whom_nothing_reaches_hold_nothing) {
    for (const bool outage : {true, false}) {
        for (const auto idle : {mel::Idle::served, mel::Idle::excused}) {
            Limited it{instances::draw({.learners = 3, .idle = idle})};
            if (outage) {
                it.base.gain[1] = 0;
            } else {
                it.band = {infinity, 0, infinity};
            }
            const mel::Problem problem = it.problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            mel::Boxes boxes(problem, pool, {0, problem.samples_real()});
            CHECK(boxes.root().high(1) == 0);
            CHECK(problem.send_bits(0) > 0);
            CHECK(boxes.contradicts() == (idle == mel::Idle::served));
        }
    }
}

TEST(energy_that_is_spent_exactly_is_kept_and_one_unit_less_is_not) {
    Limited it{instances::draw({.learners = 1, .samples = 1000, .sends_model = false, .seed = 1})};
    it.base.statement.flops_per_sample = 3 * 1048576.0;
    it.per_flop = {5.0 / 1073741824};
    const double exact = 7 * 13.0 * it.base.statement.flops_per_sample.value * it.per_flop[0];
    it.energy = {exact};
    const mel::Problem kept = it.problem();
    CHECK(mel::energy_verdict(kept, 0, {.tau = 7, .samples = 13}) == mel::EnergyVerdict::kept);
    CHECK(mel::energy_verdict(kept, 0, {.tau = 7, .samples = 14}) == mel::EnergyVerdict::broken);
    it.energy = {std::nextafter(exact, 0.0)};
    const mel::Problem broken = it.problem();
    CHECK(mel::energy_verdict(broken, 0, {.tau = 7, .samples = 13}) == mel::EnergyVerdict::broken);
    mel::Stop stop(1e9, {});
    mel::Pool pool(1, stop);
    mel::Boxes one(kept, pool, {0, 1000}), other(broken, pool, {0, 1000});
    CHECK(one.sure(7).high(0) == 13 && one.whole(7).high(0) == 13 && one.real(7).high(0) >= 13);
    CHECK(other.sure(7).high(0) == 12 && other.whole(7).high(0) == 12);
}

// Energy of returning is a logarithm: at the tie itself doubles can not tell.
TEST(energy_within_rounding_of_a_tie_is_left_open) {
    Limited it{instances::draw({.learners = 1, .samples = 1000, .seed = 3})};
    it.per_flop = {1e-10};
    it.energy = {infinity};
    const mel::Problem free = it.problem();
    const double bits = free.return_bits(0) + free.return_bits_per_sample(0) * 20;
    const double back = it.base.power[0] * free.return_s_per_bit()[0] * bits;
    it.energy = {4 * 20 * it.base.statement.flops_per_sample.value * 1e-10 + back};
    const mel::Problem problem = it.problem();
    CHECK(mel::energy_verdict(problem, 0, {.tau = 4, .samples = 20}) ==
          mel::EnergyVerdict::unclear);
    mel::Stop stop(1e9, {});
    mel::Pool pool(1, stop);
    mel::Boxes boxes(problem, pool, {0, 1000});
    CHECK(boxes.whole(4).high(0) == 20 && boxes.sure(4).high(0) == 19);
    CHECK(boxes.doubtful(4));
}

TEST(capped_purchases_and_responses_match_a_search_and_never_exceed_it) {
    std::mt19937_64 random(7);
    const auto decades = [&](double low, double high) {
        return std::pow(10.0, low + (high - low) * std::generate_canonical<double, 53>(random));
    };
    for (unsigned round = 0; round < check::tries(700); ++round) {
        const auto law = round % 2 ? mel::LinkLaw::fixed : mel::LinkLaw::density;
        const mel::Demand q = [&] {
            const double budget = decades(0, 1.5), each = decades(-4, -1);
            const double alpha = round % 3 ? decades(2, 4) : 0, beta = decades(3, 6);
            return mel::Demand{budget, each, alpha, beta, alpha * budget + each * beta};
        }();
        const double noise = decades(-14, -8) * (law == mel::LinkLaw::fixed ? 1e6 : 1);
        const mel::Prices prices{decades(-6, -2), decades(0, 6)};
        mel::Caps caps{decades(4, 7), decades(-4, 0), 0};
        if (round % 5 == 1) caps.bandwidth_hz = infinity;
        if (round % 5 == 2) caps.power_w = infinity;
        const double whole = law == mel::LinkLaw::density ? noise * caps.bandwidth_hz : noise;
        caps.rate = caps.power_w == infinity ? infinity
                    : caps.bandwidth_hz < infinity
                        ? caps.bandwidth_hz * std::log1p(caps.power_w / whole) / mel::ln2
                    : law == mel::LinkLaw::density ? caps.power_w / noise / mel::ln2
                                                   : infinity;
        const capped_oracle::Learner slow{
            law,          q, noise, prices.lambda, prices.mu, caps.bandwidth_hz,
            caps.power_w, 1, 1e6,   false};
        const mel::Response r =
            mel::respond_capped({law, noise}, q, false, {1, 1e6}, prices, caps, 1e-14);
        const double end = mel::largest_within(q, {.samples = 1e6, .rate = caps.rate});
        if (end < 1) {
            CHECK(!r.possible || r.samples == 1, round);
            continue;
        }
        CHECK(r.possible, round);
        const capped_oracle::Real paid = slow.buy(slow.rate(r.samples)).cost;
        if (std::isfinite(static_cast<double>(paid))) {
            CHECK(r.cost <= paid * (1 + 1e-12L), round, r.cost, static_cast<double>(paid));
            CHECK(r.cost >= paid * (1 - 1e-6L), round, r.cost, static_cast<double>(paid));
        }
        const double value = r.samples - r.cost;
        for (const double d : {1.0, end, std::floor(0.3 * end) + 1, r.samples - 1, r.samples + 1,
                               std::floor(static_cast<double>(slow.best().samples))}) {
            if (d < 1 || d > end) continue;
            const double other = static_cast<double>(slow.value(d));
            CHECK(value >= other - 1e-9 * (std::fabs(other) + r.cost + d), round, d, r.samples,
                  value, other);
        }
    }
}

// Newton's steps towards the bandwidth at a power cap went to and fro between two points for good:
// three samples worth 1.943 where two are worth 1.998, which is too low for a proof.
TEST(capped_responses_close_in_where_newtons_steps_go_to_and_fro) {
    const double budget = 23.33758332435676, each = 7.748466934404517, bits = 16000, more = 48;
    const mel::Demand q{budget, each, more, bits, more * budget + each * bits};
    const mel::Link link{mel::LinkLaw::density, 7.977026940758386e-07};
    mel::Caps caps{std::numeric_limits<double>::infinity(), 0.1429207492460652, 0};
    caps.rate = caps.power_w / link.noise / mel::ln2;
    for (const double mu : {2.049934180551439e-28, 1e-27, 1e-26, 1e-30}) {
        const mel::Prices prices{6.391176353833291e-06, mu};
        const capped_oracle::Learner slow{
            link.law,     q, link.noise, prices.lambda, mu, caps.bandwidth_hz,
            caps.power_w, 1, 3,          true};
        const mel::Response r = mel::respond_capped(link, q, true, {0, 3}, prices, caps, 0);
        const double best = static_cast<double>(slow.value(2));
        CHECK(std::fabs(best - 1.99865) < 1e-5, best);
        CHECK(std::fabs(r.samples - r.cost - best) < 1e-9, mu, r.samples, r.samples - r.cost);
    }
}

// With next to no time left the power that a cap of bandwidth leaves overflowed: whoever must take
// a sample was said to take none, at no cost, and a plan did as was said.
TEST(whoever_must_take_a_sample_takes_one_whatever_it_costs) {
    const double bits = 9e6, left_s = 1e-4;
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        const mel::Demand q{20 + left_s, 20, 0, bits, 20 * bits};
        const mel::Link link{law, law == mel::LinkLaw::density ? 1e-8 : 0.07};
        const mel::Caps caps{3.7e7, infinity, infinity};
        const mel::Prices prices{1e-7, 100};
        const mel::Response r = mel::respond_capped(link, q, false, {1, 3}, prices, caps, 1e-14);
        CHECK(r.possible && r.samples == 1, r.samples);
        CHECK(r.cost > 1e100 && r.cost < infinity, r.cost);
        CHECK(r.power_w > 1e100 && r.power_w < infinity, r.power_w);
        const mel::Response rests = mel::respond_capped(link, q, true, {0, 3}, prices, caps, 1e-14);
        CHECK(rests.possible && rests.samples == 0 && rests.cost == 0, rests.samples, rests.cost);
    }
}

TEST(loose_limits_change_nothing_and_tight_ones_at_the_plan_keep_its_tau) {
    instances::for_each_variant(
        {.learners = 12, .samples = 900, .seed = 5}, [](const instances::Shape& shape) {
            for (const auto scheme :
                 {mel::Scheme::joint, mel::Scheme::task_only, mel::Scheme::resource_only}) {
                mel::Settings settings;
                settings.scheme = scheme;
                const mel::Result free = mel::solve(instances::draw(shape).problem(), settings);
                if (free.status != mel::Status::optimal) continue;
                const std::size_t size = shape.learners;
                Limited loose{instances::draw(shape)};
                loose.least.assign(size, 0);
                loose.most.assign(size, 9e15);
                loose.band.assign(size, infinity);
                loose.watt.assign(size, 1e60);
                loose.energy.assign(size, 1e50);
                loose.per_flop.assign(size, 1e-9);
                const mel::Result same = mel::solve(loose.problem(), settings);
                CHECK(same.status == mel::Status::optimal && same.tau == free.tau, same.tau,
                      free.tau);
                Limited tight = loose;
                for (std::size_t k = 0; k < size; ++k) {
                    tight.least[k] = tight.most[k] = static_cast<double>(free.samples[k]);
                    tight.band[k] = std::max(free.bandwidth_hz[k] * (1 + 1e-7), 1e-9);
                    tight.watt[k] = std::max(free.power_w[k] * (1 + 1e-7), 1e-30);
                }
                const mel::Result kept = mel::solve(tight.problem(), settings);
                CHECK(kept.status == mel::Status::optimal && kept.tau == free.tau, kept.tau,
                      free.tau);
            }
        });
}
