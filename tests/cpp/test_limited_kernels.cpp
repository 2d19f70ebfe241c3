// The kernels for learners with bounds and caps: the same bits from every instruction set, the
// values of a slow oracle, and derivatives that differences confirm.
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "base/chunks.hpp"
#include "capped_oracle.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "kernels/kernels.hpp"
#include "prices/switching_point.hpp"
#include "slopes.hpp"

namespace {

using mel::InstructionSet;
using slopes::near;
constexpr double infinity = std::numeric_limits<double>::infinity();

double largest_rate(mel::LinkLaw law, double noise, double band, double power) {
    if (band < infinity && power == infinity) return infinity;
    if (band < infinity) {
        const double whole = law == mel::LinkLaw::density ? noise * band : noise;
        return band * std::log1p(power / whole) / mel::ln2;
    }
    return law == mel::LinkLaw::density ? power / noise / mel::ln2 : infinity;
}

// Columns of limits around what the plain responses at a point are; padded as the core pads.
struct Columns {
    std::vector<double> lower, upper, slope, band, power, rate;

    void use(mel::KernelInput& in) const {
        in.lower = lower.data();
        in.upper = upper.data();
        in.upper_slope = slope.data();
        in.max_bandwidth = band.data();
        in.max_power = power.data();
        in.max_rate = rate.data();
    }
};

struct Case {
    mel::Problem problem;
    mel::PassPoint point;
    Columns limits;

    mel::KernelInput input(const mel::PassPoint& at) const {
        mel::KernelInput in = mel::kernel_input(problem, {{0, problem.samples_real()}}, at);
        limits.use(in);
        return in;
    }
};

// `apart` where both caps of a learner never bind at the same rate, which makes a kink.
enum class Caps { none, loose, some, apart };

Case make(const instances::Shape& shape, Caps caps, bool bounds, double hold = 1) {
    mel::Problem problem = instances::draw(shape).problem();
    mel::Stop stop(1e9, {});
    mel::Pool pool(1, stop);
    const mel::Box box{{0, problem.samples_real()}};
    mel::Boxes boxes(problem, pool, box.uniform);
    mel::SweepsHere sweeps(problem, pool, boxes);
    mel::SwitchingPoint switching_point(problem, pool, sweeps);
    mel::PassPoint point = switching_point.guess();
    switching_point.find_tau(point, {.tolerance = 1e-6, .max_passes = 40});
    std::vector<double> d(problem.size()), totals;
    mel::real_samples(problem, box, point, pool, d, totals);
    std::mt19937_64 random(shape.seed);
    const auto uniform = [&](double low, double high) {
        return instances::uniform(random, low, high);
    };
    const std::size_t padded = (problem.size() + 15) / 16 * 16;
    Columns c{
        std::vector<double>(padded, 0.0),      std::vector<double>(padded, problem.samples_real()),
        std::vector<double>(padded, 0.0),      std::vector<double>(padded, infinity),
        std::vector<double>(padded, infinity), std::vector<double>(padded, infinity)};
    for (std::size_t k = 0; k < problem.size(); ++k) {
        const mel::Demand q = mel::demand_of(problem, k, point);
        const double wish = std::max(d[k], 1.0);
        const mel::Purchase p = mel::buy(mel::link_of(problem, k), point.prices, q.rate(wish));
        const double scale = caps == Caps::loose ? 1e3 : std::pow(10.0, uniform(-0.8, 0.3));
        const int kind = static_cast<int>(uniform(0, 5));
        if (caps != Caps::none && (kind == 1 || kind >= 3)) c.band[k] = p.bandwidth_hz * scale;
        if (caps != Caps::none && (kind == 2 || kind >= 3)) {
            const bool apart = kind == 4 || (kind == 3 && caps == Caps::apart);
            c.power[k] = p.power_w * scale * (apart ? uniform(1.2, 8) : 1);
        }
        if (bounds && uniform(0, 1) < 0.3) c.lower[k] = std::floor(uniform(0, 0.5) * hold * d[k]);
        if (bounds && uniform(0, 1) < 0.4) {
            c.upper[k] = std::max(uniform(0.3, 1.2) * d[k], c.lower[k]);
            c.slope[k] = -c.upper[k] / point.tau;
        }
        c.rate[k] =
            largest_rate(problem.law(), problem.noise_over_gain()[k], c.band[k], c.power[k]);
    }
    return {std::move(problem), point, std::move(c)};
}

mel::PassSums limited_real(const Case& it, const mel::PassPoint& at,
                           InstructionSet set = InstructionSet::automatic) {
    const mel::Kernels& kernels = mel::kernels_for(set);
    return kernels.real(it.problem.law(), true)(it.input(at), {0, it.problem.size()});
}

// Learner k by itself.
mel::PassSums alone(const Case& it, std::size_t k, const mel::PassPoint& at) {
    mel::KernelInput in = it.input(at);
    std::array<std::array<double, mel::group>, 9> copies;
    auto copy = copies.begin();
    for (const double** column :
         {&in.compute_s, &in.return_s_per_bit, &in.noise, &in.lower, &in.upper, &in.upper_slope,
          &in.max_bandwidth, &in.max_power, &in.max_rate}) {
        copy->fill((*column)[k]);
        *column = (copy++)->data();
    }
    in.size = 1;
    return mel::kernels_for(InstructionSet::automatic).real(it.problem.law(), true)(in, {0, 1});
}

std::vector<double> numbers(const mel::PassSums& s) {
    return {s.value, s.samples,   s.bandwidth,  s.power,     s.cost,       s.h_ll,     s.h_lm,
            s.h_mm,  s.value_tau, s.value_time, s.condition, s.impossible, s.doubtful, s.most};
}

void append(std::vector<std::uint64_t>& words, const std::vector<double>& values) {
    for (const double x : values) words.push_back(std::bit_cast<std::uint64_t>(x));
}

capped_oracle::Learner learner(const Case& it, std::size_t k, const mel::PassPoint& at) {
    return {it.problem.law(),
            mel::demand_of(it.problem, k, at),
            it.problem.noise_over_gain()[k],
            at.prices.lambda,
            at.prices.mu,
            it.limits.band[k],
            it.limits.power[k],
            it.limits.lower[k],
            it.limits.upper[k],
            it.problem.excused() && it.limits.lower[k] <= 0};
}

}  // namespace

TEST(limited_sums_are_the_same_bits_for_every_instruction_set) {
    instances::for_each_variant({.learners = 3001, .samples = 120040}, [](instances::Shape shape) {
        const Case it = make(shape, Caps::some, true);
        std::set<std::vector<std::uint64_t>> all;
        for (const InstructionSet set :
             {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
            if (set > mel::widest_instruction_set()) continue;
            const mel::Kernels& kernels = mel::kernels_for(set);
            std::vector<std::uint64_t> words;
            const std::size_t size = it.problem.size();
            for (const double push : {1.0, 0.05, 20.0}) {
                mel::PassPoint at = it.point;
                at.prices.mu *= push;
                append(words, numbers(limited_real(it, at, set)));
                std::vector<double> d(size), band(size), power(size);
                const double total = kernels.samples(shape.law, true)(it.input(at), {0, size}, d);
                append(words, d);
                append(words, {total});
                const mel::FillSums f = kernels.fill(shape.law, true)(it.input(at), {0, size}, d);
                append(words,
                       {f.bandwidth, f.power, f.shift, f.band_time, f.power_time, f.impossible});
                const mel::AllocationSums a = kernels.allocate(shape.law, true)(
                    it.input(at), {1.1, 1.2, at.cycle_s}, {0, size}, d, {band, power});
                append(words, band);
                append(words, power);
                append(words, {a.bandwidth, a.power, a.late});
            }
            all.insert(words);
        }
        CHECK(all.size() == 1, all.size());
    });
}

TEST(limited_pass_without_limits_in_force_is_the_plain_pass) {
    instances::for_each_variant({.learners = 403, .samples = 16040}, [](instances::Shape shape) {
        for (const Caps caps : {Caps::none, Caps::loose}) {
            const Case it = make(shape, caps, false);
            mel::KernelInput plain = it.input(it.point);
            plain.lower = plain.upper = plain.upper_slope = nullptr;
            plain.max_bandwidth = plain.max_power = plain.max_rate = nullptr;
            const mel::Kernels& kernels = mel::kernels_for(InstructionSet::automatic);
            const mel::PassSums want =
                kernels.real(shape.law, false)(plain, {0, it.problem.size()});
            const mel::PassSums got = limited_real(it, it.point);
            std::vector<std::uint64_t> x, y;
            append(x, numbers(want));
            append(y, numbers(got));
            CHECK(x == y, got.value, want.value, got.condition, want.condition);
        }
    });
}

TEST(limited_pass_finds_the_best_samples_under_bounds_and_caps) {
    for (unsigned seed = 1; seed <= check::tries(2); ++seed) {
        instances::for_each_variant(
            {.learners = 32, .samples = 1280, .seed = seed}, [](instances::Shape shape) {
                const Case it = make(shape, Caps::some, shape.seed != 2);
                for (const double push : {1.0, 0.1, 10.0}) {
                    mel::PassPoint at = it.point;
                    at.prices.mu *= push;
                    double impossible = 0;
                    // Learner by learner: what one gains could hide what another loses.
                    for (std::size_t k = 0; k < it.problem.size(); ++k) {
                        const auto one = learner(it, k, at);
                        const auto want = one.best();
                        if (!want.possible) impossible += 1;
                        const mel::PassSums got = alone(it, k, at);
                        const double value = static_cast<double>(want.value);
                        const double floor = 1e-9 * (1 + std::fabs(got.samples + got.cost));
                        CHECK(near(got.value, value, 0, floor), k, got.value, value, got.samples,
                              static_cast<double>(want.samples), shape.seed, push, (int)shape.law);
                        CHECK((got.impossible > 0) == !want.possible, k);
                        CHECK(got.doubtful == 0, k, shape.seed);
                        if (!want.active || got.samples == 0) continue;
                        auto eased = one;  // rounding may have carried the rate beyond both caps
                        eased.bandwidth_cap *= 1 + 1e-11L;
                        eased.power_cap *= 1 + 1e-11L;
                        const auto paid = eased.buy(eased.rate(got.samples));
                        CHECK(near(got.bandwidth, (double)paid.bandwidth, 1e-6, 0), k,
                              got.bandwidth, (double)paid.bandwidth);
                        CHECK(near(got.power, (double)paid.power, 1e-6, 0), k, got.power,
                              (double)paid.power);
                        CHECK(near(got.cost, (double)paid.cost, 1e-9, 0), k, got.cost);
                    }
                    CHECK(limited_real(it, at).impossible == impossible, impossible);
                }
            });
    }
}

TEST(limited_derivatives_are_what_differences_of_the_value_say) {
    instances::for_each_variant(
        {.learners = 48, .samples = 4800, .seed = 7}, [](const instances::Shape& shape) {
            for (const bool bounds : {false, true}) {
                const Case it = make(shape, Caps::apart, bounds);
                const bool jumps = shape.idle == mel::Idle::excused;
                slopes::check(it.point, jumps, [&](const mel::PassPoint& at) {
                    Case moved = it;  // upper bounds like energy's, in proportion to 1 / tau
                    for (std::size_t k = 0; k < it.limits.upper.size(); ++k) {
                        if (it.limits.slope[k] == 0) continue;
                        moved.limits.upper[k] *= it.point.tau / at.tau;
                        moved.limits.slope[k] = -moved.limits.upper[k] / at.tau;
                    }
                    return limited_real(moved, at);
                });
            }
        });
}

TEST(limited_filling_buys_the_rates_at_least_cost_and_says_how_that_moves) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
        instances::for_each_variant(
            {.learners = 48, .samples = 1920, .seed = seed}, [](instances::Shape shape) {
                const Case it = make(shape, Caps::some, true);
                const mel::Kernels& kernels = mel::kernels_for(InstructionSet::automatic);
                const std::size_t size = it.problem.size();
                std::vector<double> d(size), band(size), power(size);
                kernels.samples(shape.law, true)(it.input(it.point), {0, size}, d);
                for (double& x : d) x = std::floor(x);
                for (const double push : {1.0, 0.2, 5.0}) {
                    const auto fill = [&](double ratio, double cycle) {
                        mel::PassPoint at = it.point;
                        at.prices = {1, push * ratio * at.prices.mu / at.prices.lambda};
                        at.cycle_s *= cycle;
                        return kernels.fill(shape.law, true)(it.input(at), {0, size}, d);
                    };
                    const mel::FillSums f = fill(1, 1);
                    mel::PassPoint at = it.point;
                    at.prices = {1, push * at.prices.mu / at.prices.lambda};
                    double bandwidth = 0, watt = 0, impossible = 0;
                    for (std::size_t k = 0; k < size; ++k) {
                        if (it.problem.excused() && d[k] == 0) continue;
                        const auto one = learner(it, k, at);
                        const auto paid = one.buy(one.rate(d[k]));
                        if (paid.cost == capped_oracle::infinity) impossible += 1;
                        bandwidth += static_cast<double>(paid.bandwidth);
                        watt += static_cast<double>(paid.power);
                    }
                    CHECK(f.impossible == impossible, f.impossible, impossible);
                    if (impossible > 0) continue;
                    CHECK(near(f.bandwidth, bandwidth, 1e-7, 0), f.bandwidth, bandwidth);
                    CHECK(near(f.power, watt, 1e-7, 0), f.power, watt);
                    const double h = 1e-6;
                    const mel::FillSums up = fill(1 + h, 1), down = fill(1 - h, 1);
                    const mel::FillSums late = fill(1, 1 + h), soon = fill(1, 1 - h);
                    const double shift = (up.bandwidth - down.bandwidth) / (2 * h);
                    CHECK(near(shift, f.shift, 1e-4, 1e-6 * f.bandwidth), shift, f.shift);
                    if (soon.impossible > 0) continue;
                    const double t = 2 * h * it.point.cycle_s;
                    CHECK(near((late.bandwidth - soon.bandwidth) / t, f.band_time, 1e-4, 0),
                          f.band_time);
                    CHECK(near((late.power - soon.power) / t, f.power_time, 1e-4, 0), f.power_time);
                    const mel::AllocationSums a = kernels.allocate(shape.law, true)(
                        it.input(at), {1.05, 1.05, at.cycle_s * (1 + 1e-12)}, {0, size}, d,
                        {band, power});
                    CHECK(a.late == 0, a.late);
                    for (std::size_t k = 0; k < size; ++k) {
                        CHECK(band[k] <= it.limits.band[k] && power[k] <= it.limits.power[k], k);
                    }
                }
            });
    }
}
