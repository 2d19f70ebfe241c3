#include "learner/energy_timed.hpp"

#include <algorithm>
#include <cmath>

namespace mel {
namespace {

constexpr int most_steps = 100;

// v^3 = A (alpha d(v) + beta) with the samples d(v) that end in time: the right side is concave, so
// that Newton's method falls to the root from where full speed puts it.
double speed_in_proportion(const Spender& b, const Demand& q, HertzPrice price, double t) {
    const double scale = price.joules * b.unit.cost / (t * t) * b.work_s / (2 * b.each_j);
    const double base_s = b.other_s(q), left = std::max(q.budget_s - t, 0.0);
    double v = std::cbrt(scale * (q.alpha * left / (base_s + b.work_s) + q.beta));
    if (!(q.alpha > 0) || v >= 1) return v;
    for (int step = 0; step < most_steps; ++step) {
        const double per_speed = base_s * v + b.work_s;
        const double over = v * v * v - scale * (q.alpha * left * v / per_speed + q.beta);
        const double slope =
            3 * v * v - scale * q.alpha * left * b.work_s / (per_speed * per_speed);
        const double moved = over / slope;
        if (!(moved > 1e-15 * v)) break;
        v -= moved;
    }
    return v;
}

}  // namespace

Timed timed(const Spender& b, const Demand& q, HertzPrice price, double t, bool& limited) {
    const double base_s = b.other_s(q);
    Timed at{(q.budget_s - t) / (base_s + b.work_s), 1, 0, 0, {}};
    Sending& s = at.sending;
    if (b.in_proportion() && b.chosen()) {
        at.speed = std::clamp(speed_in_proportion(b, q, price, t), b.slowest, 1.0);
        at.samples = at.speed > 0 ? (q.budget_s - t) / (base_s + b.work_s / at.speed) : 0;
    }
    s = sending_at(b, price, {.bits = q.alpha * std::max(at.samples, 0.0) + q.beta, .seconds = t},
                   limited);
    if (b.chosen() && !b.in_proportion()) {
        // The number of bits is fixed.
        at.speed = std::clamp(std::cbrt(s.time_w * b.work_s / (2 * b.each_j)), b.slowest, 1.0);
        at.samples = at.speed > 0 ? (q.budget_s - t) / (base_s + b.work_s / at.speed) : 0;
    }
    at.sent = q.alpha * s.by_bits + s.time_w * (base_s + b.work_s / at.speed);
    at.slope = at.sent + b.computing_j(at.speed) + b.return_each;
    return at;
}

bool timed_by_worth(const Spender& b, const Demand& q, HertzPrice price, double worth, double& t,
                    Timed& at) {
    const double other = b.other_s(q), left = worth - b.return_each;
    const auto at_speed = [&](double v) {
        at.speed = v;
        return (left - b.each_j * v * v) / (other + b.work_s / v);
    };
    // Between the ends: a sample costs `each_j` times ratio v^3 + 3 v^2, which Newton's method
    // falls along.
    const double ratio = 2 * other / b.work_s, share = left / b.each_j;
    const auto costs = [&](double v) { return v * v * (ratio * v + 3); };
    double time_w;
    if (!b.chosen() || share >= costs(1)) {
        time_w = at_speed(1);
    } else if (share <= costs(b.slowest)) {
        time_w = at_speed(b.slowest);
    } else {
        double v = std::min(std::sqrt(share / 3), 1.0);
        for (int step = 0; step < most_steps; ++step) {
            const double moved = (costs(v) - share) / (3 * v * (ratio * v + 2));
            if (!(moved > 1e-16 * v)) break;
            v -= moved;
        }
        at.speed = v;
        time_w = b.computing_w(v);
    }
    ToSend model{.bits = q.beta, .seconds = t};
    if (!sending_that_saves(b, price, time_w, model, at.sending)) return false;
    t = model.seconds;
    const double each_s = other + b.work_s / at.speed;
    at.samples = (q.budget_s - t) / each_s;
    at.sent = time_w * each_s;
    at.slope = worth;
    return true;
}

}  // namespace mel
