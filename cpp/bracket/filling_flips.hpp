// Learners that take their other answer, so that what all hold is a given sum.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "bracket/jump_model.hpp"
#include "bracket/parts_look.hpp"

namespace mel {

// The jumps with which `over` too much of what `held` has is none, for the least loss of value, by
// a knapsack over those nearest to switching; whole numbers. Empty where none do.
std::vector<std::size_t> flips_that_fill(const std::vector<Jump>& jumps,
                                         const std::vector<double>& held, double over);

// Who takes part: whom that suits best, and where they hold too much or too little in all those who
// lose least by doing otherwise. Nothing where no such are found.
struct FillingTakers {
    std::vector<bool> takes;
    bool flipped = false;  // whether some do otherwise
};
// rests(i): whether one may; held(i): what it holds if it takes part.
template <class Rests, class Held>
std::optional<FillingTakers> takers_that_fill(std::span<const PartsAnswer> answers, double sum,
                                              Rests rests, Held held) {
    FillingTakers found{std::vector<bool>(answers.size())};
    std::vector<double> holds(answers.size());
    std::vector<Jump> jumps;
    double over = -sum;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (!answers[i].possible) continue;
        const bool takes = !rests(i) || answers[i].value > 0;
        found.takes[i] = takes;
        if (takes) holds[i] = held(i);
        over += holds[i];
        if (!rests(i)) continue;
        const double other = takes ? 0 : held(i);
        jumps.push_back({.learner = i, .samples = other, .margin = std::fabs(answers[i].value)});
    }
    if (over == 0) return found;
    const std::vector<std::size_t> flips = flips_that_fill(jumps, holds, over);
    if (flips.empty()) return {};
    for (const std::size_t flip : flips) found.takes[jumps[flip].learner].flip();
    found.flipped = true;
    return found;
}

}  // namespace mel
