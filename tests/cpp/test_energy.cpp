// The least energy, of learners that send over the planned link and of those that receive over it:
// one learner against searches over its speed, a cell between its plan and its bound, and the same
// bits whatever computes it.
#include <algorithm>
#include <cmath>

#include "battery_cases.hpp"
#include "check.hpp"
#include "energy/energy_learners.hpp"
#include "learner/capped.hpp"
#include "learner/energy_gains.hpp"
#include "mel/energy.hpp"
#include "mel/instruction_set.hpp"
#include "mel/solve.hpp"

namespace {

using battery_cases::Speeds;
constexpr mel::LinkLaw laws[] = {mel::LinkLaw::density, mel::LinkLaw::fixed};

// A cell whose energies limit nothing: of senders, or of receivers of a common power; samples that
// add bits, where the law allows that, or not; speeds that are chosen, or the highest.
enum class Bits { each, none };
mel::Problem cell(std::size_t learners, mel::LinkLaw law, bool receives, unsigned seed,
                  bool capped = false, Bits bits = Bits::each, Speeds speeds = Speeds::chosen) {
    battery_cases::Cell it =
        battery_cases::draw(learners, law, mel::Idle::served, Speeds::chosen, seed);
    it.energy.assign(learners, mel::no_limit);
    if (law == mel::LinkLaw::fixed || bits == Bits::none) it.statement.send_bits_per_sample = 0;
    if (speeds == Speeds::same) it.slowest = it.flops;
    if (!receives) {
        it.cap.assign(learners, 0.5);
        it.statement.power_w = 0.6 * static_cast<double>(learners);
        return it.problem();
    }
    mel::ProblemStatement s = it.statement;
    s.flops_per_s = it.flops;
    s.gain = it.gain;
    s.return_bandwidth_hz = it.band;
    s.return_power_w = it.power;
    s.energy_j = it.energy;
    s.energy_coefficient = it.coefficient;
    s.min_flops_per_s = it.slowest;
    s.energy_counts = true;
    s.power_w = 0.02 * static_cast<double>(learners);
    it.cap.assign(learners, 0.03);
    if (capped) s.max_power_w = it.cap;
    s.return_bits_per_sample = seed % 2 == 0 ? 0.0 : 50.0;
    return mel::Problem(s);
}

// Its learners, each looked at by itself, at tau = 3.
struct Alone {
    Alone(const mel::Problem& problem, bool receives)
        : stop(mel::no_limit, {}), pool(1, stop), learners(problem, 3, pool) {
        learners.price_watts(receives ? problem.bandwidth_hz() / problem.power_w() : 0);
        CHECK(learners.begin());
    }

    mel::Stop stop;
    mel::Pool pool;
    mel::EnergyLearners learners;
};

template <class Visit>
void each_kind(Visit visit) {
    for (const mel::LinkLaw law : laws) {
        for (const bool receives : {false, true}) visit(law, receives);
    }
}

bool same(const mel::LeastEnergy& a, const mel::LeastEnergy& b) {
    const auto equal = [](const auto& x, const auto& y) {
        return x.size() == y.size() && std::equal(x.data(), x.data() + x.size(), y.data());
    };
    return a.value_j == b.value_j && a.bound_j == b.bound_j && a.lambda == b.lambda &&
           a.mu == b.mu && a.nu == b.nu && equal(a.samples, b.samples) &&
           equal(a.bandwidth_hz, b.bandwidth_hz) && equal(a.power_w, b.power_w) &&
           equal(a.speed, b.speed);
}

// Every instruction set, and the widest one again at the end.
template <class Visit>
void each_set(Visit visit) {
    for (const mel::InstructionSet set :
         {mel::InstructionSet::baseline, mel::InstructionSet::avx2, mel::InstructionSet::avx512,
          mel::InstructionSet::automatic}) {
        mel::prefer_instruction_set(set);
        visit();
    }
}

}  // namespace

TEST(the_cost_of_energy_is_that_of_the_best_speed_and_its_slope_that_of_the_cost) {
    each_kind([](mel::LinkLaw law, bool receives) {
        for (unsigned seed = 0; seed < check::tries(12); ++seed) {
            const mel::Problem problem = cell(8, law, receives, seed, seed % 3 == 2);
            Alone alone(problem, receives);
            mel::EnergyLearners& learners = alone.learners;
            const double lambda = learners.typical_price() * std::pow(10.0, seed % 5 - 2.0);
            for (std::size_t k = 0; k < problem.size(); ++k) {
                const double high = std::min(learners.high(k), 1000.0);
                double before = 0, rise = 0;
                for (int i = 1; i < 6; ++i) {
                    const double d = std::floor(high * i / 6) + 0.5;
                    const mel::EnergyCost c = learners.cost(k, {lambda}, d);
                    const double step = 1e-5 * d;
                    const double more = learners.cost(k, {lambda}, d + step).cost;
                    const double less = learners.cost(k, {lambda}, d - step).cost;
                    const double quotient = (more - less) / (2 * step);
                    CHECK(std::fabs(quotient - c.slope) <= 1e-4 * c.slope, k, d, quotient, c.slope);
                    CHECK(c.slope >= rise * (1 - 1e-9) && c.cost > before, k, d);
                    before = c.cost;
                    rise = c.slope;
                    // No samples at that worth are worth more; where many are alike by a hair.
                    mel::EnergyCost found;
                    const double best = learners.best(k, {lambda, c.slope}, found);
                    const double worth = c.slope * d - c.cost;
                    CHECK(c.slope * best - found.cost >= worth - 1e-7 * c.cost, int(law), receives,
                          seed, k, d, best, worth, c.slope * best - found.cost, c.cost, c.speed,
                          found.speed);
                }
            }
        }
    });
}

TEST(log_gains_of_sending_are_roots_to_the_last_digits) {
    for (double w = 1e-5; w < 55; w *= 1.07) {
        const long double l = w, e = std::exp(l), grown = std::expm1(l);
        // Where digits cancel, the sums of their powers.
        long double joules = 0, rest = 0, term = 1;
        for (int j = 1; j < 200; ++j) {
            term *= l / j;
            joules += (j - 1) * term;
            if (j > 1) rest += (j % 2 == 0 ? 1 : -1) * term;
        }
        if (l > 1) rest = l - 1 + 1 / e;
        const auto is = [&](double root, const char* which) {
            CHECK(std::fabs(root - w) <= 4e-15 * w, which, w, root);
        };
        is(mel::joule_log_gain(static_cast<double>(joules)), "joule");
        is(mel::joule_fixed_gain(static_cast<double>(l * l * e)), "fixed");
        is(mel::saving_log_gain(static_cast<double>(joules * joules / l)), "saving");
        is(mel::limited_log_gain(static_cast<double>(grown * grown * rest / (l * l))), "limited");
        CHECK(std::fabs(mel::sent_joules(w, static_cast<double>(e)) - joules) <= 4e-15L * joules,
              w);
        CHECK(std::fabs(mel::rest_of(w) - rest) <= 4e-15L * rest, w);
    }
}

TEST(where_samples_add_no_bits_their_worth_tells_the_time_to_send) {
    int inside = 0;
    each_kind([&](mel::LinkLaw law, bool receives) {
        for (unsigned seed = 0; seed < check::tries(16); ++seed) {
            const Speeds speeds = seed % 2 == 0 ? Speeds::chosen : Speeds::same;
            const mel::Problem problem =
                cell(8, law, receives, seed, seed % 8 == 7, Bits::none, speeds);
            Alone alone(problem, receives);
            mel::EnergyLearners& learners = alone.learners;
            const double lambda = learners.typical_price() * std::pow(10.0, seed % 7 - 3.0);
            for (std::size_t k = 0; k < problem.size(); ++k) {
                const double low = learners.low(k), high = std::min(learners.high(k), 1000.0);
                for (int i = 1; i < 6; ++i) {
                    const double d = low + (high - low) * i / 6;
                    const mel::EnergyCost c = learners.cost(k, {lambda}, d);
                    mel::EnergyCost found;
                    const double best = learners.best(k, {lambda, c.slope}, found);
                    const auto here = [&](double tolerance, double a, double b) {
                        CHECK(std::fabs(a - b) <= tolerance * std::fabs(b), int(law), receives,
                              seed, k, d, best, a, b);
                    };
                    // What two costs a sample differ by is as sure as their sum.
                    here(1e-9, c.slope * best - found.cost, c.slope * d - c.cost);
                    if (!(best > low && best < learners.high(k))) continue;
                    ++inside;
                    const mel::EnergyCost again = learners.cost(k, {lambda}, best);
                    here(1e-9, again.slope, c.slope);
                    here(1e-9, found.cost, again.cost);
                    here(1e-7, found.bandwidth_hz, again.bandwidth_hz);
                    here(1e-7, found.power_w, again.power_w);
                    here(1e-7, found.speed, again.speed);
                    here(1e-7, found.slack_s, again.slack_s);
                }
            }
        }
    });
    CHECK(inside > 100, inside);
}

TEST(a_plan_of_least_energy_keeps_what_there_is_and_the_bound_lies_just_below) {
    each_kind([](mel::LinkLaw law, bool receives) {
        for (unsigned seed = 0; seed < check::tries(6); ++seed) {
            const mel::Problem problem = cell(101, law, receives, seed, seed % 3 == 2);
            const mel::LeastEnergy found = mel::least_energy(problem, 3, {});
            CHECK(found.samples.size() == problem.size(), seed);
            if (found.samples.size() != problem.size()) continue;
            double band = 0, power = 0;
            for (std::size_t k = 0; k < problem.size(); ++k) {
                band += found.bandwidth_hz.data()[k];
                power += found.power_w.data()[k];
            }
            CHECK(band <= problem.bandwidth_hz() && band > 0.9 * problem.bandwidth_hz(), band);
            CHECK(power <= problem.power_w(), power);
            CHECK(found.bound_j <= found.value_j, found.bound_j, found.value_j);
            CHECK(found.value_j - found.bound_j <= 1e-5 * found.value_j, found.bound_j,
                  found.value_j);
        }
    });
}

TEST(the_least_energy_has_the_same_bits_on_any_threads_and_instruction_set) {
    each_kind([](mel::LinkLaw law, bool receives) {
        const mel::Problem few = cell(101, law, receives, 4);
        const mel::LeastEnergy first = mel::least_energy(few, 3, {});
        each_set([&] { CHECK(same(mel::least_energy(few, 3, {}), first)); });
    });
    const mel::Problem many = cell(17000, mel::LinkLaw::density, true, 4);
    const mel::LeastEnergy alone = mel::least_energy(many, 3, {});
    CHECK(same(mel::least_energy(many, 3, {.threads = 3}), alone));
}

TEST(limits_of_energy_with_chosen_speeds_have_the_same_bits_on_any_threads_and_instruction_set) {
    const auto same_plan = [](const mel::Result& a, const mel::Result& b) {
        const auto equal = [](const auto& x, const auto& y) {
            return x.size() == y.size() && std::equal(x.data(), x.data() + x.size(), y.data());
        };
        return a.tau == b.tau && a.bound == b.bound && equal(a.samples, b.samples) &&
               equal(a.bandwidth_hz, b.bandwidth_hz) && equal(a.power_w, b.power_w);
    };
    for (const mel::LinkLaw law : laws) {
        for (const std::size_t learners : {std::size_t{101}, std::size_t{17000}}) {
            const mel::Problem problem =
                battery_cases::draw(learners, law, mel::Idle::excused, Speeds::chosen, 3).problem();
            const mel::Result first = mel::solve(problem, {});
            if (learners > 1000) {
                CHECK(same_plan(mel::solve(problem, {.threads = 3}), first), learners);
            } else {
                each_set([&] { CHECK(same_plan(mel::solve(problem, {}), first), learners); });
            }
        }
    }
}
