// The kernels for learners with energies of their own: the same bits from every instruction set,
// what the scalar response says, bounds that no number of samples exceeds, and slopes that
// differences confirm.
#include <bit>
#include <cmath>

#include "battery_cases.hpp"
#include "check.hpp"
#include "kernels/battery_passes.hpp"
#include "slopes.hpp"

namespace {

using battery_cases::Speeds;
using mel::InstructionSet;

constexpr InstructionSet sets[] = {InstructionSet::baseline, InstructionSet::avx2,
                                   InstructionSet::avx512};
constexpr mel::LinkLaw laws[] = {mel::LinkLaw::density, mel::LinkLaw::fixed};
constexpr Speeds speeds[] = {Speeds::same, Speeds::chosen};

mel::KernelInput input(const mel::Problem& problem, double tau, double lambda) {
    const double mu = 1e-15 * lambda * problem.bandwidth_hz() / problem.power_w();
    return mel::kernel_input(problem, {{0, problem.samples_real()}},
                             {tau, problem.cycle_s(), {lambda, mu}});
}

double typical_price(const mel::Problem& problem) {
    return 0.02 * problem.samples_real() / problem.bandwidth_hz();
}

using slopes::near;

bool same(double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
}

template <class Sums>
void check_same(Sums a, const Sums& b) {
    a.zip(b, [](double x, double y) { CHECK(same(x, y), x, y); });
}

template <class Visit>
void each_kind(Visit visit) {
    for (const mel::LinkLaw law : laws) {
        for (const Speeds speed : speeds) {
            for (unsigned seed = 0; seed < check::tries(8); ++seed) {
                visit(law, seed % 4 < 2 ? mel::Idle::served : mel::Idle::excused, speed, seed);
            }
        }
    }
}

}  // namespace

TEST(battery_kernels_give_the_same_bits_on_every_instruction_set) {
    each_kind([](mel::LinkLaw law, mel::Idle idle, Speeds speed, unsigned seed) {
        const mel::Problem problem = battery_cases::draw(101, law, idle, speed, seed).problem();
        const mel::KernelInput in = input(problem, 5, typical_price(problem));
        const std::size_t size = problem.size();
        const auto& first = mel::battery_kernels_for(InstructionSet::baseline, law);
        std::vector<double> d(size), band(size), power(size), bands(size);
        const double total = first.samples(in, {0, size}, d);
        for (double& x : d) x = std::floor(x);
        const mel::AllocationScale scale{1, 1, in.point.cycle_s};
        const mel::PassSums real = first.real(in, {0, size});
        const mel::FillSums fill = first.fill(in, {0, size}, d);
        const mel::AllocationSums kept = first.allocate(in, scale, {0, size}, d, {band, power});
        std::vector<double> rises(size), r(size);
        first.bands(in, {0, size}, d, {bands, rises});
        for (const InstructionSet set : sets) {
            if (mel::instruction_set_for(set) != set) continue;
            const auto& kernels = mel::battery_kernels_for(set, law);
            std::vector<double> more(size), w(size), b(size);
            CHECK(same(total, kernels.samples(in, {0, size}, more)));
            check_same(real, kernels.real(in, {0, size}));
            check_same(fill, kernels.fill(in, {0, size}, d));
            check_same(kept, kernels.allocate(in, scale, {0, size}, d, {b, w}));
            for (std::size_t k = 0; k < size; ++k) {
                CHECK(same(b[k], band[k]) && same(w[k], power[k]), k);
            }
            kernels.bands(in, {0, size}, d, {b, r});
            for (std::size_t k = 0; k < size; ++k) {
                CHECK(same(b[k], bands[k]) && same(r[k], rises[k]), k);
            }
        }
    });
}

TEST(battery_lanes_are_worth_what_the_scalar_response_is_and_no_samples_more) {
    each_kind([](mel::LinkLaw law, mel::Idle idle, Speeds speed, unsigned seed) {
        const battery_cases::Cell cell = battery_cases::draw(40, law, idle, speed, seed);
        const mel::Problem all = cell.problem();
        const auto& kernels = mel::battery_kernels_for(InstructionSet::automatic, law);
        for (const double dear : {0.03, 1.0, 30.0}) {
            const mel::KernelInput in = input(all, 5, dear * typical_price(all));
            mel::PassSums scalar;
            for (std::size_t k = 0; k < all.size(); ++k) {
                mel::PassSums one;
                mel::battery_real_one(in, k, one);
                scalar.add(one);
            }
            const mel::PassSums lanes = kernels.real(in, {0, all.size()});
            const double floor = 1e-9 * (scalar.samples + scalar.cost + 1);
            CHECK(near(lanes.value, scalar.value, 1e-8, floor), lanes.value, scalar.value, seed);
            CHECK(near(lanes.samples, scalar.samples, 1e-6, 1e-6), lanes.samples, scalar.samples);
            CHECK(near(lanes.bandwidth, scalar.bandwidth, 1e-6, 1e-6));
            CHECK(near(lanes.value_time, scalar.value_time, 0.2, 1e-6));
            CHECK(lanes.impossible == scalar.impossible, lanes.impossible, scalar.impossible);
            // The bound is one of everybody together.
            double most = 0;
            for (std::size_t k = 0; k < all.size(); ++k) {
                const mel::Demand q = mel::demand_of(all, k, mel::Timing{5, in.point.cycle_s});
                const mel::Battery battery = mel::battery_of(all, k, 5);
                const mel::Prices p = in.point.prices;
                double best = idle == mel::Idle::excused ? 0 : -1e300;
                const double end = q.budget_s / q.per_sample_s;
                for (int i = 0; i <= 200; ++i) {
                    const double d =
                        idle == mel::Idle::excused ? std::max(1.0, end * i / 200) : end * i / 200;
                    const double band = battery.bandwidth(q, d);
                    if (!(band < mel::no_limit)) continue;
                    best = std::max(best, d - p.lambda * band - p.mu * battery.power_w);
                }
                if (best > -1e300) most += best;
            }
            CHECK(lanes.impossible > 0 || lanes.value >= most - 1e-9 * scalar.samples, lanes.value,
                  most);
        }
    });
}

// Next to nothing for a hertz: real samples go to the end of the energy, where rounding hides them.
TEST(whole_samples_bound_what_rounding_leaves_open_of_real_ones) {
    double doubts = 0;
    each_kind([&](mel::LinkLaw law, mel::Idle idle, Speeds speed, unsigned seed) {
        const mel::Problem all = battery_cases::draw(40, law, idle, speed, seed).problem();
        const auto& kernels = mel::battery_kernels_for(InstructionSet::automatic, law);
        mel::KernelInput in = input(all, 5, 1e-9 * typical_price(all));
        const mel::PassSums plain = kernels.real(in, {0, all.size()});
        doubts += plain.doubtful;
        in.careful = true;
        const mel::PassSums careful = kernels.real(in, {0, all.size()});
        CHECK(careful.doubtful == 0, careful.doubtful, seed);
        CHECK(careful.impossible == plain.impossible);
        double most = 0;
        for (std::size_t k = 0; k < all.size(); ++k) {
            const mel::Response r =
                mel::respond_with_battery(mel::battery_of(all, k, 5),
                                          mel::demand_of(all, k, mel::Timing{5, in.point.cycle_s}),
                                          in.excused, in.box, in.point.prices, 0);
            if (r.possible) most += r.samples - r.cost;
        }
        CHECK(careful.value >= most - 1e-12 * (most + 1), careful.value, most, seed);
    });
    CHECK(doubts > 0, doubts);
}

TEST(slopes_of_what_batteries_are_worth_are_those_of_differences) {
    each_kind([](mel::LinkLaw law, mel::Idle, Speeds speed, unsigned seed) {
        const mel::Problem problem =
            battery_cases::draw(32, law, mel::Idle::excused, speed, seed).problem();
        const auto real = mel::battery_kernels_for(InstructionSet::automatic, law).real;
        const double lambda = typical_price(problem);
        const auto at = [&](double tau, double cycle, double dear) {
            mel::KernelInput in = input(problem, 5 * tau, lambda * dear);
            in.point.cycle_s *= cycle;
            return real(in, {0, problem.size()});
        };
        const double step = 1e-6;
        const mel::PassSums here = at(1, 1, 1);
        const double by_tau = (at(1 + step, 1, 1).value - at(1 - step, 1, 1).value) / (10 * step);
        const double by_time =
            (at(1, 1 + step, 1).value - at(1, 1 - step, 1).value) / (2 * step * problem.cycle_s());
        const double by_price =
            (at(1, 1, 1 + step).value - at(1, 1, 1 - step).value) / (2 * step * lambda);
        const double bend =
            (at(1, 1, 1 + 1e-4).bandwidth - at(1, 1, 1 - 1e-4).bandwidth) / (2e-4 * lambda);
        // Where a learner stands at its slowest speed with both limits, any slope serves.
        CHECK(near(here.value_tau, by_tau, 0.05, 1e-6), here.value_tau, by_tau, seed);
        CHECK(near(here.value_time, by_time, 2e-3, 1e-6), here.value_time, by_time, seed);
        CHECK(near(-here.bandwidth, by_price, 1e-4, 1e-6), here.bandwidth, by_price, seed);
        CHECK(near(-here.h_ll, bend, 0.3, 1e-6), here.h_ll, bend, seed);
    });
}

TEST(what_batteries_are_given_keeps_energies_and_the_cycle) {
    each_kind([](mel::LinkLaw law, mel::Idle idle, Speeds speed, unsigned seed) {
        const mel::Problem problem = battery_cases::draw(48, law, idle, speed, seed).problem();
        const mel::KernelInput in = input(problem, 5, typical_price(problem));
        const auto& kernels = mel::battery_kernels_for(InstructionSet::automatic, law);
        const std::size_t size = problem.size();
        std::vector<double> d(size), band(size), power(size), bands(size);
        kernels.samples(in, {0, size}, d);
        for (double& x : d) x = std::floor(x);
        const mel::AllocationSums kept = kernels.allocate(
            in, {1, 1, in.point.cycle_s * (1 + 1e-14)}, {0, size}, d, {band, power});
        if (kernels.fill(in, {0, size}, d).impossible == 0) CHECK(kept.late == 0, kept.late);
        std::vector<double> rises(size);
        kernels.bands(in, {0, size}, d, {bands, rises});
        for (std::size_t k = 0; k < size; ++k) {
            if (idle == mel::Idle::excused && d[k] == 0) continue;
            const mel::Demand q = mel::demand_of(problem, k, mel::Timing{5, in.point.cycle_s});
            const double least = mel::battery_of(problem, k, 5).bandwidth(q, d[k]);
            if (least == mel::no_limit) {
                CHECK(!(bands[k] < mel::no_limit));
                continue;
            }
            // Where little energy is left of computing, the speed decides by its last bits.
            CHECK(near(bands[k], least, 1e-6, 0), bands[k], least, k, seed);
            CHECK(near(band[k], bands[k], 1e-10, 0), band[k], bands[k]);
        }
    });
}
