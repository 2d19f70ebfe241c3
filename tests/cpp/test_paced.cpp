// Learners that choose a speed within an energy and do not send: the same bits from every
// instruction set, what the scalar response says, and bounds that no number of samples exceeds.
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "battery_cases.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "kernels/battery_passes.hpp"
#include "learner/capped.hpp"
#include "learner/pacing.hpp"
#include "passes/exact_pass.hpp"
#include "passes/real_pass.hpp"

namespace {

using mel::InstructionSet;

constexpr InstructionSet sets[] = {InstructionSet::baseline, InstructionSet::avx2,
                                   InstructionSet::avx512};
constexpr double infinity = std::numeric_limits<double>::infinity();

using battery_cases::Cell;

// At the edge of their energies; each of a few samples or of many.
Cell draw(std::size_t learners, mel::LinkLaw law, unsigned seed) {
    std::mt19937_64 random(seed);
    const auto drawn = [&](double low, double high) {
        return instances::uniform(random, low, high);
    };
    const auto log_drawn = [&](double low, double high) {
        return std::pow(10.0, drawn(low, high));
    };
    Cell it;
    it.sends = false;
    const double tau = 6, each = seed % 3 == 0 ? 6 : 500;
    mel::ProblemStatement& s = it.statement;
    s.law = law;
    s.idle = seed % 4 < 2 ? mel::Idle::served : mel::Idle::excused;
    s.samples = static_cast<std::int64_t>(each * static_cast<double>(learners));
    s.flops_per_sample = 5e8 / each;
    s.send_bits = 3e5;
    s.send_bits_per_sample = seed % 2 == 0 || law == mel::LinkLaw::fixed ? 0.0 : 1e5 / each;
    s.return_bits = 1e4;
    s.return_bits_per_sample = seed % 5 < 2 ? 0.0 : 1e4 / each;
    s.noise = law == mel::LinkLaw::density ? 4e-21 : 4e-15;
    s.bandwidth_hz = 4e5 * static_cast<double>(learners);
    s.power_w = 0.02 * static_cast<double>(learners);
    s.cycle_s = 2.2 * tau * 5e8 / 2e9;
    for (std::size_t k = 0; k < learners; ++k) {
        it.flops.push_back(drawn(1e9, 3e9));
        it.gain.push_back(log_drawn(-13, -10));
        it.band.push_back(1e6);
        it.power.push_back(log_drawn(-3, -1));
        it.coefficient.push_back(k % 17 == 3 ? 0 : 1e-28);
        const double whole = 1e-28 * it.flops.back() * it.flops.back() * 5e8 * tau;
        it.energy.push_back(k % 13 == 5 ? infinity : whole * log_drawn(-1.2, 0.5));
        it.slowest.push_back(k % 3 ? 0 : 0.4 * it.flops.back());
        if (seed % 7 < 3) continue;
        it.most_hz.push_back(k % 2 ? infinity : 4e5 * log_drawn(-0.3, 0.5));
        it.cap.push_back(k % 5 > 2 ? infinity : 0.02 * log_drawn(-0.3, 0.5));
    }
    return it;
}

template <class Visit>
void each_kind(std::size_t learners, Visit visit) {
    for (const mel::LinkLaw law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (unsigned seed = 0; seed < check::tries(21); ++seed) {
            const mel::Problem problem = draw(learners, law, seed).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            mel::Boxes boxes(problem, pool, {0, problem.samples_real()});
            const double lambda = 0.02 * problem.samples_real() / problem.bandwidth_hz();
            const double mu = 0.02 * problem.samples_real() / problem.power_w();
            for (const double scale : {0.1, 1.0, 8.0}) {
                visit(problem, pool, boxes,
                      mel::PassPoint{6, problem.cycle_s(), {lambda * scale, mu * scale}}, seed);
            }
        }
    }
}

// What d samples cost, by their own slack.
double cost_of(const mel::Problem& problem, std::size_t k, const mel::PassPoint& at, double d) {
    if (problem.excused() && d == 0) return 0;
    const mel::Demand q = mel::demand_at(problem, k, at, d, mel::Energy::generous);
    if (!(q.slack(d) > 0)) return infinity;
    const double rate = q.rate(d);
    const mel::LearnerLimits& limits = *problem.limits();
    if (!limits.caps()) return mel::buy(mel::link_of(problem, k), at.prices, rate).cost;
    const mel::Caps caps = mel::caps_of(limits, k);
    if (rate > caps.rate) return infinity;
    return mel::buy_capped(mel::link_of(problem, k), at.prices, caps, rate).purchase.cost;
}

bool same(double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
}

template <class Sums>
void check_same(Sums a, const Sums& b) {
    a.zip(b, [](double x, double y) { CHECK(same(x, y), x, y); });
}

}  // namespace

TEST(kernels_of_own_paces_give_the_same_bits_on_every_instruction_set) {
    each_kind(203, [](const mel::Problem& problem, mel::Pool&, mel::Boxes& boxes,
                      const mel::PassPoint& at, unsigned) {
        const mel::KernelInput in = mel::kernel_input(problem, boxes.whole(at.tau), at);
        const std::size_t size = problem.size();
        const auto of = [&](InstructionSet set) { return mel::kernels_for(set).of(problem.law()); };
        const auto first = of(InstructionSet::baseline);
        const bool capped = in.capped();
        std::vector<double> d(size), band(size), power(size), whole(size);
        const double total = first.paced_samples(in, {0, size}, d);
        const mel::WholeSums best = first.paced_whole(in, {0, size}, {whole});
        for (double& x : d) x = std::floor(x);
        const mel::AllocationScale scale{1, 1, in.point.cycle_s};
        const mel::PassSums real = first.paced_real(in, {0, size});
        const mel::Kernels& base = mel::kernels_for(InstructionSet::baseline);
        const mel::FillSums fill = base.paced_fill(problem.law(), capped)(in, {0, size}, d);
        const mel::AllocationSums kept =
            base.paced_allocate(problem.law(), capped)(in, scale, {0, size}, d, {band, power});
        for (const InstructionSet set : sets) {
            if (mel::instruction_set_for(set) != set) continue;
            const mel::Kernels& kernels = mel::kernels_for(set);
            std::vector<double> more(size), w(size), b(size), n(size);
            CHECK(same(total, of(set).paced_samples(in, {0, size}, more)));
            check_same(real, of(set).paced_real(in, {0, size}));
            check_same(best, of(set).paced_whole(in, {0, size}, {n}));
            check_same(fill, kernels.paced_fill(problem.law(), capped)(in, {0, size}, d));
            check_same(kept, kernels.paced_allocate(problem.law(), capped)(in, scale, {0, size}, d,
                                                                           {b, w}));
            for (std::size_t k = 0; k < size; ++k) {
                CHECK(same(whole[k], n[k]), k, whole[k], n[k]);
                CHECK(same(band[k], b[k]) && same(power[k], w[k]), k);
            }
        }
    });
}

TEST(no_samples_at_an_own_pace_are_worth_more_than_their_bounds_or_much_less) {
    double unsure = 0, all = 0;
    each_kind(103, [&](const mel::Problem& problem, mel::Pool& pool, mel::Boxes& boxes,
                       const mel::PassPoint& at, unsigned seed) {
        const mel::Box box = boxes.whole(at.tau);
        std::vector<double> lanes(problem.size()), one(1);
        std::vector<mel::SplitSums> chunks;
        const mel::SplitSums whole = mel::exact_pass(problem, box, at, pool, chunks, lanes);
        unsure += static_cast<double>(problem.size()) - whole.in_lanes;
        all += static_cast<double>(problem.size());
        double worth = 0, possible = 0;
        for (std::size_t k = 0; k < problem.size(); ++k) {
            double best = -infinity, most = box.low(k);
            for (double d = box.low(k); d <= std::min(box.high(k), 4000.0); ++d) {
                const double value = d - cost_of(problem, k, at, d);
                if (value > best) best = value, most = d;
            }
            mel::Box alone = box;
            const mel::SplitSums s = mel::exact_learners(problem, alone, at, {k, k + 1}, lanes);
            CHECK((best == -infinity) == (s.impossible > 0), k, seed, best, s.impossible);
            if (best == -infinity) continue;
            possible += 1;
            worth += best;
            const double found = s.samples.value() - s.cost.value() + s.overlooked;
            const double error =
                1e-11 * (best + s.cost.value() + most) + 64 * 1.2e-16 * at.cycle_s * s.condition;
            CHECK(found >= best - error, k, seed, found, best);
            CHECK(found <= best + 1e-9 * (1 + most), k, seed, found, best, most);
        }
        if (possible < static_cast<double>(problem.size())) return;
        const mel::Excess bound = mel::excess_of(problem, at, whole);
        const double paid =
            at.prices.lambda * problem.bandwidth_hz() + at.prices.mu * problem.power_w();
        const double exact = paid + worth - problem.samples_real();
        CHECK(bound.value + bound.error >= exact, bound.value, bound.error, exact);
        CHECK(bound.value - bound.error <= exact + 1e-7, bound.value, bound.error, exact);
        // Real samples are worth no less.
        std::vector<mel::PassSums> parts;
        const mel::PassSums real = mel::real_pass(problem, boxes.real(at.tau), at, pool, parts);
        CHECK(real.value >= worth * (1 - 1e-12) - 1e-9, real.value, worth);
    });
    CHECK(unsure < 0.2 * all, unsure, all);
}

TEST(what_an_own_pace_is_worth_follows_prices_cycle_and_tau_as_its_slopes_say) {
    each_kind(101, [](const mel::Problem& problem, mel::Pool& pool, mel::Boxes& boxes,
                      const mel::PassPoint& at, unsigned seed) {
        std::vector<mel::PassSums> chunks;
        const auto look = [&](const mel::PassPoint& point) {
            return mel::real_pass(problem, boxes.real(point.tau), point, pool, chunks);
        };
        const mel::PassSums here = look(at);
        if (here.impossible > 0 || !(here.samples > 0)) return;
        constexpr double by = 1e-6;
        const auto moved = [&](double lambda, double mu, double cycle, double tau) {
            return mel::PassPoint{at.tau * (1 + tau),
                                  at.cycle_s * (1 + cycle),
                                  {at.prices.lambda * (1 + lambda), at.prices.mu * (1 + mu)}};
        };
        const auto rise = [&](double lambda, double mu, double cycle, double tau) {
            const double up = look(moved(lambda, mu, cycle, tau)).value;
            const double down = look(moved(-lambda, -mu, -cycle, -tau)).value;
            return (up - down) / (2 * by);
        };
        const double scale = here.samples + here.cost;
        const auto close = [&](double found, double expected, const char* what) {
            CHECK(std::fabs(found - expected) <= 2e-4 * scale, what, found, expected, scale, seed);
        };
        close(rise(by, 0, 0, 0), -at.prices.lambda * here.bandwidth, "lambda");
        close(rise(0, by, 0, 0), -at.prices.mu * here.power, "mu");
        close(rise(0, 0, by, 0), at.cycle_s * here.value_time, "cycle");
        close(rise(0, 0, 0, by), at.tau * here.value_tau, "tau");
    });
}
