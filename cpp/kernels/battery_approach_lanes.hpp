// Where the best with all of the energy nearly is: a first guess for the search of
// battery_search_lanes.hpp, which judges it like any other. Newton's method in two unknowns in
// which all else is explicit, so that no root is looked for in between:
//
//   density:  ln w and ln v, from which the energy gives the samples,
//   fixed:    the samples and ln v.
//
// Both equations are in logarithms: the price of one more sample is that of lambda dB/dd, and
// computing is worth its seconds (docs/energy.md). Steps are not kept between ends; where they
// leave what is possible the search begins elsewhere.
#pragma once

#include "kernels/battery_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr int approach_steps = 7;
inline constexpr int both_steps = 4;
inline constexpr double approached = 1e-5;  // what is off, of which about the square is left

struct ApproachLanes {
    Lanes samples, speed;
    Mask found;
};

// ln x for x near 1, and of the sign of x - 1 everywhere.
MEL_INLINE Lanes near_logarithm(Lanes x) {
    const Lanes z = (x - 1) / (x + 1);
    return z * (2 + (2.0 / 3) * (z * z));
}

// e^x for small x, and positive everywhere.
MEL_INLINE Lanes near_exponential(Lanes x) {
    x = larger(smaller(x, fill(1)), fill(-1));
    return (2 + x) / (2 - x);
}

// A price of one more sample and a worth of speed, both 1 where they are right, and what changes
// their logarithms.
struct ApproachStep {
    Lanes price, price_x, price_v;
    Lanes worth, worth_x, worth_v;
};

// Newton's step in x and ln v; the speed stays within its ends. `f` is what the price is off.
// Returns where a step like this is the last.
MEL_INLINE Mask approach_by(const BatteryLanes& b, const ApproachStep& s, Lanes f, Mask free,
                            Lanes& by_x, Lanes& by_v) {
    const Lanes h = near_logarithm(s.worth);
    const Lanes det = s.price_x * s.worth_v - s.price_v * s.worth_x;
    by_x = (s.price_v * h - s.worth_v * f) / det;
    by_v = (s.worth_x * f - s.price_x * h) / det;
    free = free & b.chosen;
    by_x = select(free, by_x, -f / s.price_x);
    by_v = only(free, by_v);
    return (magnitude(f) <= fill(approached)) & (~free | (magnitude(h) <= fill(approached)));
}

// Whether the speed is at the end to which it would go on.
MEL_INLINE Mask held_back(const BatteryLanes& b, Lanes v, Lanes worth) {
    return ((v == fill(1)) & (worth < fill(1))) | ((v == b.slowest) & (worth > fill(1)));
}

MEL_INLINE Lanes moved_speed(const BatteryLanes& b, Lanes v, Lanes by) {
    return larger(smaller(v * near_exponential(by), fill(1)), b.slowest);
}

// With the limit of power and the energy both a speed gives the samples, and all that follows.
struct BothPoint {
    Lanes samples, t, bits, inverse_t, each_j, work;
    Lanes t_v, bits_v;   // of the logarithms, by ln v
    Lanes loss, loss_v;  // of ln t, a sample; and of its logarithm by ln v
};

MEL_INLINE Lanes both_samples(const BatteryLanes& b, Lanes v) {
    const Lanes each_j = b.joules * v * v - b.power * (b.other + b.work / v);
    return (b.energy - b.power * b.q.budget) / each_j;
}

MEL_INLINE BothPoint both_point(const BatteryLanes& b, Lanes v) {
    BothPoint p;
    p.each_j = b.joules * v * v;
    p.work = b.work / v;
    const Lanes each = b.other + p.work;
    const Lanes inverse = 1 / (p.each_j - b.power * each);
    p.samples = (b.energy - b.power * b.q.budget) * inverse;
    const Lanes rise = 2 * p.each_j + b.power * p.work;
    const Lanes by_v = -p.samples * rise * inverse;
    p.t = b.q.budget - each * p.samples;
    p.bits = b.q.alpha * p.samples + b.q.beta;
    const Lanes twice = 2 * each + p.work;
    const Lanes every = 1 / (p.t * p.bits * rise * twice);
    p.inverse_t = every * p.bits * rise * twice;
    const Lanes inverse_rise = every * p.t * p.bits * twice;
    p.t_v = (p.work * p.samples - each * by_v) * p.inverse_t;
    p.bits_v = b.q.alpha * by_v * (every * p.t * rise * twice);
    p.loss = p.each_j * twice * inverse_rise * p.inverse_t;
    p.loss_v = 2 - 3 * p.work * (every * p.t * p.bits * rise) - p.t_v -
               (4 * p.each_j - b.power * p.work) * inverse_rise;
    return p;
}

// About the speed at which given samples leave what the limit of power takes.
MEL_INLINE Lanes both_speed(const BatteryLanes& b, Lanes d, Lanes v, Mask wanted) {
    const Lanes base = b.power * (b.q.budget - b.other * d);
    const Lanes work = b.power * b.work * d;
    const Lanes joules = b.joules * d;
    for (int step = 0; step < both_steps; ++step) {
        const Lanes spent = joules * v * v, saved = work / v;
        const Lanes by = (b.energy - spent - base + saved) / (2 * spent + saved);
        v = select(wanted & (by == by), v * near_exponential(by), v);
    }
    return v;
}

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
