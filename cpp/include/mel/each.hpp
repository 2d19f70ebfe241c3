// What each learner is worth at given prices: where learners choose between problems, the best of
// each is what bounds them all.
#pragma once

#include <span>

#include "mel/prices.hpp"
#include "mel/problem.hpp"

namespace mel {

// One element a learner. The most samples less cost that it can have is at most value + error;
// minus infinity where it has no allowed number of samples. The others are what that takes.
struct EachWorth {
    std::span<double> value, error, samples, bandwidth_hz, power_w;
};
// Both prices positive and usable, `into` of the problem's size.
void worth_of_each(const Problem& problem, double tau, Prices prices, EachWorth into);

}  // namespace mel
