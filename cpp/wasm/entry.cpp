// The core behind a flat interface of numbers: one problem, one answer, both kept here until the
// next. What is asked goes in through one row of doubles, what is found comes out in columns of
// doubles; every integer in them is below 2^53. A call that refuses returns -1 and leaves a text.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "mel/least.hpp"
#include "mel/selection.hpp"
#include "mel/solve.hpp"

#define MEL_EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

constexpr int refused = -1;

// Where a question's numbers stand; then, of each learner column, how many follow, and these.
enum Stated : std::size_t {
    samples,
    bandwidth_hz,
    power_w,
    noise,
    fixed_law,
    cycle_s,
    excused,
    block_hz,
    energy_sends,
    learners,
    first_column
};

// The columns of an answer.
enum Found : std::size_t {
    found_samples,
    found_bandwidth_hz,
    found_power_w,
    found_blocks,
    found_send_s,
    found_compute_s,
    found_return_s,
    tree_learner,
    tree_at,
    tree_lambda_per_hz,
    tree_mu_per_w,
    tree_per_sample,  // of selections alone, as the next
    tree_per_learner,
    found_columns
};

std::vector<double> question;
std::optional<mel::Problem> posed;    // as stated
std::optional<mel::Problem> current;  // perhaps with another cycle or budgets
std::vector<double> facts;
std::vector<double> columns[found_columns];
std::string text;

template <class Call>
int guarded(Call&& call) {
    try {
        return call();
    } catch (const std::exception& error) {
        text = error.what();
    }
    return refused;
}

mel::ProblemStatement statement(std::span<const double> in) {
    if (in.size() < first_column) throw std::invalid_argument("a question of too few numbers");
    mel::ProblemStatement s;
    s.samples = static_cast<std::int64_t>(in[samples]);
    s.bandwidth_hz = in[bandwidth_hz];
    s.power_w = in[power_w];
    s.noise = in[noise];
    s.law = in[fixed_law] != 0 ? mel::LinkLaw::fixed : mel::LinkLaw::density;
    s.cycle_s = in[cycle_s];
    s.idle = in[excused] != 0 ? mel::Idle::excused : mel::Idle::served;
    s.block_hz = in[block_hz];
    s.energy_sends = in[energy_sends] != 0;
    const auto size = static_cast<std::size_t>(in[learners]);
    std::size_t at = first_column;
    for (const mel::LearnerColumn& column : mel::learner_columns()) {
        const std::size_t count = at < in.size() ? static_cast<std::size_t>(in[at]) : in.size();
        const bool same = column.amount && count == 1;
        if ((count != 0 && count != size && !same) || in.size() - at - 1 < count) {
            throw std::invalid_argument(std::string(column.name) + ": a column of a wrong length");
        }
        const auto values = in.subspan(at + 1, count);
        if (same) {
            s.*column.amount = values[0];
        } else if (count != 0) {
            column.put(values, s);
        }
        at += 1 + count;
    }
    return s;
}

const mel::Problem& problem() {
    if (!current) throw std::logic_error("no problem was posed");
    return *current;
}

mel::Settings settings(int scheme, double time_limit_s, double work_limit) {
    mel::Settings s;
    s.scheme = static_cast<mel::Scheme>(std::clamp(scheme, 0, 2));
    s.time_limit_s = time_limit_s;
    s.work_limit = std::min(s.work_limit, work_limit);
    s.total_work_limit = work_limit;
    return s;
}

const std::vector<double>& column_at(int which) {
    constexpr int last = static_cast<int>(found_columns) - 1;
    return columns[static_cast<std::size_t>(std::clamp(which, 0, last))];
}

template <class Values>
void put(Found which, const Values& values) {
    columns[which].assign(values.begin(), values.end());
}

template <class Result>  // a Result or a Selection
void put_plan(const mel::Problem& p, double tau, const Result& found) {
    put(found_samples, found.samples);
    put(found_bandwidth_hz, found.bandwidth_hz);
    put(found_power_w, found.power_w);
    put(found_blocks, found.blocks);
    for (const Found which : {found_send_s, found_compute_s, found_return_s}) {
        columns[which].resize(found.samples.size());
    }
    for (std::size_t k = 0; k < found.samples.size(); ++k) {
        const mel::LearnerTimes times = mel::evaluate_learner(
            p, k, tau, {found.samples[k], found.bandwidth_hz[k], found.power_w[k]});
        columns[found_send_s][k] = times.send_s;
        columns[found_compute_s][k] = times.compute_s;
        columns[found_return_s][k] = times.return_s;
    }
}

template <class Node>
void put_node(const Node& node) {
    columns[tree_learner].push_back(static_cast<double>(node.learner));
    columns[tree_at].push_back(static_cast<double>(node.at));
    columns[tree_lambda_per_hz].push_back(node.prices.lambda);
    columns[tree_mu_per_w].push_back(node.prices.mu);
}

void clear_tree() {
    for (std::size_t which = tree_learner; which < found_columns; ++which) columns[which].clear();
}

int answer(const mel::Problem& p, const mel::Result& found) {
    facts = {static_cast<double>(found.status),        static_cast<double>(found.tau),
             static_cast<double>(found.bound),         static_cast<double>(found.nodes),
             static_cast<double>(found.passes),        found.elapsed_s,
             static_cast<double>(found.stopped),       static_cast<double>(found.blame),
             static_cast<double>(found.blamed_learner)};
    put_plan(p, static_cast<double>(found.tau), found);
    clear_tree();
    for (const mel::TreeNode& node : found.tree) put_node(node);
    return static_cast<int>(found.status);
}

}  // namespace

// Room for a question of so many numbers; until the next call of it.
MEL_EXPORT(mel_question) double* mel_question(int count) {
    guarded([&] {
        question.assign(static_cast<std::size_t>(std::max(count, 0)), 0.0);
        return 0;
    });
    return question.data();
}

// Makes the question's problem the current one; 0, or refused.
MEL_EXPORT(mel_pose) int mel_pose() {
    return guarded([] {
        current.reset();
        posed.emplace(statement(question));
        current = posed;
        return 0;
    });
}

// The problem as posed, with another cycle and other budgets.
MEL_EXPORT(mel_with) int mel_with(double cycle, double bandwidth, double power) {
    return guarded([&] {
        current.reset();
        if (!posed) throw std::logic_error("no problem was posed");
        current.emplace(posed->with({cycle, bandwidth, power}));
        return 0;
    });
}

// The number of a mel::Status, or refused. Limits in seconds and in learner responses.
MEL_EXPORT(mel_solve)
int mel_solve(int scheme, int spare_time, double time_limit_s, double work_limit) {
    return guarded([&] {
        mel::Settings s = settings(scheme, time_limit_s, work_limit);
        s.spare = spare_time != 0 ? mel::Spare::time : mel::Spare::none;
        return answer(problem(), mel::solve(problem(), s));
    });
}

// The same question about one tau alone.
MEL_EXPORT(mel_decide)
int mel_decide(double tau, int scheme, double time_limit_s, double work_limit) {
    return guarded([&] {
        mel::Settings s = settings(scheme, time_limit_s, work_limit);
        s.spare = mel::Spare::none;
        return answer(problem(), mel::decide(problem(), static_cast<std::int64_t>(tau), s));
    });
}

// Who takes part at one tau, where learners may sit out: 1 with a plan, else 0. `start_tau` and
// prices are where it begins, 0 for nowhere; facts are then whether there is proved to be no plan,
// whether a limit came first, what fits at most, effort, and the prices where it ended.
MEL_EXPORT(mel_select)
int mel_select(double tau, int spare_time, double start_tau, double lambda, double mu,
               double time_limit_s, double work_limit) {
    return guarded([&] {
        mel::Settings s = settings(0, time_limit_s, work_limit);
        s.spare = spare_time != 0 ? mel::Spare::time : mel::Spare::none;
        if (start_tau > 0) s.start = mel::Start{start_tau, {lambda, mu}};
        mel::SelectionGoal goal;
        goal.whole = true;
        goal.grain = 1;
        const mel::Selection found =
            mel::select(problem(), static_cast<std::int64_t>(tau), goal, s);
        facts = {static_cast<double>(found.refuted),
                 static_cast<double>(found.stopped),
                 found.bound,
                 static_cast<double>(found.nodes),
                 static_cast<double>(found.passes),
                 found.end.lambda,
                 found.end.mu};
        put_plan(problem(), tau, found);
        clear_tree();
        for (const mel::SelectionNode& node : found.tree) {
            put_node(node);
            columns[tree_per_sample].push_back(node.per_sample);
            columns[tree_per_learner].push_back(node.per_learner);
        }
        return static_cast<int>(!found.samples.empty());
    });
}

// The number of a mel::BoundOutcome; facts are then samples, and what a second, a hertz and a watt
// add to them.
MEL_EXPORT(mel_worth) int mel_worth(double tau, double time_limit_s, double work_limit) {
    return guarded([&] {
        const mel::MarginalValues worth =
            mel::marginal_values_at(problem(), tau, settings(0, time_limit_s, work_limit));
        facts = {worth.samples, worth.per_s, worth.prices.lambda, worth.prices.mu};
        return static_cast<int>(worth.outcome);
    });
}

MEL_EXPORT(mel_facts) const double* mel_facts() { return facts.data(); }
MEL_EXPORT(mel_facts_size) int mel_facts_size() { return static_cast<int>(facts.size()); }

MEL_EXPORT(mel_column) const double* mel_column(int which) { return column_at(which).data(); }
MEL_EXPORT(mel_column_size) int mel_column_size(int which) {
    return static_cast<int>(column_at(which).size());
}

// The text of the last refusal.
MEL_EXPORT(mel_text) const char* mel_text() { return text.c_str(); }
// The names of the learner columns, in the order of a question.
MEL_EXPORT(mel_column_names) const char* mel_column_names() {
    static const std::string names = [] {
        std::string all;
        for (const mel::LearnerColumn& column : mel::learner_columns()) {
            all += all.empty() ? "" : " ";
            all += column.name;
        }
        return all;
    }();
    return names.c_str();
}
// The package's version, and a digest of the sources that this was made from.
MEL_EXPORT(mel_version) const char* mel_version() { return MEL_VERSION; }
MEL_EXPORT(mel_sources) const char* mel_sources() { return MEL_SOURCES; }
