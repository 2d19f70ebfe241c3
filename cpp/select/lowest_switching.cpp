// Near the lowest point of many learners their curvature says less than who of them switch: a whole
// learner in or out changes the slopes at once. Those who may switch are few, and looked at alone,
// as often as it takes; the others follow by first and second derivatives.
#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "prices/polygon.hpp"
#include "select/lowest.hpp"
#include "select/smallest.hpp"

namespace mel {
namespace {

constexpr std::size_t share_looked_at = 32, least_kept = 256, most_kept = 1024;  // learners
constexpr std::size_t share_tried = 16, tried = 4096;  // for the curvature
constexpr double change = 0.01;                        // of a price, for a difference, both ways
constexpr double widest = 0.5;                         // of a price, that is left for the search
constexpr double narrowest = 1e-9;
constexpr int looks = 80;
constexpr double near_by = 0.05;  // of a price: as far as a curvature holds
constexpr double flat = 1e-6;

}  // namespace

// What the best answer loses that is far from a learner's own. Of those who take all or nothing,
// who differ by any factor, as a share of what they cost: prices that change by so much make up for
// it.
double Lowest::switching(std::size_t k) const {
    const double margin = told_.margins.empty() ? infinity : told_.margins[k];
    const double lost = told_.switching.empty() ? std::fabs(margin) : told_.switching[k];
    if (!choices_.all_or_nothing() || !(lost < infinity)) return lost;
    const double d = std::max(choices_.least(k), best_.picks[k]);
    const Bid& bid = best_.bid;
    const double worth = bid.per_sample * choices_.weight(k) * d + bid.per_learner;
    const double cost = std::isfinite(margin) ? worth - margin : worth;
    return cost > 0 ? lost / cost : infinity;
}

// Of those who go on with about as many samples, by relative changes of the prices: of some who
// stand for all.
Lowest::Curvature Lowest::smooth_curvature(double switching) {
    const std::size_t n = choices_.size();
    const auto all = some_in_order(std::clamp(n / share_tried, least_kept, tried));
    std::vector<std::size_t> who;
    Cell cell;
    for (const std::size_t k : all) {
        const double own = this->switching(k);
        if (own < infinity && own <= switching) continue;
        const double d = best_.picks[k];
        who.push_back(k);
        cell.low.push_back(d > 0 ? std::max(choices_.least(k), std::floor(0.5 * d)) : 0);
        cell.high.push_back(d > 0 ? std::min(choices_.most(k), 2 * d) : 0);
    }
    if (who.empty()) return Curvature{0, 0, 0};
    // Where nobody is told to switch, those who do are part of it.
    const Cell* within = some_switch() ? &cell : nullptr;
    const auto some = sample_of(who);
    const double x = best_.bid.prices.lambda, y = best_.bid.prices.mu;
    const auto at = [&](double by_x, double by_y) {
        Bid bid = best_.bid;
        bid.prices = {x * (1 + by_x), y * (1 + by_y)};
        return some->choices->look(bid, within, {some->seen.picks});
    };
    const ChoiceSums dear = at(change, 0), cheap = at(-change, 0);
    const ChoiceSums hot = at(0, change), cold = at(0, -change);
    const double of_all = static_cast<double>(n) / static_cast<double>(all.size());
    const double by = 0.5 * of_all / change;
    const double across =
        0.5 * ((cold.bandwidth - hot.bandwidth) * x + (cheap.power - dear.power) * y) * by;
    Curvature curve{std::max((cheap.bandwidth - dear.bandwidth) * x * by, 0.0), across,
                    std::max((cold.power - hot.power) * y * by, 0.0)};
    const double largest = std::sqrt(curve.xx * curve.yy);
    curve.xy = std::clamp(curve.xy, -largest, largest);
    return curve;
}

// To where it is lowest where nobody switches.
Lowest::Ahead Lowest::smoothly(const Curvature& curve, double tolerance, Bid& next,
                               double& foretold) const {
    const Slope at = slope_of(best_.bid, best_.sums, 1);
    const double size = curve.xx * curve.yy, det = size - curve.xy * curve.xy;
    if (!(det > flat * size)) return Ahead::unknown;
    const double x = (curve.xy * at.by[1] - curve.yy * at.by[0]) / det;
    const double y = (curve.xy * at.by[0] - curve.xx * at.by[1]) / det;
    if (!(std::max(std::fabs(x), std::fabs(y)) < near_by)) return Ahead::unknown;
    const double fall = -0.5 * (at.by[0] * x + at.by[1] * y);
    if (!(fall > tolerance)) return Ahead::level;
    next = best_.bid;
    next.prices = {next.prices.lambda * (1 + x), next.prices.mu * (1 + y)};
    foretold = best_.value - fall;
    return next.prices.usable() ? Ahead::lower : Ahead::unknown;
}

bool Lowest::foretell_proof(Bid& bid, double target) {
    if (some_switch() || needed() > 0 || choices_.size() <= most_sampled) return false;
    double foretold = infinity;
    Bid next = bid;
    const Ahead ahead = smoothly(smooth_curvature(infinity), 0, next, foretold);
    if (ahead != Ahead::lower || !(foretold < target)) return false;
    bid = next;
    return true;
}

// From the lowest point seen to where it is lowest as far as that can be foretold, if that is lower
// by more than the tolerance. Unknown where those who may switch are not so many that prices may
// change by `reach`, relatively.
Lowest::Ahead Lowest::among_switching(const Within& within, Bid& next, double& foretold) {
    const auto [tolerance, reach] = within;
    if (binds_ || !best_.bid.prices.usable()) return Ahead::unknown;
    const std::size_t n = choices_.size();
    const std::size_t kept = std::clamp(n / share_looked_at, least_kept, most_kept);
    const auto [who, width] =
        smallest(some_switch() ? n : 0, kept, [&](std::size_t k) { return switching(k); });
    if (who.empty()) return smoothly(smooth_curvature(width), tolerance, next, foretold);
    const auto some = sample_of(who);
    const Problem& problem = choices_.problem();
    const Prices from = best_.bid.prices;
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    sampled(best_.bid, *some);
    const ChoiceSums near = some->seen.sums;
    const double rest_band = from.lambda * (best_.sums.bandwidth - near.bandwidth);
    const double rest_watt = from.mu * (best_.sums.power - near.power);
    const double rest = best_.sums.value.value() - near.value.value();
    const bool shares = choices_.all_or_nothing();  // of costs
    const double each = shares ? 1 : near.size / static_cast<double>(who.size());
    const double radius = std::clamp(width / each, narrowest, widest);
    if (radius < reach) return Ahead::unknown;
    const Curvature curve = smooth_curvature(width);
    Polygon left;
    left.reset({{-radius, -radius}, {radius, -radius}, {radius, radius}, {-radius, radius}});
    double lowest = best_.value;
    PlanePoint best{0, 0}, at{0, 0};
    double by_x = from.lambda * (band - best_.sums.bandwidth);
    double by_y = from.mu * (watt - best_.sums.power);
    left.clip(0, by_x, by_y);
    double slope_x = by_x, slope_y = by_y;
    for (int look = 0; look < looks && left.centre(at); ++look) {
        if (left.fall({best, slope_x, slope_y}) <= tolerance || pool_.stop().check()) break;
        Bid here = best_.bid;
        here.prices = {from.lambda * (1 + at.x), from.mu * (1 + at.y)};
        sampled(here, *some);
        const ChoiceSums& sums = some->seen.sums;
        const double bent_x = curve.xx * at.x + curve.xy * at.y;
        const double bent_y = curve.xy * at.x + curve.yy * at.y;
        const double value = here.prices.lambda * band + here.prices.mu * watt + rest -
                             rest_band * at.x - rest_watt * at.y +
                             0.5 * (bent_x * at.x + bent_y * at.y) + sums.value.value();
        by_x = from.lambda * (band - sums.bandwidth) - rest_band + bent_x;
        by_y = from.mu * (watt - sums.power) - rest_watt + bent_y;
        if (value < lowest) {
            lowest = value;
            best = at;
            slope_x = by_x;
            slope_y = by_y;
        }
        left.clip(value - lowest - by_x * at.x - by_y * at.y, by_x, by_y);
        if (left.empty()) break;
    }
    if (!(lowest < best_.value - tolerance)) return Ahead::level;
    next = best_.bid;
    next.prices = {from.lambda * (1 + best.x), from.mu * (1 + best.y)};
    foretold = lowest;
    return next.prices.usable() ? Ahead::lower : Ahead::unknown;
}

}  // namespace mel
