// The longest cycle that a pair of prices rules out, and prices at which that is worth looking for.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/infinity.hpp"
#include "bracket/least_prices.hpp"

namespace mel {
namespace {

constexpr double root_share = 1e-3;
constexpr double coarsest_root = 1e-6;
constexpr double rough_root = 1e-7;
constexpr double furthest = 1e4;  // times the cycle where a root is looked for
constexpr double far_scale = 4;
constexpr double few_times = 4;
constexpr int most_scales = 40;
constexpr double least_stretch = 1e-6;
constexpr int most_root_steps = 60;
constexpr double further = 4;      // times a step that hardly led nearer
constexpr int foretold_roots = 4;  // looks after which halves are surer
constexpr double outweighed = 1e8;
constexpr double sharp = 1e-13;  // relative: over which a slope is taken
constexpr int most_doublings = 16;
constexpr int most_halvings = 64;

}  // namespace

// A look at about the longest cycle that the prices rule out. Whole samples come into reach all at
// once as a cycle grows, above all where few kinds of learners compute: no slope foretells that.
LeastPrices::Look LeastPrices::look_at_root(PassPoint& point, double& amount, Root near) {
    const auto [radius, narrow, wanted] = near;
    const double samples = problem_.samples_real();
    const double by_radius = std::clamp(root_share * radius * radius, finest_root, coarsest_root);
    const double close = wanted > 0 ? std::max(wanted, finest_root) : by_radius;
    double low = 0, high = infinity;  // ruled out, and not
    double low_value = 0, high_value = 0;
    double stretch =
        1 + std::clamp(std::max(few_times * last_move_, radius * radius), least_stretch, radius);
    double push = 1;
    double between = infinity, between_before = infinity;
    const double first = amount;
    others_.amount = 0;
    double before = 0, before_value = 0;
    // Between looks at these very prices: what is known from others may be stale.
    double secant = 0;
    Look seen = look(point, amount);
    for (int step = 0; step < most_root_steps && !enough_looks(); ++step) {
        const bool impossible = seen.sums.impossible > 0;
        const double value = impossible ? -infinity : seen.at_most();
        if (value <= 0 && value >= -close * samples) break;
        if (few_.on && value <= 0 && value >= -narrow * amount * steepness_) break;
        if (value <= 0) {
            low = amount;
            low_value = value;
        } else {
            high = amount;
            high_value = value;
        }
        if (high - low <= narrow * amount) break;
        if (before > 0 && std::isfinite(value - before_value) && before != amount) {
            steepness_ = secant = (value - before_value) / (amount - before);
        }
        const bool nearer = std::fabs(value) <= 0.5 * std::fabs(before_value);
        const double before_that = std::exchange(before, amount);
        before_value = value;
        const double steep = secant > 0 ? secant : std::max(steepness_, slope(point.prices));
        double next = amount - (value + 0.5 * close * samples) / steep;
        if (low > 0 && high < infinity) {
            if (!(next > low && next < high) && std::isfinite(low_value)) {
                next = low + (high - low) * (-low_value) / (high_value - low_value);
            }
            // By halves where two looks halved neither what lies between nor what is left.
            const bool slow = high - low > 0.5 * between_before && !nearer;
            if (slow || !(next > low && next < high)) {
                next = high > 2 * low ? std::sqrt(low * high) : 0.5 * (low + high);
            }
            between_before = std::exchange(between, high - low);
        } else {
            // Ever further where steps hardly lead nearer, as at the foot of stairs.
            push = before_that > 0 && !nearer ? further * push : 1;
            const double wished = amount + push * (next - amount);
            next = std::clamp(wished, amount / stretch, amount * stretch);
            const bool onward = high == infinity ? next > amount : next < amount;
            if (!onward) next = high == infinity ? amount * stretch : amount / stretch;
            if (next != wished) stretch *= stretch;
        }
        if (few_.on && step < foretold_roots) {
            const double root = foretold_root(point, amount, seen, {low, high});
            if (root > low && root < high) next = root;
        }
        // Shorter cycles are ruled out without any prices.
        if (next <= too_short_) {
            if (amount <= too_short_ * (1 + shortest_step)) break;
            next = too_short_ * (1 + shortest_step);
        }
        // At these prices no cycle is one that they just rule out.
        if (!(next < furthest * first && next > first / furthest)) {
            amount = first;
            seen = look(point, amount);
            break;
        }
        amount = next;
        seen = look(point, amount);
    }
    if (seen.sums.impossible > 0 && high < infinity) {
        amount = high;
        seen = look(point, amount);
    }
    last_move_ = std::fabs(amount - first) / first;
    return seen;
}

// Where the bound reaches D at the same prices, from one look at all of them: the few are asked at
// every cycle, all others grow as they did.
double LeastPrices::foretold_root(const PassPoint& point, double amount, const Look& seen,
                                  Interval within) {
    const double weight = apart() ? few_.share : 1;
    PassPoint at = point;
    const auto few = [&](double cycle_s) {
        at.cycle_s = cycle_s;
        return weight * few_.on->value(at);
    };
    const Problem here = with(amount);
    const double budget =
        point.prices.lambda * here.bandwidth_hz() + point.prices.mu * here.power_w();
    const double samples = problem_.samples_real();
    const double now = few(amount);
    // Where the few outweigh all else by far nothing is left of the others' digits.
    double value = seen.at_most() - now;
    if (std::fabs(now) > outweighed * (budget + samples)) {
        value = budget + seen.sums.samples.value() - samples;
    } else {
        if (others_.amount > 0 && others_.amount != amount) {
            const double slope = (value - others_.value) / (amount - others_.amount);
            if (slope > 0) others_.slope = slope;
        }
        others_.amount = amount;
        others_.value = value;
    }
    double slope = others_.slope;
    if (!(slope > 0) || !std::isfinite(slope)) slope = samples / amount;
    const auto bound = [&](double cycle_s) {
        return value + slope * (cycle_s - amount) + few(cycle_s);
    };
    double low = std::max({within.lower, too_short_, few_.on->shortest_s()});
    double high = within.upper;
    if (!(high < infinity)) {
        high = std::max(amount, low * (1 + shortest_step));
        for (int step = 0; step < most_doublings && !(bound(high) > 0); ++step) high *= 2;
    }
    for (int step = 0; step < most_halvings; ++step) {
        const double middle = 0.5 * (low + high);
        if (!(middle > low && middle < high)) break;
        (bound(middle) > 0 ? high : low) = middle;
    }
    const double beyond = high * (1 + sharp);
    const double steep = (bound(beyond) - bound(low)) / (beyond - low);
    if (steep > 0 && std::isfinite(steep)) steepness_ = steep;
    return low;
}

// Prices at which about D samples are taken at the cycle that they rule out: those of the
// continuous problem may be far off where one learner needs nearly all of a budget.
void LeastPrices::scale_prices(PassPoint& point, double& amount) {
    const double samples = problem_.samples_real();
    double low = 0, high = infinity;  // too many are taken, and too few
    double step = far_scale;
    double factor = 1;
    const Prices first = point.prices;
    for (int round = 0; round < most_scales && !enough_looks(); ++round) {
        const Look seen = look_at_root(point, amount, {.radius = far_radius, .narrow = rough_root});
        const double taken = seen.sums.samples.value();
        if (seen.sums.impossible > 0) return;
        if (taken > few_times * samples) {
            low = factor;
        } else if (taken < samples / few_times) {
            high = factor;
        } else {
            return;
        }
        if (low > 0 && high < infinity) {
            if (high < 1.01 * low) return;
            factor = std::sqrt(low * high);
        } else {
            factor = high == infinity ? factor * step : factor / step;
            step *= step;
        }
        point.prices = {first.lambda * factor, first.mu * factor};
        if (!point.prices.usable()) return;
    }
}

LeastPrices::TooShort LeastPrices::surely_too_short() const {
    const bool proves = kept_ && best_.sums.impossible == 0 && best_.excess.proves_infeasible();
    return {proves ? at_.amount : 0, at_.prices};
}

}  // namespace mel
