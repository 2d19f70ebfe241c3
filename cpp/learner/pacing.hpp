// A learner whose speed is chosen within an energy for computing and returning, where it is the
// orchestrator that sends: as fast as its energy lets it be is best. Of d samples
//
//   computing takes  w d max(1, sqrt(e d / (E - e' d))) seconds,
//
// w and e being what a sample takes at full speed, E what is left of the energy once the bare model
// is returned, and e' what returning a sample adds. That is convex and rises, so the slack s(d) is
// concave and falls (docs/energy.md). Hence two kinds of lines in d that are nowhere below s, and
// with which all that is known of a slack linear in d can be asked: one that touches s, for real
// samples, and the one through two neighbouring integers, for whole ones. What is best with such a
// line is worth at least what is best with s, and as much where the two meet.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "learner/response.hpp"

namespace mel {

// The energy that counts: all of it and a little more, for bounds; or what a plan may spend.
enum class Energy : std::uint8_t { generous, kept };

struct Pacing {
    double work_s;   // w, of a sample at full speed
    double joules;   // e
    double back_j;   // e'
    double spare_j;  // E
    // Of a slack at full speed, where lines are to be nowhere below it: the rounding error.
    double guard_s = 0;

    static Pacing of(const Problem& problem, std::size_t k, double tau, Energy energy);
    double left_j(double d) const { return spare_j - back_j * d; }
    // Up to so many samples are computed at full speed.
    double kink() const;
    // No more whole samples leave any energy.
    double last() const;
    // How many times as long as at full speed computing takes; not below 1.
    double slower(double d) const;
};

// The line through the slacks of n and n + 1 samples, each of which leaves some energy; the guard
// is added as often as the error grows beyond that of full speed.
Demand chord_of(const Demand& full, const Pacing& pacing, double n);

// demand_of(), or where speeds are chosen a line that touches the slack at d samples, from above.
Demand demand_at(const Problem& problem, std::size_t k, Timing at, double d,
                 Energy energy = Energy::kept);
template <HasTiming Point>
Demand demand_at(const Problem& problem, std::size_t k, const Point& at, double d,
                 Energy energy = Energy::kept) {
    return demand_at(problem, k, Timing{at.tau, at.cycle_s}, d, energy);
}

inline bool paces(const Problem& problem) { return problem.limits() && problem.limits()->paces(); }

// Which answer is sought of a line: the largest integer that it allows, or the best. Neither grows
// as it falls.
enum class Sought : std::uint8_t { largest, best };

// Of the lines through the slack of n samples that are nowhere below that of others the flattest,
// the steepest, and one so much of the way between them.
struct Fan {
    Demand flattest, steepest;

    static Fan at(const Demand& full, const Pacing& pacing, double n);
    Demand between(double steep) const;
};

// What `ask` says of a line that is the slack itself at its answer, asked of ever nearer
// neighbours; -1, that there is none, is true of the slack where it is of any line. `first` is
// what it says of full speed.
template <class Ask>
double at_own_pace(const Demand& full, const Pacing& pacing, Sought sought, double first,
                   Ask&& ask) {
    constexpr int most_steps = 100;
    const double kink = pacing.kink();
    double low = std::floor(std::max(kink, 0.0));  // surely no more than the answer,
    double high = std::min(first, pacing.last());  // and no less
    if (!(first > kink) || !(high >= 1)) return first;
    double n = low;
    for (int step = 0; step < most_steps; ++step) {
        n = std::clamp(n, std::min(low, high - 1), high - 1);
        const double found = ask(chord_of(full, pacing, n));
        if (found == n || found == n + 1 || found < 0) return found;
        if (found > n) {
            low = std::max(low, n + 1);
            high = std::min(high, found);
        } else {
            high = std::min(high, sought == Sought::largest ? found : n);
        }
        if (!(low < high)) break;
        // Of the largest each answer is too large, and the next line meets the slack there; the
        // best are to either side.
        n = sought == Sought::largest ? high - 1 : std::floor(n + 0.6 * (found - n));
        if (step % 4 == 3) n = std::floor(0.5 * (low + high));
    }
    if (sought == Sought::largest) return high;
    // Between two lines that meet the slack there: the flatter one makes of more samples the best
    // ones, the steeper one of fewer.
    const Fan lines = Fan::at(full, pacing, high);
    double flat = 0, steep = 1, found = high;
    for (int step = 0; step < most_steps / 2; ++step) {
        const double middle = 0.5 * (flat + steep);
        found = ask(lines.between(middle));
        if (found == high || found < 0) break;
        (found > high ? flat : steep) = middle;
    }
    return found;
}

}  // namespace mel
