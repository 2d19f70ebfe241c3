#include "bracket/filling_flips.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr std::size_t most_jumps = 512;  // the nearest to switching
constexpr double furthest = 1024;        // too much or too little on the way

}  // namespace

std::vector<std::size_t> flips_that_fill(const std::vector<Jump>& jumps,
                                         const std::vector<double>& held, double over) {
    if (!(std::fabs(over) < furthest)) return {};
    std::vector<std::size_t> near(jumps.size());
    std::iota(near.begin(), near.end(), std::size_t{0});
    const auto nearer = [&](std::size_t i, std::size_t j) {
        return jumps[i].margin != jumps[j].margin ? jumps[i].margin < jumps[j].margin : i < j;
    };
    std::sort(near.begin(), near.end(), nearer);
    if (near.size() > most_jumps) near.resize(most_jumps);
    // What is lost at least with so many samples more, place by place.
    const auto most = static_cast<std::ptrdiff_t>(furthest);
    const auto places = static_cast<std::size_t>(2 * most + 1);
    std::vector<double> loss(places, infinity), next(places);
    loss[static_cast<std::size_t>(most)] = 0;
    std::vector<std::vector<bool>> flipped(near.size());
    for (std::size_t n = 0; n < near.size(); ++n) {
        const Jump& jump = jumps[near[n]];
        const double change = jump.samples - held[jump.learner];
        flipped[n].assign(places, false);
        if (!(std::fabs(change) <= furthest)) continue;
        const auto by = static_cast<std::ptrdiff_t>(change);
        next = loss;
        for (std::ptrdiff_t at = 0; at < static_cast<std::ptrdiff_t>(places); ++at) {
            const std::ptrdiff_t from = at - by;
            if (from < 0 || from >= static_cast<std::ptrdiff_t>(places)) continue;
            const double with = loss[static_cast<std::size_t>(from)] + jump.margin;
            if (!(with < next[static_cast<std::size_t>(at)])) continue;
            next[static_cast<std::size_t>(at)] = with;
            flipped[n][static_cast<std::size_t>(at)] = true;
        }
        loss.swap(next);
    }
    auto at = most - static_cast<std::ptrdiff_t>(over);
    std::vector<std::size_t> flips;
    if (!(loss[static_cast<std::size_t>(at)] < infinity)) return flips;
    for (std::size_t n = near.size(); n-- > 0;) {
        if (!flipped[n][static_cast<std::size_t>(at)]) continue;
        const Jump& jump = jumps[near[n]];
        at -= static_cast<std::ptrdiff_t>(jump.samples - held[jump.learner]);
        flips.push_back(near[n]);
    }
    return flips;
}

}  // namespace mel
