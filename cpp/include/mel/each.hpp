// What each learner is worth at given prices, where learners choose between problems: the best of
// each is what bounds them all. And what each can hold with an equal share of the budgets.
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

// The most samples of each with its equal share, whether or not it has a minimum: surely, or
// generously; -1 where it has not even the time for none. And the shares; no blocks where bandwidth
// is divisible at will.
struct EqualRoom {
    std::span<double> samples, bandwidth_hz, power_w, blocks;
};
struct EqualRoomAt {
    double tau;
    double cycle_s;
    bool generous;
};
void equal_room(const Problem& problem, EqualRoomAt at, const EqualRoom& into);

}  // namespace mel
