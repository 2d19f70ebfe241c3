// The loops of a solve allocate nothing once they have run: every operator new is counted.
#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "passes/exact_pass.hpp"
#include "prices/switching_point.hpp"
#include "split/water_filling.hpp"
#include "split/whole_samples.hpp"

namespace {
std::atomic<long> allocations{0};
}

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

TEST(passes_and_searches_allocate_nothing_after_the_first) {
    instances::for_each_variant(
        {.learners = 5000, .samples = 200000}, [](const instances::Shape& shape) {
            const mel::Problem problem = instances::draw(shape).problem();
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            const mel::Interval box{0, problem.samples_real()};
            mel::Boxes boxes(problem, pool, box);
            mel::SweepsHere sweeps(problem, pool, boxes);
            mel::SwitchingPoint switching_point(problem, pool, sweeps);
            mel::WholeSamples rounding(problem, pool);
            mel::WaterFilling filling(problem, pool);
            std::vector<mel::SplitSums> split_blocks;
            std::vector<double> d(problem.size()), totals, band(problem.size()),
                power(problem.size());
            const auto once = [&] {
                mel::PassPoint point = switching_point.guess();
                switching_point.find_tau(point, {.tolerance = 1e-6, .max_passes = 40});
                point.tau = std::floor(point.tau);
                switching_point.prove(point, 3);
                switching_point.find_cycle(point, {.tolerance = 1e-6, .max_passes = 16});
                mel::real_samples(problem, mel::Box{box}, point, pool, d, totals);
                rounding.carry(mel::Box{box}, {point.tau, problem.cycle_s(), problem.cycle_s()},
                               totals, d);
                rounding.repair(mel::Box{box}, {point.tau, problem.cycle_s(), point.prices}, d);
                double ratio = point.prices.mu / point.prices.lambda;
                filling.fill({point.tau, problem.cycle_s(), d}, ratio);
                const auto finish = filling.shortest_cycle({point.tau, problem.cycle_s(), d},
                                                           {problem.cycle_s(), ratio});
                filling.allocate({point.tau, problem.cycle_s(), d}, finish, {band, power});
                mel::exact_pass(problem, mel::Box{box}, point, pool, split_blocks, d);
            };
            once();
            const long before = allocations;
            once();
            once();
            CHECK(allocations == before, allocations - before);
        });
}
