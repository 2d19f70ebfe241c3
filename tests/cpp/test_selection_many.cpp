// Who takes part of thousands: the same bits whatever computes them, and how few looks it takes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "mel/instruction_set.hpp"
#include "mel/selection.hpp"
#include "mel/solve.hpp"
#include "select/fitting.hpp"
#include "select/smallest.hpp"

namespace {

using mel::SelectionGoal;
using mel::Worth;

constexpr std::int64_t far = std::int64_t{1} << 53;
enum class Minima { none, some, all };  // all: everything or nothing

struct Many {
    instances::Instance it;
    std::vector<double> low, high, optional, weight;

    mel::ProblemStatement stated() const {
        mel::ProblemStatement s = it.stated();
        s.samples = far;
        if (low.empty()) return s;
        s.min_samples = low;
        s.max_samples = high;
        s.optional = optional;
        return s;
    }
};

Many draw(mel::LinkLaw law, mel::Idle idle, Minima minima, std::size_t learners = 5000) {
    const instances::Shape shape{.learners = learners,
                                 .samples = static_cast<std::int64_t>(400 * learners),
                                 .law = law,
                                 .idle = idle,
                                 .seed = 4};
    Many m{instances::draw(shape), {}, {}, {}, {}};
    m.it.statement.bandwidth_hz *= 0.3;
    std::mt19937_64 random(5);
    for (std::size_t k = 0; k < learners; ++k) {
        m.weight.push_back(std::floor(instances::uniform(random, 1, 9)));
        if (minima == Minima::none) continue;
        m.low.push_back(std::floor(instances::uniform(random, 100, 500)));
        m.high.push_back(m.low[k] * (minima == Minima::all ? 1 : 6));
        m.optional.push_back(1);
    }
    return m;
}

template <class Visit>
void each_many(Visit visit) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (const auto idle : {mel::Idle::served, mel::Idle::excused}) {
            for (const auto minima : {Minima::none, Minima::some, Minima::all}) {
                const int odd =
                    static_cast<int>(law) + static_cast<int>(idle) + static_cast<int>(minima);
                if (!check::sanitized || odd % 2 == 0) visit(draw(law, idle, minima));
            }
        }
    }
}

mel::Selection asked(const Many& m, const SelectionGoal& goal, int threads) {
    const mel::Problem problem(m.stated());
    mel::Settings settings;
    settings.threads = threads;
    return mel::select(problem, 5, goal, settings);
}

template <class Column>
bool same(const Column& a, const Column& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST(one_box_for_all_is_no_column_and_real_samples_within_it_prove_as_much) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        const Many m = draw(law, mel::Idle::excused, Minima::none);
        mel::ProblemStatement s = m.stated();
        const std::size_t learners = s.flops_per_s.size();
        const mel::Problem bare(s);
        const std::vector<double> low(learners, 200), high(learners, 700);
        s.min_samples = low;
        s.max_samples = high;
        const mel::Problem stated(s), same = bare.with_bounds({.least = 200, .most = 700});
        CHECK(same.limits()->same_bounds && !stated.limits()->same_bounds);
        SelectionGoal goal;
        goal.depth = mel::Depth::bound;
        const auto most = mel::select(stated, 9, goal, {});
        const auto quick = mel::select(same, 9, goal, {});
        CHECK(most.bound == quick.bound && most.bound > 0, most.bound, quick.bound);
        // Clearly more at the same prices: by real samples, without a look at whole ones.
        goal.whole = true;
        mel::Settings settings;
        settings.start = mel::Start{9.0, most.end};
        const auto more = static_cast<std::int64_t>(most.bound * 1.05);
        const auto refuted = mel::select(same.with_samples(more), 9, goal, settings);
        CHECK(refuted.refuted && refuted.passes == 1, refuted.passes);
        CHECK(refuted.bound < static_cast<double>(more), refuted.bound);
    }
}

TEST(a_selection_has_the_same_bits_for_any_threads_and_instruction_set) {
    const int sets = static_cast<int>(mel::implementations().size());
    each_many([&](const Many& m) {
        for (const auto of : {Worth::samples, Worth::weight, Worth::learners}) {
            if (check::sanitized && of == Worth::weight) continue;
            const SelectionGoal goal{.of = of,
                                     .weight = of == Worth::weight
                                                   ? std::span<const double>(m.weight)
                                                   : std::span<const double>(),
                                     .grain = 1};
            mel::prefer_instruction_set(mel::InstructionSet::baseline);
            const mel::Selection first = asked(m, goal, 1);
            for (int i = 1; i <= sets; ++i) {
                const auto set = i < sets ? mel::implementations()[static_cast<std::size_t>(i)].set
                                          : mel::InstructionSet::automatic;
                mel::prefer_instruction_set(set);
                const mel::Selection found = asked(m, goal, i % 2 ? 3 : 2);
                CHECK(found.value == first.value && found.bound == first.bound, i, found.value,
                      first.value, found.bound, first.bound);
                CHECK(found.passes == first.passes, i, found.passes, first.passes);
                CHECK(same(found.samples, first.samples), i);
                CHECK(same(found.bandwidth_hz, first.bandwidth_hz), i);
                CHECK(same(found.power_w, first.power_w), i);
            }
        }
    });
    mel::prefer_instruction_set(mel::InstructionSet::automatic);
}

// Passes over all learners are what a selection takes its time with.
TEST(few_looks_at_thousands_find_who_takes_part) {
    each_many([](const Many& m) {
        const mel::Selection found = asked(m, {.of = Worth::samples, .grain = 1}, 1);
        CHECK(found.value > 0 && found.bound >= found.value, found.value, found.bound);
        CHECK(found.passes <= 10, found.passes);
        const bool whole = !m.low.empty() && m.low == m.high;
        // A sample, or what learners are off by that have many at once or none: of the fixed law
        // also those whose value has two tops.
        const bool at_once = whole || m.it.statement.law == mel::LinkLaw::fixed;
        const double open = at_once ? 2e-3 * found.value : 1;
        CHECK(found.bound - found.value <= open, found.value, found.bound);
    });
}

// Nobody who must take part may be left with none where the rest is taken away.
TEST(many_served_learners_give_up_samples_but_not_their_last) {
    Many m = draw(mel::LinkLaw::density, mel::Idle::served, Minima::none);
    m.it.statement.samples = 15'000;
    const mel::Problem problem = m.it.problem();
    const mel::Result plain = mel::solve(problem, {});
    std::int64_t takers = 0;
    for (const auto d : plain.samples) takers += d > 0;
    const auto all = static_cast<std::int64_t>(problem.size());
    SelectionGoal goal{.whole = true, .at_least = (takers + all) / 2};
    CHECK(takers < goal.at_least && goal.at_least < all, takers, all);
    bool found = false;
    for (std::int64_t tau = plain.tau; tau > 0 && !found; --tau) {
        const mel::Selection plan = mel::select(problem, tau, goal, {});
        std::int64_t part = 0, sum = 0;
        for (const auto d : plan.samples) {
            part += d > 0;
            sum += d;
        }
        found = !plan.samples.empty();
        CHECK(found || plan.refuted, tau);
        CHECK(!found || (part >= goal.at_least && sum == problem.samples()), part, sum);
    }
    CHECK(found);
}

// What is said of one local cycle more from some of the learners holds of all; where cycles take
// next to no time it is not said of plans that bounds are far above.
TEST(what_some_lose_to_one_more_cycle_refutes_as_many_samples) {
    int said = 0, held_back = 0;
    const auto ask = [&](const Many& m) {
        const mel::Selection found = asked(m, {.of = Worth::samples, .grain = 1}, 1);
        const mel::Selection other = asked(m, {.of = Worth::learners, .grain = 1}, 1);
        CHECK(!other.above_refuted, other.value);
        ++(found.above_refuted ? said : held_back);
        if (!found.above_refuted) return;
        CHECK(found.tree.size() == 1, found.tree.size());
        const mel::Problem problem(m.stated());
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const SelectionGoal goal{};
        mel::Choices above(problem, pool, 6, goal);
        const mel::Bid bid{found.tree.front().prices, 1, 0};
        std::vector<double> picks(mel::padded_to_groups(problem.size()));
        const auto bound = above.bound(bid, above.look(bid, nullptr, {picks}));
        CHECK(bound.most() < found.value, bound.most(), found.value);
    };
    each_many(ask);
    CHECK(said >= check::seen(8), said, held_back);
    if (check::sanitized) return;  // the rest is long, and of the same paths
    held_back = 0;
    for (const auto idle : {mel::Idle::served, mel::Idle::excused}) {
        Many m = draw(mel::LinkLaw::density, idle, Minima::none);
        m.it.statement.flops_per_sample = 1e-6;
        ask(m);
    }
    CHECK(held_back == 2, said, held_back);
}

// Whole learners alone switch: their curvature is told by a larger sample, and who may switch then
// by one look less. Of as many, looks in real samples come first, which take a third of the time.
TEST(of_very_many_a_larger_sample_spares_a_look) {
    Many m = draw(mel::LinkLaw::density, mel::Idle::excused, Minima::all, 530'000);
    m.it.statement.bandwidth_hz *= 0.02;
    m.it.statement.power_w *= 0.02;
    const mel::Selection found = asked(m, {.of = Worth::samples, .grain = 1}, 2);
    CHECK(found.value > 0 && found.bound <= found.value * (1 + 1e-7), found.value, found.bound);
    CHECK(found.passes <= 4, found.passes);
}

// Of a split that whole learners were moved to, some say at which ratio of the prices it is to be
// asked whether it fits: a question of one look in place of two.
TEST(where_a_split_of_whole_learners_fits_is_foretold_by_some) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        Many m = draw(law, mel::Idle::excused, Minima::all, 70'000);
        m.it.statement.bandwidth_hz *= 0.2;
        m.it.statement.power_w *= 0.2;
        const SelectionGoal goal{.of = Worth::samples, .grain = 1};
        const auto leaf = asked(m, goal, 1).tree.front();
        const mel::Problem problem(m.stated());
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::Choices choices(problem, pool, 5, goal);
        mel::Fitting fitting(choices, pool, goal);
        const mel::Bid bid{{leaf.prices.lambda * 1.0001, leaf.prices.mu * 0.9999}, 1, 0};
        mel::Numbers picks(mel::padded_to_groups(problem.size())), margins(problem.size());
        const auto sums = choices.look(bid, nullptr, {picks, margins});
        picks.resize(problem.size());
        const double worth = fitting.raise(bid, nullptr, {picks, margins}, sums,
                                           {.least = 0, .asked = mel::Fitting::Ask::later});
        const double told = fitting.ratio(), from = bid.prices.mu / bid.prices.lambda;
        CHECK(worth > 0 && fitting.fit().sums.has_value(), worth);
        fitting.fits(fitting.samples());
        const double moved = std::fabs(std::log(fitting.ratio() / from));
        const double off = std::fabs(std::log(fitting.ratio() / told));
        CHECK(moved > 1e-6 && off < 0.05 * moved, moved, off);
    }
}

// Where budgets are just short of what all take, thousands who take next to nothing must go.
TEST(as_many_are_looked_at_as_have_to_go) {
    if (check::sanitized) return;  // the next one takes the same paths
    const Many m = draw(mel::LinkLaw::density, mel::Idle::excused, Minima::all, 530'000);
    const mel::Selection found = asked(m, {.of = Worth::samples, .grain = 1}, 2);
    CHECK(found.value >= 0.99 * found.bound, found.value, found.bound);
}

namespace {

// Choices by weight, one after the other.
struct Weighed {
    explicit Weighed(const Many& m)
        : problem(m.stated()),
          stop(1e9, {}),
          pool(1, stop),
          goal{.of = Worth::weight, .weight = m.weight},
          choices(problem, pool, 5, goal) {}

    mel::Problem problem;
    mel::Stop stop;
    mel::Pool pool;
    SelectionGoal goal;
    mel::Choices choices;
};

}  // namespace

// At high prices hardly anybody of the fixed law has more than the fewest: the kernel sorts them
// out and brings the others together, whoever they are.
TEST(choices_of_some_who_are_brought_together_are_those_of_each_alone) {
    each_many([](const Many& m) {
        Weighed of(m);
        const mel::Problem& problem = of.problem;
        mel::Choices& choices = of.choices;
        const std::size_t n = problem.size();
        std::vector<double> picks(mel::padded_to_groups(n)), margins(n);
        for (const double scale : {2e4, 2e6, 5e6, 2e7, 2e9}) {
            const mel::Bid bid{{scale / problem.bandwidth_hz(), scale / problem.power_w()}, 1, 0};
            const auto lanes = choices.look(bid, nullptr, {picks, margins});
            const auto alone = choices.look_without_pool(bid);
            const double off = std::fabs(lanes.value.value() - alone.value.value());
            CHECK(off <= 1e-12 * alone.size, scale, off, alone.size);
            CHECK(lanes.takers == alone.takers, scale, lanes.takers, alone.takers);
            CHECK(lanes.impossible == alone.impossible, scale, lanes.impossible);
            for (std::size_t k = 0; k < n; k += 11) {
                const double d = choices.part(k, bid, {0, mel::no_limit});
                if (d <= 0 || !std::isfinite(margins[k])) continue;
                const double worth = m.weight[k] * d, cost = choices.cost(k, d, bid.prices);
                const double idle = choices.may_rest(k) ? 0 : choices.cost(k, 0, bid.prices);
                const double margin = worth - cost + idle;
                CHECK(std::fabs(margins[k] - margin) <= 1e-11 * (worth + cost), k, margin);
                CHECK(picks[k] == (margin > 0 ? d : 0), k, picks[k], d);
            }
        }
    });
}

TEST(looks_tell_what_a_sample_more_or_less_loses) {
    each_many([](const Many& m) {
        Weighed of(m);
        const mel::Problem& problem = of.problem;
        mel::Choices& choices = of.choices;
        const std::size_t n = problem.size();
        std::vector<double> picks(mel::padded_to_groups(n)), margins(n), steps(n), switching(n);
        for (const double scale : {2e4, 2e5, 2e6}) {
            const mel::Bid bid{{scale / problem.bandwidth_hz(), scale / problem.power_w()}, 1, 0};
            choices.look(bid, nullptr, {picks, margins, steps, switching});
            int told = 0;
            for (std::size_t k = 0; k < n; k += 7) {
                CHECK(switching[k] >= 0, k);
                if (!std::isfinite(steps[k])) continue;
                const double d = picks[k], to = d + (steps[k] > 0 ? 1 : -1);
                const auto value = [&](double x) {
                    return m.weight[k] * x - choices.cost(k, x, bid.prices);
                };
                const double loss = value(d) - value(to);
                const double size = m.weight[k] * d + choices.cost(k, d, bid.prices);
                CHECK(std::fabs(std::fabs(steps[k]) - loss) <= 1e-11 * size, k, steps[k], loss);
                CHECK(loss >= -1e-11 * size, k, loss);
                ++told;
            }
            const bool whole = !m.low.empty() && m.low == m.high;
            CHECK(whole ? told == 0 : told > 0, told);
        }
    });
}

TEST(the_smallest_of_many_are_all_that_are_no_larger_than_the_last_of_them) {
    std::mt19937_64 random(3);
    for (const std::size_t n : {0, 1, 7, 3000, 20000}) {
        std::vector<double> column(n);
        for (double& x : column) {
            const double drawn = instances::uniform(random, 0, 1);
            x = drawn < 0.3 ? std::numeric_limits<double>::infinity() : std::floor(1e4 * drawn);
        }
        const auto finite = static_cast<std::size_t>(
            std::count_if(column.begin(), column.end(), [](double x) { return std::isfinite(x); }));
        for (const std::size_t many : {std::size_t{0}, std::size_t{5}, n / 10, n}) {
            const auto found = mel::smallest(n, many, [&](std::size_t k) { return column[k]; });
            CHECK(found.who.size() >= std::min(many, finite), n, many, found.who.size());
            CHECK(found.who.size() <= 2 * many + n / 50 + 100, n, many, found.who.size());
            CHECK(std::is_sorted(found.who.begin(), found.who.end()), n, many);
            std::size_t at = 0;
            for (std::size_t k = 0; k < n; ++k) {
                const bool in = at < found.who.size() && found.who[at] == k;
                at += in ? 1 : 0;
                CHECK(in == (std::isfinite(column[k]) && column[k] <= found.up_to), n, many, k);
            }
        }
    }
}

TEST(the_nearest_steps_are_the_smallest_either_way) {
    std::mt19937_64 random(9);
    for (const std::size_t n : {0, 1, 7, 3000, 20000}) {
        std::vector<double> steps(n);
        for (double& x : steps) {
            const double drawn = instances::uniform(random, -1, 1);
            x = std::fabs(drawn) < 0.1 ? std::numeric_limits<double>::infinity() : drawn;
        }
        for (const std::size_t many : {std::size_t{0}, std::size_t{5}, n / 10, n}) {
            const auto up = mel::smallest(n, many, [&](std::size_t k) {
                return steps[k] > 0 ? steps[k] : std::numeric_limits<double>::infinity();
            });
            const auto down = mel::smallest(n, 9, [&](std::size_t k) {
                return steps[k] > 0 ? std::numeric_limits<double>::infinity() : -steps[k];
            });
            std::vector<std::size_t> both = up.who;
            both.insert(both.end(), down.who.begin(), down.who.end());
            std::sort(both.begin(), both.end());
            CHECK(mel::nearest_steps(steps, many, 9) == both, n, many, both.size());
        }
    }
}
