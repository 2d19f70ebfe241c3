// What the constructor refuses, and the columns that it makes.
#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"
#include "instances.hpp"

namespace {

// The message with which a statement changed by `spoil` is refused; empty where it is not.
template <class Spoil>
std::string refusal(Spoil spoil) {
    instances::Instance it = instances::draw({});
    mel::ProblemStatement s = it.stated();
    spoil(it, s);
    try {
        const mel::Problem made(s);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST(refusals_name_field_index_value_and_range) {
    using I = instances::Instance;
    using S = mel::ProblemStatement;
    const std::string gain = refusal([](I& it, S&) { it.gain[3] = -1; });
    CHECK(contains(gain, "gain[3] = -1") && contains(gain, "[1e-60, 1e+60]"), gain);
    const std::string flops =
        refusal([](I& it, S&) { it.flops[0] = std::numeric_limits<double>::quiet_NaN(); });
    CHECK(contains(flops, "flops_per_s[0] = nan"), flops);
    const std::string cycle =
        refusal([](I&, S& s) { s.cycle_s = std::numeric_limits<double>::infinity(); });
    CHECK(contains(cycle, "cycle_s = inf"), cycle);
    CHECK(contains(refusal([](I&, S& s) { s.samples = 0; }), "samples = 0"));
    CHECK(contains(refusal([](I&, S& s) { s.samples = (1LL << 53) + 1; }), "samples"));
    CHECK(contains(refusal([](I&, S& s) { s.send_bits = -1; }), "send_bits = -1"));
    CHECK(contains(refusal([](I&, S& s) { s.return_bits = 1e61; }), "return_bits"));
    CHECK(contains(refusal([](I&, S& s) { s.gain = s.gain.subspan(1); }), "gain has 9 learners"));
    CHECK(contains(refusal([](I&, S& s) { s.flops_per_s = {}; }), "learners = 0"));
    CHECK(contains(refusal([](I&, S& s) { s.bandwidth_hz = 0; }), "bandwidth_hz"));
    CHECK(contains(refusal([](I&, S& s) { s.power_w = 1e61; }), "power_w"));
    CHECK(contains(refusal([](I&, S& s) { s.noise = 1e-61; }), "noise"));
    CHECK(contains(refusal([](I&, S& s) { s.flops_per_sample = 0; }), "flops_per_sample"));
    CHECK(contains(refusal([](I&, S& s) { s.cycle_s = 1e60; }), "2^53 local cycles"));
    CHECK(contains(refusal([](I& it, S& s) {
                       it.power.assign(10, 1e-60);
                       it.gain.assign(10, 1e-60);
                       it.band.assign(10, 1e-60);
                       s.noise = 1e60;
                       s.law = mel::LinkLaw::fixed;
                   }),
                   "return rate of learner 0"));
    CHECK(refusal([](I&, S&) {}).empty());
}

TEST(columns_are_seconds_and_powers_padded_with_harmless_values) {
    const instances::Instance it = instances::draw({.learners = 21, .seed = 3});
    const mel::Problem problem = it.problem();
    CHECK(problem.size() == 21);
    for (std::size_t k = 0; k < 21; ++k) {
        CHECK(problem.compute_s()[k] == it.statement.flops_per_sample.value / it.flops[k]);
        CHECK(problem.noise_over_gain()[k] == it.statement.noise / it.gain[k]);
        const double rate = it.band[k] * std::log2(1 + it.power[k] * it.gain[k] /
                                                           (it.statement.noise * it.band[k]));
        CHECK(std::fabs(problem.return_s_per_bit()[k] * rate - 1) < 1e-12, k);
    }
    for (std::size_t k = 21; k < 32; ++k) {
        CHECK(problem.compute_s().data()[k] == 1 && problem.noise_over_gain().data()[k] == 1);
        CHECK(problem.return_s_per_bit().data()[k] == 0);
    }
    CHECK(problem.twins().empty());
}

TEST(twins_are_the_learners_equal_in_all_four_columns) {
    instances::Instance it = instances::draw({.learners = 9, .kinds = 2});
    it.power[4] *= 2;
    const mel::Problem problem = it.problem();
    const auto twins = problem.twins();
    CHECK(twins.size() == 9);
    for (std::size_t i = 0; i < 9; ++i) {
        for (std::size_t j = 0; j < 9; ++j) {
            const bool same = i == j || (i != 4 && j != 4 && i % 2 == j % 2);
            CHECK((twins[i] == twins[j]) == same, i, j);
        }
    }
}

TEST(every_line_of_the_table_is_checked_parted_and_tells_learners_apart) {
    const instances::Instance it = instances::draw({.learners = 4, .kinds = 1});
    const std::vector<double> plenty(4, 1e6);
    for (const mel::LearnerColumn& column : mel::learner_columns()) {
        mel::ProblemStatement s = it.stated();
        const mel::Amount before = column.of(s);
        std::vector<double> values(4, std::max(column.limit ? 100.0 : before[0], 1e-30));
        const std::string name = column.name;
        if (name.starts_with("energy")) s.energy_j = plenty;
        if (name == "energy_coefficient") {
            s.energy_sends = true;
            s.max_power_w = plenty;
        } else if (name.starts_with("energy")) {
            s.energy_per_flop_j = plenty;
        }
        values[2] *= 2;
        if (!column.range.holds(values[0])) values = {0, 0, 1, 0};  // a flag
        column.put(values, s);
        const mel::Problem problem(s);
        const auto twins = problem.twins();
        CHECK(twins.size() == 4, column.name);
        CHECK(twins[0] == twins[1] && twins[0] == twins[3] && twins[0] != twins[2], column.name);
        const std::size_t some[] = {1, 2};
        const mel::Problem part = problem.taken(some);
        if (column.limit) {
            const mel::LimitColumn& limit = (*part.limits()).*column.limit;
            CHECK(limit.size() == 16 && limit[0] == values[1] && limit[1] == values[2],
                  column.name);
        }
        CHECK(part.payload_differs() == (column.amount != nullptr), column.name);
        // What all have the same of is a number, beside those who differ.
        std::size_t columns = 0;
        for (std::size_t which = 0; which < mel::amount_columns; ++which) {
            columns += part.payload_column(which).empty() ? 0 : 1;
        }
        CHECK(columns == (column.amount ? 1U : 0U), column.name);

        values[1] = std::numeric_limits<double>::quiet_NaN();
        const auto told = [&] {
            try {
                const mel::Problem made(s);
            } catch (const std::invalid_argument& error) {
                return std::string(error.what());
            }
            return std::string();
        };
        CHECK(told() == std::string(column.name) + "[1] = nan: must be " + column.range.words,
              told());
        values[1] = values[0];
        column.put(std::span<const double>(values).first(3), s);
        const bool counted = s.flops_per_s.size() == 3;  // its length is that of all
        CHECK(contains(told(), counted ? "has 4 learners" : "has 3 learners"), told());
    }
}

TEST(times_are_those_of_equations_six_to_eight) {
    instances::for_each_variant({.learners = 3, .seed = 3}, [](const instances::Shape& shape) {
        const instances::Instance it = instances::draw(shape);
        const mel::ProblemStatement& s = it.statement;
        const mel::Problem problem = it.problem();
        const bool density = s.law == mel::LinkLaw::density;
        const mel::LearnerTimes t = mel::evaluate_learner(problem, 1, 4, {50, 1e6, 0.01});
        const double alpha = s.send_bits_per_sample.value;
        const double rate =
            1e6 * std::log2(1 + 0.01 * it.gain[1] / (density ? s.noise * 1e6 : s.noise));
        CHECK(std::fabs(t.send_s * rate / (alpha * 50 + s.send_bits.value) - 1) < 1e-12);
        CHECK(std::fabs(t.compute_s * it.flops[1] / (4 * 50 * s.flops_per_sample.value) - 1) <
              1e-14);
        const double back = s.return_bits_per_sample.value * 50 + s.return_bits.value;
        CHECK(std::fabs(t.return_s / (problem.return_s_per_bit()[1] * back) - 1) < 1e-14);
        CHECK(t.total_s() == t.send_s + t.compute_s + t.return_s);
        CHECK(std::isinf(mel::evaluate_learner(problem, 1, 4, {50, 0, 0.01}).send_s));
        CHECK(std::isinf(mel::evaluate_learner(problem, 1, 4, {50, 1e6, 0}).send_s));
    });
}
