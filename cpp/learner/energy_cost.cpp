#include "learner/energy_cost.hpp"

#include <algorithm>
#include <cmath>

#include "base/bracketed.hpp"
#include "base/infinity.hpp"
#include "learner/capped.hpp"

namespace mel {
namespace {

constexpr int most_steps = 100;
constexpr double speed_error = 1e-16;  // of ln v
constexpr double at_speed = 1e-15;     // and what rounding leaves of it

EnergyCost cost_at(const Spender& b, const Demand& q, HertzPrice price, Computed work,
                   bool limited) {
    const auto [d, speed] = work;
    const double t = q.budget_s - (b.other_s(q) + b.work_s / speed) * d;
    const double bits = q.alpha * d + q.beta;
    EnergyCost c{infinity, infinity, 0, 0, speed, infinity, t};
    if (!(t > 0) && !(t == 0 && bits == 0)) return c;
    const Sending s = sending_at(b, price, {.bits = bits, .seconds = t}, limited);
    const double computing = b.computing_j(speed);
    c.cost = s.cost + (b.return_j + (b.return_each + computing) * d);
    c.bandwidth_hz = s.bandwidth_hz;
    c.power_w = s.power_w;
    c.energy_j = b.spent_j(s, t, work);
    c.slope = q.alpha * s.by_bits + s.time_w * (b.other_s(q) + b.work_s / speed) + computing +
              b.return_each;
    return c;
}

// The speed at d samples: where one more second is worth as much to both.
double speed_for(const Spender& b, const Demand& q, HertzPrice price, Computed from,
                 bool& limited) {
    const auto [d, near] = from;
    if (!b.chosen() || !(d > 0)) return 1;
    const double base = q.budget_s - b.other_s(q) * d;
    const double work = b.work_s * d;
    const double bits = q.alpha * d + q.beta;
    if (!(base > work)) return 1;
    if (!(bits > 0)) return std::max(b.slowest, work / base);
    // Falls with ln v.
    const auto over = [&](double v) {
        const ToSend what{.bits = bits, .seconds = base - work / v};
        return std::log(sending_at(b, price, what, limited).time_w / b.computing_w(v));
    };
    const auto steep = [&](double v) { return -3 - 2 * work / (base * v - work); };
    const bool bounded = b.slowest * base > work;
    const double least = bounded ? b.slowest : work / base;
    bool least_open = bounded, most_open = true;  // whether an end may be the best
    double low = std::log(least), high = 0;
    double x = near > least && near <= 1 ? std::log(near) : 0;
    double v = std::exp(x);
    double value = over(v);
    double slope = steep(v);
    double moved_before = 1;
    bool out_of_reach = false;  // slower than any bandwidth allows
    for (int step = 0; step < most_steps; ++step) {
        double next = x - value / slope;
        // There already: to halve what is left would only lead away.
        if (std::fabs(next - x) <= at_speed) break;
        (value > 0 ? low : high) = x;
        out_of_reach = out_of_reach || !(value < infinity);
        if (next >= high && most_open && high == 0) {
            most_open = false;
            if (!(over(1) < 0)) return 1;
        }
        if (next <= low && least_open && low == std::log(least)) {
            least_open = false;
            if (!(over(least) > 0)) return least;
        }
        next = step_between({low, high}, next, step);
        const double moved = next - x;
        const double before = value;
        x = next;
        v = std::exp(x);
        // What a step by a secant leaves is about its product with the one before.
        const double left = std::fabs(moved * moved_before);
        moved_before = moved;
        if ((step > 0 ? left < speed_error : std::fabs(moved) < 1e-13) || high - low < 1e-14) break;
        value = over(v);
        slope = (value - before) / moved;
        if (!(slope < -2.9) || !std::isfinite(slope)) slope = steep(v);
    }
    // The best may lie a hair's breadth above what is out of reach.
    if (out_of_reach && !(over(v) < infinity)) return std::exp(high);
    return v;
}

// What the first few samples cost each: nobody computes without any, and they are at whatever speed
// is best for them.
double slope_from_none(const Spender& b, const Demand& q, HertzPrice price, bool limited) {
    const Sending s = sending_at(b, price, {.bits = q.beta, .seconds = q.budget_s}, limited);
    const double v = std::clamp(std::cbrt(s.time_w * b.work_s / (2 * b.each_j)), b.slowest, 1.0);
    const double working = s.time_w > 0 ? s.time_w * b.work_s / v : 0;
    return q.alpha * s.by_bits + s.time_w * b.other_s(q) + working + b.computing_j(v) +
           b.return_each;
}

}  // namespace

EnergyCost energy_cost(const Spender& b, const Demand& q, HertzPrice price, Computed near) {
    bool limited = true;
    const double d = near.samples, speed = speed_for(b, q, price, near, limited);
    EnergyCost c = cost_at(b, q, price, {.samples = d, .speed = speed}, limited);
    if (!(d > 0) && b.chosen() && c.cost < infinity) c.slope = slope_from_none(b, q, price, true);
    return c;
}

}  // namespace mel
