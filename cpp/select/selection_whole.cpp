// Boxes of splits that hold just D samples: refuted by prices, or cut where a learner gains most
// from being in two places at once; and plans of the splits that prices meet.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/infinity.hpp"
#include "select/selector.hpp"

namespace mel {
namespace {

constexpr int passes_a_node = 120;
constexpr int lowest_passes = 60;   // of a search for the lowest bound, beside that
constexpr int again_with_more = 4;  // after a better plan
constexpr std::uint64_t looked_at = 64, now_and_then = 16;  // nodes where plans are looked for
constexpr std::size_t tries = 3;                            // splits, the newest ones
constexpr int rounds = 12;                                  // of exchanging single samples
constexpr double hopes = 2;                                 // times what one of them gained last
constexpr double no_gap = 1e-9;                             // of D

}  // namespace

// Whether prices refute the box: true where they do, false where that was stopped.
std::optional<bool> Selector::refuted(Open& open) {
    const auto outcome = refuting_.run(open.cell, open.starts, {target(), passes_a_node});
    if (outcome == Refuting::Outcome::open) return {};
    if (outcome == Refuting::Outcome::stopped) return false;
    open.bid = refuting_.bid();
    return true;
}

bool Selector::looks_for_plans() const {
    const auto seen = static_cast<std::uint64_t>(found_.nodes);
    return seen < looked_at || std::has_single_bit(seen) || seen % now_and_then == 0;
}

bool Selector::close_whole(Open& open) {
    if (no_split(&open.cell, open.bid)) return true;
    if (const auto closed = refuted(open)) return *closed;
    if (refuting_.found() > 0) {
        open.bid = refuting_.best().bid;
        if (try_splits(open.cell)) return false;
        if (std::has_single_bit(static_cast<std::uint64_t>(found_.nodes))) {
            Bid bid = open.bid;
            const auto outcome = lowest_.run(bid, &open.cell,
                                             {.target = target() + bid.per_learner * needed(),
                                              .tolerance = tolerance(),
                                              .most_passes = lowest_passes});
            if (outcome == Lowest::Outcome::proved) {
                open.bid = bid;
                return true;
            }
            if (outcome == Lowest::Outcome::stopped) return false;
            if (outcome == Lowest::Outcome::open && look_for_plan(bid, &open.cell)) return false;
        }
    }
    std::size_t learner = 0;
    double at = 0;
    return !choose_widest(open.cell, learner, at) && close_the_last(open);
}

// Whether no plan in the cell is worth more than the best one; better ones are looked for on the
// way.
bool Selector::close_worth(Open& open) {
    for (int again = 0; again < again_with_more; ++again) {
        if (const auto closed = refuted(open)) return *closed;
        if (refuting_.found() == 0) break;
        const Refuting::Split& best = refuting_.best();
        open.bid = best.bid;
        open.bound = std::min(open.bound, rounded_down(best.bound.most()));
        open.starts = refuting_.best_bids();
        if (!looks_for_plans()) break;
        lowest_.take(best.bid, best.samples, best.sums, best.bound);
        if (!look_for_plan(best.bid, &open.cell)) break;
    }
    std::size_t learner = 0;
    double at = 0;
    return !choose_widest(open.cell, learner, at) && close_the_last(open);
}

// Makes the newest splits whole, those who take part kept, and asks whether one fits.
bool Selector::try_splits(const Cell& cell) {
    const std::size_t n = problem_.size();
    Numbers low(n), high(n), samples(n);
    for (std::size_t i = 0; i < std::min(refuting_.found(), tries); ++i) {
        const Refuting::Split& split = refuting_.recent(i);
        std::vector<std::size_t> may_go;
        for (std::size_t k = 0; k < n; ++k) {
            const double fewest = std::max(choices_.least(k), cell.low[k]);
            const double most = std::min(choices_.sure(k), cell.high[k]);
            const bool rests = choices_.may_rest(k) && cell.low[k] <= 0;
            const bool takes = split.samples[k] > 0 && fewest <= most;
            // By single samples only those come and go who may have a single one.
            const bool alone = rests ? fewest <= 1 && problem_.excused() : fewest <= 0;
            low[k] = rests ? 0 : fewest;
            high[k] = takes || alone ? most : low[k];
            samples[k] = takes ? std::min(split.samples[k], most) : low[k];
            if (!takes) continue;
            low[k] = std::max(fewest, 1.0);
            if (alone) may_go.push_back(k);
        }
        // As many as need not be there, those who gain least.
        const double spare = std::max(fitting_.takers(samples) - needed(), 0.0);
        const auto some = std::min(may_go.size(), static_cast<std::size_t>(spare));
        std::nth_element(
            may_go.begin(), may_go.begin() + static_cast<std::ptrdiff_t>(some), may_go.end(),
            [&](std::size_t a, std::size_t b) { return split.margins[a] < split.margins[b]; });
        for (std::size_t j = 0; j < some; ++j) low[may_go[j]] = 0;
        const Box box{{}, low, high};
        Prices prices = split.bid.prices;
        const PassPoint from{choices_.tau(), problem_.cycle_s(), prices};
        if (!rounding_.repair(box, from, samples, true)) continue;
        fitting_.begin_at(prices);
        double before = infinity;
        for (int round = 0; round < rounds; ++round) {
            if (offer(samples)) return true;
            if (stop_.check()) return false;
            // As many rounds more that gain as much would not do; of blocks nobody says so.
            const double over = fitting_.load() - 1, left = rounds - round;
            if (problem_.block_hz() == 0 && over > hopes * left * (before - over)) break;
            before = over;
            prices = {1.0, fitting_.ratio()};
            const PassPoint at{choices_.tau(), problem_.cycle_s(), prices};
            if (!prices.usable() || !rounding_.exchange(box, at, samples)) break;
        }
    }
    return false;
}

// The learner whose cost at the mixture's mean samples is furthest above the mixture of its costs.
// Where no cost is, the one on whose samples the splits differ most; at last the widest box.
bool Selector::choose(const Open& open, std::size_t& learner, double& at) const {
    if (refuting_.found() == 0) return choose_widest(open.cell, learner, at);
    const Mixture mixture = refuting_.mixture();
    const Prices prices = refuting_.recent(0).bid.prices;
    const bool learners_count = goal_.of == Worth::learners;
    const auto held = [&](int i, std::size_t k) {
        return refuting_.recent(mixture.index[i]).samples[k];
    };
    double largest = no_gap * std::max(target(), 1.0), widest = 0;
    bool torn = false;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        double mean = 0, least = infinity, most = 0;
        for (int i = 0; i < mixture.count; ++i) {
            const double d = held(i, k);
            mean += mixture.weight[i] * d;
            least = std::min(least, d);
            most = std::max(most, d);
        }
        if (!(most > least)) continue;
        const bool rests = choices_.may_rest(k) && least == 0;
        const double fewest = std::max(choices_.least(k), 1.0);
        double mixed = 0;
        for (int i = 0; i < mixture.count; ++i) {
            mixed += mixture.weight[i] * choices_.cost(k, held(i, k), prices);
        }
        const double cost = choices_.cost(k, std::max(mean, fewest), prices);
        double taking = 0;
        for (int i = 0; i < mixture.count; ++i) taking += held(i, k) > 0 ? mixture.weight[i] : 0;
        const double gap = learners_count && rests
                               ? cost * std::min(taking, 1 - taking)
                               : cost - mixed + choices_.weight(k) * std::max(fewest - mean, 0.0);
        if (torn ? !(gap > largest) : !(gap > largest || most - least > widest)) continue;
        if (gap > largest) {
            torn = true;
            largest = gap;
        }
        widest = std::max(widest, most - least);
        learner = k;
        at = rests ? 0 : std::clamp(std::floor(mean), least, most - 1);
    }
    if (!(widest > 0)) return choose_widest(open.cell, learner, at);
    learner = among_twins(open.cell, mixture, learner);
    if (choices_.may_rest(learner) && at < choices_.least(learner)) at = 0;
    if (at < open.cell.low[learner] || at >= open.cell.high[learner]) {
        return choose_widest(open.cell, learner, at);
    }
    return true;
}

// Of identical learners whom the splits send here and there, the one that stands where the mixture
// has as many of them on either side.
std::size_t Selector::among_twins(const Cell& cell, const Mixture& mixture,
                                  std::size_t learner) const {
    if (!choices_.has_twins()) return learner;
    const std::size_t n = problem_.size();
    std::vector<std::size_t> alike;
    const auto mean_of = [&](std::size_t k) {
        double mean = 0;
        for (int i = 0; i < mixture.count; ++i) {
            mean += mixture.weight[i] * refuting_.recent(mixture.index[i]).samples[k];
        }
        return mean;
    };
    double least = infinity, most = 0, total = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (k != learner && !choices_.twins(k, learner)) continue;
        if (cell.low[k] != cell.low[learner] || cell.high[k] != cell.high[learner]) continue;
        alike.push_back(k);
        total += mean_of(k);
        for (int i = 0; i < mixture.count; ++i) {
            const double d = refuting_.recent(mixture.index[i]).samples[k];
            least = std::min(least, d);
            most = std::max(most, d);
        }
    }
    if (alike.size() < 2 || !(most > least)) return learner;
    const double many = static_cast<double>(alike.size());
    const double rank = std::max((total - least * many) / (most - least), 0.0);
    return alike[std::min(static_cast<std::size_t>(rank), alike.size() - 1)];
}

}  // namespace mel
