// The pass over learners: the same bits from every instruction set and thread count, the scalar
// oracle's values, and derivatives that differences confirm.
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "base/chunks.hpp"
#include "base/sums.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "kernels/kernels.hpp"
#include "learner/response.hpp"
#include "prices/switching_point.hpp"
#include "scalar_pass.hpp"
#include "slopes.hpp"
#include "split/water_filling.hpp"

namespace {

using mel::InstructionSet;

const InstructionSet all_sets[] = {InstructionSet::baseline, InstructionSet::avx2,
                                   InstructionSet::avx512};

bool has(InstructionSet set) { return set <= mel::widest_instruction_set(); }

std::vector<std::uint64_t> bits(const mel::PassSums& s) {
    std::vector<std::uint64_t> out;
    for (const double x : {s.value, s.samples, s.bandwidth, s.power, s.cost, s.h_ll, s.h_lm, s.h_mm,
                           s.value_tau, s.value_time, s.condition, s.impossible, s.doubtful}) {
        out.push_back(std::bit_cast<std::uint64_t>(x));
    }
    return out;
}

using slopes::near;

}  // namespace

TEST(sums_are_the_same_bits_for_every_instruction_set_and_thread_count) {
    instances::for_each_variant({.learners = 20011}, [](instances::Shape shape) {
        shape.samples = 40 * static_cast<std::int64_t>(shape.learners);
        const mel::Problem problem = instances::draw(shape).problem();
        mel::Stop stop(1e9, {});
        const mel::Interval box{0, problem.samples_real()};
        mel::Pool base(1, stop, InstructionSet::baseline);
        const mel::PassPoint point = instances::boundary_point(problem, base, box);
        std::vector<double> wish(problem.size());
        std::vector<double> chunk_totals;
        mel::real_samples(problem, mel::Box{box}, point, base, wish, chunk_totals);
        for (double& d : wish) d = std::floor(d);
        std::set<std::vector<std::uint64_t>> real, sampled, filled;
        for (const InstructionSet set : all_sets) {
            if (!has(set)) continue;
            for (const int threads : {1, 2, 7}) {
                mel::Pool pool(threads, stop, set);
                std::vector<mel::PassSums> blocks;
                std::vector<std::uint64_t> all;
                for (const std::size_t stride : {1, 3}) {
                    const auto one =
                        bits(mel::real_pass(problem, mel::Box{box}, point, pool, blocks, stride));
                    all.insert(all.end(), one.begin(), one.end());
                }
                real.insert(all);
                std::vector<double> samples(problem.size());
                mel::real_samples(problem, mel::Box{box}, point, pool, samples, chunk_totals);
                samples.insert(samples.end(), chunk_totals.begin(), chunk_totals.end());
                std::vector<std::uint64_t> words;
                for (const double x : samples) words.push_back(std::bit_cast<std::uint64_t>(x));
                sampled.insert(words);
                mel::WaterFilling filling(problem, pool);
                const mel::WaterFilling::Finish f = filling.at(
                    {point.tau, problem.cycle_s(), wish}, point.prices.mu / point.prices.lambda);
                std::vector<double> band(problem.size()), power(problem.size());
                filling.allocate({point.tau, problem.cycle_s(), wish}, f, {band, power});
                words.clear();
                for (const double x : {f.sums.bandwidth, f.sums.power, f.sums.shift,
                                       f.sums.band_time, f.sums.power_time, f.sums.impossible}) {
                    words.push_back(std::bit_cast<std::uint64_t>(x));
                }
                for (const double x : band) words.push_back(std::bit_cast<std::uint64_t>(x));
                for (const double x : power) words.push_back(std::bit_cast<std::uint64_t>(x));
                filled.insert(words);
            }
        }
        CHECK(real.size() == 1, real.size());
        CHECK(sampled.size() == 1, sampled.size());
        CHECK(filled.size() == 1, filled.size());
    });
}

TEST(pass_agrees_with_the_scalar_oracle) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        instances::for_each_variant(
            {.learners = 1 + 13 * seed, .seed = seed}, [](instances::Shape shape) {
                shape.samples = 60 * static_cast<std::int64_t>(shape.learners);
                const mel::Problem problem = instances::draw(shape).problem();
                mel::Stop stop(1e9, {});
                mel::Pool pool(1, stop);
                for (const mel::Interval box :
                     {mel::Interval{0, problem.samples_real()}, mel::Interval{59, 61}}) {
                    mel::PassPoint point = instances::boundary_point(problem, pool, box);
                    for (const double push : {1.0, 0.1, 30.0}) {
                        mel::PassPoint at = point;
                        at.prices.mu *= push;
                        std::vector<mel::PassSums> blocks;
                        const mel::PassSums got =
                            mel::real_pass(problem, mel::Box{box}, at, pool, blocks);
                        const mel::PassSums want = oracle::real_pass(problem, box, at);
                        const double floor = 1e-9 * std::fabs(want.samples + want.cost);
                        CHECK(near(got.value, want.value, 1e-10, floor), got.value, want.value);
                        CHECK(near(got.samples, want.samples, 1e-8, 0), got.samples, want.samples);
                        CHECK(near(got.bandwidth, want.bandwidth, 1e-8, 0), shape.seed);
                        CHECK(near(got.power, want.power, 1e-8, 0), shape.seed);
                        CHECK(near(got.cost, want.cost, 1e-8, 0), shape.seed);
                        CHECK(near(got.h_ll, want.h_ll, 1e-6, 0), got.h_ll, want.h_ll);
                        CHECK(near(got.h_mm, want.h_mm, 1e-6, 0), got.h_mm, want.h_mm);
                        const double cross = 1e-6 * std::sqrt(want.h_ll * want.h_mm);
                        CHECK(near(got.h_lm, want.h_lm, 1e-6, cross), got.h_lm, want.h_lm);
                        CHECK(near(got.value_tau, want.value_tau, 1e-7, 0), shape.seed);
                        CHECK(near(got.value_time, want.value_time, 1e-7, 0), shape.seed);
                        CHECK(near(got.condition, want.condition, 1e-6, 0), shape.seed);
                        CHECK(got.impossible == want.impossible);
                    }
                }
            });
    }
}

TEST(gradient_and_hessian_are_what_differences_of_the_value_say) {
    instances::for_each_variant(
        {.learners = 40, .samples = 4000, .seed = 7}, [](const instances::Shape& shape) {
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            // A box that no learner's best leaves or reaches would hide nothing; the root box will
            // do.
            const mel::Interval box{0, problem.samples_real()};
            const mel::PassPoint point = instances::boundary_point(problem, pool, box);
            std::vector<mel::PassSums> blocks;
            slopes::check(point, shape.idle == mel::Idle::excused, [&](const mel::PassPoint& at) {
                return mel::real_pass(problem, mel::Box{box}, at, pool, blocks);
            });
        });
}

TEST(a_strided_pass_visits_as_many_learners_as_it_says) {
    for (const std::size_t size : {1, 15, 16, 17, 160, 1025, 5000, 70000}) {
        const mel::Problem problem = instances::draw({.learners = size, .samples = 1}).problem();
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        for (const std::size_t stride : {1, 3, 7}) {
            std::vector<mel::PassSums> blocks;
            // A box of exactly one sample each counts the learners.
            const mel::PassPoint point{1, problem.cycle_s(), {1e-12, 1e-12}};
            const mel::PassSums s = mel::real_pass(problem, {{1, 1}}, point, pool, blocks, stride);
            const double seen = static_cast<double>(mel::learners_seen(size, stride));
            CHECK(std::fabs(s.samples - seen) < 1e-6 * seen, size, stride, s.samples, seen);
        }
    }
}

// What decides is the logarithm of left / right (see stationary_slack_fixed) and the share of the
// largest offset at which the value of a learner still has an interior maximum.
TEST(no_learner_whose_value_rises_again_is_taken_for_one_whose_value_only_falls) {
    const double compute[mel::group] = {1e-4};
    const double back[mel::group] = {};
    double noise[mel::group];
    std::fill_n(noise, mel::group, 1.0);
    int rises = 0, falls = 0;
    for (double w = 0.02; w < 8.5; w *= 1.06) {
        const double x = w * w + 3 * std::log(w) + std::log(4 + 2 * w * w);
        const double most = w * (3 + 2 * w * w) / (4 + 2 * w * w);
        for (const double share :
             {0.1, 0.5, 0.9, 0.97, 0.99, 0.998, 1.002, 1.009, 1.011, 1.0025, 1.0035, 1.02, 3.0}) {
            for (const double model : {0.0, 1.0, 5000.0}) {
                const double shape = 1 + model * compute[0];
                const double offset = share * most;
                mel::Prices prices;
                prices.lambda = offset * offset * shape / mel::ln2;
                const double left = std::sqrt(shape / (prices.lambda * mel::ln2)) / compute[0];
                prices.mu = left * std::exp(-x) * prices.lambda * mel::ln2;
                for (const bool excused : {false, true}) {
                    mel::KernelInput in{};
                    in.compute_s = compute;
                    in.return_s_per_bit = back;
                    in.noise = noise;
                    in.send_bits = model;
                    in.send_bits_per_sample = 1;
                    in.grows = true;
                    in.excused = excused;
                    in.box = {0, 1e4};
                    in.point = {1, 1, prices};
                    in.size = 1;
                    const auto& kernels = mel::kernels_for(InstructionSet::automatic);
                    const mel::PassSums got = kernels.real(mel::LinkLaw::fixed)(in, {0, 1});
                    mel::Demand demand{};
                    demand.alpha = 1;
                    demand.beta = model;
                    demand.budget_s = 1;
                    demand.per_sample_s = compute[0];
                    demand.shape = shape;
                    const auto worth = [&](double d) {
                        return d - mel::buy_fixed(1, prices, demand.rate(d)).cost;
                    };
                    const double low = excused ? 1 : 0;
                    double best = worth(low);
                    const double slack = mel::stationary_slack_fixed(demand, 1, prices);
                    const double d = (1 - slack) / compute[0];
                    if (slack > 0 && d > low) best = std::max(best, worth(d));
                    (slack > 0 ? rises : falls) += 1;
                    if (excused) best = std::max(best, 0.0);
                    const double size = got.samples + got.cost + 1;
                    CHECK(std::fabs(got.value - best) <= 1e-9 * size, got.value, best, x, share,
                          model, excused);
                    const auto near = kernels.of(mel::LinkLaw::fixed).bound(in, {0, 1});
                    CHECK(std::fabs(near.value - best) <= 1e-7 * size, near.value, best, x, share,
                          model, excused);
                }
            }
        }
    }
    CHECK(rises > 1000 && falls > 1000, rises, falls);
}
