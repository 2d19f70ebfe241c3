// battery_approach_lanes.hpp for the fixed law.
#pragma once

#include "kernels/battery_approach_lanes.hpp"

namespace mel::MEL_ISA {

struct FixedApproach {
    // Samples to begin at.
    MEL_INLINE Lanes first(const BatteryLanes& b, double lambda, Lanes d, Lanes v, Lanes t,
                           Mask slower) {
        const Lanes bits = larger(b.q.alpha * d + b.q.beta, fill(0));
        const Lanes z = square_root(lambda * ln2 * bits * b.joules / b.q.noise) /
                        select(t > fill(0), t, fill(1));
        const Lanes w = fixed_root_start(smaller(larger(z, fill(1e-12)), fill(1e60)));
        const Lanes p = exponential_rough(smaller(w, fill(300))) - 1;
        const Lanes to = (b.energy - b.q.noise * p * t) / (b.joules * v * v);
        return select(slower, d, larger(to, d));
    }

    MEL_INLINE ApproachLanes find(const BatteryLanes& b, double lambda, Lanes d, Lanes v,
                                  Mask wanted) {
        const Lanes band = fill(lambda * ln2);
        const Lanes inverse_noise = 1 / b.q.noise;
        ApproachLanes a{fill(1), v, none()};
        Mask open = wanted;
        for (int step = 0; step < approach_steps && any(open); ++step) {
            const Lanes each_j = b.joules * v * v * inverse_noise;  // over the noise
            const Lanes work = b.work / v;
            const Lanes each = b.other + work;
            const Lanes bits = b.q.alpha * d + b.q.beta;
            const Lanes t = b.q.budget - each * d;
            const Lanes inverse_t = 1 / t;
            const Lanes p = (b.energy * inverse_noise - each_j * d) * inverse_t;
            const Mask sane = open & (t > 0) & (p > fill(1e-9)) & (p < fill(1e30)) & (d > 0);
            const Lanes safe = select(sane, p, fill(1));
            const Lanes w = logarithm_1p(safe);
            const Lanes inverse_p = 1 / (1 + safe);
            const Lanes left = w - safe * inverse_p;  // times 1 + p: (1 + p) ln(1 + p) - p
            const Lanes p_d = (safe * each - each_j) * inverse_t;
            const Lanes t_v = work * d * inverse_t;  // of ln t
            const Lanes p_v = -2 * each_j * d * inverse_t - safe * t_v;
            const Lanes fall = each * left + each_j * inverse_p;
            const Lanes fall_p =
                safe * each * inverse_p * inverse_p - each_j * inverse_p * inverse_p;
            const Lanes fall_v = 2 * each_j * inverse_p - work * left;
            const Lanes inverse_w = 1 / w;
            const Lanes over = inverse_t * inverse_w;
            const Lanes by_bits = band * b.q.alpha * over;
            const Lanes by_fall = band * over * over;
            const Lanes w_p = inverse_p * inverse_w;
            const Lanes d_over = each * inverse_t - w_p * p_d;  // of the logarithms of `over`
            const Lanes v_over = -t_v - w_p * p_v;
            ApproachStep s;
            s.price = by_bits + by_fall * bits * fall;
            const Lanes inverse_price = 1 / s.price;
            s.price_x = (by_bits * d_over + by_fall * (b.q.alpha * fall + bits * (fall_p * p_d) +
                                                       2 * bits * fall * d_over)) *
                        inverse_price;
            s.price_v =
                (by_bits * v_over + by_fall * bits * (fall_p * p_v + fall_v + 2 * fall * v_over)) *
                inverse_price;
            const Lanes whole = left * (1 + safe);
            const Lanes inverse_whole = 1 / whole;
            s.worth = 2 * each_j * inverse_whole / work;
            s.worth_x = -w * p_d * inverse_whole;
            s.worth_v = 3 - w * p_v * inverse_whole;
            Lanes by_d, by_v;
            // 1/sqrt(price) falls nearly like a line.
            const Lanes off = 2 * (square_root(s.price) - 1);
            const Mask last = approach_by(b, s, off, ~held_back(b, v, s.worth), by_d, by_v);
            const Mask good = sane & (by_d == by_d) & (by_v == by_v);
            const Mask there = good & last;
            const Lanes to = moved_speed(b, v, by_v);
            a.samples = select(there, d + by_d, a.samples);
            a.speed = select(there, to, a.speed);
            a.found = a.found | there;
            open = good & ~there;
            v = select(open, to, v);
            d = select(open, d + by_d, d);
        }
        return a;
    }

    MEL_INLINE ApproachLanes both(const BatteryLanes& b, double lambda, Lanes, Lanes v,
                                  Mask wanted) {
        const Lanes p = b.power / b.q.noise;
        const Lanes w = logarithm_1p(select(wanted, p, fill(1)));
        const Lanes band = lambda * ln2 / w;
        const Lanes left = b.q.noise * ((1 + p) * w - p);
        ApproachLanes a{fill(1), v, none()};
        Mask open = wanted & (p > fill(1e-9)) & (p < fill(1e30));
        for (int step = 0; step < approach_steps && any(open); ++step) {
            const BothPoint at = both_point(b, v);
            const Lanes carried = at.bits * at.loss;
            const Lanes sum = b.q.alpha + carried;
            const Lanes price = band * sum * at.inverse_t;
            const Lanes price_v = carried * (at.bits_v + at.loss_v) / sum - at.t_v;
            const Lanes f = near_logarithm(price);
            const Lanes by = -f / price_v;
            const Mask sane = open & (at.samples > 0) & (at.t > 0) & (by == by);
            const Mask last = magnitude(f) <= fill(approached);
            const Mask slower = 2 * at.each_j >= at.work * left;
            const Lanes to = moved_speed(b, v, by);
            a.speed = select(sane & last, to, a.speed);
            a.found = a.found | (sane & last & slower & (to < fill(1)) & (to > b.slowest));
            open = sane & ~last;
            v = select(open, to, v);
        }
        a.samples = both_samples(b, a.speed);
        return a;
    }

    MEL_INLINE Mask too_fast(const BatteryLanes& b, Lanes, Lanes v, Mask wanted) {
        const Lanes p = b.power / b.q.noise;
        const Mask sane = wanted & (p > fill(1e-9)) & (p < fill(1e30));
        const Lanes safe = select(sane, p, fill(1));
        const Lanes left = b.q.noise * ((1 + safe) * logarithm_1p(safe) - safe);
        return sane & (2 * b.joules * v * v * v >= b.work * left);
    }

    MEL_INLINE Lanes speed(const BatteryLanes& b, Lanes d, Lanes v, Lanes, Mask wanted) {
        const Lanes inverse_noise = 1 / b.q.noise;
        const Lanes base = b.q.budget - b.other * d;
        const Lanes work = b.work * d;
        const Lanes joules = b.joules * d * inverse_noise;
        const Lanes energy = b.energy * inverse_noise;
        Mask open = wanted;
        for (int step = 0; step < approach_steps && any(open); ++step) {
            const Lanes seconds = work / v;
            const Lanes computing = joules * v * v;
            const Lanes t = base - seconds;
            const Lanes inverse_t = 1 / t;
            const Lanes p = (energy - computing) * inverse_t;
            const Mask sane = open & (t > 0) & (p > fill(1e-9)) & (p < fill(1e30));
            const Lanes safe = select(sane, p, fill(1));
            const Lanes w = logarithm_1p(safe);
            const Lanes every = 1 / (((1 + safe) * w - safe) * seconds);
            const Lanes p_v = -(2 * computing + safe * seconds) * inverse_t;
            const Lanes h = near_logarithm(2 * computing * every);
            const Lanes by = -h / (3 - w * p_v * seconds * every);
            const Mask good = sane & (by == by);
            v = select(good, v * near_exponential(by), v);
            open = good & (magnitude(h) > fill(approached));
        }
        return v;
    }
};

}  // namespace mel::MEL_ISA
