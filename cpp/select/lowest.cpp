#include "select/lowest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/chunks.hpp"
#include "prices/polygon.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t points_kept = 8;
constexpr std::size_t few = 1024, some_more = 8192;  // learners of a sample
constexpr double tiny_share = 1e-200;

std::vector<std::size_t> sample_of(std::size_t size, std::size_t learners) {
    const std::size_t stride = sample_stride(size, learners);
    std::vector<std::size_t> some;
    for (std::size_t k = stride / 2; k < size; k += stride) some.push_back(k);
    if (some.empty()) some.push_back(0);
    return some;
}

// H step = -g, with H made positive definite.
bool newton(const double (&h)[3], double gx, double gy, double& dx, double& dy) {
    double a = h[0], b = h[1], c = h[2];
    if (!(a > 0) || !(c > 0)) return false;
    if (!(a * c - b * b > 1e-6 * a * c)) b = 0;
    const double det = a * c - b * b;
    dx = -(c * gx - b * gy) / det;
    dy = -(a * gy - b * gx) / det;
    const double length = std::max(std::fabs(dx), std::fabs(dy));
    if (!std::isfinite(length)) return false;
    if (length > 0.7) {
        dx *= 0.7 / length;
        dy *= 0.7 / length;
    }
    return true;
}

Bid moved(Bid bid, double dx, double dy) {
    bid.prices = {bid.prices.lambda * std::exp(dx), bid.prices.mu * std::exp(dy)};
    return bid;
}

}  // namespace

void Lowest::keep(Point&& point) {
    if (near_.size() >= points_kept) near_.erase(near_.begin());
    near_.push_back(std::move(point));
}

bool Lowest::torn(std::size_t k, double& low, double& high) const {
    low = high = best_.picks[k];
    for (const Point& point : near_) {
        low = std::min(low, point.picks[k]);
        high = std::max(high, point.picks[k]);
    }
    return low < high;
}

Lowest::Outcome Lowest::run(Bid& bid, const Cell* cell, double target, double tolerance,
                            int most_passes) {
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
    for (int pass = 0; pass < most_passes; ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        bid.prices = {at.x * scale / band, at.y * scale / watt};
        if (!bid.prices.usable()) break;
        Point point;
        point.bid = bid;
        point.picks.resize(choices_.size());
        point.sums = choices_.look(bid, cell, point.picks.data());
        if (pool_.stop().requested()) return Outcome::stopped;
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
        double fall = 0;
        for (const PlanePoint& corner : left.corners()) {
            fall = std::max(fall,
                            -(slope_x * (corner.x - best_at.x) + slope_y * (corner.y - best_at.y)));
        }
        if (fall <= tolerance) break;
        if (!left.centre(at)) break;
        if (!(at.x > 0 && at.y > 0)) break;
    }
    bid = best_.bid;
    return lowest < infinity ? Outcome::open : Outcome::stopped;
}

Lowest::Outcome Lowest::refute(Bid& bid, const Cell& cell, double target, int most_passes) {
    const Problem& problem = choices_.problem();
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    const double scale = std::max({target, choices_.capacity(bid, &cell).value, 1e-300});
    Polygon left;  // of (lambda B, mu P) where those and the value's own weight sum to one
    left.reset({{0, 0}, {1, 0}, {0, 1}});
    PlanePoint at{};
    std::vector<double> picks(choices_.size());
    for (int pass = 0; pass < most_passes && left.centre(at); ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        const double own = 1 - at.x - at.y;
        if (!(at.x > 0 && at.y > 0 && own > 0)) break;
        bid.prices = {at.x / own * scale / band, at.y / own * scale / watt};
        if (!bid.prices.usable()) break;
        const ChoiceSums sums = choices_.look(bid, &cell, picks.data());
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

Lowest::Slope Lowest::slope_of(const Bid& bid, const ChoiceSums& sums, double share) const {
    const Problem& problem = choices_.problem();
    const double x = bid.prices.lambda, y = bid.prices.mu;
    const double band = share * problem.bandwidth_hz(), watt = share * problem.power_w();
    return {x * band + y * watt + sums.value.value(), x * (band - sums.bandwidth),
            y * (watt - sums.power), sums.takers};
}

Lowest::Slope Lowest::sampled(const Bid& bid, std::span<const std::size_t> some) {
    const double share = static_cast<double>(some.size()) / static_cast<double>(choices_.size());
    return slope_of(bid, choices_.look_at(bid, some), share);
}

// Differences of slopes, over steps that are long enough to see learners join and leave.
bool Lowest::curvature(const Bid& bid, std::span<const std::size_t> some, const Slope& at,
                       double (&h)[3]) {
    constexpr double step = 0.03;
    const Slope right = sampled(moved(bid, step, 0), some);
    const Slope up = sampled(moved(bid, 0, step), some);
    h[0] = (right.band - at.band) / step;
    h[2] = (up.power - at.power) / step;
    h[1] = 0.5 * ((right.power - at.power) + (up.band - at.band)) / step;
    return h[0] > 0 && h[2] > 0;
}

Bid Lowest::guess(Bid bid, bool fresh) {
    const Problem& problem = choices_.problem();
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    if (fresh) {
        const auto some = sample_of(choices_.size(), few);
        const double share =
            static_cast<double>(some.size()) / static_cast<double>(choices_.size());
        Bid start = bid;
        start.prices = {tiny_share / band, tiny_share / watt};
        const double scale = std::max(sampled(start, some).value / share, 1e-300);
        Polygon left;
        left.reset({{0, 0}, {1, 0}, {0, 1}});
        PlanePoint at{};
        double lowest = infinity;
        for (int pass = 0; pass < 60 && left.centre(at); ++pass) {
            if (pool_.stop().check() || !(at.x > 0 && at.y > 0)) break;
            Bid here = bid;
            here.prices = {at.x * scale / band, at.y * scale / watt};
            if (!here.prices.usable()) break;
            const Slope seen = sampled(here, some);
            if (seen.value < lowest) {
                lowest = seen.value;
                start = here;
            }
            left.clip(seen.value - lowest - seen.band - seen.power, seen.band / at.x,
                      seen.power / at.y);
            if (left.empty()) break;
            // Near enough for Newton's method.
            if (left.extent() < 0.02 * std::min(at.x, at.y)) break;
        }
        bid = start;
    }
    const auto some = sample_of(choices_.size(), some_more);
    const double share = static_cast<double>(some.size()) / static_cast<double>(choices_.size());
    Slope at = sampled(bid, some);
    for (int round = 0; round < 8; ++round) {
        if (pool_.stop().check()) break;
        double h[3];
        double dx = 0, dy = 0;
        if (!curvature(bid, some, at, h) || !newton(h, at.band, at.power, dx, dy)) break;
        for (int i = 0; i < 3; ++i) curve_[i] = h[i] / share;
        const double fall = -0.5 * (at.band * dx + at.power * dy);
        if (fall <= 1e-5 * at.value) break;
        Bid next = moved(bid, dx, dy);
        Slope there = sampled(next, some);
        for (int half = 0; half < 5 && !(there.value < at.value); ++half) {
            dx *= 0.4;
            dy *= 0.4;
            next = moved(bid, dx, dy);
            there = sampled(next, some);
        }
        if (!(there.value < at.value)) break;
        bid = next;
        at = there;
    }
    sampled_takers_ = at.takers / share;
    return bid;
}

Lowest::Outcome Lowest::run_many(Bid& bid, double target, double tolerance) {
    constexpr int most_passes = 14;
    near_.clear();
    double lowest = infinity;
    Slope last{};
    double step_x = 0, step_y = 0;
    Bid here = bid;
    std::vector<double> margins(choices_.size());
    const bool jumps = choices_.jumps();
    for (int pass = 0; pass < most_passes; ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        if (!here.prices.usable()) break;
        Point point;
        point.bid = here;
        point.picks.resize(padded_to_groups(choices_.size()));
        point.sums =
            choices_.look(here, nullptr, point.picks.data(), jumps ? margins.data() : nullptr);
        point.picks.resize(choices_.size());  // lanes fill the last group
        if (pool_.stop().requested()) return Outcome::stopped;
        const auto bound = choices_.bound(here, point.sums);
        if (bound.value == -infinity) return Outcome::impossible;
        point.value = bound.value;
        point.error = bound.error;
        const Slope at = slope_of(here, point.sums, 1);
        const bool better = point.value < lowest;
        if (pass > 0 && better) {
            // What the last step taught: the curvature along it.
            const double yx = at.band - last.band, yy = at.power - last.power;
            const double rx = yx - (curve_[0] * step_x + curve_[1] * step_y);
            const double ry = yy - (curve_[1] * step_x + curve_[2] * step_y);
            const double along = rx * step_x + ry * step_y;
            const double length = std::hypot(step_x, step_y) * std::hypot(rx, ry);
            if (std::fabs(along) > 1e-6 * length) {
                const double h[3] = {curve_[0] + rx * rx / along, curve_[1] + rx * ry / along,
                                     curve_[2] + ry * ry / along};
                if (h[0] > 0 && h[2] > 0 && h[0] * h[2] > h[1] * h[1]) std::copy(h, h + 3, curve_);
            }
        }
        if (better) {
            lowest = point.value;
            best_ = std::move(point);
            if (jumps) margins_.swap(margins), margins.resize(choices_.size());
            last = at;
            if (best_.value + best_.error < target) {
                bid = best_.bid;
                return Outcome::proved;
            }
            double dx = 0, dy = 0;
            if (!newton(curve_, at.band, at.power, dx, dy)) break;
            const double fall = -0.5 * (at.band * dx + at.power * dy);
            if (fall <= tolerance) break;
            step_x = dx;
            step_y = dy;
        } else {
            step_x *= 0.35;
            step_y *= 0.35;
            if (std::max(std::fabs(step_x), std::fabs(step_y)) < 1e-10) break;
        }
        here = moved(best_.bid, step_x, step_y);
    }
    bid = best_.bid;
    return lowest < infinity ? Outcome::open : Outcome::stopped;
}

}  // namespace mel
