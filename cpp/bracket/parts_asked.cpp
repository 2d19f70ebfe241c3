#include "bracket/parts_asked.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rounding.hpp"
#include "bracket/parts_look.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

constexpr std::size_t many = 500;      // learners: of fewer boxes tell as much, as quickly
constexpr double most_takers = 16384;  // of whom some hundred looks are worth while
constexpr double most_in_lanes = 131072;
constexpr double most_parts = 64;          // of a learner
constexpr std::size_t at_the_margin = 64;  // learners

// Of which all maxima up to what anybody holds are multiples; 0 where nothing is limited.
double common_step(const Problem& problem, double most) {
    const LearnerLimits* limits = problem.limits();
    if (!limits || limits->max_samples.empty() || !(most <= largest_count)) return 0;
    std::int64_t step = 0;
    for (const double high : limits->max_samples) {
        if (high <= most) step = std::gcd(step, static_cast<std::int64_t>(high));
        if (step == 1) break;
    }
    return static_cast<double>(step);
}

// What most of those hold, if they take part, who would soon do otherwise, and can hold no more of;
// 0 where that is nothing.
double held_at_the_margin(const Problem& problem, const PassPoint& point, const Box& box,
                          Pool& pool) {
    PartsLook look(problem, box, point.tau, PartSize{problem.samples_real()});
    const auto answers = look.answers({point.prices, 0}, point.cycle_s, pool);
    std::vector<std::size_t> near;
    for (std::size_t k = 0; k < problem.size(); ++k) {
        if (look.may_rest(k) && answers[k].possible) near.push_back(k);
    }
    if (near.size() < at_the_margin) return 0;
    const auto nearer = [&](std::size_t i, std::size_t j) {
        const double a = std::fabs(answers[i].value), b = std::fabs(answers[j].value);
        return a != b ? a < b : i < j;
    };
    std::nth_element(near.begin(), near.begin() + at_the_margin, near.end(), nearer);
    near.resize(at_the_margin);
    std::vector<double> held;
    for (const std::size_t k : near) held.push_back(answers[k].samples);
    std::sort(held.begin(), held.end());
    const double middle = held[held.size() / 2];
    std::size_t alike = 0;
    for (const std::size_t k : near) alike += answers[k].samples == middle && box.high(k) == middle;
    return 2 * alike > near.size() ? middle : 0;
}

}  // namespace

HeldByTakers held_by(const Problem& problem, std::span<const std::int64_t> samples) {
    HeldByTakers found;
    std::vector<double> held;
    for (const std::int64_t d : samples) {
        if (d > 0) held.push_back(static_cast<double>(d));
    }
    if (held.empty()) {
        const LearnerLimits* limits = problem.limits();
        if (!limits || limits->max_samples.empty()) return found;
        found.most = *std::max_element(limits->max_samples.begin(), limits->max_samples.end());
        found.takers = std::ceil(problem.samples_real() / std::max(found.most, 1.0));
        return found;
    }
    std::sort(held.begin(), held.end());
    found.takers = static_cast<double>(held.size());
    found.most = held.back();
    // What more than half hold is the one in the middle.
    const double middle = held[held.size() / 2];
    const auto [first, last] = std::equal_range(held.begin(), held.end(), middle);
    if (2 * (last - first) > static_cast<std::ptrdiff_t>(held.size())) found.usual = middle;
    return found;
}

bool parts_may_count(const Problem& problem, const Settings& settings) {
    return settings.scheme == Scheme::joint && problem.excused() && !(problem.block_hz() > 0) &&
           !problem.sends_nothing() && !paces(problem) && problem.size() > many;
}

std::vector<PartSize> parts_that_tell(const Problem& problem, const HeldByTakers& held,
                                      const PassPoint& point, const Box& box, Pool& pool) {
    std::vector<PartSize> found;
    if (held.takers > (whole_in_lanes(problem) ? most_in_lanes : most_takers)) return found;
    // Whoever holds whole parts of the common step, and of what is usual some hold a share.
    for (const double step : {common_step(problem, held.most), held.usual}) {
        const bool new_one = found.empty() || found.front().part != step;
        const bool tells = step > 1 && held.most <= most_parts * step && new_one &&
                           std::fmod(problem.samples_real(), step) > 0;
        if (tells) found.push_back({step});
    }
    const double step = held_at_the_margin(problem, point, box, pool);
    if (step > 1 &&
        std::fmod(left_in_parts(problem, box, {.part = step, .above = step}), step) > 0) {
        found.push_back({step, step});
    }
    return found;
}

}  // namespace mel
