// Starts of roots in place of roots: what a bound, a draw and an allocation lose by them.
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "kernels/kernels.hpp"
#include "one_rate.hpp"
#include "passes/proof.hpp"
#include "prices/switching_point.hpp"
#include "split/water_filling.hpp"

namespace {

using mel::InstructionSet;

constexpr InstructionSet sets[] = {InstructionSet::baseline, InstructionSet::avx2,
                                   InstructionSet::avx512};

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

// What one learner pays for a rate of one, and the rate that this carries.
struct Bought {
    double bandwidth, power, rate;
};
Bought bought(mel::LinkLaw law, mel::Roots roots, double price_ratio, double noise_of_all) {
    const mel::FillSums sums =
        one_rate::taken(InstructionSet::automatic, law, roots, price_ratio, noise_of_all);
    const double b = sums.bandwidth, p = sums.power;
    const double snr = law == mel::LinkLaw::density ? p / (noise_of_all * b) : p / noise_of_all;
    return {b, p, b * std::log1p(snr) / mel::ln2};
}

}  // namespace

TEST(what_is_bought_at_the_start_of_a_root_carries_the_rate_and_costs_hardly_more) {
    for (const mel::LinkLaw law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (int exponent = -300; exponent <= 300; ++exponent) {
            for (const double noise : {1.0, 3e-9}) {
                const double ratio = std::exp2(0.5 * exponent) * 1.3 * noise;
                const Bought near = bought(law, mel::Roots::near, ratio, noise);
                const Bought exact = bought(law, mel::Roots::exact, ratio, noise);
                CHECK(std::fabs(near.rate - 1) < 1e-14, exponent, near.rate - 1);
                const double more = (ratio * near.bandwidth + near.power) /
                                        (ratio * exact.bandwidth + exact.power) -
                                    1;
                CHECK(more > -1e-14 && more < 3e-8, exponent, more);
            }
        }
    }
}

TEST(a_bound_at_starts_of_roots_is_as_good_as_is_said_for_every_instruction_set) {
    int proved = 0;
    instances::for_each_variant({.learners = 5003}, [&](instances::Shape shape) {
        shape.samples = 40 * static_cast<std::int64_t>(shape.learners);
        const mel::Problem problem = instances::draw(shape).problem();
        mel::Stop stop(1e9, {});
        mel::Pool base(1, stop, InstructionSet::baseline);
        const mel::Interval all{0, problem.samples_real()};
        mel::Boxes boxes(problem, base, all);
        mel::SweepsHere sweeps(problem, base, boxes);
        mel::SwitchingPoint switching_point(problem, base, sweeps);
        mel::PassPoint point = switching_point.guess();
        switching_point.find_tau(point, {.tolerance = 1e-6, .max_passes = 40});
        for (const mel::Interval box : {all, mel::Interval{39, 41}}) {
            for (const double push : {1.0, 0.1, 30.0, 1e3}) {
                for (const double longer : {1.0, 1.5}) {
                    mel::PassPoint at = point;
                    at.tau *= longer;
                    at.prices.mu *= push;
                    std::vector<mel::PassSums> blocks;
                    const auto want = mel::real_pass(problem, {box}, at, base, blocks);
                    std::set<std::vector<std::uint64_t>> seen;
                    mel::PassSums got;
                    for (const InstructionSet set : sets) {
                        if (set > mel::widest_instruction_set()) continue;
                        for (const int threads : {1, 3}) {
                            mel::Pool pool(threads, stop, set);
                            got = *mel::bound_pass(problem, {box}, at, pool, blocks);
                            seen.insert({bits(got.value), bits(got.samples), bits(got.cost),
                                         bits(got.condition), bits(got.most)});
                        }
                    }
                    CHECK(seen.size() == 1, seen.size());
                    const double size = want.samples + want.cost + want.most + 1;
                    CHECK(std::fabs(got.value - want.value) <= 1e-7 * size, got.value, want.value);
                    CHECK(got.impossible == want.impossible, shape.seed);
                    CHECK(got.doubtful == want.doubtful, shape.seed);
                    const bool rough = mel::rough_proof_of(problem, at, got).has_value();
                    CHECK(!rough || mel::proof_of(problem, at, want), shape.seed);
                    proved += rough;
                }
            }
        }
    });
    CHECK(proved > check::seen(10), proved);
}

TEST(allocations_at_starts_of_roots_are_the_same_bits_for_every_instruction_set) {
    instances::for_each_variant({.learners = 3011}, [](instances::Shape shape) {
        shape.samples = 40 * static_cast<std::int64_t>(shape.learners);
        const mel::Problem problem = instances::draw(shape).problem();
        mel::Stop stop(1e9, {});
        std::vector<double> split(problem.size());
        for (std::size_t k = 0; k < split.size(); ++k) split[k] = static_cast<double>(k % 60);
        const mel::TimedSplit timed{1, problem.cycle_s(), split};
        const double ratio = problem.bandwidth_hz() / problem.power_w();
        std::set<std::vector<std::uint64_t>> seen;
        for (const InstructionSet set : sets) {
            if (set > mel::widest_instruction_set()) continue;
            for (const int threads : {1, 3}) {
                mel::Pool pool(threads, stop, set);
                mel::WaterFilling filling(problem, pool);
                const auto f = filling.at(timed, ratio, mel::Roots::near);
                std::vector<double> band(problem.size()), power(problem.size());
                filling.allocate(timed, f, {band, power});
                std::vector<std::uint64_t> words;
                for (const double x : {f.sums.bandwidth, f.sums.power, f.sums.shift,
                                       f.sums.band_time, f.sums.power_time, f.sums.impossible}) {
                    words.push_back(bits(x));
                }
                for (const double x : band) words.push_back(bits(x));
                for (const double x : power) words.push_back(bits(x));
                seen.insert(words);
            }
        }
        CHECK(seen.size() == 1, seen.size());
    });
}
