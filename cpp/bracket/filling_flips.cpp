#include "bracket/filling_flips.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>

#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr std::size_t most_jumps = 512;  // the nearest to switching
constexpr double furthest = 1024;        // too much or too little on the way
constexpr double about = 256;            // is near enough for those who make up for it
constexpr double spare_jumps = 8;        // of one kind, beside those that make up for all

// The jumps with which `over` too much is none, for the least loss, among these.
std::vector<std::size_t> flips_among(std::span<const std::size_t> near,
                                     const std::vector<Jump>& jumps,
                                     const std::vector<double>& held, double over) {
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

// Of those who change by the same no more than make up for all of it, and a few.
std::vector<std::size_t> of_each_change(std::span<const std::size_t> near,
                                        const std::vector<Jump>& jumps,
                                        const std::vector<double>& held, double over) {
    std::map<double, double> left;
    std::vector<std::size_t> some;
    for (const std::size_t i : near) {
        const double change = jumps[i].samples - held[jumps[i].learner];
        const auto of = left.try_emplace(change, std::fabs(over / change) + spare_jumps).first;
        if (!(of->second >= 1)) continue;
        --of->second;
        some.push_back(i);
    }
    return some;
}

// Flips on the way to about what is wanted, those first who lose least by it; `over` is then what
// is left, and `near` are the others.
std::vector<std::size_t> flips_on_the_way(std::vector<std::size_t>& near,
                                          const std::vector<Jump>& jumps,
                                          const std::vector<double>& held, double& over) {
    const auto change = [&](std::size_t i) { return jumps[i].samples - held[jumps[i].learner]; };
    std::stable_sort(near.begin(), near.end(), [&](std::size_t i, std::size_t j) {
        return jumps[i].margin * std::fabs(change(j)) < jumps[j].margin * std::fabs(change(i));
    });
    std::vector<std::size_t> flips;
    std::erase_if(near, [&](std::size_t i) {
        const double by = change(i);
        const bool helps = by * over < 0 && std::fabs(by) < furthest;
        if (!helps || std::fabs(over) < about) return false;
        over += by;
        flips.push_back(i);
        return true;
    });
    return flips;
}

}  // namespace

std::vector<std::size_t> flips_that_fill(const std::vector<Jump>& jumps,
                                         const std::vector<double>& held, double over) {
    std::vector<std::size_t> near(jumps.size());
    std::iota(near.begin(), near.end(), std::size_t{0});
    std::vector<std::size_t> begun;
    if (!(std::fabs(over) < furthest)) begun = flips_on_the_way(near, jumps, held, over);
    if (!(std::fabs(over) < furthest)) return {};
    const auto nearer = [&](std::size_t i, std::size_t j) {
        return jumps[i].margin != jumps[j].margin ? jumps[i].margin < jumps[j].margin : i < j;
    };
    std::sort(near.begin(), near.end(), nearer);
    const std::span<const std::size_t> all{near};
    const std::size_t most = std::min(most_jumps, near.size());
    std::vector<std::size_t> flips = flips_among(all.first(most), jumps, held, over);
    if (flips.empty() && most < near.size() && over != 0) {
        // The nearest may all be of one kind, and what is over no multiple of what they hold.
        const std::vector<std::size_t> some = of_each_change(all, jumps, held, over);
        flips = flips_among(std::span{some}.first(std::min(most_jumps, some.size())), jumps, held,
                            over);
    }
    if (flips.empty() && over != 0) return {};
    flips.insert(flips.end(), begun.begin(), begun.end());
    return flips;
}

}  // namespace mel
