#include "bracket/filled_split.hpp"

#include <algorithm>
#include <vector>

#include "bracket/filling_flips.hpp"
#include "bracket/parts_look.hpp"

namespace mel {
namespace {

constexpr double roomy = 1.01;  // times what is too little: surely enough

}  // namespace

FilledSplit split_near(const Problem& problem, double tau, Prices prices,
                       std::span<const double> held, Resource resource, Between ends, Pool& pool) {
    FilledSplit found;
    const Problem here = with_amount(problem, resource, ends.low * roomy);
    found.need = least_of_split_near(
        here, tau, held, resource, {.amount = ends.low, .ratio = prices.mu / prices.lambda}, pool);
    ++found.passes;
    if (found.need.bandwidth_hz.empty() || !(found.need.amount < ends.high)) return found;
    found.samples.resize(held.size());
    std::copy(held.begin(), held.end(), found.samples.begin());
    return found;
}

FilledSplit filled_split(const Problem& problem, const PassPoint& point, Resource resource,
                         Between ends, Workshop& shop) {
    FilledSplit none;
    none.passes = 1;
    const Box box = shop.boxes.whole(point.tau);
    PartsLook look(problem, box, point.tau, PartSize{problem.samples_real()});
    const auto answers = look.answers({point.prices, 0}, point.cycle_s, shop.pool);
    for (std::size_t k = 0; k < answers.size(); ++k) {
        if (!answers[k].possible && !look.may_rest(k)) return none;
    }
    const auto who = takers_that_fill(
        answers, problem.samples_real(), [&](std::size_t k) { return look.may_rest(k); },
        [&](std::size_t k) { return answers[k].samples; });
    if (!who || !who->flipped) return none;
    std::vector<double> held(problem.size());
    const Box sure = shop.boxes.sure(point.tau);
    for (std::size_t k = 0; k < held.size(); ++k) {
        if (who->takes[k]) held[k] = answers[k].samples;
        if (!(held[k] >= sure.low(k) && held[k] <= sure.high(k))) return none;
    }
    FilledSplit found =
        split_near(problem, point.tau, point.prices, held, resource, ends, shop.pool);
    found.passes += none.passes;
    return found;
}

}  // namespace mel
