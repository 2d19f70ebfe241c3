#include "select/lowest.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "prices/polygon.hpp"

namespace mel {
namespace {

constexpr std::size_t points_kept = 8;

}  // namespace

void Lowest::keep(Point&& point) {
    if (near_.size() >= points_kept) near_.erase(near_.begin());
    near_.push_back(std::move(point));
}

bool Lowest::switches(std::size_t k, double& low, double& high) const {
    low = high = best_.picks[k];
    for (const Point& point : near_) {
        low = std::min(low, point.picks[k]);
        high = std::max(high, point.picks[k]);
    }
    return low < high;
}

Lowest::Outcome Lowest::run(Bid& bid, const Cell* cell, const Until& until) {
    const auto [target, tolerance, most_passes] = until;
    const Problem& problem = choices_.problem();
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    near_.clear();
    const auto whole = choices_.capacity(bid, cell);
    if (whole.value == -infinity) return Outcome::impossible;
    if (whole.most() < target) {
        bid.prices = {};
        best_.value = whole.value;
        best_.error = whole.error;
        return Outcome::proved;
    }
    // No lower point has lambda B + mu P above what it is at price zero.
    const double scale = whole.value > 0 ? 2 * whole.value : 1;
    Polygon left;
    left.reset({{0, 0}, {1, 0}, {0, 1}});
    double lowest = infinity;
    PlanePoint at{bid.prices.lambda * band / scale, bid.prices.mu * watt / scale};
    constexpr double least_share = 1e-6;
    if (!(at.x > least_share && at.y > least_share && at.x + at.y < 1)) left.centre(at);
    double slope_x = 0, slope_y = 0;
    PlanePoint best_at = at;
    struct Cut {
        double value, x, y;  // U at zero by its tangent, and the slopes
    };
    std::vector<Cut> cuts;
    // What was lowest by then bounds all the same.
    const auto stopped = [&] {
        if (lowest < infinity) bid = best_.bid;
        return Outcome::stopped;
    };
    for (int pass = 0; pass < most_passes; ++pass) {
        if (pool_.stop().check()) return stopped();
        bid.prices = {at.x * scale / band, at.y * scale / watt};
        if (!bid.prices.usable()) break;
        Point point;
        point.bid = bid;
        point.picks.resize(choices_.size(), 0.0);
        point.sums = choices_.look(bid, cell, {point.picks});
        if (pool_.stop().requested()) return stopped();
        const auto bound = choices_.bound(bid, point.sums);
        if (bound.value == -infinity) return Outcome::impossible;
        point.value = bound.value;
        point.error = bound.error;
        if (bound.most() < target) {
            best_ = std::move(point);
            return Outcome::proved;
        }
        const double by_x = scale * (1 - point.sums.bandwidth / band);
        const double by_y = scale * (1 - point.sums.power / watt);
        cuts.push_back({point.value - by_x * at.x - by_y * at.y, by_x, by_y});
        if (point.value < lowest) {
            lowest = point.value;
            slope_x = by_x;
            slope_y = by_y;
            best_at = at;
            best_ = point;
            for (const Cut& cut : cuts) left.clip(cut.value - lowest, cut.x, cut.y);
        } else {
            left.clip(cuts.back().value - lowest, by_x, by_y);
        }
        keep(std::move(point));
        if (left.empty()) break;
        if (left.fall({best_at, slope_x, slope_y}) <= tolerance) break;
        if (!left.centre(at)) break;
        if (!(at.x > 0 && at.y > 0)) break;
    }
    bid = best_.bid;
    return lowest < infinity ? Outcome::open : Outcome::stopped;
}

void Lowest::take(const Bid& bid, const Numbers& picks, const ChoiceSums& sums,
                  const Choices::Bound& at) {
    near_.clear();
    told_.clear();
    best_.bid = bid;
    best_.picks = picks;
    best_.picks.resize(choices_.size());
    best_.sums = sums;
    best_.value = at.value;
    best_.error = at.error;
}

Lowest::Outcome Lowest::refute(Bid& bid, const Cell& cell, double target, int most_passes) {
    const Problem& problem = choices_.problem();
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    const double scale = std::max({target, choices_.capacity(bid, &cell).value, 1e-300});
    Polygon left;  // of (lambda B, mu P) where those and the value's own weight sum to one
    left.reset({{0, 0}, {1, 0}, {0, 1}});
    PlanePoint at{};
    Numbers picks(choices_.size(), 0.0);
    for (int pass = 0; pass < most_passes && left.centre(at); ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        const double own = 1 - at.x - at.y;
        if (!(at.x > 0 && at.y > 0 && own > 0)) break;
        bid.prices = {at.x / own * scale / band, at.y / own * scale / watt};
        if (!bid.prices.usable()) break;
        const ChoiceSums sums = choices_.look(bid, &cell, {picks});
        if (pool_.stop().requested()) return Outcome::stopped;
        const auto bound = choices_.bound(bid, sums);
        if (bound.value == -infinity) return Outcome::impossible;
        if (bound.most() < target) return Outcome::proved;
        const double gained =
            (bound.value - bid.prices.lambda * band - bid.prices.mu * watt + sums.cost) / scale -
            target / scale;
        const double over_x = 1 - sums.bandwidth / band;
        const double over_y = 1 - sums.power / watt;
        left.clip(gained, over_x - gained, over_y - gained);
        if (left.empty() || !(left.extent() > 1e-15)) break;
    }
    return Outcome::open;
}

}  // namespace mel
