// Near the lowest point of many learners their curvature says less than who of them switch: a whole
// learner in or out changes the slopes at once. Those who may switch are few, and looked at alone,
// as often as it takes; the others follow by first and second derivatives.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/chunks.hpp"
#include "prices/polygon.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t share_looked_at = 32, least_kept = 256, most_kept = 1024;  // learners
constexpr std::size_t tried = 1024;  // for the curvature
constexpr double change = 0.01;      // of a price, for a difference
constexpr double widest = 0.5;       // of a price, that is left for the search
constexpr double narrowest = 1e-9;
constexpr int looks = 80;

}  // namespace

// Of those who go on with about as many samples, by relative changes of the prices.
Lowest::Curvature Lowest::smooth_curvature(double switching) const {
    const std::size_t n = choices_.size();
    const Bid& bid = best_.bid;
    Bid by_band = bid, by_power = bid;
    by_band.prices.lambda *= 1 + change;
    by_power.prices.mu *= 1 + change;
    Curvature sum{};
    double seen = 0;
    for (std::size_t k = 0; k < n; k += (n / tried) | 1) {
        seen += 1;
        const double d = best_.picks[k];
        if (!(d > 0) || std::fabs(margins_[k]) <= switching) continue;
        const Interval box{std::max(choices_.least(k), std::floor(0.5 * d)),
                           std::min(choices_.most(k), 2 * d)};
        const auto at = choices_.use_of(k, bid, box);
        const auto dear = choices_.use_of(k, by_band, box);
        const auto hot = choices_.use_of(k, by_power, box);
        sum.xx -= dear.bandwidth - at.bandwidth;
        sum.xy -= 0.5 * ((hot.bandwidth - at.bandwidth) * bid.prices.lambda +
                         (dear.power - at.power) * bid.prices.mu);
        sum.yy -= hot.power - at.power;
    }
    const double scale = static_cast<double>(n) / (seen * change);
    Curvature all{std::max(sum.xx * bid.prices.lambda * scale, 0.0), sum.xy * scale,
                  std::max(sum.yy * bid.prices.mu * scale, 0.0)};
    const double largest = std::sqrt(all.xx * all.yy);
    all.xy = std::clamp(all.xy, -largest, largest);
    return all;
}

// From the lowest point seen to where it is lowest as far as that can be foretold, if that is lower
// by more than the tolerance.
Lowest::Ahead Lowest::among_switching(double tolerance, Bid& next, double& foretold) {
    if (binds_ || margins_.empty() || !best_.bid.prices.usable()) return Ahead::unknown;
    const auto switching = [&](std::size_t k) { return std::fabs(margins_[k]); };
    const std::size_t n = choices_.size();
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < n; ++k) {
        if (switching(k) < infinity) who.push_back(k);
    }
    if (who.empty()) return Ahead::unknown;
    const std::size_t kept = std::clamp(n / share_looked_at, least_kept, most_kept);
    double width = infinity;
    if (who.size() > kept) {
        const auto end = who.begin() + static_cast<std::ptrdiff_t>(kept);
        std::nth_element(who.begin(), end, who.end(), [&](std::size_t a, std::size_t b) {
            return switching(a) < switching(b) || (switching(a) == switching(b) && a < b);
        });
        width = switching(*end);
        who.resize(kept);
        std::sort(who.begin(), who.end());
    }
    const auto some = sample_of(who);
    const Problem& problem = choices_.problem();
    const Prices from = best_.bid.prices;
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    sampled(best_.bid, *some);
    const ChoiceSums near = some->seen.sums;
    const double rest_band = from.lambda * (best_.sums.bandwidth - near.bandwidth);
    const double rest_watt = from.mu * (best_.sums.power - near.power);
    const double rest = best_.sums.value.value() - near.value.value();
    const Curvature curve = smooth_curvature(width);
    const double each = near.size / static_cast<double>(who.size());
    const double radius = std::clamp(width / each, narrowest, widest);
    Polygon left;
    left.reset({{-radius, -radius}, {radius, -radius}, {radius, radius}, {-radius, radius}});
    double lowest = best_.value;
    PlanePoint best{0, 0}, at{0, 0};
    double by_x = from.lambda * (band - best_.sums.bandwidth);
    double by_y = from.mu * (watt - best_.sums.power);
    left.clip(0, by_x, by_y);
    double slope_x = by_x, slope_y = by_y;
    for (int look = 0; look < looks && left.centre(at); ++look) {
        double fall = 0;
        for (const PlanePoint& corner : left.corners()) {
            fall = std::max(fall, -(slope_x * (corner.x - best.x) + slope_y * (corner.y - best.y)));
        }
        if (fall <= tolerance || pool_.stop().check()) break;
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
