// battery_approach_lanes.hpp for the density law.
#pragma once

#include "kernels/battery_approach_lanes.hpp"

namespace mel::MEL_ISA {

struct DensityApproach {
    // ln w to begin at where t seconds are left: as if the price followed from joules alone, or for
    // a third where the speed follows its best.
    MEL_INLINE Lanes first(const BatteryLanes& b, double lambda, Lanes, Lanes v, Lanes t,
                           Mask slower) {
        const Lanes joules = b.joules * v * v * select(slower, fill(3), fill(1));
        const Lanes y = 2 * lambda * joules / (b.q.noise * select(t > fill(0), t, fill(1)));
        return density_root_start(square_root(smaller(larger(y, fill(1e-12)), fill(1e60))));
    }

    MEL_INLINE ApproachLanes find(const BatteryLanes& b, double lambda, Lanes w, Lanes v,
                                  Mask wanted) {
        const Lanes unit = b.q.noise * ln2;
        const Lanes band = fill(lambda * ln2);
        ApproachLanes a{fill(1), v, none()};
        Mask open = wanted;
        for (int step = 0; step < approach_steps && any(open); ++step) {
            w = larger(smaller(w, fill(200)), fill(1e-6));
            const Exponential e = exponential(w);
            const Lanes left = w * e.minus_one - e.excess;  // e^w (w - 1) + 1
            const Lanes each_j = b.joules * v * v;
            const Lanes inverse_v = 1 / v;
            const Lanes work = b.work * inverse_v;
            const Lanes each = b.other + work;
            const Lanes inverse_w = 1 / w;
            const Lanes need = each_j + unit * b.q.alpha * e.minus_one * inverse_w;
            const Lanes inverse_need = 1 / need;
            const Lanes d = (b.energy - unit * b.q.beta * e.minus_one * inverse_w) * inverse_need;
            const Lanes bits = b.q.alpha * d + b.q.beta;
            const Lanes t = b.q.budget - each * d;
            const Lanes every = 1 / (t * bits * left);
            const Lanes inverse_t = every * bits * left;
            const Lanes inverse_bits = every * t * left;
            const Lanes inverse_left = every * t * bits;
            const Lanes d_w = -unit * left * bits * inverse_w * inverse_need;  // by ln w
            const Lanes d_v = -2 * each_j * d * inverse_need;
            const Lanes t_w = -each * d_w * inverse_t;  // of ln t
            const Lanes t_v = (work * d - each * d_v) * inverse_t;
            const Lanes bits_w = b.q.alpha * d_w * inverse_bits;
            const Lanes bits_v = b.q.alpha * d_v * inverse_bits;
            const Lanes left_w = w * w * e.value * inverse_left;
            const Lanes by_slack = band * each * bits * inverse_t * inverse_t * inverse_w;
            const Lanes by_bits = band * b.q.alpha * e.value * inverse_left * inverse_t;
            const Lanes by_joules = lambda * each_j * inverse_left * inverse_t / b.q.noise;
            ApproachStep s;
            s.price = by_slack + by_bits + by_joules;
            s.price_x = by_slack * (bits_w - 2 * t_w - 1) + by_bits * (w - left_w - t_w) -
                        by_joules * (left_w + t_w);
            s.price_v = by_slack * (bits_v - 2 * t_v) -
                        band * work * bits * inverse_t * inverse_t * inverse_w - by_bits * t_v +
                        by_joules * (2 - t_v);
            const Lanes inverse_price = 1 / s.price;
            s.price_x = s.price_x * inverse_price;
            s.price_v = s.price_v * inverse_price;
            s.worth = 2 * each_j * t * w * inverse_left * inverse_bits / (unit * work);
            s.worth_x = t_w + 1 - bits_w - left_w;
            s.worth_v = 3 + t_v - bits_v;
            Lanes by_w, by_v;
            const Mask last =
                approach_by(b, s, near_logarithm(s.price), ~held_back(b, v, s.worth), by_w, by_v);
            const Mask sane = open & (d > 0) & (t > 0) & (by_w == by_w) & (by_v == by_v);
            const Mask there = sane & last;
            const Lanes to = moved_speed(b, v, by_v);
            const Lanes d_to = d + d_w * by_w + d_v * by_v;
            a.samples = select(there, d_to, a.samples);
            a.speed = select(there, to, a.speed);
            a.found = a.found | there;
            open = sane & ~there;
            v = select(open, to, v);
            w = select(open, w * near_exponential(by_w), w);
        }
        return a;
    }

    // The same with the limit of power, too. Found where slower alone would be better.
    MEL_INLINE ApproachLanes both(const BatteryLanes& b, double lambda, Lanes w, Lanes v,
                                  Mask wanted) {
        const Lanes unit = b.q.noise * ln2;
        ApproachLanes a{fill(1), v, none()};
        Mask open = wanted;
        for (int step = 0; step < approach_steps && any(open); ++step) {
            w = larger(smaller(w, fill(200)), fill(1e-6));
            const BothPoint at = both_point(b, v);
            const Exponential e = exponential(w);
            const Lanes left = w * e.minus_one - e.excess;
            const Lanes every = 1 / (left * e.minus_one * w);
            const Lanes inverse_left = every * e.minus_one * w;
            const Lanes mean = e.minus_one * e.minus_one * every * left;  // (e^w - 1)/w
            const Lanes carried = at.bits * at.loss;
            const Lanes sum = b.q.alpha + carried;
            ApproachStep s;
            s.price = lambda * ln2 * e.value * inverse_left * at.inverse_t * sum;
            s.price_x = w - w * w * e.value * inverse_left;
            s.price_v = carried * (at.bits_v + at.loss_v) / sum - at.t_v;
            s.worth = unit * at.bits * mean * at.inverse_t / b.power;
            s.worth_x = left * left * w * every;
            s.worth_v = at.bits_v - at.t_v;
            Lanes by_w, by_v;
            const Mask last = approach_by(b, s, near_logarithm(s.price), ~none(), by_w, by_v);
            const Mask sane =
                open & (at.samples > 0) & (at.t > 0) & (by_w == by_w) & (by_v == by_v);
            const Mask slower = 2 * at.each_j * at.t * w >= at.work * unit * at.bits * left;
            const Lanes to = moved_speed(b, v, by_v);
            a.speed = select(sane & last, to, a.speed);
            a.found = a.found | (sane & last & slower & (to < fill(1)) & (to > b.slowest));
            open = sane & ~last;
            v = select(open, to, v);
            w = select(open, w * near_exponential(by_w), w);
        }
        a.samples = both_samples(b, a.speed);
        return a;
    }

    // Whether slower than the speed that both limits leave is better, with the energy alone.
    MEL_INLINE Mask too_fast(const BatteryLanes& b, Lanes d, Lanes v, Mask wanted) {
        const Lanes unit = b.q.noise * ln2 * (b.q.alpha * d + b.q.beta);
        const Lanes seconds = b.work * d / v;
        const Lanes t = b.q.budget - b.other * d - seconds;
        const Lanes share = unit / (b.power * t);
        const Mask sane = wanted & (share > fill(1e-90)) & (share < fill(1 - 1e-6));
        const Lanes w = power_cap_start(select(sane, share, fill(0.5)));
        const Exponential e = exponential(smaller(w, fill(600)));
        const Lanes left = w * e.minus_one - e.excess;
        return sane & (2 * b.joules * d * v * v * t * w >= unit * seconds * left);
    }

    // About the best speed for given samples, from one where `joules` are left to send with.
    MEL_INLINE Lanes speed(const BatteryLanes& b, Lanes d, Lanes v, Lanes joules, Mask wanted) {
        const Lanes unit = b.q.noise * ln2 * (b.q.alpha * d + b.q.beta);
        const Lanes base = b.q.budget - b.other * d;
        const Lanes work = b.work * d;
        const Lanes each_j = 1 / (b.joules * d);
        const Lanes share = unit / joules;
        Mask open = wanted & (share > fill(1e-90)) & (share < fill(1 - 1e-6));
        Lanes w = power_cap_start(select(open, share, fill(0.5)));
        for (int step = 0; step < approach_steps && any(open); ++step) {
            w = larger(smaller(w, fill(200)), fill(1e-6));
            const Exponential e = exponential(w);
            const Lanes left = w * e.minus_one - e.excess;
            const Lanes inverse_w = 1 / w;
            const Lanes computing = b.energy - unit * e.minus_one * inverse_w;
            const Mask sane = open & (computing > 0);
            const Lanes to = square_root(select(sane, computing, fill(1)) * each_j);
            const Lanes seconds = work / to;
            const Lanes t = base - seconds;
            const Lanes every = 1 / (t * left * computing);
            const Lanes inverse_left = every * t * computing;
            const Lanes v_w = -0.5 * unit * left * inverse_w * (every * t * left);  // of ln v
            const Lanes t_w = seconds * v_w * (every * left * computing);
            // c v^3 is computing's joules over its seconds.
            const Lanes worth = 2 * computing * t * w * inverse_left / (unit * seconds);
            const Lanes h = near_logarithm(worth);
            const Lanes by = -h / (3 * v_w + t_w + 1 - w * w * e.value * inverse_left);
            const Mask good = sane & (t > 0) & (by == by);
            v = select(good, to * near_exponential(v_w * by), v);
            open = good & (magnitude(h) > fill(approached));
            w = select(open, w * near_exponential(by), w);
        }
        return v;
    }
};

}  // namespace mel::MEL_ISA
