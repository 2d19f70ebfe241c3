// Looks that guide alone, at very many learners: what they are off by, and the same bits whatever
// computes them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "instances.hpp"
#include "mel/instruction_set.hpp"
#include "select/choices.hpp"
#include "select/last_learners.hpp"
#include "split/water_filling.hpp"

namespace {

using mel::Worth;

struct Drawn {
    Drawn(mel::LinkLaw law, mel::Idle idle, bool limited, std::size_t learners = 3000) {
        const instances::Shape shape{.learners = learners,
                                     .samples = static_cast<std::int64_t>(2000 * learners),
                                     .law = law,
                                     .idle = idle,
                                     .seed = 6};
        it = instances::draw(shape);
        std::mt19937_64 random(5);
        for (std::size_t k = 0; k < learners; ++k) {
            weight.push_back(std::floor(instances::uniform(random, 1, 9)));
            low.push_back(std::floor(instances::uniform(random, 100, 500)));
            high.push_back(low[k] * (k % 3 == 0 ? 1 : 6));
            optional.push_back(k % 5 == 0 ? 0 : 1);
        }
        statement = it.stated();
        if (!limited) return;
        statement.min_samples = low;
        statement.max_samples = high;
        statement.optional = optional;
    }

    instances::Instance it;
    std::vector<double> low, high, optional, weight;
    mel::ProblemStatement statement;
};

struct Asked {
    explicit Asked(const Drawn& drawn, int threads = 1)
        : problem(drawn.statement),
          stop(1e9, {}),
          pool(threads, stop),
          goal{.of = Worth::weight, .weight = drawn.weight},
          choices(problem, pool, 2, goal) {}

    mel::Problem problem;
    mel::Stop stop;
    mel::Pool pool;
    mel::SelectionGoal goal;
    mel::Choices choices;
};

template <class Visit>
void each_drawn(Visit visit) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (const auto idle : {mel::Idle::served, mel::Idle::excused}) {
            for (const bool limited : {false, true}) visit(Drawn(law, idle, limited));
        }
    }
}

mel::Bid bid_of(const mel::Problem& problem, double scale) {
    return {{scale / problem.bandwidth_hz(), scale / problem.power_w()}, 1, 0};
}

bool near(double a, double b, double share) { return std::fabs(a - b) <= share * std::fabs(b); }

}  // namespace

TEST(rough_looks_find_about_what_looks_do) {
    each_drawn([](const Drawn& drawn) {
        Asked of(drawn);
        const std::size_t n = of.problem.size();
        std::vector<double> picks(mel::padded_to_groups(n)), margins(n), rough(picks), told(n);
        for (const double scale : {2e3, 2e5, 2e6, 5e6, 2e7}) {
            const mel::Bid bid = bid_of(of.problem, scale);
            const auto whole = of.choices.look(bid, nullptr, {picks, margins});
            const auto real = of.choices.look_roughly(bid, {rough, told});
            const double worth = whole.value.value() + whole.cost;
            // Where few learners have few samples each, whole ones are another question.
            if (whole.impossible > 0 || worth < 200 * static_cast<double>(n)) continue;
            CHECK(near(real.value.value(), whole.value.value(), 1e-4), scale, real.value.value(),
                  whole.value.value());
            CHECK(near(real.bandwidth, whole.bandwidth, 1e-3), scale, real.bandwidth,
                  whole.bandwidth);
            CHECK(near(real.power, whole.power, 1e-3), scale, real.power, whole.power);
            CHECK(real.impossible == 0, scale, real.impossible);
            int off = 0, alike = 0;
            for (std::size_t k = 0; k < n; ++k) {
                CHECK(std::isfinite(told[k]) == std::isfinite(margins[k]), k, told[k], margins[k]);
                if (std::isfinite(margins[k])) {
                    const double size = drawn.weight[k] * std::max(picks[k], 500.0);
                    CHECK(std::fabs(told[k] - margins[k]) <= 0.01 * size, k, told[k], margins[k]);
                }
                ++(std::fabs(rough[k] - picks[k]) <= 1 ? alike : off);
            }
            CHECK(off <= 0.01 * alike, scale, off, alike);
            const auto sums = of.choices.look_roughly(bid, {});
            CHECK(sums.value.value() == real.value.value() && sums.cost == real.cost, scale);
        }
    });
}

// With the fixed law who is served may have two best answers; a guide tells of them, too.
TEST(rough_looks_tell_who_might_have_far_fewer_samples) {
    int told = 0, alike = 0, others = 0;
    for (const bool limited : {false, true}) {
        const Drawn drawn(mel::LinkLaw::fixed, mel::Idle::served, limited);
        Asked of(drawn);
        CHECK(of.choices.two_tops(), limited);
        const std::size_t n = of.problem.size();
        std::vector<double> picks(mel::padded_to_groups(n)), rough(picks), steps(n);
        std::vector<double> margins(n), far(n), about(n);
        for (double scale = 1e6; scale < 1e9; scale *= 1.2) {
            const mel::Bid bid = bid_of(of.problem, scale);
            of.choices.look(bid, nullptr, {picks, margins, steps, far});
            of.choices.look_roughly(bid, {rough, margins, {}, about});
            for (std::size_t k = 0; k < n; ++k) {
                const double size = drawn.weight[k] * std::max(picks[k], 500.0);
                if (!(std::min(far[k], about[k]) < 5e-3 * size)) continue;
                ++told;
                ++(std::fabs(far[k] - about[k]) <= 1e-3 * size ? alike : others);
            }
        }
    }
    CHECK(told >= 100 && others <= 0.02 * told, told, alike, others);
}

TEST(rough_looks_have_the_same_bits_for_any_threads_and_instruction_set) {
    each_drawn([](const Drawn& drawn) {
        for (const double scale : {2e5, 5e6}) {
            std::vector<double> firsts;
            double first = 0;
            int asked = 0;
            for (const auto& implementation : mel::implementations()) {
                mel::prefer_instruction_set(implementation.set);
                Asked of(drawn, asked % 2 + 1);
                std::vector<double> told(of.problem.size());
                std::vector<double> picks(mel::padded_to_groups(of.problem.size()));
                const auto sums = of.choices.look_roughly(bid_of(of.problem, scale), {picks, told});
                picks.resize(of.problem.size());
                if (asked++ == 0) {
                    first = sums.bandwidth;
                    firsts = picks;
                }
                CHECK(sums.bandwidth == first, scale, sums.bandwidth, first);
                CHECK(std::equal(picks.begin(), picks.end(), firsts.begin()), scale);
            }
        }
    });
    mel::prefer_instruction_set(mel::InstructionSet::automatic);
}

TEST(what_all_may_have_the_time_for_is_no_less_than_what_they_have) {
    each_drawn([](const Drawn& drawn) {
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const mel::Problem problem(drawn.statement);
        for (const double tau : {1.0, 3.0, 20.0, 300.0}) {
            mel::Choices choices(problem, pool, tau, {.whole = true});
            const auto most = choices.capacity(choices.bid({}, 0), nullptr);
            const double about = choices.more_than_time_for();
            CHECK(about >= most.value, tau, about, most.value);
            // By a sample of each, and those who have the time for some, but not for enough.
            const double few = 510 * static_cast<double>(problem.size());
            if (std::isfinite(most.value)) CHECK(about <= most.most() + few, tau, about);
        }
    });
}

// A split that fits somewhere near: what it takes there is told by one look, and is so.
TEST(a_ratio_that_hardly_moves_needs_no_second_look) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        const Drawn drawn(law, mel::Idle::served, false);
        const mel::Problem problem(drawn.statement);
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const std::vector<double> d(mel::padded_to_groups(problem.size()), 40.0);
        const mel::TimedSplit split{2, problem.cycle_s(), d};
        mel::WaterFilling filling(problem, pool);
        double ratio = problem.bandwidth_hz() / problem.power_w();
        CHECK(filling.fill(split, ratio) != mel::WaterFilling::Outcome::stopped);
        // Budgets that the split just takes at some ratio.
        const auto takes = filling.at(split, ratio).sums;
        mel::ProblemStatement just = drawn.statement;
        just.bandwidth_hz = takes.bandwidth * (1 + 1e-9);
        just.power_w = takes.power * (1 + 1e-9);
        const mel::Problem tight(just);
        for (const double off : {1e-7, -1e-6}) {
            mel::WaterFilling looked(tight, pool), told(tight, pool);
            double exact = ratio * (1 + off), foreseen = exact;
            CHECK(looked.fill(split, exact) == mel::WaterFilling::Outcome::fits, off);
            CHECK(told.fill(split, foreseen, true) == mel::WaterFilling::Outcome::fits, off);
            CHECK(looked.passes() == 2 && told.passes() == 1, looked.passes(), told.passes());
            CHECK(told.foreseen() && !looked.foreseen(), off);
            const auto there = told.at(split, foreseen).sums;
            CHECK(near(told.sums().bandwidth, there.bandwidth, 1e-11), off);
            CHECK(near(told.sums().power, there.power, 1e-11), off);
            CHECK(there.bandwidth <= told.sums().bandwidth, off);
            CHECK(there.power <= told.sums().power, off);
        }
    }
}

// Of many the last few and a sample of the others say what a shorter cycle asks of all.
TEST(those_who_end_last_and_some_others_stand_for_all) {
    for (const auto law : {mel::LinkLaw::density, mel::LinkLaw::fixed}) {
        for (const bool rests : {false, true}) {
            const Drawn drawn(law, rests ? mel::Idle::excused : mel::Idle::served, false, 80'000);
            const mel::Problem problem(drawn.statement);
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            std::vector<double> d(mel::padded_to_groups(problem.size()), 0.0);
            for (std::size_t k = 0; k < problem.size(); ++k) {
                d[k] = rests && k % 3 == 0 ? 0 : static_cast<double>(20 + k % 7);
            }
            const double cycle = problem.cycle_s();
            const mel::TimedSplit split{1, cycle, d};
            mel::LastLearners few(problem, pool, split, rests);
            mel::WaterFilling all(problem, pool);
            const double ratio = problem.bandwidth_hz() / problem.power_w();
            few.learn({cycle, ratio}, all.at(split, ratio).sums);
            CHECK(few.least_cycle() > 0 && few.least_cycle() < cycle, few.least_cycle());
            for (const double left : {0.5, 1e-2, 1e-6}) {
                const double shorter = few.least_cycle() + left * (cycle - few.least_cycle());
                const auto theirs = few.at({shorter, 2 * ratio});
                const auto of_all = all.at(split.within(shorter), 2 * ratio).sums;
                CHECK(near(theirs.bandwidth, of_all.bandwidth, 0.03), left, theirs.bandwidth,
                      of_all.bandwidth);
                CHECK(near(theirs.power, of_all.power, 0.03), left, theirs.power, of_all.power);
                CHECK(theirs.impossible == 0 && of_all.impossible == 0, left);
            }
        }
    }
}
