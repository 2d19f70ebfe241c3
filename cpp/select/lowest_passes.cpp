// Passes over all of many learners: Newton's steps with what the sample and each step taught, and
// where learners switch between answers that are far apart, a look at those alone between passes.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {

constexpr double longest_step = 0.7;
constexpr double nearly_enough = 0.995;  // of those who must take part; where fewer do, closer:
constexpr double hopeless_count = 1e-5;
constexpr double hopeless = 0.01;         // of the way down to a target: what is left to fall
constexpr double relative = 1e-11;        // of the bound: what is left of it to fall
constexpr double of_reals = 1e-10;        // the same where worths have no common measure,
constexpr double of_jumps = 1e-9;         // and where whole learners alone switch
constexpr int smooth_passes = 1;          // before those who switch are looked at alone,
constexpr int of_wholes = 2;              // and where nearly all do,
constexpr double far_within = 3;          // a pass before that if they are so many steps around,
constexpr double share_of_it = 0.25;      // as near as that to what is left to fall,
constexpr int most_sharp = 5;             // as often
constexpr double hardly_worth_it = 0.15;  // of a grain: what is left, as whole numbers close it
constexpr double next_to_nothing = 1e-9;  // of the bound, for all that there is,
constexpr double clearly_over = 1e-3;     // of a budget,
constexpr double steep = 0.35;            // and a step of its price that is no step of Newton's
constexpr double surely_fallen = 0.9;     // of what is foretold
constexpr double several = 3;             // times what is foretold is as far as a bound may fall
constexpr double longest_trusted = 0.1;   // a step from a look that guides alone,
constexpr double misjudged = 0.015;       // which a sample's curvature may err by

void lengthen(double (&step)[3], double by) {
    double longest = 0;
    for (const double part : step) longest = std::max(longest, std::fabs(part));
    if (longest > 0) by = std::max(std::min(by, longest_step / longest), 1.0);
    for (double& part : step) part *= by;
}

}  // namespace

Lowest::Outcome Lowest::look_once(const Bid& bid, double target) {
    told_.clear();
    best_.picks.resize(padded_to_groups(choices_.size()));
    best_.bid = bid;
    best_.sums = choices_.look(bid, nullptr, {best_.picks});
    if (pool_.stop().requested()) return Outcome::stopped;
    const auto bound = choices_.bound(bid, best_.sums);
    if (bound.value == -infinity) return Outcome::impossible;
    best_.value = bound.value - bid.per_learner * needed();
    best_.error = bound.error;
    return most() < target ? Outcome::proved : Outcome::open;
}

// A look at all at the point's bid; false where somebody has no choice at all.
bool Lowest::see(Point& point, Told& told) {
    const std::size_t n = choices_.size();
    point.picks.resize(padded_to_groups(n));
    told.margins.resize(choices_.jumps() || needed() > 0 ? n : 0);
    told.steps.resize(choices_.tells_steps() ? n : 0);
    told.switching.resize(choices_.two_tops() ? n : 0);
    point.sums =
        choices_.look(point.bid, nullptr, {point.picks, told.margins, told.steps, told.switching});
    const auto bound = choices_.bound(point.bid, point.sums);
    point.value = bound.value - point.bid.per_learner * needed();
    point.error = bound.error;
    return bound.value > -infinity;
}

// What the last step taught: the curvature along it. False where it taught nothing.
bool Lowest::learn(const Slope& at, const Slope& last, const Vector& step) {
    const int n = binds_ ? 3 : 2;
    Vector rest = {};
    double along = 0, size = 0, length = 0;
    for (int i = 0; i < n; ++i) {
        rest[i] = at.by[i] - last.by[i];
        for (int j = 0; j < n; ++j) rest[i] -= curve_[i][j] * step[j];
        along += rest[i] * step[i];
        size += rest[i] * rest[i];
        length += step[i] * step[i];
    }
    if (!(std::fabs(along) > 1e-6 * std::sqrt(size * length))) return false;
    Matrix learnt = {}, root = {};
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) learnt[i][j] = curve_[i][j] + rest[i] * rest[j] / along;
    }
    if (!factor(learnt, n, root)) return false;
    std::copy(&learnt[0][0], &learnt[0][0] + 9, &curve_[0][0]);
    return true;
}

// How much of a bound there may be left to fall. On: where more of it has not done.
double Lowest::enough_of(const Point& at, double tolerance, bool on) const {
    const bool reals = !goal_.whole && goal_.grain == 0;
    const double least = choices_.all_or_nothing() ? of_jumps : (reals ? of_reals : relative);
    const double hardly = roughly_ && !on ? hardly_worth_it * goal_.grain : 0;
    return std::max({tolerance, least * std::fabs(at.value), hardly});
}

// Budgets that are exceeded at prices of next to nothing, where those who take most of them are few
// and no sample has them: a bound that hardly falls there is not near its lowest, and prices climb.
void Lowest::steepen(const Slope& at, Vector& step) const {
    const Problem& problem = choices_.problem();
    const Prices& prices = best_.bid.prices;
    const double band = prices.lambda * problem.bandwidth_hz();
    const double watt = prices.mu * problem.power_w();
    if (!(band + watt < next_to_nothing * std::fabs(at.value))) return;
    if (at.by[0] < -clearly_over * band) step[0] = std::max(step[0], steep);
    if (at.by[1] < -clearly_over * watt) step[1] = std::max(step[1], steep);
}

// Whether a bound that falls by so much is one that plans of many single samples reach, while it is
// none as it stands.
bool Lowest::rules_out_more(double fall) const {
    if (!roughly_ || !(goal_.grain > 0) || choices_.all_or_nothing()) return false;
    const auto grains = [&](double bound) { return std::floor(bound / goal_.grain); };
    return grains(most() - surely_fallen * fall) < grains(most());
}

// Whether even a point that is lower by several times what is foretold bounds whole numbers by the
// same one.
bool Lowest::closes_nothing(double fall) const {
    if (goal_.whole || !(goal_.grain > 0) || some_switch()) return false;
    const double above = std::fmod(best_.value + best_.error, goal_.grain);
    return several * fall + hardly_worth_it * goal_.grain < above;
}

// A look that guides alone; false where it does not even that.
bool Lowest::see_roughly(Point& point, Told* told) {
    const std::size_t n = choices_.size();
    Picks picks{};
    if (told) {
        point.picks.resize(padded_to_groups(n));
        told->clear();
        told->margins.resize(choices_.jumps() ? n : 0);
        told->switching.resize(choices_.two_tops() ? n : 0);
        picks = {point.picks, told->margins, {}, told->switching};
    }
    point.sums = choices_.look_roughly(point.bid, picks);
    point.value = choices_.bound(point.bid, point.sums).value;
    point.error = 0;
    return std::isfinite(point.value) && !pool_.stop().requested();
}

// Before the passes over very many learners: from the sample's prices to near the lowest point by
// passes that are a third of theirs. True where those who switch foretold it.
bool Lowest::approach(Bid& bid, double tolerance) {
    if (!roughly_ || !bid.prices.usable()) return false;
    const bool whole = choices_.all_or_nothing();
    Point from;
    from.bid = bid;
    if (!see_roughly(from, nullptr)) return false;
    const Slope at = slope_of(bid, from.sums, 1);
    Vector step = {};
    double fall = 0;
    if (!step_down(curve_, at, step, fall)) return false;
    if (!(std::max(std::fabs(step[0]), std::fabs(step[1])) <= longest_trusted)) return false;
    const double enough = enough_of(from, tolerance, false);
    Point to;
    to.bid = moved(bid, step);
    if (!to.bid.prices.usable()) return false;
    bid = to.bid;
    if (misjudged * misjudged * fall <= enough && !whole) return false;
    Told told;
    if (!see_roughly(to, some_switch() ? &told : nullptr)) return false;
    if (!(to.value < from.value)) {
        bid = from.bid;
        return false;
    }
    const Slope there = slope_of(bid, to.sums, 1);
    learn(there, at, step);
    if (!step_down(curve_, there, step, fall)) return false;
    if (fall <= share_of_it * enough && !whole) return false;
    Bid ahead = bid;
    if (some_switch()) {
        double foretold = 0;
        std::swap(best_, to);
        std::swap(told_, told);
        if (among_switching({share_of_it * enough}, ahead, foretold) == Ahead::lower) {
            bid = ahead;
            return true;
        }
    }
    if (std::max(std::fabs(step[0]), std::fabs(step[1])) <= longest_trusted) {
        ahead = moved(bid, step);
        if (ahead.prices.usable()) bid = ahead;
    }
    return false;
}

// On: `bid` is that of the lowest point, which need not be looked at again. Sharp: so many times
// those who switch foretold it.
Lowest::Outcome Lowest::pass_over(Bid& bid, const Until& until, bool on, int sharp) {
    const double target = until.target, tolerance = until.tolerance;
    const int most_passes = until.most_passes;
    near_.clear();
    double lowest = infinity;
    Slope last{};
    Vector step = {};
    Bid here = bid;
    const int n = binds_ ? 3 : 2;
    const bool whole = choices_.all_or_nothing();
    const int smooth = on ? 0 : whole ? of_wholes : smooth_passes;
    double boost = 1;
    double stretch = 1;
    bool forced = false;
    int level = 0;  // how often they foretold none that are lower
    double foretold = -infinity, enough = 0;
    Point point;
    Told told;
    for (int pass = 0; pass < most_passes; ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        if (!here.prices.usable()) break;
        if (!forced) end_ = here.prices;
        point.bid = here;
        bool possible = true;
        if (pass == 0 && on) {
            std::swap(best_, point);
            std::swap(told_, told);
        } else {
            possible = see(point, told);
        }
        if (pool_.stop().requested()) return Outcome::stopped;
        if (!possible) return Outcome::impossible;
        const Slope at = slope_of(here, point.sums, 1);
        const bool better = point.value < lowest;
        if (pass > 0 && better && sharp == 0) {
            const bool learns = learn(at, last, step);
            // As steep as before, or steeper: what looks curved is straight.
            double before = 0, after = 0;
            for (int i = 0; i < n; ++i) {
                before += last.by[i] * step[i];
                after += at.by[i] * step[i];
            }
            stretch = !learns && after < 0.5 * before ? 3 * stretch : 1;
        }
        if (better) {
            const double fallen = lowest - point.value;
            lowest = point.value;
            std::swap(best_, point);
            std::swap(told_, told);
            passed_ = true;
            last = at;
            if (!on && best_.value + best_.error < target) {
                bid = best_.bid;
                best_.picks.resize(choices_.size());
                return Outcome::proved;
            }
            if (forced) break;
            if (sharp > 0 && (fallen <= enough || std::fabs(lowest - foretold) <= enough)) break;
            forced = nobody_chooses(best_, told_.margins, choices_, 1, here);
            if (forced) continue;
            double fall = 0;
            if (!step_down(curve_, at, step, fall)) break;
            lengthen(step, stretch);
            fall *= stretch;
            enough = enough_of(best_, tolerance, on);
            // What is far above D is not refuted any more.
            if (target > 0) {
                const bool missed = best_.sums.takers < nearly_enough * needed();
                enough = std::max(enough, (missed ? hopeless_count : hopeless) * (lowest - target));
            }
            steepen(at, step);
            const bool climbs = climb(at, step, boost);
            const bool closes = !on && !climbs && rules_out_more(fall);
            const bool done = fall <= enough || (!on && closes_nothing(fall));
            const bool near = !climbs && done && !closes;
            if (near && (sharp > 0 || misled_ || !whole)) break;
            if (!misled_ && (near || closes || (!climbs && pass >= smooth))) {
                const Ahead ahead = among_switching({share_of_it * enough}, here, foretold);
                if (ahead == Ahead::lower && ++sharp <= most_sharp) continue;
                const bool settled = fall <= relative * std::fabs(lowest);
                const bool flat = ahead == Ahead::level && (on || !some_switch() || ++level > 1);
                if (sharp > 0 || settled || flat) break;
            } else if (!misled_ && !climbs && pass + 1 == smooth && pass > 0) {
                const double length = std::max(std::fabs(step[0]), std::fabs(step[1]));
                const double reach = far_within * length;
                const Ahead ahead = among_switching(
                    {.tolerance = share_of_it * enough, .reach = reach}, here, foretold);
                if (ahead == Ahead::lower && ++sharp <= most_sharp) continue;
            }
        } else {
            if (forced) break;
            // Far more than those near it switch where all hold about as much: what was foretold
            // is off, and how far tells the curvature on the way there.
            if (boost <= 1 && !some_switch()) {
                const Vector way = {std::log(here.prices.lambda / best_.bid.prices.lambda),
                                    std::log(here.prices.mu / best_.bid.prices.mu)};
                double fall = 0;
                if (!learn(at, last, way) || !step_down(curve_, last, step, fall)) break;
                if (fall <= enough) break;
                misled_ = true;
                sharp = 0;
                here = moved(best_.bid, step);
                continue;
            }
            if (sharp > 0) break;
            if (boost <= 1) {
                const Ahead ahead = among_switching({share_of_it * enough}, here, foretold);
                if (ahead == Ahead::lower && ++sharp <= most_sharp) continue;
                if (ahead == Ahead::level && ++level > 1) break;
            }
            boost = stretch = 1;
            double longest = 0;
            for (double& part : step) longest = std::max(longest, std::fabs(part *= 0.35));
            if (longest < 1e-10) break;
        }
        here = moved(best_.bid, step);
    }
    bid = best_.bid;
    best_.picks.resize(choices_.size());  // lanes fill the last group
    return lowest < infinity ? Outcome::open : Outcome::stopped;
}

}  // namespace mel
