// Whole samples within bounds and caps of each learner's own: on lanes against the scalar response,
// and the least amounts that follow.
#include <bit>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "mel/least.hpp"
#include "mel/solve.hpp"
#include "passes/exact_pass.hpp"
#include "prices/switching_point.hpp"

namespace {

using mel::InstructionSet;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Limited {
    instances::Instance base;
    std::vector<double> least, most, band, watt;

    mel::ProblemStatement stated() const {
        mel::ProblemStatement s = base.stated();
        s.min_samples = least;
        s.max_samples = most;
        s.max_bandwidth_hz = band;
        s.max_power_w = watt;
        return s;
    }
};

enum class Kind { bounds, band, watt, all };

// Bounds and caps around an even share, some of them binding and some absent.
Limited draw(const instances::Shape& shape, Kind kind, double least = 0.3) {
    Limited it{instances::draw(shape)};
    std::mt19937_64 random(shape.seed);
    const double size = static_cast<double>(shape.learners);
    const double each = static_cast<double>(shape.samples) / size;
    const auto times = [&] { return std::pow(10.0, instances::uniform(random, -0.2, 1.5)); };
    const auto some = [&] { return instances::uniform(random, 0, 1) < 0.7; };
    const bool bounds = kind == Kind::bounds || kind == Kind::all;
    for (std::size_t k = 0; k < shape.learners; ++k) {
        if (bounds) it.most.push_back(std::ceil(1.5 * each * times()));
        if (bounds) it.least.push_back(some() ? 0 : std::floor(least * each));
        if (kind == Kind::band || kind == Kind::all) {
            const double share = it.base.statement.bandwidth_hz / size;
            it.band.push_back(some() ? 1.5 * share * times() : infinity);
        }
        if (kind == Kind::watt || kind == Kind::all) {
            const double share = it.base.statement.power_w / size;
            it.watt.push_back(some() ? 1.5 * share * times() : infinity);
        }
    }
    return it;
}

constexpr Kind kinds[] = {Kind::bounds, Kind::band, Kind::watt, Kind::all};

mel::PassPoint whole_point(const mel::Problem& problem, mel::Pool& pool) {
    mel::PassPoint point = instances::boundary_point(problem, pool);
    point.tau = std::floor(point.tau);
    return point;
}

}  // namespace

TEST(whole_samples_within_limits_on_lanes_are_those_of_the_scalar_response) {
    double in_lanes = 0, all = 0;
    for (unsigned seed = 1; seed <= check::tries(6); ++seed) {
        const std::int64_t each = seed % 3 == 0 ? 3000 : seed % 3 == 1 ? 4 : 40;
        const instances::Shape shape{
            .learners = 1003, .samples = each * 1003, .sends_model = seed != 4, .seed = seed};
        instances::for_each_variant(shape, [&](const instances::Shape& one) {
            const Limited it = draw(one, kinds[(seed + one.parallelized) % 4]);
            const mel::Problem problem(it.stated());
            if (problem.sends_nothing()) return;
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            const mel::PassPoint at = whole_point(problem, pool);
            mel::Boxes boxes(problem, pool, {0, problem.samples_real()});
            for (const double scale : {1e-6, 0.2, 1.0, 7.0, 1e5}) {
                for (const double tilt : {1e-4, 1.0, 3e3}) {
                    const mel::PassPoint point{
                        at.tau,
                        problem.cycle_s(),
                        {at.prices.lambda * scale, at.prices.mu * scale * tilt}};
                    const mel::Box box = boxes.whole(at.tau);
                    std::vector<double> lanes(problem.size()), one_by_one(problem.size());
                    std::vector<mel::SplitSums> chunks;
                    const mel::SplitSums a =
                        mel::exact_pass(problem, box, point, pool, chunks, lanes);
                    const mel::SplitSums b =
                        mel::exact_learners(problem, box, point, {0, problem.size()}, one_by_one);
                    CHECK(a.impossible == b.impossible, a.impossible, b.impossible);
                    std::size_t others = 0;
                    for (std::size_t k = 0; k < problem.size(); ++k) {
                        others += lanes[k] != one_by_one[k];
                    }
                    // Where two integers are worth the same, either may be taken.
                    CHECK(others <= 2, others, seed, scale, tilt);
                    in_lanes += a.in_lanes;
                    all += static_cast<double>(problem.size());
                    if (b.impossible > 0) continue;
                    const mel::Excess x = mel::excess_of(problem, point, a);
                    const mel::Excess y = mel::excess_of(problem, point, b);
                    CHECK(std::fabs(x.value - y.value) <= x.error, x.value, y.value, x.error);
                    // What lanes can not tell is a small share of what decides.
                    const double whole = point.prices.lambda * problem.bandwidth_hz() +
                                         point.prices.mu * problem.power_w() + b.cost.value() +
                                         problem.samples_real();
                    CHECK(scale != 1 || tilt != 1 || x.error <= 1e-10 * whole, x.error, whole);
                }
            }
        });
    }
    CHECK(in_lanes > 0.9 * all, in_lanes, all);
}

TEST(whole_samples_within_limits_are_the_same_bits_for_every_instruction_set) {
    instances::for_each_variant(
        {.learners = 2011, .samples = 2011 * 40}, [](const instances::Shape& shape) {
            const mel::Problem problem(draw(shape, Kind::all).stated());
            mel::Stop stop(1e9, {});
            mel::Pool base(1, stop, InstructionSet::baseline);
            const mel::PassPoint point = whole_point(problem, base);
            mel::Boxes boxes(problem, base, {0, problem.samples_real()});
            std::set<std::vector<std::uint64_t>> found;
            for (const auto set :
                 {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
                if (set > mel::widest_instruction_set()) continue;
                mel::Pool pool(1, stop, set);
                std::vector<double> samples(problem.size()), preference(problem.size());
                std::vector<mel::SplitSums> chunks;
                const mel::SplitSums sums = mel::exact_pass(problem, boxes.whole(point.tau), point,
                                                            pool, chunks, {samples, preference});
                std::vector<std::uint64_t> words;
                for (const double d : samples) words.push_back(std::bit_cast<std::uint64_t>(d));
                for (const double d : preference) words.push_back(std::bit_cast<std::uint64_t>(d));
                for (const double x : {sums.samples.value(), sums.cost.value(), sums.condition}) {
                    words.push_back(std::bit_cast<std::uint64_t>(x));
                }
                found.insert(words);
            }
            CHECK(found.size() == 1, found.size());
        });
}

TEST(a_sample_of_limited_learners_has_their_limits) {
    const mel::Problem all(
        draw({.learners = 1000, .samples = 30000, .seed = 3}, Kind::all).stated());
    const mel::Problem part = all.sampled(31);
    for (std::size_t k = 0; k < part.size(); ++k) {
        const std::size_t from = k / 16 * 31 * 16 + k % 16;
        CHECK(part.limits()->max_samples[k] == all.limits()->max_samples[from]);
        CHECK(part.limits()->max_rate[k] == all.limits()->max_rate[from]);
    }
}

// Looks at whole samples were scalar code, and what jumps or begins with a sample of the learners
// was not even tried: both ends took hundreds of looks, or were left apart.
TEST(few_looks_close_the_least_of_limited_learners) {
    int closed = 0, asked = 0;
    instances::for_each_variant(
        {.learners = 20000, .samples = 20000 * 40}, [&](const instances::Shape& shape) {
            if (!shape.parallelized) return;
            for (const Kind kind : {Kind::bounds, Kind::all}) {
                const mel::Problem problem(draw(shape, kind).stated());
                const std::int64_t tau = std::max<std::int64_t>(mel::solve(problem, {}).tau / 2, 1);
                for (const auto resource :
                     {mel::Resource::cycle, mel::Resource::bandwidth, mel::Resource::power}) {
                    const mel::Bracket e = mel::bracket(problem, tau, resource, {});
                    const double gap = (e.need.amount - e.lower) / e.need.amount;
                    ++asked;
                    closed += !e.samples.empty() && gap <= 1e-9 && e.passes < 200;
                }
            }
        });
    CHECK(closed >= asked - 1, closed, asked);
}
