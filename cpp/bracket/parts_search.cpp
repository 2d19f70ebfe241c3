// What parts rule out of a resource, and a split that is near it.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "bracket/filled_split.hpp"
#include "bracket/filling_flips.hpp"
#include "bracket/parts_prices.hpp"
#include "least/least_parts.hpp"
#include "mel/parts.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "split/whole_samples.hpp"

namespace mel {
namespace {

constexpr double aim = 8e-10;  // relative: so far below what suffices there is no more to find

// Who takes part, with so many samples, in as many parts as there must be: whom that suits best,
// and where that is too many parts or too few those who lose least by doing otherwise.
struct Taker {
    PartsAnswer answer;
    std::size_t learner;
};

std::vector<Taker> takers_of(PartsPrices& prices, const PartsBound& found) {
    const std::vector<std::size_t>& who = prices.who();
    const std::vector<PartsAnswer> answers =
        prices.answers({found.lower, {found.prices, found.parts.per_part}});
    const auto filling = takers_that_fill(
        answers, prices.least_parts(), [&](std::size_t i) { return prices.may_rest(who[i]); },
        [&](std::size_t i) { return answers[i].parts; });
    if (!filling) return {};
    std::vector<Taker> takers;
    for (std::size_t i = 0; i < who.size(); ++i) {
        if (filling->takes[i]) takers.push_back({answers[i], who[i]});
    }
    return takers;
}

// A split of those, after single samples among them that are then too many or too few.
void split(const Problem& problem, double tau, Resource resource, const PartsAsked& asked,
           PartsPrices& prices, Workshop& shop, PartsBound& found) {
    if (found.lower >= asked.upper * (1 - aim)) return;
    const Box sure = shop.boxes.sure(tau);
    std::vector<double> low(problem.size()), high(problem.size()), whole(problem.size());
    for (const auto& [answer, k] : takers_of(prices, found)) {
        const Interval these = prices.in_parts(k, answer.parts);
        low[k] = std::max({sure.low(k), these.lower, std::min(answer.samples, 1.0)});
        high[k] = std::min(sure.high(k), these.upper);
        if (low[k] > high[k]) return;
        whole[k] = std::clamp(answer.samples, low[k], high[k]);
    }
    const Box box{{}, low, high};
    const double cycle_s = resource == Resource::cycle ? found.lower : problem.cycle_s();
    if (!WholeSamples(problem, shop.pool).repair(box, {tau, cycle_s, found.prices}, whole, true)) {
        return;
    }
    FilledSplit filled = split_near(problem, tau, found.prices, whole, resource,
                                    {found.lower, asked.upper}, shop.pool);
    found.passes += filled.passes;
    if (filled.samples.empty()) return;
    found.need = std::move(filled.need);
    found.samples = std::move(filled.samples);
}

}  // namespace

PartsBound least_by_parts(const Problem& problem, std::int64_t tau, Resource resource,
                          const PartsAsked& asked, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    const bool counts = asked.part >= 2 && problem.samples_real() + asked.part <= largest_count;
    const bool priced = settings.start && settings.start->prices.usable() && asked.upper > 0;
    if (!counts || !priced || problem.sends_nothing() || problem.block_hz() > 0) return {};
    if (resource == Resource::cycle && !(asked.lower > 0)) return {};
    Workshop shop(problem, settings);
    PartsBound found;
    if (shop.boxes.contradicts() || shop.stop.check()) return found;
    const double t = static_cast<double>(tau);
    const Box box = shop.boxes.whole(t);
    PartsPrices prices(problem, t, resource, asked, settings.start->prices, box, shop.pool);
    const auto [lower, bid] = prices.least();
    found.lower = lower;
    found.prices = bid.prices;
    found.parts = {bid.per_part, asked.part, asked.above};
    if (lower > 0 && !shop.stop.check()) split(problem, t, resource, asked, prices, shop, found);
    found.passes += prices.passes();
    return found;
}

}  // namespace mel
