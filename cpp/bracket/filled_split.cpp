#include "bracket/filled_split.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bracket/filling_flips.hpp"
#include "bracket/parts_look.hpp"

namespace mel {
namespace {

constexpr double roomy = 1.01;  // times what is too little: surely enough

}  // namespace

FilledSplit filled_split(const Problem& problem, const PassPoint& point, Resource resource,
                         Ends ends, Workshop& shop) {
    FilledSplit found;
    const Box box = shop.boxes.whole(point.tau);
    PartsLook look(problem, box, point.tau, problem.samples_real());
    const auto answers = look.answers({point.prices, 0}, point.cycle_s, shop.pool);
    ++found.passes;
    std::vector<double> held(problem.size());
    std::vector<Jump> jumps;
    double over = -problem.samples_real();
    for (std::size_t k = 0; k < held.size(); ++k) {
        const PartsAnswer& answer = answers[k];
        const bool rests = look.may_rest(k);
        if (!answer.possible && !rests) return found;
        if (!answer.possible) continue;
        const bool takes = !rests || answer.value > 0;
        if (takes) held[k] = answer.samples;
        over += held[k];
        if (!rests) continue;
        const double other = takes ? 0 : answer.samples;
        jumps.push_back({.learner = k, .samples = other, .margin = std::fabs(answer.value)});
    }
    const std::vector<std::size_t> flips = flips_that_fill(jumps, held, over);
    if (flips.empty()) return found;
    for (const std::size_t flip : flips) held[jumps[flip].learner] = jumps[flip].samples;
    const Box sure = shop.boxes.sure(point.tau);
    for (std::size_t k = 0; k < held.size(); ++k) {
        if (!(held[k] >= sure.low(k) && held[k] <= sure.high(k))) return found;
    }
    const Problem here = with_amount(problem, resource, ends.lower * roomy);
    SplitNeed need = least_of_split_near(here, point.tau, held, resource, ends.lower,
                                         point.prices.mu / point.prices.lambda, shop.pool);
    ++found.passes;
    if (need.bandwidth_hz.empty() || !(need.amount < ends.upper)) return found;
    found.need = std::move(need);
    found.samples.resize(held.size());
    std::copy(held.begin(), held.end(), found.samples.begin());
    return found;
}

}  // namespace mel
