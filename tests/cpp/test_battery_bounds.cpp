// What a learner with an energy and a chosen speed is worth at most, one at a time: never below the
// maximum that golden sections in long double find, and near to it. With random limits, prices and
// boxes, whose best are speeds between, at the slowest and at full speed, where the limit of power
// and the energy meet, and samples at either end.
#include <random>

#include "battery_cases.hpp"
#include "battery_oracle.hpp"
#include "check.hpp"
#include "kernels/battery_passes.hpp"

namespace {

constexpr mel::LinkLaw laws[] = {mel::LinkLaw::density, mel::LinkLaw::fixed};

struct Case {
    mel::Demand demand;
    mel::Battery battery;
    mel::KernelInput in;
    std::size_t k;

    bool excused() const { return in.excused; }
    double lambda() const { return in.point.prices.lambda; }
};

// The seeds have kinks where limits meet and where the slowest speed does not do any more.
template <class Visit>
void each_case(Visit visit) {
    for (const unsigned seed : {0U, 1U, 3U, 19U, 20U, 27U, 100U, 106U}) {
        for (const mel::LinkLaw law : laws) {
            const mel::Idle idle = seed % 4 == 3 ? mel::Idle::excused : mel::Idle::served;
            const mel::Problem all =
                battery_cases::draw(8, law, idle, battery_cases::Speeds::chosen, seed).problem();
            std::mt19937_64 random(seed + 77);
            const auto drawn = [&](double low, double high) {
                return instances::uniform(random, low, high);
            };
            const double dear = std::pow(10, drawn(-1.5, 2));
            const double lambda = 0.02 * dear * all.samples_real() / all.bandwidth_hz();
            const mel::PassPoint point{5, all.cycle_s(), {lambda, 0}};
            for (std::size_t k = 0; k < all.size(); ++k) {
                double low = drawn(0, 1) < 0.5 ? 0 : std::floor(drawn(0, 300));
                double high = all.samples_real();
                if (drawn(0, 1) < 0.3) high = low + std::floor(drawn(0, 400));
                visit(Case{mel::demand_of(all, k, mel::Timing{5, point.cycle_s}),
                           mel::battery_of(all, k, 5), mel::kernel_input(all, {{low, high}}, point),
                           k},
                      seed);
            }
        }
    }
}

}  // namespace

// Real samples end anywhere, and what energies leave of them between two integers.
TEST(the_most_that_is_carried_is_an_integer_wherever_the_search_for_it_begins) {
    for (const mel::LinkLaw law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        const auto cell =
            battery_cases::draw(30, law, mel::Idle::served, battery_cases::Speeds::same, 3);
        const mel::Problem problem = cell.problem();
        unsigned found = 0;
        for (std::size_t k = 0; k < problem.size(); ++k) {
            mel::Battery battery = mel::battery_of(problem, k, 5);
            const mel::Demand demand = mel::demand_of(problem, k, 5);
            const double some = battery.bandwidth(demand, 40);
            if (!(some < mel::no_limit)) continue;
            battery.bandwidth_hz = some * (1 + 1e-9);
            ++found;
            for (double upper = 40; upper < 57; upper += 0.3) {
                const double most = mel::largest_carried(battery, demand, upper);
                CHECK(most == 40, k, upper, most);
            }
        }
        CHECK(found > 10, found);
    }
}

TEST(no_samples_at_a_chosen_speed_are_worth_more_than_their_bound) {
    each_case([](const Case& c, unsigned seed) {
        const battery_oracle::Learner oracle{c.battery, c.demand, c.lambda()};
        const bool may_rest = c.excused() && c.in.box.lower == 0;
        const mel::Interval box = c.in.box;
        const double low = may_rest ? 1 : box.lower;
        const auto truth = oracle.best(low, box.upper);
        mel::PassSums real;
        mel::battery_real_one(c.in, c.k, real);
        const mel::Response whole =
            mel::respond_with_battery(c.battery, c.demand, c.excused(), box, c.in.point.prices, 0);
        if (!truth.possible || low > box.upper) {
            CHECK(may_rest || (!whole.possible && real.impossible > 0), seed, c.k);
            return;
        }
        CHECK(whole.possible && real.impossible == 0, seed, c.k);
        const double rest = may_rest ? 0 : -1e300;
        const double most = std::max(static_cast<double>(truth.value), rest);
        const double most_whole = std::max(static_cast<double>(truth.whole_value), rest);
        const double scale =
            static_cast<double>(truth.samples + c.lambda() * oracle.band(truth.samples) + 1);
        const double bound = whole.samples - whole.cost;
        CHECK(bound >= most_whole - 2e-15 * scale, bound, most_whole, seed, c.k);
        CHECK(bound <= most_whole + 1e-12 * scale, bound, most_whole, seed, c.k);
        if (real.doubtful > 0) return;
        CHECK(real.value >= most - 2e-15 * scale, real.value, most, seed, c.k);
        CHECK(real.value <= most + 1e-9 * scale, real.value, most, seed, c.k);
    });
}

TEST(bandwidth_at_the_best_speed_lies_between_the_least_and_what_is_stated) {
    each_case([](const Case& c, unsigned seed) {
        const battery_oracle::Learner oracle{c.battery, c.demand, c.lambda()};
        for (const double d : {1.0, 120.0, 300.0, 420.0, 560.0}) {
            const mel::Held held = mel::hold(c.battery, c.demand, d);
            const double truth = static_cast<double>(oracle.band(d));
            if (!(truth < mel::no_limit)) continue;
            const double least = mel::least_bandwidth(c.battery, c.demand, d, held);
            CHECK(least <= truth * (1 + 1e-13), least, truth, d, seed, c.k);
            CHECK(least >= truth * (1 - 1e-10), least, truth, d, seed, c.k);
            CHECK(std::fabs(held.bandwidth_hz - truth) <= 1e-11 * truth, held.bandwidth_hz, truth);
            // However far from the best a guess is.
            for (const double off : {0.7, 0.99, 1.01}) {
                mel::Held guess = held;
                guess.speed = std::clamp(held.speed * off, c.battery.slowest, 1.0);
                const double bound = mel::least_bandwidth(c.battery, c.demand, d, guess);
                CHECK(bound <= truth * (1 + 1e-13), bound, truth, d, off, seed, c.k);
            }
        }
    });
}

TEST(no_samples_at_a_chosen_speed_are_worth_more_than_lanes_say) {
    for (unsigned seed = 19; seed < 22; ++seed) {
        for (const mel::LinkLaw law : laws) {
            const mel::Problem all =
                battery_cases::draw(8, law, mel::Idle::excused, battery_cases::Speeds::chosen, seed)
                    .problem();
            const double dear = std::pow(10, static_cast<double>(seed % 7) / 2 - 1.5);
            const double lambda = 0.02 * dear * all.samples_real() / all.bandwidth_hz();
            const mel::PassPoint point{5, all.cycle_s(), {lambda, 0}};
            const mel::Interval box{0, all.samples_real()};
            const mel::KernelInput in = mel::kernel_input(all, {box}, point);
            double most = 0;
            for (std::size_t k = 0; k < all.size(); ++k) {
                const battery_oracle::Learner oracle{
                    mel::battery_of(all, k, 5),
                    mel::demand_of(all, k, mel::Timing{5, point.cycle_s}), lambda};
                const auto truth = oracle.best(1, box.upper);
                if (truth.possible) most += std::max(static_cast<double>(truth.value), 0.0);
            }
            const mel::PassSums lanes =
                mel::battery_kernels_for(mel::InstructionSet::automatic, law).real(in, {0, 8});
            const double scale = lanes.samples + lanes.cost + 1;
            if (lanes.doubtful > 0) continue;
            CHECK(lanes.value >= most - 1e-14 * scale, lanes.value, most, seed);
            CHECK(lanes.value <= most + 1e-9 * scale, lanes.value, most, seed);
        }
    }
}
