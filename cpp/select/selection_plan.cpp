// Plans of what learners choose at prices.
#include "base/chunks.hpp"
#include "select/selector.hpp"
#include "select/subsets.hpp"

namespace mel {
namespace {

constexpr std::size_t some_changes = 20;  // of who takes part, at first
constexpr std::size_t some_blocks = 8;    // of learners, whose subsets are looked at
constexpr double plenty = 1.001;          // of D: room that a plan need not look for

}  // namespace

// A split that fits (as is known already, or asked) becomes the best plan, if it is worth more.
bool Selector::offer(const Numbers& samples, bool fits) {
    const double worth = goal_.whole ? problem_.samples_real() : fitting_.worth(samples);
    if (worth <= found_.value) return false;
    if (goal_.whole && fitting_.takers(samples) < static_cast<double>(goal_.at_least)) return false;
    if (!fits && !fitting_.fits(samples)) return false;
    found_.value = worth;
    best_ = samples;
    best_fit_ = fitting_.fit();
    return true;
}

// Just D samples, of those who pay least: at the bid, then at the ratio of prices that suits whom
// it chose.
bool Selector::hold_just_enough(Bid bid, const Chosen& chosen) {
    Numbers picks = chosen.picks, margins = chosen.margins;
    const double band = problem_.bandwidth_hz(), watt = problem_.power_w();
    bool asked = false;
    for (const std::size_t changes : {some_changes, most_changes, most_changes, most_changes}) {
        if (!asked && !fitting_.ask_offers(bid, {picks, margins})) return false;
        asked = true;
        if (!fitting_.just_enough(bid, {picks, margins}, changes)) {
            if (changes == most_changes) return false;
            continue;
        }
        if (offer(fitting_.samples())) return true;
        if (changes < most_changes || stop_.check()) continue;
        const double whole = bid.prices.lambda * band + bid.prices.mu * watt;
        const double ratio = fitting_.ratio();
        const double lambda = whole / (band + ratio * watt);
        bid.prices = {lambda, ratio * lambda};
        if (!bid.prices.usable()) return false;
        picks.resize(padded_to_groups(problem_.size()));
        choices_.look(bid, nullptr, {picks, margins});
        picks.resize(problem_.size());
        asked = false;
    }
    return false;
}

bool Selector::look_for_plan(const Bid& bid, const Cell* cell) {
    fitting_.know({.steps = lowest_.steps(), .switching = lowest_.switching()});
    if (goal_.whole && !cell && choices_.jumps() &&
        hold_just_enough(bid, {lowest_.picks(), lowest_.margins()})) {
        return true;
    }
    const bool far = goal_.whole && !cell && lowest_.most() > plenty * target();
    if (far && !choices_.jumps() &&
        fitting_.just_these(bid, {lowest_.picks(), lowest_.margins()}, lowest_.sums().cost) &&
        offer(fitting_.samples())) {
        return true;
    }
    const double least = goal_.whole ? problem_.samples_real() - 0.5 : found_.value;
    const auto raise = [&](Fitting::Ask asked) {
        return fitting_.raise(bid, cell, {lowest_.picks(), lowest_.margins()}, lowest_.sums(),
                              {.least = least, .asked = asked});
    };
    if (goal_.whole) {
        if (raise(Fitting::Ask::now) < 0) return false;
        Numbers samples = fitting_.samples();
        return fitting_.make_whole(bid, cell, samples) && offer(samples);
    }
    const bool now_and_then = (found_.nodes & (found_.nodes - 1)) == 0;
    // Single samples of many learners mostly close it first.
    const bool later = single_samples_do() && !cell && !closer_;
    const bool refines = now_and_then && !later;
    // Of whole learners alone what is refined mostly fits as well: then that is all that is asked.
    if (refines && !cell && choices_.all_or_nothing() &&
        problem_.size() > most_for_thorough_search) {
        if (raise(Fitting::Ask::later) < 0) return false;
        if (refine(bid, cell) || offer(fitting_.samples())) return true;
    }
    if (raise(Fitting::Ask::now) < 0) return false;
    const bool better = offer(fitting_.samples(), true);
    return (refines && refine(bid, cell)) || better;
}

// Whether what single samples of many learners lose is known, and there are such.
bool Selector::single_samples_do() const {
    const bool many = problem_.size() > most_for_thorough_search;
    return many && choices_.tells_steps() && !choices_.all_or_nothing();
}

// What whole learners leave unused of a plan that was just found.
bool Selector::refine(const Bid& bid, const Cell* cell) {
    if (!choices_.steps_count()) return false;
    bool refined = false;
    const bool long_search = cell && found_.nodes <= 1 && problem_.size() > some_blocks;
    const std::size_t blocks = long_search ? some_blocks : 1;
    for (std::size_t others = 0; others < blocks && !stop_.check(); ++others) {
        if (rounded_down(lowest_.most()) < target()) break;
        refined =
            (fitting_.refine(bid, cell, others) && offer(fitting_.samples(), true)) || refined;
    }
    return refined;
}

}  // namespace mel
